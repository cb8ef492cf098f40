; Numbers at their ends: sums of 64 bits in comparators and readout, element numbers near 2^31,
; counters that wrap, the largest rate, two cores that share an array's tiles like a staircase.
.isa      1.0
.target   0000000000000000000000000000000000000000000000000000000000000000
.chip     noise_bits=12 channel_depth=255 batch=1 bits=200 signs=20 sums=60 levels=10 labels=1 counts=8 backing=64
.timing   issue=65535 host_bits=1 encode_lanes=65535 read=1 neuron_lanes=1 readout=65535 counter_lanes=1 pulse=65535 pulse_lanes=1 link_bits=1 link_latency=65535 queue=1
.array    m layer=16777215 style=direct rows=4 inputs=3 columns=4 scale=16777216 wear=1
.table    T entries=4096
.table    E entries=4096
.neuron   n layer=16777215 threshold=T half=-2147483648
.readout  o layer=16777215 softmax=E reciprocal=4611686018427387904
.readout  one layer=0 softmax=E reciprocal=1
.update   most layer=16777215 rate=2147483647

.core     0
.vector   y kind=sum length=9 base=0 first=2147483639
.vector   z kind=bit length=9 base=0 first=2147483639
.vector   c kind=sum length=9 base=10
.vector   k kind=bit length=9 base=64
.vector   v kind=sum length=9 base=30 first=2147483639
.vector   l kind=level length=3 base=0
.vector   x kind=bit length=3 base=100
.vector   s kind=sum length=4 base=40
.vector   e kind=sign length=4 base=0
.vector   a kind=count length=2 base=0
.vector   x4 kind=bit length=4 base=120
.vector   zero kind=label length=1 base=0
.tile     0 array=m number=4294967295 rows=0-1 columns=0-1
.tile     1 array=m number=2 rows=0-1 columns=2-3
.tile     2 array=m number=1 rows=2-3 columns=0-1

.entry    vote
vote:
        load    y, 0                    ; any numbers of 64 bits
        load    c, 20
        clear   v
        loop    repeat, repeats
          loop    read, reads
            sample  z, y, n
            add     v, z
            sample.half z, y, n
            add     v, z
            readout k, c, o             ; differences of 64 bits, the largest reciprocal
            add     v, k
            readout k, c, one
            add     v, k
            add     y, c                ; modulo 2^64
          end
        end
        out     v
        out     y
        loop    none, samples
          in      l
          label   zero
          encode  x, l, layer 16777215
          read    s, x, [0-2]
          readout x4, s, one
          error   e, x4, zero
          load    a, 60
          place   a, tile 0, row 1      ; the lowest counter, and any
          place   a, tile 2, row 0
          count   x, e, [0-2]
          fetch   a, tile 0, row 1
          store   a, 58
          step    most, [0-2]
        end
        receive x, core 1
        send    x, core 1
        halt

.core     1
.vector   x kind=bit length=3 base=0
.vector   s kind=sum length=2 base=0 first=2
.vector   e kind=sign length=2 base=0 first=2
.vector   i kind=bit length=3 base=20
.tile     0 array=m number=0 rows=2-3 columns=2-3
.entry    vote
vote:
        load    x, 0
        load    e, 1
        send    x, core 0
        count   x, e, [0]
        step    most, [0]
        read    s, x, [0]
        receive i, core 0
        out     s
        halt

.data     T
        -2147483648 x 1000 -1 x 1000 0 x 1000 2147483647 x 1096
.data     E
        65536 x 1000 30000 x 1000 1 x 1000 0 x 1096
