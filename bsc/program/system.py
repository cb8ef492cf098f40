"""What the system refuses, as a diagnostic."""

from __future__ import annotations

from bsc.diag import DiagnosticError, fail


def of_system(error: OSError | MemoryError) -> DiagnosticError:
    """The diagnostic of a file that cannot be read or written, or of memory that is not there."""
    if isinstance(error, MemoryError):
        return fail("BSC7002", "there is not enough memory")
    what = f"{error.filename}: " if error.filename else ""
    return fail("BSC7001", f"{what}{error.strerror or error}")
