"""Two texts as a unified difference, in time that grows with their length, not with its square."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

_WINDOW = 256
"""Lines that are compared at a time; from 200 on difflib does not pair lines that stand anywhere,
such as blank ones."""

_Change = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]
"""As difflib has them: what happens, and from where to where in both texts."""


def difference(before: str, after: str, name: str, renamed: str) -> Iterator[str]:
    """The lines of a unified difference, each with its end.

    Args:
        before: a text.
        after: what becomes of it.
        name: of the text.
        renamed: of what becomes of it.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    yield f"--- {name}\n+++ {renamed}\n"
    for group in _Found(list(_changes(old, new))).get_grouped_opcodes():
        first, last = group[0], group[-1]
        yield f"@@ -{_lines(first[1], last[2])} +{_lines(first[3], last[4])} @@\n"
        for what, start, stop, new_start, new_stop in group:
            if what == "equal":
                yield from (_ended(f" {line}") for line in old[start:stop])
                continue
            yield from (_ended(f"-{line}") for line in old[start:stop])
            yield from (_ended(f"+{line}") for line in new[new_start:new_stop])


class _Found(SequenceMatcher[str]):
    """Changes that are found already, to be grouped."""

    def __init__(self, changes: list[_Change]) -> None:
        super().__init__()
        self._changes = changes

    def get_opcodes(self) -> list[_Change]:
        """The changes."""
        return self._changes


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[_Change]:
    """What makes one of the other, equal lines as one stretch."""
    at, new_at = 0, 0  # where the stretch of equal lines begins that is gone through
    here, there = 0, 0
    while here < len(old) or there < len(new):
        if old[here : here + 1] == new[there : there + 1]:
            here, there = here + 1, there + 1
            continue
        if at < here:
            yield "equal", at, here, new_at, there
        for what, start, stop, new_start, new_stop in _window(old, new, here, there):
            yield what, start, stop, new_start, new_stop
            here, there = stop, new_stop
        at, new_at = here, there
    if at < here:
        yield "equal", at, here, new_at, there


def _window(old: Sequence[str], new: Sequence[str], here: int, there: int) -> list[_Change]:
    """The changes of the next lines, up to the last ones of them that are equal."""
    stop, new_stop = here + _WINDOW, there + _WINDOW
    found: list[_Change] = [
        (what, here + a, here + b, there + c, there + d)
        for what, a, b, c, d in SequenceMatcher(
            None, old[here:stop], new[there:new_stop]
        ).get_opcodes()
    ]
    if stop >= len(old) and new_stop >= len(new):
        return found
    last = max((n for n, change in enumerate(found) if change[0] == "equal"), default=len(found))
    return found[:last]  # the equal lines themselves go on behind the window


def _lines(start: int, stop: int) -> str:
    """Lines as a difference counts them: from 1, none as those behind the line before."""
    if stop - start == 1:
        return f"{start + 1}"
    return f"{start + 1 if stop > start else start},{stop - start}"


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ no line end at the end of the file\n"
