.isa      1.1
.target   5005d23621761e3b28579406c4887f32c37f37b479b35f2944a9b8c955e04130
.chip     noise_bits=4 channel_depth=2 batch=13 bits=4194304 signs=4194304 sums=1048576 levels=1048576 labels=4096 counts=4096 backing=65536
.timing   issue=1 host_bits=512 encode_lanes=128 read=10 neuron_lanes=128 readout=16 counter_lanes=64 pulse=50 pulse_lanes=128 link_bits=64 link_latency=8 queue=8
.array    enc layer=0 style=pair-down rows=10 inputs=9 columns=6 scale=16383
.array    mix layer=1 style=pair-down rows=22 inputs=21 columns=7 scale=16383
.array    answer layer=2 style=pair-down rows=8 inputs=7 columns=3 scale=16383
.array    other layer=3 style=pair-down rows=14 inputs=13 columns=4 scale=16383
.table    neuron0.T entries=16
.table    neuron0.lo entries=16
.table    neuron0.hi entries=16
.table    softmax.E entries=4096
.table    step_down entries=16384
.neuron   enc layer=0 threshold=neuron0.T half=0
.neuron   enc_2 layer=1 threshold=neuron0.T half=0
.neuron   mix layer=2 threshold=neuron0.T low=neuron0.lo high=neuron0.hi half=0
.neuron   other layer=4 threshold=neuron0.T half=0
.readout  answer layer=3 softmax=softmax.E reciprocal=67112960
.update   mix layer=1 threshold=1 pulses=1 step_down=step_down
.update   answer layer=2 threshold=1 pulses=1 step_down=step_down
.update   other layer=3 threshold=1 pulses=1 step_down=step_down

.core     0
.vector   enc.levels kind=level length=18 base=0 slots=2
.vector   mix.input kind=bit length=21 base=0 slots=3
.vector   mix.input.12 of=mix.input length=9 base=12
.vector   enc.levels.0 of=enc.levels length=9 base=0
.vector   enc_2.input kind=bit length=9 base=128 slots=3
.vector   enc.levels.9 of=enc.levels length=9 base=9
.vector   enc.sums kind=sum length=6 base=0 slots=2
.vector   mix.input.0 of=mix.input length=6 base=0
.vector   other.input kind=bit length=13 base=64 slots=3
.vector   other.input.7 of=other.input length=6 base=7
.vector   enc_2.sums kind=sum length=6 base=0 slots=2
.vector   mix.input.6 of=mix.input length=6 base=6
.vector   mix.sums kind=sum length=7 base=0 slots=2
.vector   other.input.0 of=other.input length=7 base=0
.vector   mix.gate kind=bit length=7 base=128 slots=3
.vector   answer.sums kind=sum length=3 base=0 slots=2
.vector   answer.readout kind=bit length=3 base=192 slots=2
.vector   answer.label kind=label length=5 base=0 slots=3
.vector   answer.error kind=sign length=3 base=0 slots=3
.vector   answer.label.0 of=answer.label length=1 base=0
.vector   other.sums kind=sum length=4 base=0 slots=2
.vector   other.readout kind=bit length=4 base=192 slots=2
.vector   other.error kind=sign length=4 base=64 slots=3
.vector   answer.label.1 of=answer.label length=4 base=1
.vector   other.turned kind=sum length=13 base=0 slots=2
.vector   mix.back kind=sum length=7 base=64 slots=3
.vector   other.turned.0 of=other.turned length=7 base=0
.vector   mix.error kind=sign length=7 base=64 slots=3
.vector   enc.levels.2 kind=level length=18 base=0 slots=3
.vector   other.result kind=sum length=7 base=0 slots=3
.vector   enc.sums.2 kind=sum length=6 base=64 slots=3
.vector   enc.input kind=bit length=9 base=0 slots=2
.vector   enc.levels.0.2 of=enc.levels.2 length=9 base=0
.vector   enc_2.sums.2 kind=sum length=6 base=128 slots=3
.vector   enc_2.input.2 kind=bit length=9 base=0 slots=2
.vector   enc.levels.9.2 of=enc.levels.2 length=9 base=9
.vector   mix.sums.2 kind=sum length=7 base=192 slots=3
.vector   mix.input.2 kind=bit length=21 base=0 slots=2
.vector   mix.input.0.2 of=mix.input.2 length=6 base=0
.vector   mix.input.6.2 of=mix.input.2 length=6 base=6
.vector   mix.input.12.2 of=mix.input.2 length=9 base=12
.vector   answer.sums.2 kind=sum length=3 base=128 slots=2
.vector   mix.bits kind=bit length=7 base=0 slots=2
.vector   other.result.0 of=other.result length=3 base=0
.vector   other.sums.2 kind=sum length=4 base=128 slots=2
.vector   other.input.2 kind=bit length=13 base=0 slots=2
.vector   other.input.0.2 of=other.input.2 length=7 base=0
.vector   other.input.7.2 of=other.input.2 length=6 base=7
.vector   other.result.3 of=other.result length=4 base=3
.vector   answer.readout.2 kind=bit length=3 base=64 slots=2
.vector   other.readout.2 kind=bit length=4 base=64 slots=2
.tile     0 array=enc number=0 rows=0-7 columns=0-5
.tile     1 array=enc number=1 rows=8-9 columns=0-5
.tile     2 array=mix number=2 rows=0-7 columns=0-6
.tile     3 array=mix number=3 rows=8-15 columns=0-6
.tile     4 array=mix number=4 rows=16-21 columns=0-6
.tile     5 array=answer number=5 rows=0-7 columns=0-2
.tile     6 array=other number=6 rows=0-7 columns=0-3
.tile     7 array=other number=7 rows=8-13 columns=0-3

.entry    train
train:
.origin   ""
        chunks  b0, samples, batch
          chunks  b1, b0, 3
.origin   "enc"
            loop    slot, b1
              in      enc.levels
              encode  mix.input.12, enc.levels.0, layer 0
              encode  enc_2.input, enc.levels.9, layer 1
              read    enc.sums, mix.input.12, [0-1]
              sample  mix.input.0, enc.sums, enc
              copy    other.input.7, mix.input.0
            end
            loop    slot, b1
              read    enc_2.sums, enc_2.input, [0-1]
              sample  mix.input.6, enc_2.sums, enc_2
            end
.origin   "mix"
            loop    slot, b1
              read    mix.sums, mix.input, [2-4]
              sample.gate other.input.0, mix.gate, mix.sums, mix
            end
.origin   "answer"
            loop    slot, b1
              read    answer.sums, other.input.0, [5]
              readout answer.readout, answer.sums, answer
              label   answer.label
              error   answer.error, answer.readout, answer.label.0
            end
.origin   "other"
            loop    slot, b1
              read    other.sums, other.input, [6-7]
              readout.logistic other.readout, other.sums, other
              error.target other.error, other.readout, answer.label.1, other
            end
            loop    slot, b1
              readt   other.turned, other.error, [6]
              copy    mix.back, other.turned.0
              count   other.input, other.error, [6-7]
            end
.origin   "answer"
            loop    slot, b1
              readt.add mix.back, answer.error, [5]
              sign    mix.error, mix.back, mix.gate
              count   other.input.0, answer.error, [5]
            end
.origin   "mix"
            loop    slot, b1
              count   mix.input, mix.error, [2-4]
            end
.origin   ""
            advance b1
          end
.origin   "mix"
          carry   mix, [2-4]
.origin   "answer"
          carry   answer, [5]
.origin   "other"
          carry   other, [6-7]
.origin   ""
          tick
        end
        barrier
        halt

.entry    infer
infer:
        chunks  b0, samples, 3
          loop    slot, b0
            in      enc.levels.2
            clear   other.result
          end
          loop    repeat, repeats
.origin   "enc"
            loop    slot, b0
              clear   enc.sums.2
              loop    read, reads
                encode  enc.input, enc.levels.0.2, layer 0
                read.add enc.sums.2, enc.input, [0-1]
              end
            end
            loop    slot, b0
              clear   enc_2.sums.2
              loop    read, reads
                encode  enc_2.input.2, enc.levels.9.2, layer 1
                read.add enc_2.sums.2, enc_2.input.2, [0-1]
              end
            end
.origin   "mix"
            loop    slot, b0
              clear   mix.sums.2
              loop    read, reads
                sample  mix.input.0.2, enc.sums.2, enc
                sample  mix.input.6.2, enc_2.sums.2, enc_2
                encode  mix.input.12.2, enc.levels.0.2, layer 0
                read.add mix.sums.2, mix.input.2, [2-4]
              end
            end
.origin   "answer"
            loop    slot, b0
              clear   answer.sums.2
              loop    read, reads
                sample  mix.bits, mix.sums.2, mix
                read.add answer.sums.2, mix.bits, [5]
              end
              add     other.result.0, answer.sums.2
            end
.origin   "other"
            loop    slot, b0
              clear   other.sums.2
              loop    read, reads
                sample  other.input.0.2, mix.sums.2, mix
                sample  other.input.7.2, enc.sums.2, enc
                read.add other.sums.2, other.input.2, [6-7]
              end
              add     other.result.3, other.sums.2
            end
.origin   ""
          end
          loop    slot, b0
            out     other.result
          end
          advance b0
        end
        barrier
        halt

.entry    vote
vote:
        chunks  b0, samples, 3
          loop    slot, b0
            in      enc.levels.2
            clear   other.result
          end
          loop    repeat, repeats
.origin   "enc"
            loop    slot, b0
              clear   enc.sums.2
              loop    read, reads
                encode  enc.input, enc.levels.0.2, layer 0
                read.add enc.sums.2, enc.input, [0-1]
              end
            end
            loop    slot, b0
              clear   enc_2.sums.2
              loop    read, reads
                encode  enc_2.input.2, enc.levels.9.2, layer 1
                read.add enc_2.sums.2, enc_2.input.2, [0-1]
              end
            end
.origin   "mix"
            loop    slot, b0
              clear   mix.sums.2
              loop    read, reads
                sample  mix.input.0.2, enc.sums.2, enc
                sample  mix.input.6.2, enc_2.sums.2, enc_2
                encode  mix.input.12.2, enc.levels.0.2, layer 0
                read.add mix.sums.2, mix.input.2, [2-4]
              end
            end
.origin   "answer"
            loop    slot, b0
              clear   answer.sums.2
              loop    read, reads
                sample  mix.bits, mix.sums.2, mix
                read.add answer.sums.2, mix.bits, [5]
              end
              readout answer.readout.2, answer.sums.2, answer
              add     other.result.0, answer.readout.2
            end
.origin   "other"
            loop    slot, b0
              clear   other.sums.2
              loop    read, reads
                sample  other.input.0.2, mix.sums.2, mix
                sample  other.input.7.2, enc.sums.2, enc
                read.add other.sums.2, other.input.2, [6-7]
              end
              readout.logistic other.readout.2, other.sums.2, other
              add     other.result.3, other.readout.2
            end
.origin   ""
          end
          loop    slot, b0
            out     other.result
          end
          advance b0
        end
        barrier
        halt

.entry    binary
binary:
        chunks  b0, samples, 3
.origin   "enc"
          loop    slot, b0
            in      enc.levels
            encode.half mix.input.12, enc.levels.0
            encode.half enc_2.input, enc.levels.9
            read    enc.sums, mix.input.12, [0-1]
            sample.half mix.input.0, enc.sums, enc
            copy    other.input.7, mix.input.0
          end
          loop    slot, b0
            read    enc_2.sums, enc_2.input, [0-1]
            sample.half mix.input.6, enc_2.sums, enc_2
          end
.origin   "mix"
          loop    slot, b0
            read    mix.sums, mix.input, [2-4]
            sample.half other.input.0, mix.sums, mix
          end
.origin   "answer"
          loop    slot, b0
            read    other.result.0, other.input.0, [5]
          end
.origin   "other"
          loop    slot, b0
            read    other.result.3, other.input, [6-7]
          end
.origin   ""
          loop    slot, b0
            out     other.result
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

.data     softmax.E
        65536 65280 65026 64772 64520 64268 64018 63768
        63520 63272 63025 62780 62535 62291 62048 61806
        61565 61325 61086 60848 60611 60375 60139 59905
        59671 59439 59207 58976 58746 58517 58289 58062
        57835 57610 57385 57162 56939 56717 56496 56275
        56056 55837 55620 55403 55187 54972 54757 54544
        54331 54119 53908 53698 53489 53280 53073 52866
        52660 52454 52250 52046 51843 51641 51440 51239
        51039 50841 50642 50445 50248 50052 49857 49663
        49469 49276 49084 48893 48702 48512 48323 48135
        47947 47760 47574 47389 47204 47020 46836 46654
        46472 46291 46110 45931 45752 45573 45395 45218
        45042 44867 44692 44517 44344 44171 43999 43827
        43656 43486 43317 43148 42980 42812 42645 42479
        42313 42148 41984 41820 41657 41495 41333 41172
        41011 40851 40692 40534 40376 40218 40061 39905
        39750 39595 39440 39286 39133 38981 38829 38677
        38527 38376 38227 38078 37929 37781 37634 37487
        37341 37196 37051 36906 36762 36619 36476 36334
        36192 36051 35911 35771 35631 35492 35354 35216
        35079 34942 34806 34670 34535 34400 34266 34133
        34000 33867 33735 33604 33473 33342 33212 33083
        32954 32825 32697 32570 32443 32316 32190 32065
        31940 31815 31691 31568 31445 31322 31200 31078
        30957 30836 30716 30596 30477 30358 30240 30122
        30005 29888 29771 29655 29539 29424 29310 29195
        29081 28968 28855 28743 28631 28519 28408 28297
        28187 28077 27967 27858 27750 27642 27534 27426
        27319 27213 27107 27001 26896 26791 26687 26583
        26479 26376 26273 26170 26068 25967 25866 25765
        25664 25564 25465 25365 25266 25168 25070 24972
        24875 24778 24681 24585 24489 24394 24298 24204
        24109 24015 23922 23828 23736 23643 23551 23459
        23368 23276 23186 23095 23005 22916 22826 22737
        22649 22560 22472 22385 22298 22211 22124 22038
        21952 21866 21781 21696 21611 21527 21443 21360
        21276 21193 21111 21029 20947 20865 20784 20703
        20622 20541 20461 20382 20302 20223 20144 20066
        19987 19909 19832 19754 19677 19601 19524 19448
        19372 19297 19222 19147 19072 18998 18924 18850
        18776 18703 18630 18558 18485 18413 18341 18270
        18199 18128 18057 17987 17917 17847 17777 17708
        17639 17570 17502 17433 17365 17298 17230 17163
        17096 17029 16963 16897 16831 16765 16700 16635
        16570 16505 16441 16377 16313 16250 16186 16123
        16060 15998 15935 15873 15811 15750 15688 15627
        15566 15505 15445 15385 15325 15265 15206 15146
        15087 15028 14970 14911 14853 14795 14738 14680
        14623 14566 14509 14453 14396 14340 14284 14229
        14173 14118 14063 14008 13953 13899 13845 13791
        13737 13684 13630 13577 13524 13471 13419 13367
        13314 13263 13211 13159 13108 13057 13006 12955
        12905 12854 12804 12754 12705 12655 12606 12557
        12508 12459 12410 12362 12314 12266 12218 12170
        12123 12076 12029 11982 11935 11888 11842 11796
        11750 11704 11659 11613 11568 11523 11478 11433
        11388 11344 11300 11256 11212 11168 11125 11081
        11038 10995 10952 10909 10867 10825 10782 10740
        10698 10657 10615 10574 10533 10492 10451 10410
        10369 10329 10289 10248 10209 10169 10129 10090
        10050 10011 9972 9933 9894 9856 9817 9779
        9741 9703 9665 9628 9590 9553 9515 9478
        9441 9405 9368 9331 9295 9259 9223 9187
        9151 9115 9080 9044 9009 8974 8939 8904
        8869 8835 8800 8766 8732 8698 8664 8630
        8596 8563 8530 8496 8463 8430 8397 8365
        8332 8299 8267 8235 8203 8171 8139 8107
        8076 8044 8013 7982 7950 7919 7889 7858
        7827 7797 7766 7736 7706 7676 7646 7616
        7586 7557 7527 7498 7469 7440 7411 7382
        7353 7324 7296 7267 7239 7211 7183 7155
        7127 7099 7071 7044 7016 6989 6962 6934
        6907 6881 6854 6827 6800 6774 6747 6721
        6695 6669 6643 6617 6591 6565 6540 6514
        6489 6464 6438 6413 6388 6363 6339 6314
        6289 6265 6240 6216 6192 6168 6144 6120
        6096 6072 6048 6025 6001 5978 5955 5931
        5908 5885 5862 5839 5817 5794 5771 5749
        5726 5704 5682 5660 5638 5616 5594 5572
        5550 5529 5507 5486 5464 5443 5422 5401
        5380 5359 5338 5317 5296 5275 5255 5234
        5214 5194 5173 5153 5133 5113 5093 5073
        5054 5034 5014 4995 4975 4956 4937 4917
        4898 4879 4860 4841 4822 4803 4785 4766
        4747 4729 4710 4692 4674 4656 4637 4619
        4601 4583 4566 4548 4530 4512 4495 4477
        4460 4442 4425 4408 4391 4374 4356 4339
        4323 4306 4289 4272 4256 4239 4222 4206
        4190 4173 4157 4141 4125 4109 4093 4077
        4061 4045 4029 4013 3998 3982 3967 3951
        3936 3920 3905 3890 3875 3860 3845 3830
        3815 3800 3785 3770 3756 3741 3726 3712
        3697 3683 3669 3654 3640 3626 3612 3598
        3584 3570 3556 3542 3528 3514 3501 3487
        3473 3460 3446 3433 3419 3406 3393 3380
        3366 3353 3340 3327 3314 3301 3288 3276
        3263 3250 3237 3225 3212 3200 3187 3175
        3162 3150 3138 3126 3113 3101 3089 3077
        3065 3053 3041 3029 3018 3006 2994 2982
        2971 2959 2948 2936 2925 2913 2902 2891
        2879 2868 2857 2846 2835 2824 2813 2802
        2791 2780 2769 2758 2748 2737 2726 2716
        2705 2694 2684 2673 2663 2653 2642 2632
        2622 2612 2601 2591 2581 2571 2561 2551
        2541 2531 2521 2512 2502 2492 2482 2473
        2463 2453 2444 2434 2425 2415 2406 2396
        2387 2378 2369 2359 2350 2341 2332 2323
        2314 2305 2296 2287 2278 2269 2260 2251
        2243 2234 2225 2216 2208 2199 2191 2182
        2174 2165 2157 2148 2140 2131 2123 2115
        2107 2098 2090 2082 2074 2066 2058 2050
        2042 2034 2026 2018 2010 2002 1995 1987
        1979 1971 1964 1956 1948 1941 1933 1926
        1918 1911 1903 1896 1888 1881 1874 1866
        1859 1852 1845 1837 1830 1823 1816 1809
        1802 1795 1788 1781 1774 1767 1760 1753
        1746 1740 1733 1726 1719 1713 1706 1699
        1693 1686 1680 1673 1666 1660 1654 1647
        1641 1634 1628 1622 1615 1609 1603 1596
        1590 1584 1578 1572 1566 1559 1553 1547
        1541 1535 1529 1523 1517 1511 1506 1500
        1494 1488 1482 1476 1471 1465 1459 1454
        1448 1442 1437 1431 1425 1420 1414 1409
        1403 1398 1392 1387 1382 1376 1371 1365
        1360 1355 1350 1344 1339 1334 1329 1323
        1318 1313 1308 1303 1298 1293 1288 1283
        1278 1273 1268 1263 1258 1253 1248 1243
        1238 1234 1229 1224 1219 1214 1210 1205
        1200 1196 1191 1186 1182 1177 1173 1168
        1163 1159 1154 1150 1145 1141 1136 1132
        1128 1123 1119 1114 1110 1106 1101 1097
        1093 1089 1084 1080 1076 1072 1068 1063
        1059 1055 1051 1047 1043 1039 1035 1031
        1027 1023 1019 1015 1011 1007 1003 999
        995 991 987 984 980 976 972 968
        964 961 957 953 950 946 942 938
        935 931 928 924 920 917 913 910
        906 903 899 896 892 889 885 882
        878 875 871 868 865 861 858 854
        851 848 845 841 838 835 831 828
        825 822 819 815 812 809 806 803
        800 796 793 790 787 784 781 778
        775 772 769 766 763 760 757 754
        751 748 745 742 740 737 734 731
        728 725 722 720 717 714 711 708
        706 703 700 697 695 692 689 687
        684 681 679 676 673 671 668 665
        663 660 658 655 653 650 648 645
        642 640 637 635 633 630 628 625
        623 620 618 615 613 611 608 606
        604 601 599 597 594 592 590 587
        585 583 580 578 576 574 571 569
        567 565 563 560 558 556 554 552
        550 547 545 543 541 539 537 535
        533 531 528 526 524 522 520 518
        516 514 512 510 508 506 504 502
        500 498 496 495 493 491 489 487
        485 483 481 479 477 476 474 472
        470 468 466 465 463 461 459 457
        456 454 452 450 449 447 445 443
        442 440 438 436 435 433 431 430
        428 426 425 423 421 420 418 416
        415 413 412 410 408 407 405 404
        402 400 399 397 396 394 393 391
        390 388 387 385 384 382 381 379
        378 376 375 373 372 370 369 368
        366 365 363 362 360 359 358 356
        355 353 352 351 349 348 347 345
        344 343 341 340 339 337 336 335
        333 332 331 329 328 327 326 324
        323 322 321 319 318 317 316 314
        313 312 311 309 308 307 306 305
        303 302 301 300 299 298 296 295
        294 293 292 291 290 288 287 286
        285 284 283 282 281 280 278 277
        276 275 274 273 272 271 270 269
        268 267 266 265 264 263 262 261
        260 259 258 257 256 255 254 253
        252 251 250 249 248 247 246 245
        244 243 242 241 240 239 238 237
        236 235 235 234 233 232 231 230
        229 228 227 226 226 225 224 223
        222 221 220 219 219 218 217 216
        215 214 214 213 212 211 210 209
        209 208 207 206 205 205 204 203
        202 201 201 200 199 198 197 197
        196 195 194 194 193 192 191 191
        190 189 188 188 187 186 186 185
        184 183 183 182 181 181 180 179
        178 178 177 176 176 175 174 174
        173 172 172 171 170 170 169 168
        168 167 166 166 165 164 164 163
        162 162 161 161 160 159 159 158
        157 157 156 156 155 154 154 153
        153 152 151 151 150 150 149 148
        148 147 147 146 146 145 144 144
        143 143 142 142 141 141 140 139
        139 138 138 137 137 136 136 135
        135 134 134 133 133 132 132 131
        131 130 130 129 129 128 128 127
        127 126 126 125 125 124 124 123
        123 122 122 121 121 120 120 119
        119 118 118 117 117 117 116 116
        115 115 114 114 113 113 113 112
        112 111 111 110 110 109 109 109
        108 108 107 107 107 106 106 105
        105 104 104 104 103 103 102 102
        102 101 101 100 100 100 99 99
        99 98 98 97 97 97 96 96
        95 95 95 94 94 94 93 93
        93 92 92 91 91 91 90 90
        90 89 89 89 88 88 88 87
        87 87 86 86 86 85 85 85
        84 84 84 83 83 83 82 82
        82 81 81 81 80 80 80 79 x 4
        78 78 78 77 77 77 76 x 4 75
        75 75 74 x 4 73 73 73 72 x 4 71
        71 71 70 x 4 69 x 4 68 68 68 67 x 4
        66 x 4 65 x 4 64 x 4 63 x 4 62 x 4 61 x 4 60 x 5 59 x 4
        58 x 4 57 x 5 56 x 4 55 x 5 54 x 5 53 x 5 52 x 5 51 x 5
        50 x 5 49 x 5 48 x 5 47 x 6 46 x 5 45 x 6 44 x 6 43 x 6
        42 x 6 41 x 6 40 x 6 39 x 7 38 x 7 37 x 7 36 x 7 35 x 7
        34 x 8 33 x 7 32 x 8 31 x 9 30 x 8 29 x 9 28 x 9 27 x 10
        26 x 10 25 x 10 24 x 10 23 x 12 22 x 11 21 x 12 20 x 13 19 x 14
        18 x 14 17 x 15 16 x 16 15 x 17 14 x 18 13 x 20 12 x 21 11 x 24
        10 x 25 9 x 29 8 x 32 7 x 36 6 x 43 5 x 52 4 x 64 3 x 86
        2 x 131 1 x 281 0 x 1079

.data     step_down
        -128000 x 16384

.state    samples=0 checks=0 epochs=0 seed=7
        6c3c9e3d223be539ff3fc538ff3f193cf03ec93b1c37c43f413b093d8537ff3f
        ff3f753dcc3b4e38693c2d3e5d3bff3fc23b1338ff3f7f3d633d583fd93d663f
        ff3fc53bff3fd5358439133d373bb3358c3fa437ff3ffe3eff3f683925369738
        cc3b7037d73e203cf93bff3fff3ffa3e9b38293ee138d93da83a7c3bd73bb53e
        4637cc3b833b2e3a513f533b893d8039f03e0f3a323aa73cc835683eff3fff3f
        d53f853aff3fff3f9337da38ff3f0c3f0f3f323acc3d7a39893ad039c2362d39
        343ec13dff3fa83f273c583ab93c153e8c325437e536fd3b0e37f938ff3fb93f
        0535893f5e39593d9e3ac339503cb43b00000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        203ceb3d483bce3ce33a6f3ebc3c433fb53cb03dff3fff3fa739d73b0b3cff3f
        ff3fa9385e39f53fac3a673d153cf03c553abb3bdd3d353aff3f913b013a9d37
        1139b7366d3a9e35ff3f73373c3ae03aff3fe43da33e4c3e9c36ff3fff3f953b
        513f9c39e03ace3faa3b723b3c3f8c3aff3f97383e3b10384939de395739dd3d
        203ae03a843eff3fff3f8e3eff3fc639f03e1d3a4f33333d513a233eff3fd338
        a43c5a3ba13fff3f3638973a4e3df63b933aff3f0a3bac38b73b7838ff3fe33f
        413bd13cb0383a3b513aa53de63cfe3ee73a5e3c223bcf38ff3f4a3a6c3cff3f
        193f853fca3c5d3b85352a3cf13aff3f323fff3f933aff3fff3f653e213dbc39
        c83ddf3c4b3d033bff3f373b653ca43cc73f553d6a3aea3aff3fce3c993eff3f
        113e123cf4372b3ae53bff3f403f173b323fb83e243a623cff3fb2373e39d039
        db3e9e3f6a387138423eff3ffc3da737333d253baa3b95391d3aac3de83b453b
        ff3fff3f9c398c3f693ca739c339903fd739233cca39cc38e1384b3dcf38ea3a
        ff3ff53a553ffc3a773aff3fdc37393fdc3aa73ee83bfc3aff3f123cff3fff3f
        183e7e3ae239f93d203a233e623fcb3ab93fb43bff3f2f38cc36fe3e163f263e
        ae3eff3ff93dfe39ff3f243a063bbf395339c63ec73f453eff3f333b0c3f8935
        c23eff3ff13f373be239ef3b8235fd36b1396738c73fff3f253bb83e7e3a113e
        a039843ed83ce03a123ff238733e1a3d913b5c3fff3fd63dff3f203f5535ff3f
        893af437ff3f8e398e39273a103bff3f073cec39ec39993ccb3afe39af3a473d
        25382838dc3c0339ff3f173bf53aff3fff3f243aac35b23fff3fcb3fab37553f
        6a3a043c793e673d000000000000000000000000000000000000000000000000
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
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        000000000000000000000000000000003e3bff3fe738ff3fcb3f2b3f3d3d4e38
        ff3f803bff3f383c973aff3fff3fa538ff3f853faa3b4c3bff3fac38643bff3f
        053a473a1139493cb2375c3a013f213dac3f3537a53aff3fff3fff3ff93d383c
        00398e3b273aae37433cae3eff3f463700000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        000000000000000000000000000000000339813cbc397f38563b7f38ff3f783d
        ff3f933a373eff3fa339563bd73b133df53dff3f793ebf398b3ec93b853c6c3c
        8f379b3dd53fe23eff3fd33b1139c93e1e389f3b333b863dcd3947358f3c963c
        013aaa3b5c3f6e36803ec43a9239ff3fff3fff3f0e3ec639c639b23c4d3c8338
        0d3b663f9b3dc73c9a3ffd3b4f3bff3f6a3dab3ce03df83a5938403d933aff3f
        c23b653c7d39be3dff3f283dff3fa03e9e355c3ff13aff3f793e5a3b553d0c3a
        fd3bf339473fda36f03e453ec13dff3f813cf4379c3ed837b93f5636ef3bff3f
        713d203c4138673bfc3ddd3deb3dcf3d00000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        00000000000000000000000000000000
