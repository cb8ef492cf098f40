"""Small images for tests of the verifier and of machines, written as assembly around their code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bsc.isa.assemble import assemble
from bsc.isa.image import Image

HEAD = """\
.isa      1.1
.target   {target}
.chip     noise_bits=4 channel_depth={depth} batch=4 bits=4096 signs=4096 sums=4096 levels=4096 \
labels=64 counts=256 backing=256
.timing   issue=1 host_bits=64 encode_lanes=8 read=10 neuron_lanes=8 readout=8 counter_lanes=8 \
pulse=100 pulse_lanes=4 link_bits=64 link_latency=4 queue=8
"""
"""Target, chip and timing."""

ARRAYS = """\
.array    a layer=0 style=pair-down rows=9 inputs=8 columns=4 scale=16383
.array    r layer=1 style=reference rows=4 inputs=4 columns=4 scale=8191
.array    m layer=2 style=direct rows=4 inputs=4 columns=4 scale=4096
.table    n.T entries=16
.table    n.lo entries=16
.table    n.hi entries=16
.table    r.E entries=4096
.table    up entries=16384
.table    down entries=16384
.table    noise entries=4096
.neuron   n layer=0 threshold=n.T low=n.lo high=n.hi half=3
.neuron   plain layer=1 threshold=n.T half=3
.neuron   bare layer=1 half=3
.readout  o layer=2 softmax=r.E reciprocal=67112960
.update   u layer=0 threshold=64 pulses=1 step_down=down every=2
.update   v layer=1 threshold=64 pulses=3 step_up=up step_down=down noise_up=noise noise_down=noise
.update   w layer=2 rate=4096
"""
"""Arrays, tables and what names them."""

TILES = """\
.tile     0 array=a number=0 rows=0-3 columns=0-3
.tile     1 array=a number=1 rows=4-7 columns=0-3
.tile     2 array=a number=2 rows=8-8 columns=0-3
.tile     3 array=r number=3 rows=0-3 columns=0-1
.tile     4 array=r number=4 rows=0-3 columns=2-3
.tile     5 array=m number=5 rows=0-3 columns=0-3
"""
"""Tiles of core 0."""

DATA = """\
.data     n.T
        0 x 16
.data     n.lo
        -50 x 16
.data     n.hi
        50 x 16
.data     r.E
        65536 x 4096
.data     up
        300 x 16384
.data     down
        -512 x 16384
.data     noise
        256 x 4096
"""
"""Entries of the tables."""


@dataclass(frozen=True, slots=True)
class CoreText:
    """A core as assembly.

    Attributes:
        vectors: lines `.vector`, without the word itself.
        code: lines of code; `halt` is added where they do not end with it.
        kinds: entries that start at the first word, one behind the other with the same code.
    """

    vectors: str
    code: str
    kinds: tuple[str, ...] = ("train",)


def assembled(cores: Sequence[CoreText], *, depth: int = 2, arrays: bool = True) -> Image:
    """An image of cores; core 0 has the tiles of the arrays, where there are any."""
    text = [HEAD.format(target="0" * 64, depth=depth), ARRAYS if arrays else ""]
    for number, core in enumerate(cores):
        text.append(f".core     {number}\n")
        text += [
            f".vector   {line.strip()}\n" for line in core.vectors.splitlines() if line.strip()
        ]
        text.append(TILES if arrays and number == 0 else "")
        for kind in core.kinds:
            text.append(f".entry    {kind}\n")
            text += [f"        {line.strip()}\n" for line in core.code.splitlines()]
            if not core.code.rstrip().endswith("halt"):
                text.append("        halt\n")
    text.append(DATA if arrays else "")
    return assemble("".join(text), "<assembled>")
