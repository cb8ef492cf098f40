"""Images as files: `encode`, `decode`, and reading one from disk."""

from __future__ import annotations

from pathlib import Path

from bsc.diag import DiagnosticError, Span, fail
from bsc.diag.regular import open_regular
from bsc.isa.binary_read import decode
from bsc.isa.binary_write import encode
from bsc.isa.header import FILE_BYTES_MAX
from bsc.isa.image import Image

__all__ = ["decode", "encode", "read_bytes", "read_image"]


def read_image(path: Path) -> Image:
    """The image of a file.

    Raises:
        DiagnosticError: BSC5209 where it cannot be read, else as `decode`.
    """
    return decode(read_bytes(path, FILE_BYTES_MAX, "BSC5209"), str(path))


def read_bytes(path: Path, most: int, code: str, *, pipe: bool = False) -> bytes:
    """All bytes of a file, not read where they are more than `most`.

    Args:
        path: the file.
        most: bytes that it may have.
        code: of the diagnostic.
        pipe: whether it may be a pipe, as texts may.

    Raises:
        DiagnosticError: of the code given.
    """
    try:
        with path.open("rb") if pipe else open_regular(path) as stream:
            size = path.stat().st_size
            data = stream.read(most + 1) if size <= most else b""
    except OSError as error:
        reason = error.strerror or str(error)
        raise _unread(path, code, f"{reason[0].lower()}{reason[1:]}") from None
    if max(size, len(data)) > most:
        raise _unread(path, code, f"the file is larger than {most >> 20} MiB")
    return data


def _unread(path: Path, code: str, message: str) -> DiagnosticError:
    return fail(code, message, at=Span(str(path)))
