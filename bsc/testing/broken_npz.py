"""`.npz` archives with headers written by hand, as numpy writes none."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from types import MappingProxyType

HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), }"
"""The header of 4 x 4 numbers."""

WRONG_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "keys of several types": "{1: 2, 'a': 3}",
        "a list as a key": "{[1]: 2}",
        "signs without end": "-" * 9000 + "1",
        "brackets without end": "(" * 5000,
        "lists in lists": "[" * 150 + "]" * 150,
        "a set of lists": "{[1]}",
        "no literal": "f(1)",
        "no text": "\xff\x00",
        "a type that is a table": HEADER.replace("'<f4'", "{'a': 1}"),
        "a type that is a number": HEADER.replace("'<f4'", "10**9"),
        "a type without end": HEADER.replace("'<f4'", "('<f4', (999999999999,))"),
        "an order that is a number": HEADER.replace("False", "3"),
        "a shape that is a list": HEADER.replace("(4, 4)", "[4, 4]"),
    }
)
"""Headers that are none, by what is wrong with them."""


def archive_of(header: str) -> bytes:
    """An archive whose member `a.npy` has a header and 64 bytes of numbers."""
    text = header.encode("latin1")
    text += b" " * (64 - (len(text) + 11) % 64) + b"\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        magic = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text))
        archive.writestr("a.npy", magic + text + bytes(64))
    return stream.getvalue()
