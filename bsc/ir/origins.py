"""Origins of nodes that a text of the language says: `FILE:LINE/LAYER`."""

from __future__ import annotations

import re
from typing import NamedTuple

_OF_TEXT = re.compile(r"(?P<file>[^/]*):(?P<line>[0-9]+)/(?P<layer>.+)", re.DOTALL)


class TextOrigin(NamedTuple):
    """Where a node stands in a text.

    Attributes:
        file: base name of the text's file; no slash is in it, so that the layer may have some.
        line: from 1.
        layer: path of the layer, as the train section names it.
    """

    file: str
    line: int
    layer: str

    def __str__(self) -> str:
        """`Node.origin`."""
        return f"{self.file}:{self.line}/{self.layer}"


def of_text(origin: str) -> TextOrigin | None:
    """The other way; None for a node that came from elsewhere, such as an ONNX file."""
    found = _OF_TEXT.fullmatch(origin)
    return TextOrigin(found["file"], int(found["line"]), found["layer"]) if found else None
