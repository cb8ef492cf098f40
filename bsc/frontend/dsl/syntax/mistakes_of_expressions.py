"""Within a line: flows, values, signs and the types of inputs."""

from __future__ import annotations

from bsc.frontend.dsl.syntax.mistakes import (
    OPERATORS,
    Delete,
    Insert,
    Mistake,
    Replace,
    Rule,
    expected_words,
)
from bsc.frontend.dsl.syntax.scene import Body, Scene, begins_likely, begins_surely
from bsc.frontend.dsl.syntax.tables import LBRACE, LPAR, LSQB

_VALUES = frozenset(("NUMBER", "STRING", "NAME", "LPAR", "LSQB", "TRUE", "FALSE"))
_ENDS = frozenset(("NEWLINE", "$END", "RBRACE", "RPAR", "RSQB", "COMMA", "SEMI"))
_DEFINITIONS = {
    "LET": "let {} = 64",
    "LAYER": "layer {} = dense(64)",
    "WEIGHTS": 'weights {} = "mlp.safetensors"',
    "READOUT": "readout {} = softmax",
    "NAME": "{} = ...",
}
_ENCODINGS = "encodings are f32, f64, u8, i32, i64"


def _missing_value(scene: Scene) -> Mistake | None:
    """`x =`, `a +`, `x ->` and the next line, `()`."""
    if not (scene.wants_value or scene.wants_stage) or scene.at_beginning:
        return None
    before = scene.before
    ends = scene.found in _ENDS or (
        scene.begins_line(scene.at)
        and (begins_surely(scene.tokens, scene.grammar, scene.at) or scene.found == "DOC")
    )
    if not ends or before < scene.begin:
        return None
    sign = scene.word(before)
    match scene.follows:
        case "ARROW":
            if scene.found == "ARROW":
                return None
            message = "a stage is missing behind `->`"
            help = "a stage is a layer, an activation or a block: `x -> dense(64) -> relu`"
            return Mistake("BSC2110", message, help, scene.behind(before))
        case "LPAR" | "LSQB" | "COMMA":
            what = "a value is missing"
            help = "parentheses hold a value, or several that flow together: `(a, b) -> concat`"
            if scene.follows == "COMMA":
                help = "a comma stands between two values"
            return Mistake("BSC2110", f"{what} behind `{sign}`", help, scene.where)
        case "LBRACE":
            message = "nothing is repeated"
            return Mistake("BSC2110", message, "such as `repeat 3 { dense(64) -> relu }`")
        case "REPEAT":
            return None
        case _:
            return Mistake("BSC2110", f"a value is missing behind `{sign}`", None,
                           scene.behind(before))  # fmt: skip


def _lost_value(scene: Scene) -> Mistake | None:
    """`x =` with `y = 3` below it, which reads as `x = y = 3`."""
    before = scene.before
    if scene.found not in ("EQUAL", "COMMA") or before <= scene.begin:
        return None
    first = scene.first_of_line(scene.at)
    if not scene.begins_line(first) or first <= scene.begin or scene.opener is not None:
        return None
    sign = scene.tokens.before(first)
    if scene.terminal(sign) not in ("EQUAL", *OPERATORS):
        return None
    if not begins_likely(scene.tokens, scene.grammar, first):
        return None
    message = f"a value is missing behind `{scene.word(sign)}`"
    return Mistake("BSC2110", message, None, scene.behind(sign))


def _missing_start(scene: Scene) -> Mistake | None:
    """`h = -> dense(8)`, or `->` on a line behind one that has no value."""
    if scene.found != "ARROW" or scene.wants_stage:
        return None
    if scene.wants_value:
        message = "a flow begins with `->`, expected a value before it"
        return Mistake("BSC2113", message, "such as `h = x -> dense(64)`")
    if scene.begins_line(scene.at):
        message = "`->` goes on with the line above, which has no value"
        help = "a flow begins with a value: `h = x -> dense(64)`"
        return Mistake("BSC2113", message, help)
    return None


def _missing_definition(scene: Scene) -> Mistake | None:
    """`let x`, `layer a`, `weights w`, `rule` alone."""
    if scene.expected & {"EQUAL"} and scene.found in ("NEWLINE", "$END", "RBRACE"):
        name = scene.word(scene.before)
        message = f"{scene.shown}, expected `=` and what `{name}` is"
        example = _DEFINITIONS.get(scene.terminal(scene.head), "{} = 64").format(name)
        return Mistake("BSC2110", message, f"such as `{example}`")
    if "EQUAL" in scene.expected and scene.found in _VALUES and scene.opener is None:
        if scene.at > scene.head + 1 or scene.found in ("NUMBER", "STRING", "TRUE", "FALSE"):
            message = f"{scene.shown}, expected `=` before it"
            return Mistake("BSC2117", message, repair=Insert(("EQUAL",)))
    if scene.expected == {"NAME"} and scene.found in ("NEWLINE", "$END", "EQUAL", "COLON"):
        word = scene.word(scene.before)
        return Mistake("BSC2110", f"a name is missing behind `{word}`", None,
                       scene.behind(scene.before))  # fmt: skip
    return None


def _behind_a_flow(scene: Scene) -> Mistake | None:
    """`x -> f + y`."""
    if scene.found not in OPERATORS and scene.kind != LSQB:
        return None
    if "ARROW" not in scene.expected or "PLUS" in scene.expected:
        return None
    message = f"found `{scene.word(scene.at)}` behind a flow"
    help = "put the flow in parentheses: `(x -> dense(8)) + y`; or name it on a line of its own"
    return Mistake("BSC2113", message, help)


def _no_stage(scene: Scene) -> Mistake | None:
    """`x -> 3`, `x -> -> f`, `x -> (f, g)`."""
    if not scene.wants_stage:
        return None
    if scene.found == "ARROW":
        message = "a stage is missing between two `->`"
        return Mistake("BSC2113", message, "remove one of them", repair=Delete())
    if scene.found not in _VALUES and scene.found not in ("MINUS", "LBRACE"):
        return None
    message = f"{scene.shown}, expected a stage"
    help = "a stage is a layer, an activation or a block: `x -> dense(64) -> relu`"
    if scene.kind == LPAR:
        help = "values in parentheses begin a flow: `(a, b) -> concat`"
    return Mistake("BSC2113", message, help)


def _repeat(scene: Scene) -> Mistake | None:
    if scene.found == "REPEAT" and scene.wants_value:
        message = "`repeat` begins a flow, expected a value before it"
        return Mistake("BSC2113", message, "such as `h = x -> repeat 3 { dense(64) -> relu }`")
    if scene.follows == "REPEAT" and scene.kind == LBRACE:
        message = "`repeat` does not say how often"
        return Mistake("BSC2110", message, "such as `repeat 3 { ... }`", repair=Insert(("NUMBER",)))
    if "LBRACE" in scene.expected and "AS" in scene.expected and scene.found in _VALUES:
        message = f"{scene.shown}, expected `{{` around what is repeated"
        return Mistake("BSC2122", message, "such as `repeat 3 { dense(64) -> relu }`")
    return None


def _missing_arrow(scene: Scene) -> Mistake | None:
    """`x dense(8)`, `x -> dense 8`."""
    if "ARROW" not in scene.expected or scene.found not in ("NAME", "NUMBER", "REPEAT"):
        return None
    if scene.found == "NUMBER":
        if "LPAR" not in scene.expected:
            return None
        message = f"{scene.shown} behind `{scene.word(scene.before)}`"
        help = (
            f"arguments stand in parentheses: `{scene.word(scene.before)}({scene.word(scene.at)})`"
        )
        return Mistake("BSC2113", message, help)
    message = f"{scene.shown} behind a value, expected `->` between them"
    return Mistake("BSC2113", message, "stages are joined by `->`: `x -> dense(64) -> relu`")


def _calls(scene: Scene) -> Mistake | None:
    """`dense(8)(x)`, `x.shape`, `+3`."""
    if scene.kind == LPAR and "ARROW" in scene.expected and scene.follows in ("RPAR", "RSQB"):
        message = "found `(` behind a call"
        return Mistake("BSC2113", message, "values flow into a layer: `x -> dense(8)`")
    if scene.found == "DOT" and scene.wants_value and scene.terminal(scene.at + 1) == "NUMBER":
        message = f"found `.`, expected {expected_words(scene)}"
        help = f"a digit stands before the point: 0.{scene.word(scene.at + 1)}"
        return Mistake("BSC2108", message, help, repair=Delete())
    if scene.found == "DOT" and scene.follows in ("NAME", "RPAR", "RSQB"):
        message = "found `.`: a value has no parts with names"
        help = 'write shape(x) for its extents, w["fc1.weight"] for a tensor of a file'
        return Mistake("BSC2109", message, help)
    if scene.found == "PLUS" and scene.wants_value:
        message = f"found `+`, expected {expected_words(scene)}"
        return Mistake("BSC2109", message, "a number has no plus before it", repair=Delete())
    return None


def _another_sign(scene: Scene) -> Mistake | None:
    """`:` for `=`, `=` for `:`, `;` for `,`, `,` for `..`."""
    found, expected = scene.found, scene.expected
    if found == "COLON" and "EQUAL" in expected:
        name = scene.word(scene.before)
        help = f"such as `{name} = ...`"
        if scene.opener is None and scene.body is Body.NETWORK and scene.at == scene.head + 1:
            help += "; a type stands behind an input: `input x: f32[784]`"
        return Mistake("BSC2117", "found `:`, expected `=`", help,
                       repair=Replace(scene.at, "EQUAL"))  # fmt: skip
    if found == "SEMI" and "COMMA" in expected:
        return Mistake("BSC2117", "found `;`, expected `,`", "`;` ends a statement",
                       repair=Replace(scene.at, "COMMA"))  # fmt: skip
    if found in ("COMMA", "COLON", "MINUS") and expected >= {"RANGE"} and found not in expected:
        return Mistake("BSC2117", f"found `{scene.word(scene.at)}`, expected `..`",
                       "a range is written `in 0..1`",
                       repair=Replace(scene.at, "RANGE"))  # fmt: skip
    if found == "EQUAL" and scene.opener is None and "ARROW" in expected:
        message = "found a second `=`"
        return Mistake("BSC2117", message, "each line gives one value")
    return None


def _input(scene: Scene) -> Mistake | None:
    """`input x f32[2]`, `input x: [2]`, `input x: f32`, `in [0, 1]`."""
    if scene.terminal(scene.head) != "INPUT" or scene.opener is not None:
        return None
    place = scene.at - scene.head
    if place == 2 and scene.found in ("NAME", "EQUAL", "LSQB", "LPAR"):
        message = f"{scene.shown}, expected `:` and the type"
        help = f"such as `input {scene.word(scene.at - 1)}: f32[784]`; {_ENCODINGS}"
        repair: Insert | Replace | None = None
        if scene.found == "NAME":
            repair = Insert(("COLON",))
        elif scene.found == "EQUAL":
            repair = Replace(scene.at, "COLON")
        return Mistake("BSC2119", message, help, repair=repair)
    if scene.expected == {"NAME"} and scene.follows == "COLON":
        message = f"{scene.shown}, expected an encoding"
        help = f"such as `f32[784]`; {_ENCODINGS}"
        mended = Insert(("NAME",)) if scene.kind == LSQB else None
        return Mistake("BSC2119", message, help, repair=mended)
    if scene.expected == {"LSQB"}:
        message = f"{scene.shown}, expected the extents of a sample in [ ]"
        help = f"such as `{scene.word(scene.before)}[28, 28]`, without the batch"
        return Mistake("BSC2119", message, help)
    if "RANGE" in scene.expected and scene.found in ("NEWLINE", "RBRACE", "$END"):
        message = f"{scene.shown}, expected `..` and the end of the range"
        return Mistake("BSC2119", message, "a range is written `in 0..1`")
    if "IN" in scene.expected and scene.found not in ("NEWLINE", "RBRACE", "$END"):
        message = f"{scene.shown}, expected {expected_words(scene)}"
        return Mistake("BSC2119", message, "such as `input x: f32[784] in 0..1`")
    return None


def _missing_comma(scene: Scene) -> Mistake | None:
    if "COMMA" not in scene.expected or scene.opener is None:
        return None
    if scene.found not in _VALUES and scene.word(scene.at) not in scene.grammar.words:
        return None
    if scene.found not in _VALUES and not scene.word(scene.at).isalpha():
        return None
    if scene.found == "LPAR" or scene.kind == LSQB:
        return None
    message = f"{scene.shown}, expected `,` before it"
    return Mistake("BSC2118", message, None, scene.behind(scene.before), "a `,` is missing",
                   repair=Insert(("COMMA",)))  # fmt: skip


def _two_lines_in_one(scene: Scene) -> Mistake | None:
    if "NEWLINE" not in scene.expected or scene.opener is not None:
        return None
    if scene.follows == "RBRACE" or begins_likely(scene.tokens, scene.grammar, scene.at):
        message = f"{scene.shown}, expected the end of the line"
        help = "each statement stands on a line of its own, or behind `;`"
        return Mistake("BSC2118", message, help, repair=Insert(("NEWLINE",)))
    return None


RULES: tuple[Rule, ...] = (
    _lost_value,
    _missing_start,
    _input,
    _missing_value,
    _missing_definition,
    _repeat,
    _behind_a_flow,
    _no_stage,
    _another_sign,
    _two_lines_in_one,
    _missing_comma,
    _missing_arrow,
    _calls,
)
