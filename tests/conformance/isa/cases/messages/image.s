.isa      1.0
.target   0000000000000000000000000000000000000000000000000000000000000000
.chip     noise_bits=4 channel_depth=1 batch=4 bits=64 signs=64 sums=64 levels=8 labels=1 counts=1 backing=64
.timing   issue=1 host_bits=64 encode_lanes=8 read=10 neuron_lanes=2 readout=8 counter_lanes=8 pulse=100 pulse_lanes=4 link_bits=12 link_latency=7 queue=1

.core     0
.vector   l kind=level length=4 base=0 slots=2
.vector   x kind=bit length=4 base=0 slots=2
.vector   x.two of=x length=2 base=1 first=1
.vector   s kind=sum length=4 base=0 slots=2
.vector   s.two of=s length=2 base=2 first=2
.vector   e kind=sign length=3 base=0

.entry    infer
infer:
        load    e, 0x0
        send    e, core 1
        chunks  b0, samples, 2
          loop    slot, b0
            in      l
            encode  x, l, layer 5
            send    x.two, core 1
            send    x, core 2
          end
          loop    slot, b0
            clear   s
            receive.add s, core 2
            receive.add s.two, core 2
            out     s
          end
          advance b0
          barrier
        end
        halt

.core     1
.vector   e kind=sign length=3 base=2
.vector   x kind=bit length=2 base=0 slots=2
.vector   a kind=sum length=2 base=0
.vector   big kind=sum length=2 base=2

.entry    infer
infer:
        receive e, core 0
        store   e, 0x8
        load    big, 0x0
        chunks  b0, samples, 2
          loop    slot, b0
            receive x, core 0
            clear   a
            add     a, x
            send    a, core 2
            add     a, big
            send    a, core 2
          end
          barrier
        end
        halt

.core     2
.vector   x kind=bit length=4 base=0 slots=2
.vector   a kind=sum length=2 base=0
.vector   t kind=sum length=4 base=4 slots=2
.vector   t.low of=t length=2 base=0
.vector   t.high of=t length=2 base=2 first=2

.entry    infer
infer:
        chunks  b3, samples, 2
          loop    slot, b3
            clear   t
            receive x, core 0
            add     t, x
            receive a, core 1
            add     t.low, a
            receive.add t.high, core 1
          end
          loop    slot, b3
            send    t, core 0
            send    t.high, core 0
          end
          barrier
        end
        halt

.core     3
.vector   n kind=sum length=1 base=0

.entry    infer
infer:
        clear   n
        chunks  b1, samples, 2
          loop    read, b1
            loop    position, 3
              trace   7
            end
          end
          wait    [neuron]
          barrier
        end
        halt
