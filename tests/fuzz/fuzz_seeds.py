"""What the fuzzer begins with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

from bsc.isa.assemble import assemble
from bsc.isa.binary import encode
from bsc.isa.disassemble import disassemble
from bsc.isa.instructions import TABLE
from bsc.testing.images import random_image
from bsc.testing.isa_examples import prelude
from bsc.testing.verified_images import CoreText, assembled

CASES = Path(__file__).resolve().parents[1] / "conformance" / "isa" / "cases"

_TILED = """
x kind=bit length=8 base=0 slots=2
x.high of=x base=4 length=4 first=4
z kind=bit length=4 base=16
d kind=bit length=4 base=24
l kind=level length=8 base=0
y kind=sum length=4 base=0
k kind=sum length=8 base=8
e kind=sign length=4 base=0
"""
_TILED_CODE = """
chunks b0, samples, 2
loop slot, b0
in l
encode x, l, layer 0
read y, x, [0-2]
sample.gate z, d, y, n
sign e, y, d
readt k, e, [0-1]
count x, e, [0-2]
out y
end
advance b0
end
carry u, [0-2]
refresh u, [0-2]
tick
"""
_PAIR = (
    CoreText("s kind=sum length=3 base=0\ne kind=sign length=5 base=0\n",
             "clear s\nload e, 0\nloop none, samples\nsend s, core 1\nend\nsend e, core 1\n"
             "barrier"),
    CoreText("s kind=sum length=3 base=0\ne kind=sign length=5 base=0\n",
             "clear s\nloop none, samples\nreceive.add s, core 0\nend\nreceive e, core 0\n"
             "barrier\nstore e, 5\nout s"),
)  # fmt: skip


def seeds() -> Iterator[bytes | str]:
    """Files and texts: published cases, examples of the page, small and random ones."""
    for row in TABLE:
        yield encode(assemble(prelude(row.example.code, row.example.other), "<example>"))
    for path in sorted(CASES.iterdir()):
        yield (path / "image.bin").read_bytes()
    for name in ("moving", "messages", "trap"):
        yield (CASES / name / "image.s").read_text(encoding="utf-8")
    small = assembled(_PAIR, arrays=False)
    yield encode(small)
    yield disassemble(small)
    tiled = assembled([CoreText(_TILED, _TILED_CODE, kinds=("train", "infer"))])
    yield encode(tiled)
    draw = Random(7)
    for _ in range(20):
        image = random_image(draw)
        yield encode(image)
        yield disassemble(image)
