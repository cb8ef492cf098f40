.isa      1.0
.target   0000000000000000000000000000000000000000000000000000000000000000
.chip     noise_bits=4 channel_depth=2 batch=1 bits=8 signs=1 sums=8 levels=1 labels=1 counts=1 backing=1
.timing   issue=1 host_bits=64 encode_lanes=8 read=10 neuron_lanes=8 readout=8 counter_lanes=8 pulse=100 pulse_lanes=4 link_bits=64 link_latency=4 queue=8

.core     0
.vector   y kind=sum length=2 base=0

.entry    binary
binary:
        receive y, core 1
        out     y
        halt

.core     1
.vector   y kind=sum length=2 base=0

.entry    binary
binary:
        clear   y
        loop    none, 3
          clear   y
        end
        trap    3000000000
        send    y, core 0
        halt
