"""Tensors of files: `.safetensors`, `.npz`, `.onnx`; found by name, read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from bsc.diag import DiagnosticError, Span
from bsc.diag.regular import check_regular
from bsc.frontend.dsl.ast import Place, Weights
from bsc.frontend.dsl.meaning.kept_files import kept_readers
from bsc.frontend.dsl.meaning.problems import Problems
from bsc.frontend.dsl.meaning.safetensors_file import open_safetensors
from bsc.frontend.dsl.meaning.scope import suggestion
from bsc.frontend.dsl.meaning.values import Tensor
from bsc.frontend.npz import Damaged, Fault, open_npz
from bsc.frontend.onnx.external import ExternalData
from bsc.frontend.onnx.reading import read_model
from bsc.frontend.onnx.tensors import MAX_ELEMENTS, MAX_RANK, densify, to_array
from bsc.ir.graph import Array


class Unreadable(Exception):
    """Why a file or a tensor of it cannot be read.

    Attributes:
        code: diagnostic code.
        help: the way out.
    """

    def __init__(self, code: str, reason: str, help: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.help = help


Reader = Callable[[], Array]
"""Reads one tensor; raises Unreadable."""


@dataclass(slots=True, eq=False)
class TensorFile:
    """A file of tensors, as a `weights` statement names it.

    Attributes:
        name: the path as it is written.
        at: the statement's path.
        readers: what reads each tensor, by name.
        tensors: those read so far: the same name is the same tensor.
    """

    name: str
    at: Place
    readers: Mapping[str, Reader]
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def tensor(self, name: str, name_at: Place, at: Place, problems: Problems) -> Tensor:
        """One tensor, floats of every width as float32.

        Raises:
            Abandoned: there is none of this name, or it cannot be used; recorded.
        """
        found = self.tensors.get(name)
        if found is not None:
            return found
        reader = self.readers.get(name)
        if reader is None:
            raise problems.error(
                "BSC2403",
                f"{self.name} has no tensor {name!r}",
                name_at,
                "not in the file",
                others=[(self.at, f"{len(self.readers)} tensors")],
                help=lambda: (
                    suggestion(name, list(self.readers), "its tensors")
                    or f"its tensors: {', '.join([*self.readers][:8])}, .."
                ),
            )
        try:
            array = _usable(reader(), name)
        except Unreadable as error:
            raise problems.error(
                error.code, f"{self.name}: {error}", name_at, others=[(self.at, "")],
                help=error.help,
            ) from None  # fmt: skip
        made = Tensor(array, name, at, self.name)
        self.tensors[name] = made
        return made


def open_weights(statement: Weights, folder: Path | None, problems: Problems) -> TensorFile:
    """Open the file that a `weights` statement names; tensors are read later.

    Args:
        statement: the statement.
        folder: where relative paths begin; None where the program is no file.
        problems: where problems go.

    Raises:
        Abandoned: the file is not there, or is none of the kinds that are read; recorded.
    """
    name, at = statement.file.value, statement.file.at
    try:
        path = _found(name, folder)
        opener = _OPENERS.get(path.suffix.lower())
        if opener is None:
            raise Unreadable(
                "BSC2401",
                f"is no file of weights by its name ({path.suffix or 'it has no ending'})",
                f"files of weights: {', '.join(_OPENERS)}",
            )
        return TensorFile(name, at, kept_readers(path, opener))
    except Unreadable as error:
        raise problems.error(error.code, f"{name}: {error}", at, help=error.help) from None


def _found(name: str, folder: Path | None) -> Path:
    path = Path(name)
    if not path.is_absolute():
        if folder is None:
            raise Unreadable(
                "BSC2401",
                "a program that is no file has no folder to look in",
                "save the program beside its weights, or give the whole path",
            )
        path = folder / path
    try:
        check_regular(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unreadable("BSC2401", f"cannot be read: {reason}", _others_beside(path)) from None
    return path


def _others_beside(path: Path) -> str:
    """A help line with the files of weights in the folder."""
    try:
        beside = (p for p in path.parent.iterdir() if p.suffix.lower() in _OPENERS)
        names = sorted(p.name for p in beside if p.is_file())
    except (OSError, ValueError):
        names = []
    return (
        suggestion(path.name, names, "files of weights there") if names else None
    ) or "paths begin in the folder of the .bsc file"


def _usable(array: Array, name: str) -> Array:
    """A tensor as graphs keep it: contiguous or transposed, native, float32 where it is a float."""
    if array.ndim > MAX_RANK or array.size > MAX_ELEMENTS:
        raise Unreadable("BSC2306", f"{name!r} has the shape {list(array.shape)}: too large")
    if array.dtype.kind == "U":
        array = array.astype(object)
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            wide, array = array, array.astype(np.float32, copy=False)
        _check_finite(array, name, ", once rounded to float32" if wide is not array else "")
    elif array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.kind not in "fO" and array.dtype not in _KEPT:
        raise Unreadable(
            "BSC2406",
            f"{name!r} is of type {array.dtype}, which no operator takes",
            "save it as float32, int32 or int64",
        )
    return array


_KEPT = tuple(np.dtype(t) for t in (np.int32, np.int64, np.uint8, np.bool_))


def _check_finite(array: Array, name: str, note: str) -> None:
    """Refuse NaN and infinity, block by block; a single number may be an open bound."""
    if array.size <= 1 and not np.isnan(array).any():
        return
    flat = array.reshape(-1)
    step = 1 << 20
    wrong = nan = 0
    for start in range(0, flat.size, step):
        part = flat[start : start + step]
        wrong += int(part.size - np.count_nonzero(np.isfinite(part)))
        nan += int(np.count_nonzero(np.isnan(part)))
    if wrong:
        raise Unreadable(
            "BSC2405",
            f"{name!r} holds {nan} NaN and {wrong - nan} infinite numbers among its {flat.size} "
            f"elements{note}",
            "the training diverged, or the file is damaged; train or save it again",
        )


def _open_safetensors(path: Path) -> dict[str, Reader]:
    def reading(read: Reader) -> Reader:
        def checked() -> Array:
            try:
                return read()
            except ValueError as error:
                raise Unreadable("BSC2406", str(error), "save it as float32") from None

        return checked

    try:
        return {name: reading(read) for name, read in open_safetensors(path).items()}
    except ValueError as error:
        raise Unreadable(
            "BSC2402",
            f"is no file of safetensors, or a damaged one: {error}",
            "write it again: safetensors.numpy.save_file({..}, FILE)",
        ) from None


def _open_npz(path: Path) -> dict[str, Reader]:
    def reading(read: Reader) -> Reader:
        def checked() -> Array:
            try:
                return read()
            except Damaged as error:
                raise _npz_problem(error) from None

        return checked

    try:
        return {name: reading(read) for name, read in open_npz(path, MAX_ELEMENTS).items()}
    except Damaged as error:
        raise _npz_problem(error) from None
    except OSError as error:
        raise Unreadable("BSC2401", f"cannot be read: {error.strerror or error}") from None


def _npz_problem(error: Damaged) -> Unreadable:
    if error.fault is Fault.PICKLED:
        return Unreadable("BSC2406", str(error), "save plain numbers: numpy.savez(FILE, w=w)")
    return Unreadable("BSC2402", str(error), "write it again: numpy.savez(FILE, w=w)")


def _open_onnx(path: Path) -> dict[str, Reader]:
    external = ExternalData(path.parent)
    at = Span(path.name)

    def guarded(read: Callable[[], Array]) -> Reader:
        def checked() -> Array:
            try:
                return read()
            except DiagnosticError as error:
                first = error.diagnostics[0]
                raise Unreadable("BSC2402", first.message, first.help) from None

        return checked

    try:
        graph = read_model(path).graph
    except DiagnosticError as error:
        first = error.diagnostics[0]
        raise Unreadable("BSC2402", first.message, first.help) from None
    readers = {t.name: guarded(partial(to_array, t, external, at)) for t in graph.initializer}
    for sparse in graph.sparse_initializer:
        readers[sparse.values.name] = guarded(partial(densify, sparse, external, at))
    return readers


_OPENERS: Mapping[str, Callable[[Path], dict[str, Reader]]] = {
    ".safetensors": _open_safetensors,
    ".npz": _open_npz,
    ".onnx": _open_onnx,
}
