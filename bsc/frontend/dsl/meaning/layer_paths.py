"""Which layers a path of the train section means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bsc.frontend.dsl.meaning.building import LayerEntry


@dataclass(slots=True)
class _Part:
    """One part of some paths: the path that ends with it, if any, and what stands behind it."""

    path: str | None = None
    inside: dict[str, _Part] = field(default_factory=dict)


class LayerPaths:
    """Paths that a train section names, to be asked which of them speak of a layer.

    A path means the layer of this name, all layers in the block of this name, and where the text
    gives a name several times, as in a repeat, all that got it.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        """Take the paths."""
        self._root = _Part()
        for path in paths:
            part = self._root
            for name in path.split("."):
                part = part.inside.setdefault(name, _Part())
            part.path = path

    def of(self, entry: LayerEntry) -> list[str]:
        """Those that speak of a layer, the closest last.

        Closer is the longer one, and of the same length the one that has the numbers of the layer
        where the text has none, the innermost first.
        """
        begun: list[tuple[tuple[bool, ...], _Part]] = [((), self._root)]
        found: list[str] = []
        for own, given in zip(entry.path.split("."), entry.given.split("."), strict=True):
            begun = [
                ((name == own, *numbers), part.inside[name])
                for numbers, part in begun
                for name in {own, given}
                if name in part.inside
            ]
            begun.sort(key=lambda each: each[0])
            found += [part.path for _, part in begun if part.path is not None]
        return found
