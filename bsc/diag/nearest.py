"""Names near to one that is not known, for `did you mean`."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known names most like `name`, best first; none where nothing is near."""
    spelled = {k.lower(): k for k in known}
    return [spelled[m] for m in get_close_matches(name.lower(), spelled, n=limit, cutoff=0.6)]


def did_you_mean(name: str, known: Iterable[str], what: str = "known names") -> str:
    """A help line: the nearest names, or all of them where none is near."""
    names = sorted(known)
    near = nearest(name, names)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"{what}: {', '.join(names) if names else 'none'}"
