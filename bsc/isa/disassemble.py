"""An image as assembly: `assemble` makes the same image of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from bsc.isa.directives import Known, keys_text
from bsc.isa.image import Core, Image, Table
from bsc.isa.names import quote
from bsc.isa.records import TableEntry
from bsc.isa.state_bytes import CLOCK_BYTES, CLOCKS, to_bytes
from bsc.isa.text import operands_of
from bsc.isa.version import minor_of, version_text
from bsc.isa.words import decode_word
from bsc.numerics.state import ChipState

INDENT = 8
"""Columns before an instruction outside of loops."""

_DEEPEST = 16
"""Loops that are indented: code that nobody verified may open any number."""

_A_LINE = 8
"""Entries of a table in a line."""

_RUN = 4
"""Equal entries from which on they are written as one with a count."""

_BYTES_A_LINE = 32


def disassemble(image: Image) -> str:
    """The normal form of an image as text.

    Args:
        image: as `decode` or `assemble` give it; it need not be verified.
    """
    return "".join(f"{line}\n" for line in _lines(image))


def _directive(name: str, rest: str) -> str:
    return f"{name:<9} {rest}".rstrip()


def _lines(image: Image) -> Iterator[str]:
    known = Known(tuple(t.name for t in image.tables), tuple(a.name for a in image.arrays))
    yield _directive(".isa", version_text(minor_of(image)))
    yield _directive(".target", image.target.hex())
    yield _directive(".chip", keys_text(image.chip, known))
    yield _directive(".timing", keys_text(image.timing, known))
    for array in image.arrays:
        yield _directive(".array", f"{array.name} {keys_text(array, known)}")
    for table in image.tables:
        entry = TableEntry(table.name, len(table.values), 0)
        yield _directive(".table", f"{table.name} {keys_text(entry, known)}")
    for directive, records in (
        (".neuron", image.neurons),
        (".readout", image.readouts),
        (".update", image.updates),
    ):
        for record in records:
            yield _directive(directive, f"{record.name} {keys_text(record, known)}")
    for number, core in enumerate(image.cores):
        yield ""
        yield _directive(".core", str(number))
        names = Known(known.tables, known.arrays, tuple(v.name for v in core.vectors))
        for vector in core.vectors:
            yield _directive(".vector", f"{vector.name} {keys_text(vector, names)}")
        for item, tile in enumerate(core.tiles):
            yield _directive(".tile", f"{item} {keys_text(tile, names)}")
        yield from _code(image, number, core)
    for table in image.tables:
        yield ""
        yield _directive(".data", table.name)
        yield from _data(table)
    if image.state is not None:
        yield ""
        yield from _state(image.state)


def _code(image: Image, number: int, core: Core) -> Iterator[str]:
    starts: defaultdict[int, list[str]] = defaultdict(list)
    for entry in image.entries:
        if entry.core == number:
            starts[entry.address].append(entry.kind.name.lower())
    origins = {origin.address: origin.text for origin in core.origins}
    depth = 0
    for address, word in enumerate(core.code):
        for kind in starts.get(address, ()):
            yield ""
            yield _directive(".entry", kind)
            yield f"{kind}:"
        if address in origins:
            yield _directive(".origin", quote(origins[address]))
        decoded = decode_word(word)
        if decoded.name == "end":
            depth = max(0, depth - 1)
        indent = " " * (INDENT + 2 * min(depth, _DEEPEST))
        yield f"{indent}{decoded.name:<7} {operands_of(decoded, image, number)}".rstrip()
        if decoded.name in ("loop", "chunks"):
            depth += 1


def _data(table: Table) -> Iterator[str]:
    line: list[str] = []
    for item in _items(table.values):
        line.append(item)
        if len(line) == _A_LINE:
            yield " " * INDENT + " ".join(line)
            line = []
    if line:
        yield " " * INDENT + " ".join(line)


def _items(values: npt.NDArray[np.int32]) -> Iterator[str]:
    """Entries, and runs of equal ones as `value x count`."""
    starts = np.flatnonzero(np.diff(values)) + 1
    begin = 0
    for stop in [*starts.tolist(), len(values)]:
        value, count = (int(values[begin]), stop - begin) if stop > begin else (0, 0)
        begin = stop
        if count >= _RUN:
            yield f"{value} x {count}"
        else:
            yield from [str(value)] * count


def _state(state: ChipState) -> Iterator[str]:
    yield _directive(".state", " ".join(f"{clock}={getattr(state, clock)}" for clock in CLOCKS))
    stream = to_bytes(state)
    for at in range(0, len(stream) - CLOCK_BYTES, _BYTES_A_LINE):
        yield " " * INDENT + stream[at : min(at + _BYTES_A_LINE, len(stream) - CLOCK_BYTES)].hex()
