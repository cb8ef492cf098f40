"""Names that a text defines: a number each, found again, with the nearest where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bsc.diag import nearest
from bsc.isa.assembly_tokens import Problems, Token
from bsc.isa.names import LONGEST_NAME, is_name

_LISTED = 12
"""Names that a help line lists where none is near."""

_COMPARED = 1000
"""Names that are compared with a wrong one."""


@dataclass(slots=True)
class Names:
    """One namespace.

    Attributes:
        what: is named: `vector`, `table`.
        most: of them.
        numbers: by name, in order.
    """

    what: str
    most: int
    numbers: dict[str, int] = field(default_factory=dict)

    def define(self, token: Token, problems: Problems) -> bool:
        """Give the next number to a name; False, and a problem, where it cannot be one."""
        name = token.text
        if not token.is_word or not is_name(name):
            message = f"`{token.shown}` is no name of a {self.what}"
            help = f"letters, digits, _ and dots, not a digit first, at most {LONGEST_NAME}"
            problems.add("BSC5226", message, token, help)
        elif name in self.numbers:
            problems.add("BSC5226", f"{self.what} {name} is there already", token)
        elif len(self.numbers) >= self.most:
            problems.add("BSC5226", f"more than {self.most} of {self.what}", token)
        else:
            self.numbers[name] = len(self.numbers)
            return True
        return False

    def take(self, tokens: Sequence[Token]) -> bool:
        """Give the next number to the name behind a directive that cannot be read.

        What uses it is not wrong because of that. False where there is no new name.
        """
        name = tokens[1].text if len(tokens) > 1 else ""
        if not is_name(name) or name in self.numbers or len(self.numbers) >= self.most:
            return False
        self.numbers[name] = len(self.numbers)
        return True

    def find(self, token: Token, problems: Problems) -> int | None:
        """The number of a name, or None and a problem."""
        found = self.numbers.get(token.text) if token.is_word else None
        if found is None:
            message = f"there is no {self.what} {token.shown} so far"
            problems.add("BSC5223", message, token, hint(token, self.numbers, f"{self.what}s"))
        return found


def hint(token: Token, known: Iterable[str], what: str) -> str | None:
    """The nearest of known names, or all where there are few; names stand before their use."""
    names = [name for name, _ in zip(known, range(_COMPARED), strict=False)]
    near = nearest(token.text[:LONGEST_NAME], names)
    if near:
        return f"did you mean {' or '.join(near)}?"
    if not names:
        return f"{what}: none so far; a name is defined before it is used"
    return f"{what}: {', '.join(names)}" if len(names) <= _LISTED else None
