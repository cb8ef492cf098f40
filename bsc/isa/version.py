"""The version of an image: the first one that has all that its words are.

So an image has one version, whoever writes it, and one that needs nothing new is read by old
readers too.
"""

from __future__ import annotations

from bsc.isa.fields import FieldError
from bsc.isa.image import VERSION, Image
from bsc.isa.words import decode_word

_LABELS = 1
"""The minor version in which samples have more than one label."""


def minor_of(image: Image) -> int:
    """The least minor version that has all instructions of an image; words need not be in order."""
    minor = 0
    for core in image.cores:
        for word in set(core.code):
            try:
                decoded = decode_word(word)
            except FieldError:
                continue
            minor = max(minor, decoded.instruction.since)
            if decoded.name == "label":
                number = decoded.operands["label"]
                if number < len(core.vectors) and core.vectors[number].length != 1:
                    minor = max(minor, _LABELS)
    return minor


def version_text(minor: int) -> str:
    """A version of this major as text."""
    return f"{VERSION[0]}.{minor}"
