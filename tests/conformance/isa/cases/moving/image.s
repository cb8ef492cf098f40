.isa      1.0
.target   0000000000000000000000000000000000000000000000000000000000000000
.chip     noise_bits=5 channel_depth=1 batch=3 bits=200 signs=120 sums=60 levels=40 labels=2 counts=20 backing=96
.timing   issue=3 host_bits=20 encode_lanes=4 read=9 neuron_lanes=5 readout=6 counter_lanes=2 pulse=31 pulse_lanes=3 link_bits=16 link_latency=5 queue=2
.array    w layer=3 style=reference rows=7 inputs=6 columns=5 scale=8191
.table    n.T entries=32
.table    n.lo entries=32
.table    n.hi entries=32
.neuron   n layer=3 threshold=n.T low=n.lo high=n.hi half=-700

.core     0
.vector   l kind=level length=6 base=2 slots=3
.vector   l.tail of=l length=2 base=4 first=4
.vector   c kind=label length=1 base=1
.vector   x kind=bit length=6 base=3 slots=3
.vector   x.head of=x length=3 base=0
.vector   x.tail of=x length=2 base=4 first=4
.vector   long kind=bit length=70 base=50
.vector   m kind=bit length=35 base=130
.vector   m.part of=m length=5 base=11
.vector   e kind=sign length=19 base=1
.vector   e.five of=e length=5 base=13
.vector   g kind=sign length=5 base=60 slots=3
.vector   h kind=sign length=2 base=80 first=2
.vector   y kind=sum length=5 base=0 slots=3
.vector   y.mid of=y length=2 base=2 first=2
.vector   z kind=bit length=5 base=180
.vector   d kind=bit length=5 base=190
.vector   q kind=sum length=3 base=20
.vector   t kind=sum length=5 base=30
.vector   t.mid of=t length=2 base=2 first=2
.vector   a kind=count length=3 base=1
.vector   b kind=count length=2 base=10
.vector   b.last of=b length=1 base=1
.tile     0 array=w number=9 rows=0-3 columns=0-2
.tile     1 array=w number=4 rows=0-3 columns=3-4
.tile     2 array=w number=2 rows=4-6 columns=0-2
.tile     3 array=w number=0 rows=4-6 columns=3-4

.entry    infer
infer:
.origin   "backing memory"
        load    long, 0x0
        store   long, 0x40
        load    m, 0x1
        store   m.part, 0x43
        load    e, 0x3
        store   e, 0x44
        load    q, 0x5
        store   q, 0x46
        load    a, 0xb
        store   a, 0x4c
        trace   1
.origin   "counters"
        fetch   b, tile 1, row 3
        store   b.last, 0x4f
        place   a, tile 2, row 1
        fetch   a, tile 2, row 1
        store   a, 0x50
        wait    [host counter]
        trace   2
.origin   "samples"
        clear   t
        chunks  b2, samples, 3
          loop    slot, b2
            in      l
            label   c
            encode  x, l, layer 3
            encode.half x.tail, l.tail
            read    y, x, [1-3]
            read.add y, x, [3]
            sample.gate z, d, y, n
            add     y, z
          end
          loop    none, b2
            clear   t.mid
            add     t.mid, y.mid
            add     t, y
          end
          loop    slot, b2
            sample.half z, y, n
            error   g, z, c
            count   x, g, [0-1]
            sign    e.five, y, d
            out     y
          end
          advance b2
        end
        wait    [control host encoder array neuron counter pulse link]
        trace   3
.origin   "what is left"
        fetch   a, tile 0, row 0
        store   a, 0x53
        fetch   b, tile 1, row 2
        store   b, 0x56
        load    h, 0x4
        readt   t, e, [0]
        halt

.data     n.T
        -9000 x 8 -3000 x 8 1000 x 8 20000 x 8

.data     n.lo
        -30000 x 16 -8000 x 16

.data     n.hi
        9000 x 16 40000 x 16

.state    samples=0 checks=1 epochs=0 seed=5
        321e3f219420dd1a9b2eb51b2925e31b5b1ef52fbb1558249b1db4255f286e1a
        a325e3256c1ea613d8235111a22c772b562bea0f702fad2fcf22b42ac2285629
        a71433114f186a169421742b1e28c91d6b212c24d228a1131c29ba1572220000
        00000900000006000000f8ffffff01000000f5fffffff6ffffffffffffff0900
        0000f9fffffff7ffffff0b000000fefffffff6ffffff02000000fcfffffffbff
        fffffefffffffeffffff080000000a000000faffffffffffffff040000000100
        0000020000000c000000f9fffffffaffffff060000000a000000fefffffffdff
        ffff07000000fbffffff
