"""Every diagnostic code with its page: what it means and how to mend it.

Ranges: 1xxx reading models, 2xxx the languages (DSL, text IR), 3xxx mapping to binary stochastic
operators, 4xxx targets, 5xxx program and checkpoint files, 6xxx data and sessions, 9xxx bugs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodePage:
    """The page that `bsc explain` prints."""

    title: str
    text: str


CODES: dict[str, CodePage] = {
    "BSC1001": CodePage(
        "the file is no ONNX model",
        "The file is empty, cut off, or not a serialised ModelProto. Export the model again and "
        "check its size; `python -m onnx.checker FILE` tells more.",
    ),
    "BSC9001": CodePage(
        "internal error",
        "A bug in bsc: an invariant of the compiler does not hold. Please report the message.",
    ),
}
