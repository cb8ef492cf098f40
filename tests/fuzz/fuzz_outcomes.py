"""One input goes all the way: decoded, verified, run on the machine, and on the interpreter.

What comes back is what was reached; everything that should not happen is an exception.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from bsc.diag import DiagnosticError
from bsc.isa.assemble import assemble
from bsc.isa.binary import decode, encode
from bsc.isa.disassemble import disassemble
from bsc.isa.image import Image
from bsc.isa.kinds import EntryKind, OperandKind
from bsc.isa.records import NO_PARENT
from bsc.isa.verify import instructions, verify_image
from bsc.isa.words import decode_word
from bsc.numerics.digest import digest
from bsc.numerics.state import ChipState
from bsc.program.executor import EncodedData
from bsc_runtime.machine import Machine
from bsc_runtime.machine.decode import decode_image

sys.path.append(str(Path(__file__).resolve().parents[1] / "conformance" / "isa"))

import interpreter

MEMORY_MOST = 64 << 20
_LABELS = (0, 1, 2, 3, 7, 30000, 65535, 65536, (1 << 31) - 1)
"""Classes and targets, some at their ends."""

CELLS_MOST = 1 << 20
CYCLES_MOST = 2_000_000
COMPARED_MOST = 2_000
"""Instructions of runs that the interpreter repeats, and thousands of cells that it may look at."""

Features = set[Any]


class Wrong(Exception):
    """Something that must not happen, in words that are alike for the same fault."""


def _said(stage: str, error: DiagnosticError) -> Features:
    return {(stage, d.code, _template(d.message)) for d in error.diagnostics}


def _template(message: str) -> str:
    """A message without its numbers and names."""
    return re.sub(r"'[^']*'|\b\w*[\d.#]\w*\b|[^\x20-\x7e]", "?", message)[:60]


def of_text(text: str) -> Features:
    """An assembly text; the image that it makes, where it makes one."""
    try:
        image = assemble(text, "<fuzz>")
    except DiagnosticError as error:
        return _said("assemble", error)
    data, normal = encode(image), disassemble(image)
    again = assemble(normal, "<fuzz>")
    if encode(again) != data or disassemble(again) != normal:
        raise Wrong("assembly is not its own inverse")
    return {"assembled"} | of_bytes(data)


def of_bytes(data: bytes) -> Features:
    """A file."""
    try:
        image = decode(data, "<fuzz>")
    except DiagnosticError as error:
        return _said("decode", error)
    if encode(image) != data:
        raise Wrong("encode does not give the bytes back")
    if len(data) < 1 << 14:
        if encode(assemble(disassemble(image), "<fuzz>")) != data:
            raise Wrong("assemble does not give the image back")
    return {"decoded"} | of_image(image, data)


def of_image(image: Image, data: bytes) -> Features:
    """An image: every entry is run."""
    try:
        verify_image(image, "<fuzz>")
    except DiagnosticError as error:
        return _said("verify", error)
    found: Features = {"verified"}
    cells = sum(array.rows * array.columns for array in image.arrays)
    if cells > CELLS_MOST or 4 * len(image.cores) * image.chip.backing > MEMORY_MOST:
        return found | {"too many cells"}
    if decode_image(image).sizes.bytes_needed(8) > MEMORY_MOST:
        return found | {"too much memory"}
    draw = Random(hashlib.sha256(data).digest())
    machine = Machine(
        image, source="<fuzz>", max_cycles=CYCLES_MOST, deferred=draw.random() < 0.5,
        trace=draw.random() < 0.2,
    )  # fmt: skip
    plain: interpreter.Chip | None = interpreter.Chip(data)
    for kind in image.kinds():
        reached, comparable = _run(draw, machine, kind, plain)
        found |= reached
        if not comparable:
            plain = None  # its cells are no longer those of the machine
    return found.union(_features(image))


def _run(
    draw: Random, machine: Machine, kind: EntryKind, plain: interpreter.Chip | None
) -> tuple[Features, bool]:
    """One run; what was reached, and whether the interpreter has gone along."""
    image = machine.image
    one = kind in (EntryKind.TRAIN, EntryKind.BINARY)
    samples = draw.choice((1, 2, 3, 4, 5, 9))
    cores = range(len(image.cores))
    targets = max(1, *(_width(machine, kind, core, "label", "label") for core in cores))
    run = interpreter.Run(
        kind.name.lower(),
        samples,
        draw.choice((1, 2, 3, 4, 64)),
        draw.choice((0, 5, draw.getrandbits(64))),
        1 if one else draw.choice((1, 2, 3)),
        1 if one else draw.choice((1, 2, 3)),
        draw.choice((0, 3, (1 << 32) - 2, draw.getrandbits(47))),
        draw.choice((0, 1, 2, (1 << 32) - 1, draw.getrandbits(47))),
        labels=[[draw.choice(_LABELS) for _ in range(targets)] for _ in range(samples)],
        bytes_in=draw.random() < 0.5,
    )
    width = max(_width(machine, kind, core, "in", "level") for core in cores)
    drawn = [draw.choice((0, 1, 255, draw.randrange(256))) for _ in range(samples * width)]
    values = np.array(drawn, np.uint8).reshape(samples, width)
    levels = np.arange(256, dtype=np.int32) * 257
    run.inputs = levels[values].tolist()
    for core in range(len(image.cores)):
        if image.chip.backing and draw.random() < 0.5:
            at = draw.randrange(image.chip.backing)
            machine.backing(core)[at : at + 40] = draw.getrandbits(32)
        if plain is not None:
            plain.backing[core] = machine.backing(core).tolist()
    data = EncodedData(values, levels) if run.bytes_in else EncodedData(levels[values], levels[:0])
    try:
        machine.start(
            kind, data if width else None, np.array(run.labels, np.int32), samples=samples,
            batch=run.batch, repeats=run.repeats, reads=run.reads, seed=run.seed,
            first_index=run.first_index, check=run.check,
        )  # fmt: skip
    except DiagnosticError as error:
        return _said("start", error), True
    trapped = False
    try:
        machine.run()
    except DiagnosticError as error:
        if [d.code for d in error.diagnostics] != ["BSC5254"]:
            raise Wrong(f"the run ends with {error.diagnostics[0].code}") from error
        trapped = True
    bound = machine.proof.cycles(
        kind, samples=samples, batch=run.batch, repeats=run.repeats, reads=run.reads
    )
    if machine.cycles > bound:
        raise Wrong("a run takes longer than its bound")
    executed = sum(machine.executed().values())
    for core in range(len(image.cores)):
        proved = _width(machine, kind, core, "out", "sum") * machine.proof.executed(
            kind, core, "out", samples=samples, batch=run.batch, repeats=run.repeats,
            reads=run.reads,
        )  # fmt: skip
        if not trapped and machine.output(core).size != proved:
            raise Wrong("another number of results than was proved")
    cells = sum(array.rows * array.columns for array in image.arrays)
    if plain is None or trapped or executed > COMPARED_MOST or cells > COMPARED_MOST:
        return {("run", kind, trapped)}, False
    _compare(machine, plain, run)
    return {("compared", kind)}, True


def _width(machine: Machine, kind: EntryKind, core: int, name: str, operand: str) -> int:
    """Elements that each `in`, `label` or `out` of a core takes or gives."""
    for node in instructions(machine.proof.trees[core][kind]):
        if node.name == name:
            return machine.image.cores[core].vectors[node.decoded.operands[operand]].length
    return 0


def _compare(machine: Machine, plain: interpreter.Chip, run: interpreter.Run) -> None:
    try:
        expected = plain.run(run)
    except KeyError as error:
        raise Wrong("an element is read that nobody wrote") from error
    except interpreter.Stuck as error:
        raise Wrong("cores wait for ever") from error
    cores = range(len(machine.image.cores))
    different = []
    if [machine.output(core).ravel().tolist() for core in cores] != expected.outputs:
        different.append("results")
    state = replace(ChipState(**plain.state.clocks), arrays=machine.arrays())
    if digest(state) != plain.state.digest():
        different.append("digest")
    if [machine.backing(core).tolist() for core in cores] != plain.backing:
        different.append("backing memory")
    if machine.cycles != expected.cycles:
        different.append("cycles")
    if different:
        raise Wrong(f"machine and interpreter differ: {', '.join(different)}")


def _features(image: Image) -> Iterable[Any]:
    """What a verified program is made of: instructions with the sort of their operands."""
    for core in image.cores:
        for decoded in map(decode_word, core.code):
            sorts: list[Any] = [decoded.name]
            for operand in decoded.instruction.operands:
                if operand.kind is OperandKind.VECTOR:
                    vector = core.vectors[decoded.operands[operand.name]]
                    sorts.append(
                        (int(vector.kind), vector.parent != NO_PARENT, vector.slots > 1,
                         min(2, vector.first & 7), vector.length.bit_length())
                    )  # fmt: skip
                elif operand.kind is OperandKind.TILES:
                    mask = decoded.operands["tiles"]
                    tile = core.tiles[mask & 0xFFFF]
                    sorts.append((image.arrays[tile.array].style, (mask >> 16).bit_count()))
                elif operand.kind in (OperandKind.COUNT, OperandKind.COUNTER):
                    sorts.append(decoded.operands[operand.name].bit_length())
            yield tuple(sorts)
