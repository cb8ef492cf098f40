"""Hangs comments and empty lines on what they stand beside.

A comment that a statement holds in its middle, where nothing can carry it, goes to those above the
statement, so that none is ever lost.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import Any, TypeVar

from bsc.frontend.dsl import ast
from bsc.frontend.dsl.syntax.lexing import Tokens
from bsc.frontend.dsl.syntax.tables import LBRACE

NODE = TypeVar("NODE", ast.Stage, ast.Repeat, ast.Argument)


class Beside:
    """What stands between the tokens of one text; each comment is taken once."""

    def __init__(self, tokens: Tokens, doc: int | None) -> None:
        """Take a text.

        Args:
            tokens: of the text.
            doc: the docstring of the file, if there is one.
        """
        self._tokens = tokens
        self._gaps = tokens.gaps
        self._order = sorted(tokens.gaps)
        self._doc = -1 if doc is None else doc

    def statement(self, node: Any, first: int, last: int) -> Any:
        """A statement or item with the comments around it, and those left over within it.

        Args:
            node: what was made of the tokens.
            first: its first token, or that of its docstring.
            last: its last token.
        """
        if not self._order or node is None:
            return node
        behind = self._tokens.beyond(last)
        where = bisect_left(self._order, first)
        if where == len(self._order) or self._order[where] > behind:
            return node
        lead: list[str | None] = []
        before = self._gaps.pop(first, None)
        if before is not None:
            # What stands behind the brace that opens a body goes to the first line of it.
            lead = [before.behind] if before.behind is not None else []
            lead += before.lines
        blank = bool(lead) and lead[0] is None
        lead = lead[1:] if blank else lead
        lead += self._within(where, first, last)
        trail = None
        after = self._gaps.get(behind)
        if after is not None:
            trail, after.behind = after.behind, None
        blank = blank and not self._opens(first)
        comments = ast.Comments(tuple(_plain(lead)), trail, blank)
        return node if comments == ast.Comments() else replace(node, comments=comments)

    def end(self, token: int) -> ast.Comments:
        """Comments above the brace that ends a body, or at the end of the file."""
        gap = self._gaps.pop(token, None)
        if gap is None:
            return ast.Comments()
        lead = ([gap.behind] if gap.behind is not None else []) + gap.lines
        while lead and lead[-1] is None:
            lead.pop()
        blank = bool(lead) and lead[0] is None and not self._opens(token)
        lead = lead[1:] if lead and lead[0] is None else lead
        return ast.Comments(tuple(_plain(lead)), None, blank)

    def above(self, doc: int) -> ast.Comments:
        """Comments above the docstring of the file."""
        gap = self._gaps.pop(doc, None)
        lead = [] if gap is None else gap.lines
        return ast.Comments(tuple(_plain(lead[1:] if lead[:1] == [None] else lead)))

    def listed(self, before: NODE | None, sign: int, node: NODE) -> tuple[NODE | None, NODE]:
        """One more stage or argument behind a sign, and the one before it, with their comments.

        Args:
            before: the one before the sign, None for none that can carry a comment.
            sign: the token of `->` or `,`.
            node: the one behind it.
        """
        if not self._order:
            return before, node
        lead: list[str] = []
        for token in (sign, self._tokens.beyond(sign)):
            gap = self._gaps.pop(token, None)
            if gap is None:
                continue
            if gap.behind is not None:
                if before is not None and before.comments.trail is None:
                    comments = replace(before.comments, trail=gap.behind)
                    before = replace(before, comments=comments)
                else:
                    lead.append(gap.behind)
            lead += [line for line in gap.lines if line is not None]
        if lead:
            node = replace(node, comments=replace(node.comments, lead=tuple(lead)))
        return before, node

    def enclosed(self, nodes: list[NODE], opening: int, closing: int) -> list[NODE]:
        """Arguments with the comments behind the bracket that opens them and before the other."""
        if not self._order:
            return nodes
        gap = self._gaps.get(closing)
        if gap is not None and gap.behind is not None and nodes[-1].comments.trail is None:
            comments = replace(nodes[-1].comments, trail=gap.behind)
            nodes[-1] = replace(nodes[-1], comments=comments)
            gap.behind = None
        _, nodes[0] = self.listed(None, opening, nodes[0])
        return nodes

    def _within(self, where: int, first: int, last: int) -> list[str | None]:
        found: list[str | None] = []
        for token in self._order[where : bisect_left(self._order, last + 1)]:
            gap = self._gaps.pop(token, None) if token > first else None
            if gap is not None:
                found += [c for c in (gap.behind, *gap.lines) if c is not None]
        return found

    def _opens(self, token: int) -> bool:
        """Whether a token is the first of the file or of a body."""
        before = self._tokens.before(token)
        return before <= self._doc or self._tokens.kinds[before] == LBRACE


def _plain(lines: list[str | None]) -> list[str | None]:
    """Lines without a second empty one behind another."""
    return [
        line for n, line in enumerate(lines) if line is not None or (n and lines[n - 1] is not None)
    ]
