"""Names, strings and numbers of the text IR: written so that reading gives back every bit."""

from __future__ import annotations

import math
import re
import struct

import numpy as np

BARE_VALUE = re.compile(r"[A-Za-z0-9_.]+")
BARE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-f]{1,6})\}|(.))", re.DOTALL)
_SHORT = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_LONG = {char: f"\\{letter}" for letter, char in _SHORT.items()}
_NAN_BITS = {4: 0x7FC00000, 8: 0x7FF8000000000000}
_INFINITY_BITS = {4: 0x7F800000, 8: 0x7FF0000000000000}


def quote(text: str) -> str:
    r"""A string in quotes; what does not print is written as `\u{hex}`."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    escaped = [_LONG.get(c) or (c if c.isprintable() else f"\\u{{{ord(c):x}}}") for c in text]
    return f'"{"".join(escaped)}"'


def unquote(text: str) -> str:
    """The string that `quote` wrote.

    Raises:
        ValueError: an unknown escape, or a code point beyond Unicode.
    """
    return _ESCAPE.sub(_unescape, text[1:-1])


def _unescape(match: re.Match[str]) -> str:
    if match[1] is not None:
        return chr(int(match[1], 16))
    if match[2] not in _SHORT:
        raise ValueError(f"unknown escape {match[0]}")
    return _SHORT[match[2]]


def value_text(name: str) -> str:
    """A value's name after its percent sign, in quotes where it needs them."""
    return f"%{name}" if BARE_VALUE.fullmatch(name) else f"%{quote(name)}"


def float_text(value: float) -> str:
    """A Python float; NaN with its bits unless they are the usual ones."""
    if math.isnan(value):
        (bits,) = struct.unpack("<Q", struct.pack("<d", value))
        return _nan_text(bits, 8)
    return repr(value)


def float32_text(value: np.float32) -> str:
    """The shortest decimal that reads back (by way of double precision) as the same number."""
    if np.isnan(value):
        return _nan_text(int(value.view(np.uint32)), 4)
    short = repr(float(str(value)))
    return short if np.float32(float(short)) == value else repr(float(value))


def read_float(text: str) -> float:
    """The Python float that `float_text` wrote.

    Raises:
        ValueError: the number is beyond double precision, or NaN bits are none of NaN.
    """
    if "nan" in text:
        bits = _nan_bits(text, 8)
        (value,) = struct.unpack("<d", struct.pack("<Q", bits))
        return float(value)
    value = float(text)
    if math.isinf(value) and "inf" not in text:
        raise ValueError(f"{_shown(text)} is beyond double precision")
    return value


def read_float32(text: str) -> np.float32:
    """The number that `float32_text` wrote.

    Raises:
        ValueError: the number is beyond single precision, or NaN bits are none of NaN.
    """
    if "nan" in text:
        return np.uint32(_nan_bits(text, 4)).view(np.float32)
    value = float(text)
    with np.errstate(over="ignore"):
        single = np.float32(value)
    if np.isinf(single) and "inf" not in text:
        raise ValueError(f"{_shown(text)} is beyond single precision")
    return single


def _nan_text(bits: int, size: int) -> str:
    return "nan" if bits == _NAN_BITS[size] else f"nan:0x{bits:0{2 * size}x}"


def _nan_bits(text: str, size: int) -> int:
    if ":" not in text:
        sign = 1 << (8 * size - 1) if text.startswith("-") else 0
        return _NAN_BITS[size] | sign
    digits = text.partition(":")[2].removeprefix("0x").lstrip("0")
    if len(digits) > 2 * size:
        raise ValueError(f"{_shown(text)} is no NaN of {8 * size} bits")
    bits = int(digits or "0", 16)
    magnitude = bits & ((1 << (8 * size - 1)) - 1)
    if bits >> (8 * size) or magnitude <= _INFINITY_BITS[size]:
        raise ValueError(f"{_shown(text)} is no NaN of {8 * size} bits")
    return bits


def _shown(text: str) -> str:
    """A number as messages show it."""
    return text if len(text) <= 40 else f"{text[:37]}..."
