"""Signs that the language does not have: what was meant, where that is plain."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from bsc.frontend.dsl.syntax.slips import Slips, Where


@dataclass(frozen=True, slots=True)
class Odd:
    """What is told about a sign, and what it is read as.

    Attributes:
        help: a way out.
        meant: a word of the grammar to read instead, None where there is none.
        code: of the diagnostic.
    """

    help: str
    meant: str | None = None
    code: str = "BSC2105"


_FLOW = Odd("values flow with `->`: `h = x -> dense(64)`", "->")
_GIVE = Odd("a name gets its value with one `=`: `h = x -> dense(64)`", "=")
_AGAIN = Odd("a name gets its value once; give the new value a name of its own", "=")
_COMPARE = Odd("the language compares nothing: what a model is does not depend on values")
_LOGIC = Odd("the language has no logic; blocks and `repeat` say what stands several times")

_SIGNS = {
    **dict.fromkeys(("~>", "|>", ">>", "\u2192", "\u27f6", "\u21d2", "\u21a6"), _FLOW),
    **dict.fromkeys(("<-", ":=", "\uff1d"), _GIVE),
    **dict.fromkeys(("+=", "-=", "*=", "/=", "//=", "**=", "%="), _AGAIN),
    **dict.fromkeys(("<", ">", "<=", ">=", "!=", "\u2264", "\u2265", "\u2260"), _COMPARE),
    **dict.fromkeys(("&&", "||", "&", "|", "!", "~", "?"), _LOGIC),
    "^": Odd("a power is written `**`", "**"),
    "@": Odd("a product of matrices is a stage: `x -> matmul(w)`"),
    "$": Odd("names stand as they are, without a sign before them"),
    "\\": Odd(
        "a line goes on by itself in brackets, behind an operator, and where the next one begins "
        "with `->`"
    ),
    "'": Odd("strings stand in double quotes, on one line", code="BSC2106"),
    "\u2212": Odd("a minus is written `-`", "-"),
    "\u2013": Odd("a minus is written `-`", "-"),
    "\u2014": Odd("a minus is written `-`", "-"),
    "\u00d7": Odd("a product is written `*`", "*"),
    "\u00b7": Odd("a product is written `*`", "*"),
    "\u00f7": Odd("a quotient is written `/`", "/"),
    "\u2026": Odd("a range is written `0..1`", ".."),
    "\u03c0": Odd("the number is written `pi`"),
    "\u221e": Odd("the number is written `inf`"),
    **{
        chr(ord(sign) + 0xFEE0): Odd(f"write `{sign}`", sign)  # the wide forms of East Asian texts
        for sign in "()[]{},:;.+-*/%"
    },
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", Odd('strings stand in "..."')),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u00b4", Odd('strings stand in "..."')),
}


def read_odd(text: str, at: Where, slips: Slips) -> str | None:
    """Tell what is odd about a sign.

    Returns:
        the word of the grammar that was meant, None where nothing fits: the line is spoilt then.
    """
    odd = _odd(text)
    shown = text if len(text) <= 20 else f"{text[:17]}..."
    name = "" if text.isascii() else f" ({unicodedata.name(text[0], 'no character').lower()})"
    if text.isspace():
        shown, name = f"U+{ord(text[0]):04X}", f" ({unicodedata.name(text[0], 'a blank').lower()})"
    slips.add(odd.code, f"found `{shown}`{name}, which is no sign of the language", at,
              help=odd.help)  # fmt: skip
    if odd.meant is None and not text.isspace():
        slips.spoilt.add(at[0])
    return odd.meant


def _odd(text: str) -> Odd:
    if text in _SIGNS:
        return _SIGNS[text]
    if text.isspace():
        return Odd("write a plain blank")
    if text.startswith("..."):
        return Odd("a range is written with two dots: `0..1`", "..")
    if text.endswith(">") and set(text) <= set("=->"):
        return _FLOW
    if set(text) == {"="}:
        return _GIVE
    if text.endswith("="):
        return _COMPARE
    return Odd("in a string or in a comment it may stand")
