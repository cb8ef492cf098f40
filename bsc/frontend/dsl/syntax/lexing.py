"""Text cut into tokens: parallel columns of numbers, not an object for each.

What cannot be a token is told here and mended where it is plain what was meant (`=>` is read as
`->`, curly quotes as straight ones), so that one slip makes one message.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field

from bsc.diag.lines import with_plain_line_ends
from bsc.frontend.dsl.ast import Place
from bsc.frontend.dsl.syntax.bad_tokens import MAX_DIGITS, bad_token
from bsc.frontend.dsl.syntax.characters import without_controls
from bsc.frontend.dsl.syntax.odd_signs import read_odd
from bsc.frontend.dsl.syntax.slips import Slips, Where
from bsc.frontend.dsl.syntax.tables import NEWLINE, SEMI, Tables

MAX_TOKENS = 1 << 20
"""Words, signs, line ends and comments of a text."""

_TOKEN = re.compile(
    r"""[ \t]*+ (?:
      (?P<WORD>       [A-Za-z_][A-Za-z0-9_]*+ (?!\w) )
    | (?P<WRONG>      -{2,4}> | =+> | [~|]> | >> | <- | (?://|\*\*|[-+*/%:=!<>])=+ | \.\.\.+
                    | && | \|\|? | [<>!&^~?@$\\] )
    | (?P<SIGN>       -> | \.\. | // | \*\* | [-+*/%=,:.;()\[\]{}] )
    | (?P<NUMBER>     (?>[0-9]+(?:_[0-9]+)*) (?>(?:\.[0-9]+(?:_[0-9]+)*)?) (?>(?:[eE][+-]?[0-9]+)?)
                      (?! \w | \.(?!\.) ) )
    | (?P<LINE>       \n (?:[ \t]*\n)*+ )
    | (?P<COMMENT>    \#[^\n]*+ )
    | (?P<DOC>        \"{3} (?s:.*?) \"{3} )
    | (?P<OPEN_DOC>   \"{3} (?s:.*) )
    | (?P<STRING>     " (?: [^"\\\n] | \\[^\n] )*+ " )
    | (?P<QUOTED>     ` [^`\n]++ ` )
    | (?P<OPEN>       ["`] [^\n]*+ )
    | (?P<BAD_NUMBER> [0-9] (?: \w | \.(?!\.) )*+ )
    | (?P<CURLY>      [“”„‟«»] [^“”„‟«»"\n]*+ [“”„‟«»"]
                    | [‘‚‛] [^‘’‚‛"\n]*+ [’'] | '(?:[^'\\\n]|\\[^\n]){0,999}+' )
    | (?P<FOREIGN>    [^\W\d] \w*+ )
    | (?P<ODD>        [^ \t\n] )
    | \Z )""",
    re.VERBOSE,
)
_GROUPS = _TOKEN.groupindex
_RIGHT = {"DOC": "DOC", "STRING": "STRING", "QUOTED": "NAME"}
_LONG = frozenset(("DOC", "OPEN_DOC"))
"""What may go over several lines."""


@dataclass(slots=True)
class Gap:
    """What stands between two tokens and is no token.

    Attributes:
        behind: the comment on the line of the first one.
        lines: comments on lines of their own; None for empty lines.
    """

    behind: str | None = None
    lines: list[str | None] = field(default_factory=list)


@dataclass(slots=True)
class Tokens:
    """The tokens of a text; the last is the end.

    Attributes:
        text: with plain line ends.
        kinds: a terminal's number for each.
        starts: where each begins in the text.
        ends: one past its last character.
        lines: of its first character, from 1.
        line_starts: where each line begins, from line 1 at index 1.
        gaps: comments and empty lines, by the number of the token behind them that is no line end.
        too_many: the text has more tokens than may be; the others were not looked at.
    """

    text: str
    kinds: list[int] = field(default_factory=list)
    starts: array[int] = field(default_factory=lambda: array("I"))
    ends: array[int] = field(default_factory=lambda: array("I"))
    lines: array[int] = field(default_factory=lambda: array("I"))
    line_starts: array[int] = field(default_factory=lambda: array("I", [0, 0]))
    gaps: dict[int, Gap] = field(default_factory=dict)
    too_many: bool = False

    def word(self, token: int) -> str:
        """A token as it is written."""
        return self.text[self.starts[token] : self.ends[token]]

    def before(self, token: int) -> int:
        """The token before one, line ends left out; -1 for none."""
        token -= 1
        while token >= 0 and self.kinds[token] in (NEWLINE, SEMI):
            token -= 1
        return token

    def beyond(self, token: int) -> int:
        """The token behind one that is not the end, line ends left out."""
        token += 1
        while self.kinds[token] in (NEWLINE, SEMI):
            token += 1
        return token

    def where(self, token: int) -> Where:
        """Its place, for a caret; of one of several lines, the first."""
        start, line = self.starts[token], self.lines[token]
        word = self.text[start : self.ends[token]].partition("\n")[0]
        return line, start - self.line_starts[line] + 1, max(1, len(word))

    def place(self, first: int, last: int) -> Place:
        """The stretch from one token to another that ends on the line on which it begins."""
        line, end_line, line_starts = self.lines[first], self.lines[last], self.line_starts
        return Place(
            line,
            self.starts[first] - line_starts[line] + 1,
            end_line,
            self.ends[last] - line_starts[end_line] + 1,
        )


def cut(text: str, tables: Tables, slips: Slips) -> Tokens:
    """The tokens of a text, a byte order mark at its start left out; slips go to `slips`."""
    tokens = Tokens(without_controls(with_plain_line_ends(text.removeprefix("\ufeff")), slips))
    _Lexer(tokens, tables, slips).run()
    return tokens


class _Lexer:
    def __init__(self, tokens: Tokens, tables: Tables, slips: Slips) -> None:
        self._tokens = tokens
        self._numbers = tables.numbers
        number = self._numbers["NUMBER"]
        self._words = {**tables.words, ";": self._numbers["SEMI"], "inf": number, "nan": number}
        self._slips = slips

    def run(self) -> None:
        """Cut the text."""
        # One loop without calls for what nearly all of a text is made of; see benchmarks/language.
        tokens = self._tokens
        kinds, text, gaps, word_kind = tokens.kinds, tokens.text, tokens.gaps, self._words.get
        add_kind, add_start, add_end = kinds.append, tokens.starts.append, tokens.ends.append
        add_line = tokens.lines.append
        word_group, sign_group, line_group = (_GROUPS[n] for n in ("WORD", "SIGN", "LINE"))
        comment_group = _GROUPS["COMMENT"]
        slips = self._slips
        name, newline, semi = (self._numbers[n] for n in ("NAME", "NEWLINE", "SEMI"))
        line, left, gap = 1, MAX_TOKENS, None
        for match in _TOKEN.finditer(text):
            group = match.lastindex
            if group is None:  # the end
                break
            left -= 1
            if left < 0:
                tokens.too_many = True
                break
            start, end = match.span(group)
            if group == line_group:
                if kinds and kinds[-1] != newline:
                    add_kind(newline)
                    add_start(start)
                    add_end(start + 1)
                    add_line(line)
                count = text.count("\n", start, end)
                left -= count - 1
                if left < 0:
                    tokens.too_many = True
                    break
                self._begin_lines(start, count)
                line += count
                if count > 1:
                    gap = gap or Gap()
                    gap.lines.append(None)
                continue
            if group == comment_group:
                gap = gap or Gap()
                comment = _comment(match[group])
                if kinds and kinds[-1] != newline and gap.behind is None and not gap.lines:
                    gap.behind = comment
                else:
                    gap.lines.append(comment)
                continue
            if group == word_group or group == sign_group:
                add_kind(word_kind(match[group], name))
            else:
                add_kind(self._other(match, line))
                if slips.full:
                    break
            if gap is not None and kinds[-1] != semi:  # `;` carries no comments: it ends a line
                gaps[len(kinds) - 1] = gap
                gap = None
            add_start(start)
            add_end(end)
            add_line(line)
            if match.lastgroup in _LONG:
                count = text.count("\n", start, end)
                left -= count
                if left < 0:
                    tokens.too_many = True
                    break
                self._begin_lines(start, count)
                line += count
        if gap is not None:
            gaps[len(kinds)] = gap
        add_kind(0)
        add_start(len(text))
        add_end(len(text))
        add_line(line)

    def _begin_lines(self, start: int, count: int) -> None:
        """Note where the lines begin that some line ends behind a place make."""
        text, add = self._tokens.text, self._tokens.line_starts.append
        for _ in range(count):
            start = text.find("\n", start) + 1
            add(start)

    def _other(self, match: re.Match[str], line: int) -> int:
        """The terminal of what is neither word nor sign; tells what is wrong with it."""
        group = match.lastgroup or ""
        text = match[group]
        if group == "NUMBER" and len(text) <= MAX_DIGITS:
            return self._numbers["NUMBER"]
        if group in _RIGHT:
            return self._numbers[_RIGHT[group]]
        column = match.start(group) - self._tokens.line_starts[line] + 1
        at = line, column, len(text.partition("\n")[0])
        if group in ("WRONG", "ODD"):
            meant = read_odd(text, at, self._slips)
            return self._words.get(meant or "", self._numbers["WRONG"])
        return self._numbers[bad_token(group, text, at, self._slips)]


def _comment(text: str) -> str:
    """A comment without `#`, the blank behind it and those at its end."""
    text = text.rstrip()
    return text[2:] if text.startswith("# ") else text[1:]
