"""The generated parts of docs/language.md: tables of operators and functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from bsc.frontend.dsl.meaning.operators import FUNCTIONS, OPERATORS, Operator

_PART = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refresh(text: str) -> str:
    """The page with its generated parts made anew."""
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}", text)


def _operators() -> str:
    rows = ["| operator | what it computes | its arguments |\n", "|---|---|---|\n"]
    for row in OPERATORS.values():
        rows.append(f"| `{row.signature}` | {row.doc} | {_arguments(row)} |\n")
    return "".join(rows)


def _arguments(row: Operator) -> str:
    return "; ".join(f"{each.name}: {each.doc}" for each in row.parameters)


def _functions() -> str:
    rows = ["| function | what it gives |\n", "|---|---|\n"]
    rows += [f"| `{row.signature}` | {row.doc} |\n" for row in FUNCTIONS.values()]
    return "".join(rows)


PARTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"operators": _operators, "functions": _functions}
)
"""What makes each part, by its name on the page."""
