"""The page of a diagnostic code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodePage:
    """The page that `bsc explain` prints."""

    title: str
    text: str
