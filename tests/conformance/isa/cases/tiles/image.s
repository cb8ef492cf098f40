.isa      1.0
.target   0000000000000000000000000000000000000000000000000000000000000000
.chip     noise_bits=4 channel_depth=1 batch=5 bits=96 signs=40 sums=60 levels=24 labels=4 counts=1 backing=0
.timing   issue=1 host_bits=32 encode_lanes=3 read=8 neuron_lanes=4 readout=5 counter_lanes=2 pulse=23 pulse_lanes=3 link_bits=64 link_latency=4 queue=4
.array    p layer=0 style=pair-up rows=11 inputs=9 columns=6 scale=16383 wear=1
.array    m layer=1 style=direct rows=7 inputs=6 columns=4 scale=4096
.table    T entries=16
.table    lo entries=16
.table    hi entries=16
.table    E entries=4096
.table    up entries=16384
.table    noise entries=4096
.neuron   hidden layer=0 threshold=T low=lo high=hi half=12
.readout  last layer=1 softmax=E reciprocal=268435456
.update   eager layer=0 threshold=2 pulses=3 step_up=up noise_up=noise every=2
.update   slow layer=0 threshold=5 pulses=1 step_up=up noise_up=noise every=3
.update   masters layer=1 rate=123456

.core     0
.vector   l kind=level length=9 base=0 slots=2
.vector   c kind=label length=1 base=0 slots=2
.vector   x kind=bit length=9 base=0 slots=2
.vector   z kind=bit length=6 base=20 slots=2
.vector   d kind=bit length=6 base=40 slots=2
.vector   o kind=bit length=4 base=60 slots=2
.vector   y kind=sum length=6 base=0
.vector   s kind=sum length=4 base=10
.vector   b kind=sum length=6 base=20
.vector   k kind=sum length=9 base=30
.vector   votes kind=sum length=4 base=40
.vector   e kind=sign length=6 base=0
.vector   e.left of=e length=3 base=0
.vector   f kind=sign length=4 base=10 slots=2
.vector   f.right of=f length=2 base=2 first=2
.tile     0 array=p number=7 rows=0-4 columns=0-2
.tile     1 array=p number=6 rows=5-8 columns=0-2
.tile     2 array=p number=5 rows=0-2 columns=3-5
.tile     3 array=p number=4 rows=3-8 columns=3-5
.tile     4 array=p number=3 rows=9-10 columns=0-5
.tile     5 array=m number=2 rows=0-6 columns=0-1
.tile     6 array=m number=1 rows=0-6 columns=2-2
.tile     7 array=m number=0 rows=0-6 columns=3-3

.entry    train
train:
        chunks  b0, samples, batch
          chunks  b1, b0, 2
            loop    slot, b1
              in      l
              label   c
              encode  x, l, layer 0
              read    y, x, [0 3]
              read.add y, x, [1-2]
              read.add y, x, [4]
              sample.gate z, d, y, hidden
              read    s, z, [5-7]
              readout o, s, last
              error   f, o, c
            end
            loop    slot, b1
              readt   b, f, [5]
              readt.add b, f.right, [6-7]
              sign    e, b, d
              readt   k, e, [1-3]
              count   z, f, [5 7]
              count   z, f.right, [6]
              count   x, e.left, [0]
              count   x, e, [3-4]
            end
            advance b1
          end
          carry   eager, [0-3]
          carry   slow, [4]
          step    masters, [6-7]
          refresh eager, [1-2]
          refresh slow, [4]
          tick
        end
        carry   slow, [0-4]
        step    masters, [5-7]
        halt

.entry    vote
vote:
        loop    none, samples
          in      l
          clear   votes
          loop    repeat, repeats
            clear   y
            loop    read, reads
              encode  x, l, layer 0
              read.add y, x, [0-4]
            end
            clear   s
            loop    read, reads
              sample  z, y, hidden
              read.add s, z, [5-7]
            end
            readout o, s, last
            add     votes, o
          end
          out     votes
          loop    slot, 1
            clear   y
          end
          advance reads
        end
        halt

.data     T
        -9000 -7000 -5000 -4000 -3000 -2000 -1000 0
        500 1000 2000 3000 4000 5000 7000 9000

.data     lo
        -20000 -12000 -9000 -8000 -7000 -6000 -5000 -4500
        -4000 -3500 -3000 -2500 -2000 -1500 -1000 -500

.data     hi
        20000 12000 9000 8000 7000 6000 5000 4500
        4000 3500 3000 2500 2000 1500 1000 500

.data     E
        65536 60000 x 15 50000 x 16 30000 x 32 10000 x 64 1000 x 256 1 x 512 0 x 3200

.data     up
        100000 x 4096 70001 x 4096 30333 x 4096 257 x 4095 0

.data     noise
        -40 x 300 100 x 1000 256 x 1500 400 x 1000 700 x 296

.state    samples=0 checks=1 epochs=0 seed=5
        9725fc295d10142afa1e7f204324fb18b32f6411b9182d1c5422001dea131b11
        a80f38117f145830e115fc2431284d17dd18de1d3e18862f7115052dbf29452b
        6a13791c3024c51f6d25c82555259d11082fd121362d8318761b6e2cbe15ba11
        de1bdd25a0131d2ccb1a11177421f22c922c2f2ca9193b101b29ca26df28aa0f
        dd101b20991aec1d1f2e4716ea20431a4819062aa414fc1983138114d3187f26
        9a22501e2d15c929d02956179411181a6714d129a3203a20231935204e2f5c17
        c6281910e6192f2e272c6f123b2b4b2b771eab1bba2fc42ecd25b41c82164a2e
        6d18d621b7257d17f119e7271616b5258e2e0726c924d01e512fe416471b9d24
        10252113f0144a2609000000030000000b000000fdfffffffcffffff07000000
        f5fffffff8fffffff8fffffffdfffffff7ffffff0700000009000000fdffffff
        f4ffffff05000000f6ffffff03000000f8ffffff0b000000040000000c000000
        0300000006000000fdffffff08000000f6fffffff7fffffffdffffff05000000
        00000000090000000b000000fefffffffeffffff0100000004000000ffffffff
        030000000b00000006000000fbfffffffefffffffefffffff7fffffff4ffffff
        07000000fefffffffcffffff03000000020000000b000000030000000b000000
        02000000fcfffffffcffffff0c00000002000000f8ffffff0800000008000000
        f4fffffff7ffffff05000000feffffff03000000000000000100000007000000
        0700000007000000050000000100000002000000040000000800000002000000
        0400000004000000040000000400000006000000000000000800000007000000
        0600000002000000030000000400000002000000000000000600000000000000
        0600000001000000050000000300000002000000080000000400000008000000
        0100000004000000030000000400000000000000060000000300000007000000
        0100000003000000000000000700000004000000030000000800000005000000
        0800000006000000050000000400000001000000060000000700000006000000
        030000000000000006000000000000000700000001000000c8f19cffe0636dff
        a1bc14001e0e68ff636084ff9f1519ffa44ff60098386fff980f62ff90ae3300
        b35948ff8ea8c500428590005df3b2ffe2fdccff7a9abbffbc627800d65fd5ff
        5c2992ff50545c00206b46ff250d9200c869daffbac1e1008ebe85ffc05cc0ff
        dd68be00a7dc6900f5fffffffcfffffff4ffffff08000000fefffffff9ffffff
        0600000009000000f6ffffff00000000fdffffff060000000b00000001000000
        06000000fbffffff020000000000000006000000f5fffffff9fffffff5ffffff
        0c0000000100000000000000fffffffff4ffffff08000000
