.isa      1.1
.target   0000000000000000000000000000000000000000000000000000000000000000
.chip     noise_bits=4 channel_depth=1 batch=3 bits=256 signs=64 sums=64 levels=16 labels=16 counts=1 backing=64
.timing   issue=1 host_bits=48 encode_lanes=3 read=10 neuron_lanes=4 readout=8 counter_lanes=8 pulse=100 pulse_lanes=4 link_bits=12 link_latency=7 queue=2
.table    T entries=16
.table    steep entries=16
.neuron   n layer=9 threshold=T half=0
.neuron   m layer=16777215 threshold=steep half=0

.core     0
.vector   l kind=level length=5 base=0 slots=2
.vector   t kind=label length=7 base=0 slots=2
.vector   t.class of=t length=1 base=0
.vector   t.wanted of=t length=5 base=2 first=13
.vector   x kind=bit length=5 base=0 slots=2
.vector   o kind=bit length=5 base=10 first=13
.vector   line kind=bit length=75 base=64
.vector   line.o of=line length=5 base=62 first=13
.vector   line.x of=line length=5 base=5
.vector   again kind=bit length=5 base=140 first=13
.vector   s kind=sum length=5 base=0 first=13
.vector   w kind=sum length=9 base=8
.vector   w.two of=w length=5 base=3 first=13
.vector   y kind=sum length=5 base=20
.vector   e kind=sign length=5 base=0 first=13
.vector   f kind=sign length=8 base=8
.vector   f.two of=f length=5 base=2 first=13

.entry    train
train:
        chunks  b0, samples, batch
          chunks  b1, b0, 2
            loop    slot, b1
              in      l
              encode  x, l, layer 3
              label   t
            end
            loop    slot, b1
              clear   s
              loop    none, 3
                add     s, x
              end
              clear   w
              send    w, core 1
              copy    w.two, s
              send    w, core 1
              readout.logistic o, s, n
              error.target e, o, t.wanted, n
              store   e, 0x0
              error   e, o, t.class
              store   e, 0x2
              load    f, 0x0
              copy    f.two, e
              send    f, core 1
              store   f, 0x4
            end
            advance b1
          end
          tick
        end
        halt

.entry    vote
vote:
        chunks  b0, samples, 2
          loop    slot, b0
            in      l
            label   t
          end
          loop    slot, b0
            clear   y
            loop    repeat, repeats
              clear   s
              loop    read, reads
                encode  x, l, layer 3
                add     s, x
                copy    line.x, x
              end
              readout.logistic o, s, n
              copy    line.o, o
              copy    again, line.o
              add     y, again
              readout.logistic o, s, m
              loop    read, reads
                error.target e, o, t.wanted, m
                send    e, core 1
              end
              add     y, line.x
            end
            store   e, 0x8
            out     y
          end
          advance b0
        end
        halt

.core     1
.vector   w kind=sum length=9 base=0
.vector   v kind=sum length=9 base=9
.vector   f kind=sign length=8 base=0
.vector   e kind=sign length=5 base=8
.vector   g kind=sign length=5 base=16

.entry    train
train:
        chunks  b0, samples, batch
          chunks  b1, b0, 2
            loop    slot, b1
              receive v, core 0
              receive.add v, core 0
              copy    w, v
              out     w
              receive f, core 0
              store   f, 0x0
            end
            advance b1
          end
          tick
        end
        halt

.entry    vote
vote:
        chunks  b0, samples, 2
          loop    slot, b0
            loop    repeat, repeats
              loop    read, reads
                receive e, core 0
                copy    g, e
                store   g, 0x2
              end
            end
          end
          advance b0
        end
        halt

.data     T
        -2 -2 -1 -1 0 x 4 1 x 4 2 2
        2 3

.data     steep
        0 x 8 1 x 8
