"""Runs the tables over the tokens, and goes on behind mistakes until all are told."""

from __future__ import annotations

from bsc.frontend.dsl.ast import File
from bsc.frontend.dsl.syntax.builder import Builder
from bsc.frontend.dsl.syntax.diagnosis import diagnose
from bsc.frontend.dsl.syntax.lexing import Tokens
from bsc.frontend.dsl.syntax.mistakes import Close, Delete, Insert, Mistake, Replace
from bsc.frontend.dsl.syntax.recovery import LOOKS_FOR_EACH, next_line
from bsc.frontend.dsl.syntax.scene import Scene, Stack, accepts, is_close, is_open, line_depth
from bsc.frontend.dsl.syntax.slips import Slips
from bsc.frontend.dsl.syntax.tables import (
    END,
    LBRACE,
    LPAR,
    NEWLINE,
    NOTHING,
    RBRACE,
    SEMI,
    Tables,
)

MAX_BRACKETS = 64
"""Brackets that may be open at once."""

MAX_DEPTH = 128
"""Nodes of an expression that may stand one within the other; `a + b + c` has two."""

_GOES_ON = (
    *("ARROW", "PLUS", "MINUS", "STAR", "SLASH", "FLOOR", "PERCENT", "POWER"),
    *("EQUAL", "COMMA", "COLON", "RANGE", "LBRACE", "DOC", "NEWLINE", "SEMI"),
)
"""Terminals behind which a line end means nothing."""


class Machine:
    """One run over the tokens of a text."""

    def __init__(self, tokens: Tokens, grammar: Tables, source: str, slips: Slips) -> None:
        """Take a text.

        Args:
            tokens: of the text; where a mistake is mended for the rest, they change.
            grammar: the tables.
            source: what the file is called.
            slips: takes the mistakes; nothing is told about its spoilt lines.
        """
        self._tokens = tokens
        self._grammar = grammar
        self._slips = slips
        self._doc = _file_doc(tokens, grammar)
        builder = Builder(tokens, grammar, source, slips, self._doc)
        self._makers = [getattr(builder, name) for name in grammar.makers]
        self._stack = Stack([grammar.start], LOOKS_FOR_EACH * len(tokens.kinds))
        self._goes_on = frozenset(grammar.numbers[name] for name in _GOES_ON)
        self._mended: set[tuple[type, int]] = set()
        self._last = -1
        self._too_deep = False
        self._told_at = -1, -1
        self._gone_on_at = -1

    def run(self) -> File | None:
        """The file; None where it cannot be read to its end."""
        # One loop without calls but those that make nodes: most of the time of a large text.
        kinds, goes_on, arrow = self._tokens.kinds, self._goes_on, self._grammar.numbers["ARROW"]
        actions, gotos, makers = self._grammar.actions, self._grammar.gotos, self._makers
        steps = [(s.size, s.origin, s.maker, s.nests) for s in self._grammar.steps]
        stack = self._stack
        states, values, firsts, depths = stack.states, stack.values, stack.firsts, stack.depths
        opened = stack.opened
        begins = 0 if self._doc is None else self._doc + 1
        token = last = begins - 1
        while True:
            token += 1
            kind = kinds[token]
            if kind <= SEMI and kind:
                if opened and kinds[opened[-1]] != LBRACE:
                    if kind == NEWLINE:
                        continue
                elif token == begins:
                    continue
                elif kind == NEWLINE:
                    if kinds[token - 1] in goes_on or kinds[token + 1] == arrow:
                        continue
                elif kinds[token - 1] in (LBRACE, NEWLINE, SEMI):
                    continue
                else:
                    kind = NEWLINE
            while (action := actions[states[-1]][kind]) < 0:
                size, origin, maker, nests = steps[~action]
                if maker < 0:
                    states[-1] = gotos[states[-2]][origin]
                    continue
                if size == 1:
                    values[-1] = makers[maker]([values[-1]], firsts[-1], last)
                    states[-1] = gotos[states[-2]][origin]
                    continue
                if size:
                    first, depth = firsts[-size], max(depths[-size:]) + nests
                    value = makers[maker](values[-size:], first, last)
                    del states[-size:], values[-size:], firsts[-size:], depths[-size:]
                    if depth > MAX_DEPTH:
                        self._too_deep, action = True, NOTHING
                        break
                else:
                    first, depth, value = token, 0, makers[maker]([], token, last)
                states.append(gotos[states[-1]][origin])
                values.append(value)
                firsts.append(first)
                depths.append(depth)
            if action == NOTHING:
                if kind == END and states[-1] == self._grammar.end:
                    file: File = values[-1]
                    return file
                self._last = last
                following = self._mistake(token, kind)
                if following is None:
                    return None
                token, last = following - 1, self._last
                continue
            states.append(action)
            values.append(token)
            firsts.append(token)
            depths.append(0)
            last = token
            if LPAR <= kind <= RBRACE:
                if kind > LBRACE:
                    opened.pop()
                elif len(opened) < MAX_BRACKETS:
                    opened.append(token)
                else:
                    self._too_many_brackets(token)
                    return None

    def _mistake(self, token: int, kind: int) -> int | None:
        """Tell what is wrong at a token; the token to go on at, None to give up."""
        scene = Scene(self._tokens, self._grammar, self._stack, token, kind)
        if self._too_deep:
            self._too_deep = False
            help = "give a part of it a name on a line of its own"
            message = f"more than {MAX_DEPTH} operators and calls one within the other"
            mistake = Mistake("BSC2102", message, help)
        elif self._is_spoilt(scene):
            return None if kind == END else self._go_on(scene)
        else:
            mistake = diagnose(scene)
        # Behind a mistake that was mended for the rest, another one on the line that is not may
        # well be due to the mending.
        place = scene.begin, self._tokens.lines[scene.at]
        follows = mistake.repair is None and place == self._told_at
        if not mistake.silent and not follows:
            self._slips.add(
                mistake.code,
                mistake.message,
                mistake.where or scene.where,
                help=mistake.help,
                note=mistake.note,
                second=mistake.second,
            )
            self._told_at = place
        if self._slips.full or kind == END:
            return None
        following = self._mended_at(scene, mistake)
        return self._go_on(scene) if following is None else following

    def _is_spoilt(self, scene: Scene) -> bool:
        lines, spoilt = self._tokens.lines, self._slips.spoilt
        if scene.found == "WRONG":
            return True
        places = (scene.begin, scene.before, scene.at)
        return any(place >= 0 and lines[place] in spoilt for place in places)

    def _mended_at(self, scene: Scene, mistake: Mistake) -> int | None:
        """Mend the text where it is plain what was meant; the token to go on at."""
        repair = mistake.repair
        key = type(repair), scene.at
        if repair is None or key in self._mended:  # which keeps two rules from going in a circle
            return None
        self._mended.add(key)
        numbers = self._grammar.numbers
        match repair:
            case Insert(kinds):
                fed = all(self._feed(numbers[kind], scene.at) for kind in kinds)
                return scene.at if fed else None
            case Replace(token, kind):
                self._tokens.kinds[token] = numbers[kind]
                if token == scene.at:
                    return token
                self._drop_line(scene)
                return scene.begin
            case Delete():
                following = scene.at + 1
                while scene.at_beginning and self._tokens.kinds[following] in (NEWLINE, SEMI):
                    following += 1
                return following
            case Close():
                self._drop_line(scene)
                while self._stack.opened and self._feed(RBRACE, scene.begin):
                    pass
                return scene.begin if self._feed(NEWLINE, scene.begin) else None

    def _go_on(self, scene: Scene) -> int:
        """Leave the statement out; the token to go on at."""
        following = next_line(scene)
        if following == self._gone_on_at:
            following = min(scene.at + 1, len(self._tokens.kinds) - 1)
        self._gone_on_at = following
        self._drop_line(scene)
        self._feed(self._grammar.numbers["BROKEN"], scene.at)
        if self._tokens.kinds[following] not in (RBRACE, END):
            self._feed(NEWLINE, scene.at)
        return following

    def _drop_line(self, scene: Scene) -> None:
        stack = self._stack
        depth = line_depth(self._grammar, stack.states)
        del stack.states[depth + 1 :]
        del stack.values[depth:], stack.firsts[depth:], stack.depths[depth:]
        while stack.opened and stack.opened[-1] >= scene.begin:
            stack.opened.pop()

    def _feed(self, kind: int, token: int) -> bool:
        """Take a terminal that is not in the text, in front of a token; whether it may stand."""
        stack, grammar = self._stack, self._grammar
        if not accepts(grammar, stack.states, kind):
            return False
        while (action := grammar.actions[stack.states[-1]][kind]) < 0:
            step = grammar.steps[~action]
            size = step.size
            first = stack.firsts[-size] if size else token
            depth = max(stack.depths[-size:], default=0) if size else 0
            values = stack.values[-size:] if size else []
            if step.maker >= 0:
                value = self._makers[step.maker](values, first, self._last)
            else:
                value = values[0]
            if size:
                del stack.states[-size:], stack.values[-size:]
                del stack.firsts[-size:], stack.depths[-size:]
            stack.states.append(grammar.gotos[stack.states[-1]][step.origin])
            stack.values.append(value)
            stack.firsts.append(first)
            stack.depths.append(depth + step.nests)
        stack.states.append(action)
        stack.values.append(token)
        stack.firsts.append(token)
        stack.depths.append(0)
        if is_open(kind):
            stack.opened.append(token)
        elif is_close(kind):
            stack.opened.pop()
        return True

    def _too_many_brackets(self, token: int) -> None:
        message = f"more than {MAX_BRACKETS} brackets one within the other"
        help = "give a part of it a name on a line of its own, or make it a block"
        self._slips.add("BSC2102", message, self._tokens.where(token), help=help)


def _file_doc(tokens: Tokens, grammar: Tables) -> int | None:
    """The docstring of the file: the first thing in it, with an empty line behind it, or alone."""
    kinds, doc = tokens.kinds, grammar.numbers["DOC"]
    first = 1 if kinds[0] == NEWLINE else 0
    if kinds[first] != doc:
        return None
    behind = tokens.beyond(first)
    gap = tokens.gaps.get(behind)
    alone = kinds[behind] in (END, doc)
    return first if alone or (gap is not None and gap.lines[:1] == [None]) else None
