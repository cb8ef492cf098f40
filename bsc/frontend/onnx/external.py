"""Weights beside the model file: found only inside the model's folder, read once, sizes first."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import numpy.typing as npt
import onnx

from bsc.diag import DiagnosticError, Span, fail


@dataclass(frozen=True, slots=True)
class ExternalData:
    """Access to the files beside a model.

    Attributes:
        folder: the model's folder; None where the model did not come from a file.
    """

    folder: Path | None

    def read(self, tensor: onnx.TensorProto, size: int, at: Span) -> npt.NDArray[np.uint8]:
        """Bytes of one tensor.

        Args:
            tensor: a tensor whose data are external.
            size: bytes that its shape and type ask for.
            at: the tensor's place, for diagnostics.

        Raises:
            DiagnosticError: BSC1006.
        """
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        if self.folder is None:
            raise fail(
                "BSC1006",
                f"the data of {tensor.name!r} are in {location!r}, and a model given as an object "
                "has no folder to look in",
                at=at,
                help="give the path of the .onnx file, or load it with its data: onnx.load(path)",
            )
        path = _inside(self.folder, location, tensor.name, at)
        offset = _number(entries, "offset", tensor.name, at) or 0
        length = _number(entries, "length", tensor.name, at)
        if length is not None and length != size:
            raise fail(
                "BSC1006",
                f"{tensor.name!r} has {length} bytes in {location!r}, its shape asks for {size}",
                at=at,
            )
        try:
            # O_NOFOLLOW closes the gap between the check for links and the opening.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(handle, "rb") as file:
                available = os.fstat(file.fileno()).st_size
                if offset + size > available:
                    raise fail(
                        "BSC1006",
                        f"{tensor.name!r} needs bytes {offset} to {offset + size} of {location!r}, "
                        f"which has {available}",
                        at=at,
                        help="copy the whole file that was exported with the model",
                    )
                file.seek(offset)
                data = np.fromfile(file, np.uint8, count=size)
        except OSError as error:
            raise _unreadable(location, tensor.name, error, at) from None
        data.flags.writeable = False
        return data


def _inside(folder: Path, location: str, name: str, at: Span) -> Path:
    """The file at a location, which must lie in the folder with no link on the way."""
    parts = PurePosixPath(location).parts
    outside = (
        not location
        or "\\" in location
        or "\0" in location
        or ".." in parts
        or PurePosixPath(location).is_absolute()
        or bool(PureWindowsPath(location).drive)
    )
    if outside:
        raise fail(
            "BSC1006",
            f"the data of {name!r} are said to be in {location!r}, "
            "which is no file inside the model's folder",
            at=at,
            help="only files in the model's folder and below are read; save the model with its "
            "data beside it",
        )
    path = folder
    for part in parts:
        path = path / part
        try:
            mode = path.lstat().st_mode
        except OSError as error:
            raise _unreadable(location, name, error, at) from None
        if stat.S_ISLNK(mode):
            raise fail(
                "BSC1006",
                f"the data of {name!r} are in {location!r}, which is a symbolic link",
                at=at,
                help="links are not followed; copy the file into the model's folder",
            )
    if not stat.S_ISREG(mode):
        raise fail("BSC1006", f"{location!r}, the data of {name!r}, is no file", at=at)
    return path


def _unreadable(location: str, name: str, error: OSError, at: Span) -> DiagnosticError:
    reason = error.strerror or type(error).__name__
    return fail(
        "BSC1006",
        f"cannot read {location!r}, the data of {name!r}: {reason}",
        at=at,
        help="keep the model and the data exported with it in one folder",
    )


def _number(entries: dict[str, str], key: str, name: str, at: Span) -> int | None:
    text = entries.get(key)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise fail("BSC1006", f"{name!r} has {key} {text!r}, expected a whole number", at=at)
    return int(text)
