"""Brackets: not closed, closed by another one, closing nothing."""

from __future__ import annotations

from bsc.frontend.dsl.syntax.mistakes import Close, Delete, Insert, Mistake, Replace, Rule
from bsc.frontend.dsl.syntax.recovery import closes
from bsc.frontend.dsl.syntax.scene import (
    Body,
    Scene,
    begins_likely,
    begins_surely,
    is_close,
)
from bsc.frontend.dsl.syntax.tables import LBRACE, RBRACE

_OTHER = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_SIGN = {"LPAR": "(", "LSQB": "[", "LBRACE": "{", "RPAR": ")", "RSQB": "]", "RBRACE": "}"}
_ITEMS = frozenset(("BLOCK", "MODEL", "TRAIN", "TARGET"))


def _open_at_the_end(scene: Scene) -> Mistake | None:
    if scene.found != "$END" or not scene.stack.opened:
        return None
    opener = scene.stack.opened[-1]
    if scene.word(opener) not in _SIGN.values():  # a body without its brace, which is told
        return Mistake("BSC2111", "", silent=True)
    return _not_closed(scene, opener, f"the text ends, expected `{_closing(scene, opener)}`")


def _item_in_a_body(scene: Scene) -> Mistake | None:
    """`train {` in a model whose `}` is missing, or a model within a model."""
    head = scene.head
    if scene.body is Body.FILE or scene.at - head > 1 or scene.terminal(head) not in _ITEMS:
        return None
    named = scene.terminal(head + 1) in ("EQUAL", "COMMA", "DOT", "ARROW", "COLON")
    certain = scene.body is Body.NETWORK and scene.at == head and not named
    if not certain and not begins_surely(scene.tokens, scene.grammar, head):
        return None
    opener = next(o for o in reversed(scene.stack.opened) if scene.tokens.kinds[o] == LBRACE)
    word, at = scene.word(head), scene.tokens.where(head)
    if at[1] > scene.indentation(opener):
        message = f"`{word}` begins an item, which stands in the file, not in a body"
        second = scene.tokens.where(opener), "this body is open"
        return Mistake("BSC2116", message, "put it behind the `}`", at, second=second)
    return Mistake(
        "BSC2111",
        f"`{word}` begins an item, but the body before it is not closed",
        "put a `}` on a line of its own before it",
        at,
        second=(scene.tokens.where(opener), "this `{` is not closed"),
        repair=Close(),
        silent=scene.word(opener) not in _SIGN.values(),
    )


def _closed_by_another(scene: Scene) -> Mistake | None:
    if not is_close(scene.kind):
        return None
    opener = scene.opener
    if opener is None:
        if scene.found == "RBRACE" and scene.stack.opened:
            return None  # it ends the body, before the statement is whole
        message = f"`{scene.word(scene.at)}` closes nothing"
        return Mistake("BSC2112", message, "remove it, or open it before", repair=Delete())
    wanted = _OTHER[scene.terminal(opener)]
    if scene.found == wanted or wanted not in scene.expected:
        return None
    sign = _SIGN[scene.terminal(opener)]
    if scene.kind == RBRACE:
        message = f"found `}}`, but `{sign}` is not closed"
        return Mistake("BSC2111", message, where=scene.behind(scene.before),
                       note=f"expected `{_SIGN[wanted]}`",
                       second=_opened(scene, opener), repair=Insert((wanted,)))  # fmt: skip
    message = f"`{scene.word(scene.at)}` does not close `{sign}`, expected `{_SIGN[wanted]}`"
    return Mistake("BSC2112", message, second=_opened(scene, opener),
                   repair=Replace(scene.at, wanted))  # fmt: skip


def _open_before_a_name(scene: Scene) -> Mistake | None:
    """`dense(3 as hidden`: nothing inside brackets is named, so the bracket ends before it."""
    opener = scene.opener
    if scene.found != "AS" or opener is None or scene.tokens.kinds[opener] == LBRACE:
        return None
    wanted = _OTHER[scene.terminal(opener)]
    if wanted not in scene.expected:
        return None
    message = f"found `as`, but `{scene.word(opener)}` is not closed"
    return Mistake("BSC2111", message, where=scene.behind(scene.before),
                   note=f"expected `{_SIGN[wanted]}`",
                   second=_opened(scene, opener), repair=Insert((wanted,)))  # fmt: skip


def _open_at_a_line(scene: Scene) -> Mistake | None:
    """`dense(3` and the next statement below it."""
    opener = scene.opener
    if opener is None or scene.tokens.kinds[opener] == LBRACE:
        return None
    first = scene.first_of_line(scene.at)
    if first <= opener or scene.at - first > 1:
        return None
    tokens, grammar = scene.tokens, scene.grammar
    sure = begins_surely(tokens, grammar, first)
    if not sure and (not begins_likely(tokens, grammar, first) or closes(scene, first)):
        return None
    message = f"the line ends, expected `{_closing(scene, opener)}`"
    return _not_closed(scene, opener, message, scene.tokens.before(first))


def _not_closed(scene: Scene, opener: int, message: str, before: int | None = None) -> Mistake:
    before = scene.before if before is None else before
    return Mistake("BSC2111", message, where=scene.behind(before), second=_opened(scene, opener))


def _opened(scene: Scene, opener: int) -> tuple[tuple[int, int, int], str]:
    sign = scene.word(opener)
    return scene.tokens.where(opener), f"this `{sign}` is not closed"


def _closing(scene: Scene, opener: int) -> str:
    return _SIGN[_OTHER[scene.terminal(opener)]]


RULES: tuple[Rule, ...] = (
    _open_at_the_end,
    _item_in_a_body,
    _closed_by_another,
    _open_before_a_name,
    _open_at_a_line,
)
