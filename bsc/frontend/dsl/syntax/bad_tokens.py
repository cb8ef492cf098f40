"""Numbers, strings and names that are nearly right: what is wrong, and what they are read as."""

from __future__ import annotations

from bsc.frontend.dsl.syntax.slips import Slips, Where

MAX_DIGITS = 40
"""Characters of a whole number: reading a longer one takes time by the square of its length."""

_SHOWN = 40


def bad_token(group: str, text: str, at: Where, slips: Slips) -> str:
    """Tell what is wrong with a token.

    Args:
        group: of the pattern of tokens.
        text: as it is written.
        at: where.
        slips: takes the mistake.

    Returns:
        the terminal that it is read as.
    """
    match group:
        case "NUMBER":
            if text.isdigit():
                message = f"a whole number of {len(text)} digits, at most {MAX_DIGITS}"
                slips.add("BSC2108", message, at)
            return "NUMBER"
        case "BAD_NUMBER":
            message, help = _bad_number(text)
            slips.add("BSC2108", f"`{_cut(text)}` is no number: {message}", at, help=help)
            return "NUMBER"
        case "OPEN_DOC":
            slips.spoilt.add(at[0])
            help = 'a docstring ends with `"""`'
            slips.add("BSC2106", "this docstring has no end", (*at[:2], 3), help=help)
            return "DOC"
        case "OPEN":
            slips.spoilt.add(at[0])
            if text[0] == "`":
                help = "a name in backticks ends with one, on the same line, and is not empty"
                slips.add("BSC2106", "this name has no end", at, help=help)
                return "NAME"
            help = 'a string ends with `"` on the same line; a line end in it is written `\\n`'
            slips.add("BSC2106", "this string has no end", at, help=help)
            return "STRING"
        case "CURLY":
            help = f'strings stand in straight double quotes: "{_cut(text[1:-1])}"'
            slips.add("BSC2107", f"found {_cut(text)}, expected a string", at, help=help)
            return "STRING"
        case _:
            message = f"`{_cut(text)}` is no plain name: letters a to z, digits and _ make one"
            slips.add("BSC2105", message, at, help=f"write it in backticks: `{_cut(text)}`")
            return "NAME"


def _bad_number(text: str) -> tuple[str, str | None]:
    digits = text.replace("_", "")
    if len(digits) > 2 and digits[0] == "0" and digits[1] in "xXbBoO":
        try:
            value = int(digits[:MAX_DIGITS], 0)
        except ValueError:
            return "numbers are decimal", None
        return "numbers are decimal", f"write {value}" if len(digits) <= MAX_DIGITS else None
    if "__" in text or text.endswith("_") or "_." in text or "._" in text:
        return "`_` stands between two digits", "such as 1_000"
    if text.endswith(".") and text[:-1].isdigit():
        return "a digit stands behind the point", f"write {_cut(text)}0"
    if text.count(".") > 1:
        return "it has two points", "a range is written 0..1, a key as names with dots"
    if text.lower().endswith("e"):
        return "the exponent is missing", f"such as {_cut(text)}3"
    return "letters stand behind the digits", "a name begins with a letter or `_`"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
