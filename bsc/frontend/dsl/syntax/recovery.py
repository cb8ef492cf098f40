"""Where to go on behind a mistake: at the next line, at the end of the body, at the next item."""

from __future__ import annotations

from bsc.frontend.dsl.syntax.scene import Scene, begins_likely, begins_surely, is_close, is_open
from bsc.frontend.dsl.syntax.tables import END, LBRACE, NEWLINE, RBRACE, SEMI

LOOKS_FOR_EACH = 4
"""Tokens that may be looked at in all to find where brackets close, for each token of a text."""


def closes(scene: Scene, token: int) -> bool:
    """Whether the innermost bracket is closed behind a token, before anything speaks against it."""
    kinds, depth = scene.tokens.kinds, 1
    for place in range(token, len(kinds)):
        scene.stack.looks -= 1
        kind = kinds[place]
        if scene.stack.looks < 0 or kind == END:
            return False
        if is_open(kind):
            depth += 1
        elif is_close(kind):
            depth -= 1
            if depth == 0:
                return kind != RBRACE
        elif scene.begins_line(place) and begins_surely(scene.tokens, scene.grammar, place):
            return False
    return False


def next_line(scene: Scene) -> int:
    """The token to go on at, with the statement of the place left out.

    It is the first one of a line, or of what stands behind `;`, or `}`, or the end.
    """
    tokens, grammar, kinds = scene.tokens, scene.grammar, scene.tokens.kinds
    pending = [kinds[token] for token in scene.stack.opened if token >= scene.begin]
    first = scene.first_of_line(scene.at)
    between = kinds[first : scene.at]
    scene.stack.looks -= len(between)
    whole = LBRACE not in between and RBRACE not in between  # no body begins or ends on the line
    if first > scene.begin and whole and scene.begins_line(first) and kinds[first] != END:
        # The statement is broken off, and the mistake is told on the line of the next one.
        if begins_surely(tokens, grammar, first) or (
            begins_likely(tokens, grammar, first)
            and not (pending and pending[-1] != LBRACE and closes(scene, first))
        ):
            return first
    beyond = _line_end(scene, list(pending), scene.at)
    if beyond is None:  # the brackets do not close; the line ends where it ends
        beyond = _line_end(scene, [], scene.at)
    return len(kinds) - 1 if beyond is None else beyond


def _line_end(scene: Scene, pending: list[int], token: int) -> int | None:
    tokens, grammar, kinds = scene.tokens, scene.grammar, scene.tokens.kinds
    had, arrow = bool(pending), grammar.numbers["ARROW"]
    while True:
        kind = kinds[token]
        if kind == END:
            return None if had else token
        if is_open(kind):
            pending.append(kind)
        elif is_close(kind):
            if kind == RBRACE and LBRACE not in pending:
                return None if had and pending else token
            while kind == RBRACE and pending[-1] != LBRACE:
                pending.pop()
            if pending:
                pending.pop()
        elif kind in (NEWLINE, SEMI):
            beyond = token + 1
            if not pending and kinds[beyond] not in (NEWLINE, SEMI, arrow):
                return beyond
            if kind == NEWLINE and begins_surely(tokens, grammar, beyond):
                if LBRACE not in pending or tokens.where(beyond)[1] == 1:
                    return None if had and LBRACE not in pending else beyond
        if had:
            scene.stack.looks -= 1
            if scene.stack.looks < 0:
                return None
        token += 1
