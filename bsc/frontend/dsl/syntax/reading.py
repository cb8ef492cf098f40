"""A `.bsc` file to text: what cannot be one is refused before it is read."""

from __future__ import annotations

from pathlib import Path

from bsc.diag import DiagnosticError, Span, fail
from bsc.diag.lines import rows_of

MAX_BYTES = 16 << 20
"""Bytes of a file."""


def read_source(path: Path) -> str:
    """The text of a file, without a byte order mark.

    Args:
        path: of a regular file, or a pipe; at most `MAX_BYTES` of it are read.

    Raises:
        DiagnosticError: BSC2101, the file cannot be read or is no UTF-8; BSC2102, it is too large.
    """
    at = Span(str(path))
    try:
        if path.is_dir():
            raise fail("BSC2101", "this is a folder, expected a file", at=at)
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise fail("BSC2101", "there is no such file", at=at) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise fail("BSC2101", f"cannot read: {reason.lower()}", at=at) from None
    return decode(data, str(path))


def too_large(source: str) -> DiagnosticError:
    """The error for a text of more than `MAX_BYTES`."""
    message = f"the text is larger than {MAX_BYTES >> 20} MiB"
    help = 'weights stand in files of their own: `weights w = "mlp.safetensors"`'
    return fail("BSC2102", message, at=Span(source), help=help)


def decode(data: bytes, source: str) -> str:
    """Bytes to text, without a byte order mark.

    Args:
        data: all of a file, or its first bytes and at least one more than may be.
        source: what diagnostics call it.

    Raises:
        DiagnosticError: as `read_source`.
    """
    if len(data) > MAX_BYTES:
        raise too_large(source)
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").removeprefix("\ufeff")
        rows = rows_of(before)
        raise fail(
            "BSC2101",
            f"byte {error.start} (0x{data[error.start]:02x}) is no UTF-8",
            at=Span(source, len(rows), len(rows[-1]) + 1),
            help="save the file as UTF-8",
        ) from None
