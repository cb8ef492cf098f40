"""The page of a diagnostic code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodePage:
    """The page that `bsc explain` prints.

    Attributes:
        title: what is wrong, in a few words.
        text: what it means and how to mend it.
        example: a short text that is told so, None where none is short.
        mended: the same as it should be.
    """

    title: str
    text: str
    example: str | None = None
    mended: str | None = None
