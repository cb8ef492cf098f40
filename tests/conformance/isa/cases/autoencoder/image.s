.isa      1.1
.target   c9347867685e0bba6b345f58532e66fc3c374f7a768f9147e5a693fb54c4e69a
.chip     noise_bits=4 channel_depth=2 batch=8 bits=4194304 signs=4194304 sums=1048576 levels=1048576 labels=4096 counts=4096 backing=65536
.timing   issue=2 host_bits=48 encode_lanes=5 read=11 neuron_lanes=3 readout=7 counter_lanes=6 pulse=40 pulse_lanes=7 link_bits=24 link_latency=9 queue=3
.array    narrow layer=0 style=pair-up rows=20 inputs=19 columns=6 scale=16383
.array    wide layer=1 style=pair-up rows=7 inputs=6 columns=19 scale=16383
.table    neuron0.T entries=16
.table    neuron0.lo entries=16
.table    neuron0.hi entries=16
.table    step_up entries=16384
.neuron   narrow layer=0 threshold=neuron0.T low=neuron0.lo high=neuron0.hi half=0
.neuron   wide layer=1 threshold=neuron0.T half=0
.update   narrow layer=0 threshold=1 pulses=2 step_up=step_up
.update   wide layer=1 threshold=1 pulses=2 step_up=step_up

.core     0
.vector   narrow.levels kind=level length=19 base=0 slots=2
.vector   narrow.input kind=bit length=19 base=0 slots=5
.vector   narrow.sums kind=sum length=6 base=0 slots=2
.vector   narrow.bits kind=bit length=6 base=192 slots=2
.vector   narrow.gate kind=bit length=6 base=128 slots=5
.vector   narrow.back kind=sum length=6 base=0 slots=2
.vector   narrow.error kind=sign length=6 base=0 slots=2
.vector   narrow.levels.2 kind=level length=19 base=0 slots=5
.vector   narrow.input.2 kind=bit length=19 base=0 slots=2
.vector   narrow.bits.2 kind=bit length=6 base=64 slots=2
.tile     0 array=narrow number=0 rows=0-8 columns=0-5
.tile     1 array=narrow number=1 rows=9-17 columns=0-5
.tile     2 array=narrow number=2 rows=18-19 columns=0-5

.entry    train
train:
.origin   ""
        chunks  b0, samples, batch
          chunks  b1, b0, 5
.origin   "narrow"
            loop    slot, b1
              in      narrow.levels
              encode  narrow.input, narrow.levels, layer 0
              read    narrow.sums, narrow.input, [0-2]
              sample.gate narrow.bits, narrow.gate, narrow.sums, narrow
              send    narrow.bits, core 1
              send    narrow.bits, core 2
            end
            loop    slot, b1
              receive narrow.back, core 1
              receive.add narrow.back, core 2
              sign    narrow.error, narrow.back, narrow.gate
              count   narrow.input, narrow.error, [0-2]
            end
.origin   ""
            advance b1
          end
.origin   "narrow"
          carry   narrow, [0-2]
.origin   ""
          tick
        end
        barrier
        halt

.entry    infer
infer:
        chunks  b0, samples, 5
          loop    slot, b0
            in      narrow.levels.2
          end
          loop    repeat, repeats
.origin   "narrow"
            loop    slot, b0
              clear   narrow.sums
              loop    read, reads
                encode  narrow.input.2, narrow.levels.2, layer 0
                read.add narrow.sums, narrow.input.2, [0-2]
              end
              loop    read, reads
                sample  narrow.bits.2, narrow.sums, narrow
                send    narrow.bits.2, core 1
                send    narrow.bits.2, core 2
              end
            end
.origin   ""
          end
          advance b0
        end
        barrier
        halt

.entry    vote
vote:
        chunks  b0, samples, 5
          loop    slot, b0
            in      narrow.levels.2
          end
          loop    repeat, repeats
.origin   "narrow"
            loop    slot, b0
              clear   narrow.sums
              loop    read, reads
                encode  narrow.input.2, narrow.levels.2, layer 0
                read.add narrow.sums, narrow.input.2, [0-2]
              end
              loop    read, reads
                sample  narrow.bits.2, narrow.sums, narrow
                send    narrow.bits.2, core 1
                send    narrow.bits.2, core 2
              end
            end
.origin   ""
          end
          advance b0
        end
        barrier
        halt

.entry    binary
binary:
        chunks  b0, samples, 5
.origin   "narrow"
          loop    slot, b0
            in      narrow.levels
            encode.half narrow.input.2, narrow.levels
            read    narrow.sums, narrow.input.2, [0-2]
            sample.half narrow.bits.2, narrow.sums, narrow
            send    narrow.bits.2, core 1
            send    narrow.bits.2, core 2
          end
.origin   ""
          advance b0
        end
        barrier
        halt

.core     1
.vector   wide.input kind=bit length=6 base=0 slots=5
.vector   wide.sums kind=sum length=14 base=0 slots=2
.vector   wide.readout kind=bit length=14 base=64 slots=2
.vector   wide.label kind=label length=19 base=0 slots=2
.vector   wide.error kind=sign length=14 base=0 slots=5
.vector   wide.label.0 of=wide.label length=14 base=0
.vector   wide.turned kind=sum length=6 base=0 slots=2
.vector   wide.result kind=sum length=19 base=0 slots=5
.vector   wide.sums.2 kind=sum length=14 base=128 slots=2
.vector   wide.input.2 kind=bit length=6 base=0 slots=2
.vector   wide.result.0 of=wide.result length=14 base=0
.vector   wide.result.14 of=wide.result length=5 base=14 first=14
.vector   wide.input.3 kind=bit length=6 base=64 slots=2
.vector   wide.readout.2 kind=bit length=14 base=0 slots=2
.tile     0 array=wide number=3 rows=0-6 columns=0-6
.tile     1 array=wide number=4 rows=0-6 columns=7-13

.entry    train
train:
.origin   ""
        chunks  b0, samples, batch
          chunks  b1, b0, 5
.origin   "wide"
            loop    slot, b1
              receive wide.input, core 0
              read    wide.sums, wide.input, [0-1]
              readout.logistic wide.readout, wide.sums, wide
              label   wide.label
              error.target wide.error, wide.readout, wide.label.0, wide
            end
            loop    slot, b1
              readt   wide.turned, wide.error, [0-1]
              send    wide.turned, core 0
              count   wide.input, wide.error, [0-1]
            end
.origin   ""
            advance b1
          end
.origin   "wide"
          carry   wide, [0-1]
.origin   ""
          tick
        end
        barrier
        halt

.entry    infer
infer:
        chunks  b0, samples, 5
          loop    slot, b0
            clear   wide.result
          end
          loop    repeat, repeats
.origin   "wide"
            loop    slot, b0
              clear   wide.sums.2
              loop    read, reads
                receive wide.input.2, core 0
                read.add wide.sums.2, wide.input.2, [0-1]
              end
              add     wide.result.0, wide.sums.2
            end
.origin   ""
          end
          loop    slot, b0
            receive wide.result.14, core 2
            out     wide.result
          end
          advance b0
        end
        barrier
        halt

.entry    vote
vote:
        chunks  b0, samples, 5
          loop    slot, b0
            clear   wide.result
          end
          loop    repeat, repeats
.origin   "wide"
            loop    slot, b0
              clear   wide.sums.2
              loop    read, reads
                receive wide.input.3, core 0
                read.add wide.sums.2, wide.input.3, [0-1]
              end
              readout.logistic wide.readout.2, wide.sums.2, wide
              add     wide.result.0, wide.readout.2
            end
.origin   ""
          end
          loop    slot, b0
            receive wide.result.14, core 2
            out     wide.result
          end
          advance b0
        end
        barrier
        halt

.entry    binary
binary:
        chunks  b0, samples, 5
.origin   "wide"
          loop    slot, b0
            receive wide.input.2, core 0
            read    wide.result.0, wide.input.2, [0-1]
          end
.origin   ""
          loop    slot, b0
            receive wide.result.14, core 2
            out     wide.result
          end
          advance b0
        end
        barrier
        halt

.core     2
.vector   wide.input kind=bit length=6 base=0 slots=5
.vector   wide.sums kind=sum length=5 base=0 slots=2 first=14
.vector   wide.readout kind=bit length=5 base=64 slots=2 first=14
.vector   wide.label kind=label length=19 base=0 slots=2
.vector   wide.error kind=sign length=5 base=0 slots=5 first=14
.vector   wide.label.14 of=wide.label length=5 base=14 first=14
.vector   wide.turned kind=sum length=6 base=0 slots=2
.vector   wide.result kind=sum length=5 base=0 slots=5 first=14
.vector   wide.sums.2 kind=sum length=5 base=64 slots=2 first=14
.vector   wide.input.2 kind=bit length=6 base=0 slots=2
.vector   wide.sums.3 kind=sum length=5 base=0 slots=5 first=14
.tile     0 array=wide number=5 rows=0-6 columns=14-18

.entry    train
train:
.origin   ""
        chunks  b0, samples, batch
          chunks  b1, b0, 5
.origin   "wide"
            loop    slot, b1
              receive wide.input, core 0
              read    wide.sums, wide.input, [0]
              readout.logistic wide.readout, wide.sums, wide
              label   wide.label
              error.target wide.error, wide.readout, wide.label.14, wide
            end
            loop    slot, b1
              readt   wide.turned, wide.error, [0]
              send    wide.turned, core 0
              count   wide.input, wide.error, [0]
            end
.origin   ""
            advance b1
          end
.origin   "wide"
          carry   wide, [0]
.origin   ""
          tick
        end
        barrier
        halt

.entry    infer
infer:
        chunks  b0, samples, 5
          loop    slot, b0
            clear   wide.result
          end
          loop    repeat, repeats
.origin   "wide"
            loop    slot, b0
              clear   wide.sums.2
              loop    read, reads
                receive wide.input.2, core 0
                read.add wide.sums.2, wide.input.2, [0]
              end
              add     wide.result, wide.sums.2
            end
.origin   ""
          end
          loop    slot, b0
            send    wide.result, core 1
          end
          advance b0
        end
        barrier
        halt

.entry    vote
vote:
        chunks  b0, samples, 5
          loop    slot, b0
            clear   wide.result
          end
          loop    repeat, repeats
.origin   "wide"
            loop    slot, b0
              clear   wide.sums.2
              loop    read, reads
                receive wide.input.2, core 0
                read.add wide.sums.2, wide.input.2, [0]
              end
              readout.logistic wide.readout, wide.sums.2, wide
              add     wide.result, wide.readout
            end
.origin   ""
          end
          loop    slot, b0
            send    wide.result, core 1
          end
          advance b0
        end
        barrier
        halt

.entry    binary
binary:
        chunks  b0, samples, 5
.origin   "wide"
          loop    slot, b0
            receive wide.input.2, core 0
            read    wide.sums.3, wide.input.2, [0]
          end
.origin   ""
          loop    slot, b0
            send    wide.sums.3, core 1
          end
          advance b0
        end
        barrier
        halt

.data     neuron0.T
        -14065 -9292 -6908 -5214 -3843 -2649 -1555 -513
        512 1554 2648 3842 5213 6907 9291 14064

.data     neuron0.lo
        -19808 -15174 -12941 -11413 -10226 -9235 -8370 -7588
        -6864 -6175 -5505 -4838 -4155 -3425 -2592 -1464

.data     neuron0.hi
        19808 15174 12941 11413 10226 9235 8370 7588
        6864 6175 5505 4838 4155 3425 2592 1464

.data     step_up
        25600 x 16384

.state    samples=0 checks=0 epochs=0 seed=7
        00000602000000002d08000040080000730400000000fa050000f30000006608
        0607ba010000000000000d0300006d09000000008d08cd019a01330573024d05
        e607000040070000000006010000000093050000cd098d04e00a000000000000
        0000000046040000000073090d0a860400000603000073020000130500000000
        e60b000000005a06000000004d0660060000000033010000000000007a030000
        000000000000ed04a6056d0093048d062004d301c603e005f301000000006d03
        00008d06a6040000c6056d032000d90c8607e00800002d006d05ad04ad024001
        e60100000000a601f90d0000e00b8d0300000000000006040000000000000000
        26050000e0010000730400000000400000007a03ed06d30c1a0600006d078d08
        00000000f307a604ad0400005a02000000000000000000001a034602e60fc605
        000000006000e0020000000000000000000000006009e60500008d0500008601
        0000000000000000ed0000000000a60000000000a00379080000800320005a05
        0000730000000d03f302ed07400b1a060d03f9070000c00000004d0d3a060000
        660759120609fa02000053040000e608730200040000330aa007ed0200000000
        0000000000000000000026060000e60200000000a00a60042d0fa00200000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        00009302000086000000860366000d055a002602590a790a000000000000730b
        c0060000000053060000a0010000c600000000007a0200009309000000000000
        00000000000000003309000000000000cd0a8602e603460300006606cd070000
        2605000000000d06000000000005000013140000000000000000000000007a02
        00000000ad037307400ac0030008000073040000000040010000fa02260d0000
        3a000000ba05cd0700000000730100000000190a000000000000000060093306
        00008d000000000000001302b3008d040000000000000000f30600000000d30b
        c004860580000000000000000000f30bed0439070000a606d307730320010000
        5302a6006d01000059120000000093060000000000004d04b305000000003303
        d310b3020000400100000000000000002002000000000d071309000093050000
        000000009a05000000000000000000006d0100000000260800002d0500000000
        660c0000fa040000ed0300000000b30a0000b9096008e60200000000ad020000
        fa0246050000e60500000009000000008d04ba040003fa037906ad0200006d09
        0000000000000000260400063a0399060000a6040000200453094d0600000000
        000000000000000000000006390800000d040000da020000ad039a000000b304
        00008d03130100003a0520076d026d06cd040000860800000000b90a00000000
        0000000020070000000000002600000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000
