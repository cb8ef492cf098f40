"""What a run did and when: rows of a trace, as a table, for Perfetto, and the critical path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.isa.image import Image
from bsc.isa.kinds import Unit
from bsc.isa.text import line_of
from bsc.isa.words import decode_word
from bsc_runtime.machine.layout import Trace, Why


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One executed instruction.

    Attributes:
        core: which core.
        address: of its word.
        text: its assembly.
        name: its mnemonic.
        unit: who executed it.
        origin: the model's layer.
        start: first cycle.
        end: cycle at which its unit was free again.
        sample: sample index, BASE + SLOT; of `trace` its number.
        cause: the row that let it start no earlier, -1 for the start of the run.
        why: what it waited for last.
    """

    core: int
    address: int
    text: str
    name: str
    unit: str
    origin: str
    start: int
    end: int
    sample: int
    cause: int
    why: str

    @classmethod
    def of(cls, image: Image, core: int, address: int, row: npt.NDArray[np.int64]) -> TraceRow:
        """From a row of the engine's."""
        decoded = decode_word(image.cores[core].code[address])
        return cls(
            core,
            address,
            line_of(decoded, image, core),
            decoded.name,
            Unit(decoded.instruction.unit).name.lower(),
            image.cores[core].origin(address),
            int(row[Trace.START]),
            int(row[Trace.END]),
            int(row[Trace.NUMBER]),
            int(row[Trace.CAUSE]),
            Why(int(row[Trace.WHY])).name.lower(),
        )


def as_table(rows: Sequence[TraceRow]) -> Iterator[str]:
    """Lines of a table: cycles, core, unit, address, what, for which sample, why not earlier."""
    head = ("start", "end", "core", "unit", "addr", "instruction", "sample", "waited for")
    yield "{:>9}{:>9}{:>5} {:8}{:>5} {:40}{:>9} {}".format(*head)
    for row in rows:
        yield (
            f"{row.start:9d}{row.end:9d}{row.core:5d} {row.unit:8s}{row.address:5d} "
            f"{row.text:40s}{row.sample:9d} {row.why}"
        )


def as_chrome(rows: Sequence[TraceRow], clock_hertz: float) -> str:
    """A trace for Perfetto or chrome://tracing: a process a core, a thread a unit, microseconds."""
    scale = 1e6 / clock_hertz
    events: list[dict[str, Any]] = []
    for core in sorted({row.core for row in rows}):
        name = {"name": f"core {core}"}
        events.append({"ph": "M", "name": "process_name", "pid": core, "args": name})
        for unit in Unit:
            events.append(
                {
                    "ph": "M",
                    "name": "thread_name",
                    "pid": core,
                    "tid": int(unit),
                    "args": {"name": unit.name.lower()},
                }
            )
    for row in rows:
        args = {"address": row.address, "sample": row.sample, "waited for": row.why}
        events.append(
            {
                "ph": "X",
                "name": row.text,
                "cat": row.origin or row.unit,
                "pid": row.core,
                "tid": int(Unit[row.unit.upper()]),
                "ts": row.start * scale,
                "dur": (row.end - row.start) * scale,
                "args": args | ({"layer": row.origin} if row.origin else {}),
            }
        )
    return json.dumps({"displayTimeUnit": "ns", "traceEvents": events}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class PathPart:
    """A part of the critical path: cycles of one kind of instruction on one core."""

    core: int
    unit: str
    name: str
    origin: str
    cycles: int


def critical_path(rows: Sequence[TraceRow]) -> tuple[PathPart, ...]:
    """What the run's length is made of, the largest part first.

    From the instruction that ended last, back along what each waited for. The cycles of a row on
    the path are those from its start to the start of what waited for it; what of them is longer
    than the instruction itself went into issuing those between, and is booked as `issue`.
    """
    if not rows:
        return ()
    spent: dict[tuple[int, str, str, str], int] = {}
    place = max(range(len(rows)), key=lambda i: rows[i].end)
    until = rows[place].end
    while place >= 0:
        row = rows[place]
        own = min(until - row.start, row.end - row.start)
        between = until - row.start - own
        if row.cause < 0:
            between += row.start  # before it there is only the issue
        for key, cycles in (
            ((row.core, row.unit, row.name, row.origin), own),
            ((row.core, "control", "issue", ""), between),
        ):
            spent[key] = spent.get(key, 0) + cycles
        until, place = row.start, row.cause
    parts = [PathPart(*key, cycles) for key, cycles in spent.items() if cycles]
    return tuple(sorted(parts, key=lambda part: -part.cycles))
