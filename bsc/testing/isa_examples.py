"""The machine on which every example of docs/isa.md runs: its assembly, memory and streams.

Vectors that an example is given are loaded from backing memory, levels and labels come from the
host; so the examples' own lines need no preparation, and the verifier sees every vector written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from bsc.isa.instruction import Example
from bsc.isa.kinds import VectorKind
from bsc.numerics.state import CODE_MAX
from bsc.numerics.tables import softmax

SAMPLES = 3
"""Samples of a run: the register SAMPLES of the examples."""

BACKING_WORDS = 0x200
"""32-bit words of backing memory of a core."""

WEIGHTS = ((1, 2, 3), (4, 5, 6), (7, 8, 9), (10, 11, 12))
"""Forward weights of the array `a` in codes, [word line, bit line]; the last line is always on."""

_BIT, _SIGN, _SUM = VectorKind.BIT, VectorKind.SIGN, VectorKind.SUM
_LEVEL, _LABEL, _COUNT = VectorKind.LEVEL, VectorKind.LABEL, VectorKind.COUNT
VECTORS: tuple[Mapping[str, VectorKind], ...] = (
    MappingProxyType(
        {"l": _LEVEL, "t": _LABEL, "c": _LABEL}
        | dict.fromkeys(("x", "z", "d", "o"), _BIT)
        | dict.fromkeys(("e", "f"), _SIGN)
        | dict.fromkeys(("y", "s", "b"), _SUM)
        | {"a": _COUNT}
    ),
    MappingProxyType({"x": _BIT, "s": _SUM}),
)
"""Vectors of both cores: kinds by name. All have three elements, but `c`: the first of `t`."""

_ELEMENTS = 3
_VIEW, _PARENT = "c", "t"
_FIRST_WORD, _WORDS = 0x100, 0x10
_HEAD = """\
.isa      1.1
.target   {target}
.chip     noise_bits=4 channel_depth=2 batch=1 bits=16 signs=8 sums=16 levels=4 labels=3 counts=4 \
backing={backing}
.timing   issue=1 host_bits=64 encode_lanes=8 read=10 neuron_lanes=8 readout=8 counter_lanes=8 \
pulse=100 pulse_lanes=4 link_bits=64 link_latency=4 queue=8
.array    a layer=0 style=pair-down rows=4 inputs=3 columns=3 scale=16383
.array    m layer=1 style=direct rows=3 inputs=3 columns=3 scale=4096
.table    n.T entries=16
.table    n.lo entries=16
.table    n.hi entries=16
.table    r.E entries=4096
.table    u.down entries=16384
.neuron   n layer=0 threshold=n.T low=n.lo high=n.hi half=3
.readout  r layer=0 softmax=r.E reciprocal={reciprocal}
.update   u layer=0 threshold=1 pulses=1 step_down=u.down every=1
.update   m layer=1 rate=4096
"""
_TILES = """\
.tile     0 array=a number=0 rows=0-3 columns=0-2
.tile     1 array=m number=1 rows=0-2 columns=0-2
"""
_DATA = """\
.data     n.T
        0 x 16
.data     n.lo
        -50 x 16
.data     n.hi
        50 x 16
.data     u.down
        -256 x 16384
.data     r.E
"""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What surrounds an example when it starts.

    Attributes:
        backing: uint32 words of each core's backing memory.
        inputs: int32 [SAMPLES, 3], levels of the streams.
        labels: int32 [SAMPLES, 3].
    """

    backing: dict[int, npt.NDArray[np.uint32]]
    inputs: npt.NDArray[np.int32]
    labels: npt.NDArray[np.int32]


def prelude(code0: str, code1: str = "") -> str:
    """The whole assembly text of the examples' machine, with lines of an example in its cores.

    One code of difference between sums is 256 units of the readout's exponent, so that classes
    behind the first have odds of 0; all thresholds are equal, all steps whole codes: no result
    depends on a draw.

    Args:
        code0: lines for core 0; `halt` is added where they do not end with it.
        code1: the same for core 1.
    """
    head = _HEAD.format(target="0" * 64, backing=BACKING_WORDS, reciprocal=1 << 32)
    cores = [_core(number, code) for number, code in enumerate((code0, code1))]
    cores[0] = cores[0].replace(".entry", f"{_TILES}.entry", 1)
    exponentials = softmax().reshape(-1, 8)
    table = "".join(f"        {' '.join(map(str, row))}\n" for row in exponentials.tolist())
    state = f".state    samples=0 checks=0 epochs=0 seed=0\n{_state()}"
    return "".join((head, *cores, _DATA, table, state))


def setting(example: Example) -> Setting:
    """Backing memory and streams of what an example is given.

    `l` and `t` are what the prelude takes from the streams; `in` and `label` what comes after.

    Raises:
        KeyError: an example is given a vector that the machine does not have.
        ValueError: a vector with another number of elements.
    """
    backing = {core: np.zeros(BACKING_WORDS, np.uint32) for core in range(len(VECTORS))}
    inputs = np.zeros((SAMPLES, _ELEMENTS), np.int32)
    labels = np.zeros((SAMPLES, _ELEMENTS), np.int32)
    for place, elements in example.given.items():
        match place:
            case "l":
                inputs[0] = elements
            case "in":
                inputs[1:] = elements
            case "c":
                labels[0, 0] = elements[0]
            case "t":
                labels[0] = elements
            case "label":
                labels[1:] = elements
            case _:
                core, name = (1, place[2:]) if place.startswith("1.") else (0, place)
                if len(elements) != _ELEMENTS:
                    raise ValueError(f"{place} has {_ELEMENTS} elements, not {len(elements)}")
                words = packed(VECTORS[core][name], elements)
                start = _address(core, name)
                backing[core][start : start + words.size] = words
    return Setting(backing, inputs, labels)


def packed(kind: VectorKind, elements: Sequence[int]) -> npt.NDArray[np.uint32]:
    """Elements as `store` puts them into backing memory, uint32 words.

    Raises:
        ValueError: backing memory does not hold vectors of this kind.
    """
    widths = {_BIT: 1, _SIGN: 2, _SUM: 64, _COUNT: 32}
    if kind not in widths:
        raise ValueError(f"a vector of kind {kind.name.lower()} cannot be loaded")
    bits = widths[kind]
    number = 0
    for place, element in enumerate(elements):
        # the lower bit of a sign says that it is not 0, the upper one that it is -1
        number |= (element & ((1 << bits) - 1)) << (bits * place)
    words = (bits * len(elements) + 31) // 32
    return np.frombuffer(number.to_bytes(4 * words, "little"), "<u4").astype(np.uint32)


def _address(core: int, name: str) -> int:
    return _FIRST_WORD + _WORDS * list(VECTORS[core]).index(name)


def _core(number: int, code: str) -> str:
    """A core's vectors, and its code between loads and `halt`."""
    lines = [f".core     {number}"]
    used = dict.fromkeys(VectorKind, 0)
    for name, kind in VECTORS[number].items():
        if name == _VIEW:
            lines.append(f".vector   {name} of={_PARENT} length=1 base=0")
            continue
        where = f"length={_ELEMENTS} base={used[kind]}"
        lines.append(f".vector   {name} kind={kind.name.lower()} {where}")
        used[kind] += _ELEMENTS
    lines += [".entry    infer", "infer:"]
    for name, kind in VECTORS[number].items():
        if name == _VIEW:
            continue
        match kind:
            case VectorKind.LEVEL:
                lines.append(f"        in      {name}")
            case VectorKind.LABEL:
                lines.append(f"        label   {name}")
            case _:
                lines.append(f"        load    {name}, {_address(number, name):#x}")
    body = code.splitlines()
    lines += [f"        {line}" for line in body]
    if not body or body[-1].strip() != "halt":
        lines.append("        halt")
    return "\n".join(lines) + "\n"


def _state() -> str:
    """Cells of both arrays and their counters at 0, 32 bytes a line."""
    weights = np.array(WEIGHTS)
    pairs = np.stack((np.full_like(weights, CODE_MAX), CODE_MAX - weights)).astype("<i2")
    masters = np.zeros((3, 3), "<i4")
    parts = (pairs, np.zeros(weights.shape, "<i4"), masters, np.zeros_like(masters))
    stream = b"".join(part.tobytes() for part in parts)
    rows = (stream[start : start + 32].hex() for start in range(0, len(stream), 32))
    return "".join(f"        {row}\n" for row in rows)
