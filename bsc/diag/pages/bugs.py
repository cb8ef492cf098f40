"""9xxx: Bugs."""

from __future__ import annotations

from bsc.diag.page import CodePage

BUGS: dict[str, CodePage] = {
    "BSC9001": CodePage(
        "internal error",
        "A bug in bsc: an invariant of the compiler does not hold. Please report the message.",
    ),
}
