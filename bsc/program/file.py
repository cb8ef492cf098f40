"""Program files (`.bsp`): a zip of a manifest, graphs as text and tensors; nothing is executed.

| part | what |
|---|---|
| `source.bsir`, `tail.bsir` | graphs; data of large constants is in `*.safetensors` beside them |
| `tables.safetensors` | integer tables |
| `state.safetensors` | cells, references, counters, wear; counters that are all zero are left out |
| `program.py` | the readable Python, as text for people; never run from here |
| `image.bin` | words of the instruction set (docs/isa.md), of programs of the ISA backend |
| `manifest.json` | everything else, with size and SHA-256 of each part |
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from bsc.diag import Diagnostic, DiagnosticError, Label, Span
from bsc.diag.arguments import checked_path
from bsc.ir.graph import Array, Graph
from bsc.ir.parser import parse_graph
from bsc.ir.printer import print_graph
from bsc.numerics.state import ArrayState, ChipState
from bsc.ops import OPS
from bsc.program.archive import ArchiveReader, ArchiveWriter, replacing
from bsc.program.earlier import upgraded, upgraded_source, upgraded_tail
from bsc.program.image import check_image
from bsc.program.manifest import FORMAT, VERSION, ArrayPart, Head, Manifest, Member, manifest_of
from bsc.program.model import Program
from bsc.program.tensors import read_tensors, tensor_chunks
from bsc.program.verifier import verify_program

_MANIFEST = "manifest.json"
_PYTHON = "program.py"
_IMAGE = "image.bin"
_TABLES = "tables.safetensors"
_STATE = "state.safetensors"
_GRAPHS = ("source", "tail")
_INLINE = 16  # constants of at most so many elements stay in the text
_PROBLEMS_SHOWN = 20


def save(program: Program, path: str | Path, *, python_source: str | None = None) -> None:
    """Write a program, wholly or not at all; the same program gives the same bytes.

    Args:
        program: what to write.
        path: where; a file that stands there is replaced when all is written.
        python_source: the readable Python of a backend, kept as text.

    Raises:
        DiagnosticError: BSC5011, the disk is full or the folder not writable.
    """
    where = checked_path("BSC5011", "path", path)
    with replacing(where) as stream, ArchiveWriter(stream) as writer:
        members: dict[str, Member] = {}

        def add(name: str, chunks: Iterable[bytes | memoryview]) -> None:
            size, sha256 = writer.add(name, chunks)
            members[name] = Member(size=size, sha256=sha256)

        for name, graph in zip(_GRAPHS, (program.source, program.tail), strict=True):
            outside = _outside(graph)
            add(f"{name}.bsir", [print_graph(graph, external=outside).encode()])
            add(f"{name}.safetensors", tensor_chunks(outside))
        add(_TABLES, tensor_chunks(program.tables))
        if program.state is not None:
            add(_STATE, tensor_chunks(_state_tensors(program.state)))
        if python_source is not None:
            add(_PYTHON, [python_source.encode()])
        if program.image:
            add(_IMAGE, [program.image])
        manifest = manifest_of(program, members).model_dump_json(indent=1)
        writer.add(_MANIFEST, [manifest.encode(), b"\n"])


def load(path: str | Path) -> Program:
    """Read and verify a program.

    Raises:
        DiagnosticError: BSC50xx, naming the file and the part of it that is at fault.
    """
    with ArchiveReader(path) as archive:
        manifest, version = _read_manifest(archive)
        source, tail = (_read_graph(archive, name, manifest) for name in _GRAPHS)
        heads = manifest.heads
        if version == 1 and manifest.reads:
            tail, heads = upgraded_tail(tail, manifest.reads, heads)
            source = upgraded_source(source, heads[0])
        tables = _read_tensors(archive, _TABLES, manifest)
        state = _read_state(archive, manifest)
        image = _read_image(archive, manifest)
        if _PYTHON in manifest.members:  # for people alone, but a damaged file is a damaged file
            archive.text(_PYTHON, manifest.members[_PYTHON].sha256)
    program = Program(
        name=manifest.name,
        source=source,
        tail=tail,
        inputs=manifest.inputs,
        options=manifest.options,
        plan=manifest.plan,
        target=manifest.target,
        arrays=manifest.arrays,
        reads=manifest.reads,
        heads=heads,
        tiles=manifest.tiles,
        buffers=manifest.buffers,
        inference=manifest.inference,
        training=manifest.training,
        update=manifest.update,
        tables=tables,
        state=state,
        calibration=manifest.calibration,
        untrainable=manifest.untrainable,
        remarks=manifest.remarks,
        image=image,
    )
    verify_program(program, str(path))
    if image:
        check_image(program, f"{path} [{_IMAGE}]")
    return program


def _read_image(archive: ArchiveReader, manifest: Manifest) -> bytes:
    if (_IMAGE in manifest.members) is not (manifest.options.backend == "isa"):
        message = f"the backend is {manifest.options.backend}, and the words are "
        message += "there" if _IMAGE in manifest.members else "missing"
        raise archive.wrong("BSC5006", _IMAGE, message)
    if _IMAGE not in manifest.members:
        return b""
    with archive.part(_IMAGE, manifest.members[_IMAGE].sha256) as stream:
        return stream.read()


def _outside(graph: Graph) -> dict[str, Array]:
    """Constants whose data goes beside the text: large, numbers, and with names JSON can hold."""
    return {
        name: array
        for name, array in graph.constants.items()
        if array.size > _INLINE and array.dtype != object and _is_key(name)
    }


def _is_key(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name != "__metadata__"


def _state_tensors(state: ChipState) -> dict[str, Array]:
    tensors: dict[str, Array] = {}
    for index, array in enumerate(state.arrays):
        parts: dict[str, Array | None] = {
            "cells": array.cells,
            "row_reference": array.row_reference,
            "column_reference": array.column_reference,
            "counters": array.counters if array.counters.any() else None,
            "wear": array.wear if array.wear is not None and array.wear.any() else None,
        }
        tensors |= {f"{index}.{part}": data for part, data in parts.items() if data is not None}
    return tensors


def _read_manifest(archive: ArchiveReader) -> tuple[Manifest, int]:
    """The manifest as the present version says it, and the version of the file."""
    where = str(archive.path)
    if _MANIFEST not in archive.names():
        raise archive.wrong("BSC5002", _MANIFEST, "no program file: the manifest is missing")
    text = archive.text(_MANIFEST, None)
    try:
        head = Head.model_validate_json(text)
        if head.format != FORMAT:
            message = f"no program file: its format is {head.format!r}"
            raise archive.wrong("BSC5002", _MANIFEST, message)
        if not 1 <= head.version <= VERSION:
            message = f"the file has version {head.version}, this bsc reads 1 to {VERSION}"
            raise archive.wrong("BSC5004", _MANIFEST, message)
        manifest = _manifest(text, head.version)
    except ValidationError as error:
        raise DiagnosticError(_manifest_problems(error, where)) from None
    needed = {_TABLES, *(f"{g}.{kind}" for g in _GRAPHS for kind in ("bsir", "safetensors"))}
    needed |= {_STATE} if manifest.state is not None else set()
    for name in sorted(needed - manifest.members.keys()):
        raise archive.wrong("BSC5006", name, "the manifest does not list this part")
    for name in sorted(manifest.members.keys() - needed - {_PYTHON, _IMAGE}):
        raise archive.wrong("BSC5006", name, "the manifest lists a part that has no use")
    for name in sorted(manifest.members.keys() - set(archive.names())):
        raise archive.wrong("BSC5006", name, "the part is missing")
    for name in sorted(set(archive.names()) - manifest.members.keys() - {_MANIFEST}):
        raise archive.wrong("BSC5006", name, "the manifest does not list this part")
    for name, member in manifest.members.items():
        if archive.size(name) != member.size:
            message = f"{archive.size(name)} bytes, the manifest says {member.size}"
            raise archive.wrong("BSC5003", name, message)
    return manifest, head.version


def _manifest(text: str, version: int) -> Manifest:
    """The manifest, of this version or an earlier one.

    Raises:
        ValidationError: it is not as its version has it.
    """
    if version == VERSION:
        return Manifest.model_validate_json(text)
    try:
        text = json.dumps(upgraded(json.loads(text)))
    except (KeyError, TypeError, IndexError, AttributeError, ValueError):
        pass  # not a manifest of version 1 either: its check says what is wrong
    return Manifest.model_validate_json(text)


def _manifest_problems(error: ValidationError, source: str) -> list[Diagnostic]:
    found = error.errors(include_url=False, include_input=False)
    diagnostics = []
    for problem in found[:_PROBLEMS_SHOWN]:
        field = ".".join(str(part) for part in problem["loc"]) or "the text"
        at = Label(Span(source, path=_MANIFEST))
        diagnostics.append(
            Diagnostic("BSC5005", f"{field}: {problem['msg'].lower()}", labels=(at,))
        )
    return diagnostics


def _read_tensors(archive: ArchiveReader, name: str, manifest: Manifest) -> dict[str, Array]:
    with archive.part(name, manifest.members[name].sha256) as stream:
        return read_tensors(stream, archive.size(name))


def _read_graph(archive: ArchiveReader, name: str, manifest: Manifest) -> Graph:
    member = f"{name}.bsir"
    data = _read_tensors(archive, f"{name}.safetensors", manifest)
    text = archive.text(member, manifest.members[member].sha256)
    try:
        graph = parse_graph(text, OPS, source=str(archive.path), external=data)
    except DiagnosticError as error:
        raise DiagnosticError(
            Diagnostic("BSC5008", f"{d.message} ({d.code})", labels=_inside(d, member))
            for d in error.diagnostics[:_PROBLEMS_SHOWN]
        ) from None
    unused = sorted(data.keys() - graph.constants.keys())
    if unused:
        message = f"the graph has no constant {unused[0]!r}"
        raise archive.wrong("BSC5008", f"{name}.safetensors", message)
    return graph


def _inside(diagnostic: Diagnostic, member: str) -> tuple[Label, ...]:
    """Places in a text become places in a part of the file."""
    return tuple(
        Label(Span(x.span.source, x.span.line, x.span.column, x.span.length, member), x.text)
        for x in diagnostic.labels
    )


def _read_state(archive: ArchiveReader, manifest: Manifest) -> ChipState | None:
    part = manifest.state
    if part is None:
        return None
    tensors = _read_tensors(archive, _STATE, manifest)
    arrays = [_array_state(archive, tensors, i, a) for i, a in enumerate(part.arrays)]
    if tensors:
        message = f"no array has the tensor {next(iter(tensors))!r}"
        raise archive.wrong("BSC5003", _STATE, message)
    return ChipState(
        arrays=arrays,
        seed=part.seed,
        samples=part.samples,
        checks=part.checks,
        epochs=part.epochs,
        place=part.place,
        pulses=part.pulses,
    )


def _array_state(
    archive: ArchiveReader, tensors: dict[str, Array], index: int, part: ArrayPart
) -> ArrayState:
    """Take the tensors of one array; what was left out is zero, of the shape of its cells."""
    cells = tensors.pop(f"{index}.cells", None)
    if cells is None or cells.ndim < 2:
        raise archive.wrong("BSC5003", _STATE, f"there are no cells of array {part.name!r}")

    def plane(name: str, kept: bool) -> Array:
        if not kept:
            return np.zeros(cells.shape[-2:], np.int32)
        if f"{index}.{name}" not in tensors:
            message = f"there is no tensor with {name} of array {part.name!r}"
            raise archive.wrong("BSC5003", _STATE, message)
        return tensors.pop(f"{index}.{name}")

    return ArrayState(
        name=part.name,
        style=part.style,
        cells=cells,
        row_reference=tensors.pop(f"{index}.row_reference", None),
        column_reference=tensors.pop(f"{index}.column_reference", None),
        counters=plane("counters", part.counters),
        wear=None if part.wear == "none" else plane("wear", part.wear == "kept"),
    )
