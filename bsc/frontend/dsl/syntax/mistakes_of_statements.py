"""Beginnings of lines: misspelt, of another language, in the wrong place, without a name."""

from __future__ import annotations

from bsc.diag import nearest
from bsc.frontend.dsl.syntax.mistakes import Delete, Insert, Mistake, Replace, Rule
from bsc.frontend.dsl.syntax.scene import BEGINNINGS, ITEMS, Body, Scene, begins_likely
from bsc.frontend.dsl.syntax.tables import LBRACE, LPAR, NEWLINE

_BLOCK = "a part of a network is a block: `block part(width) { input v; output h = v -> relu }`"
_FILES = 'a file stands alone; tensors come in by `weights w = "mlp.safetensors"`'
_REPEAT = "stages that stand several times: `h = x -> repeat 3 { dense(64) -> relu }`"
_BRANCH = "a model has no branches; every sample goes the same way"
_LET = "a constant is given by `let width = 64`"
_MODEL = "a network is an item `model mlp { ... }`"
_OUTPUT = "what comes out is said by `output y = h`"
_LINES = (
    "items are let, weights, block, model, train, target; a model has input, let, layer, output"
)
_ELSEWHERE = {
    **dict.fromkeys(("def", "fn", "func", "function", "sub", "proc"), _BLOCK),
    **dict.fromkeys(("class", "struct", "module", "interface", "type"), f"{_MODEL}; {_BLOCK}"),
    **dict.fromkeys(("import", "from", "include", "use", "using", "require"), _FILES),
    **dict.fromkeys(("for", "while", "loop", "do", "foreach"), _REPEAT),
    **dict.fromkeys(("if", "else", "elif", "match", "switch", "case"), _BRANCH),
    **dict.fromkeys(("var", "const", "val", "auto", "int", "float", "define"), _LET),
    **dict.fromkeys(("network", "net", "graph", "nn", "sequential"), _MODEL),
    **dict.fromkeys(("return", "yield"), _OUTPUT),
    **dict.fromkeys(("print", "assert", "pass", "with", "try", "raise", "del", "global"), _LINES),
}
_VALUES = frozenset(("NUMBER", "STRING", "LPAR", "LSQB", "MINUS", "TRUE", "FALSE", "REPEAT"))
_NAMED = {
    "input": "input x: f32[784]",
    "output": "output y = ...",
    "layer": "layer a = dense(64)",
    "let": "let width = 64",
    "weights": 'weights w = "mlp.safetensors"',
    "readout": "readout y = softmax",
}
_BODIES = "lines of a network stand in the braces of a `model` or `block`"


def _other_language(scene: Scene) -> Mistake | None:
    head = scene.head
    if scene.at - head > 1 or scene.terminal(head) != "NAME":
        return None
    word = scene.word(head)
    if word not in _ELSEWHERE or scene.tokens.word(head + 1) in ("=", ",", "."):
        return None
    message = f"there is no `{word}` in the language"
    return Mistake("BSC2115", message, _ELSEWHERE[word], scene.tokens.where(head))


def _misspelt(scene: Scene) -> Mistake | None:
    head = scene.head
    if scene.at - head > 1 or scene.terminal(head) != "NAME":
        return None
    if scene.terminal(head + 1) not in ("NAME", "STRING", "LBRACE"):
        return None
    word = scene.word(head)
    near = nearest(word, BEGINNINGS[scene.body], 1)
    where = scene.tokens.where(head)
    if near:
        return Mistake("BSC2115", f"`{word}` begins no line", f"did you mean `{near[0]}`?", where,
                       repair=Replace(head, near[0].upper()))  # fmt: skip
    if scene.body is Body.FILE:
        return Mistake(
            "BSC2115", f"`{word}` begins no item", f"items are {', '.join(ITEMS)}", where
        )
    return None


def _remark(scene: Scene) -> Mistake | None:
    """`// a remark`, `/* a remark */`."""
    if not scene.at_beginning or scene.found not in ("FLOOR", "SLASH"):
        return None
    return Mistake("BSC2109", f"{scene.shown}, which begins no line", "a comment begins with #")


def _outside_a_body(scene: Scene) -> Mistake | None:
    """`h = x -> ...` or `input x` in the file, `input x` in a train section."""
    head = scene.head
    if scene.at - head > 1:
        return None
    first = scene.terminal(head)
    if scene.body is Body.FILE and scene.at == head:
        if first in ("INPUT", "OUTPUT", "LAYER"):
            message = f"`{scene.word(head)}` stands outside of a model or block"
            return Mistake("BSC2116", message, _BODIES)
        if first == "READOUT":
            return Mistake("BSC2116", "`readout` stands outside of a train section",
                           "`train { readout y = logistic }`")  # fmt: skip
        if first == "NAME" and begins_likely(scene.tokens, scene.grammar, head):
            help = f"a constant of the file begins with `let`; {_BODIES}"
            return Mistake("BSC2116", f"`{scene.word(head)}` is given a value outside of a body",
                           help)  # fmt: skip
        if first == "NAME" and scene.terminal(head + 1) in ("DOT", "COLON"):
            help = 'settings stand in `train { ... }` and in `target "name" { ... }`'
            return Mistake("BSC2116", "a setting stands outside of a section", help)
    if scene.body in (Body.PLAN, Body.SETTINGS) and scene.found == "NAME" and scene.at > head:
        if first in ("INPUT", "OUTPUT", "LET", "WEIGHTS"):
            message = f"`{scene.word(head)}` does not stand in a section"
            return Mistake("BSC2116", message, _BODIES, scene.tokens.where(head))
    if scene.body is Body.SETTINGS and scene.at == head and first in ("READOUT", "LAYER"):
        help = "it stands in the braces of `train`; here are settings: `key = value`"
        return Mistake("BSC2116", f"`{scene.word(head)}` does not stand here", help)
    if scene.body is Body.NETWORK and scene.at == head and first == "READOUT":
        help = "how an output is read while learning is said in `train { readout y = logistic }`"
        return Mistake("BSC2116", "`readout` stands in a model or block", help)
    return None


def _shared_stages(scene: Scene) -> Mistake | None:
    """`layer a = dense(10) -> relu`."""
    if scene.found != "ARROW" or scene.terminal(scene.head) != "LAYER" or scene.opener is not None:
        return None
    if scene.body is not Body.NETWORK or "NEWLINE" not in scene.expected:
        return None
    message = "a layer is one operator, or a block; found `->`"
    help = (
        "stages that are shared together are a block: `block part(width) { input v; "
        "output h = v -> dense(width) -> relu }`, `layer a = part(64)`"
    )
    return Mistake("BSC2113", message, help)


def _value_without_name(scene: Scene) -> Mistake | None:
    """`x -> dense(3)` or `dense(3)` alone on a line."""
    head = scene.head
    if scene.body is not Body.NETWORK or scene.at - head > 1:
        return None
    if scene.at == head and scene.found == "ARROW":
        message = "a flow begins with `->`, expected a value before it"
        return Mistake("BSC2113", message, "such as `h = x -> dense(64)`")
    if scene.terminal(head) == "NAME" and scene.at == head + 1:
        if scene.found in ("ARROW", "LPAR", "LSQB", "PLUS", "MINUS", "STAR", "SLASH"):
            message = "this value has no name, so nothing can use it"
            help = "write `NAME = ...` or `output NAME = ...`"
            return Mistake("BSC2113", message, help, scene.tokens.where(head))
        if scene.found == "NEWLINE" or scene.found == "RBRACE":
            message = f"`{scene.word(head)}` alone says nothing"
            help = (
                f"write `output {scene.word(head)}`, or give it a value: `{scene.word(head)} = ...`"
            )
            return Mistake("BSC2109", message, help, scene.tokens.where(head))
    elif scene.at == head and scene.found in _VALUES:
        message = f"{scene.shown}, which begins no line"
        return Mistake("BSC2113", message, "a value needs a name: `h = ...` or `output y = ...`")
    return None


def _word_as_name(scene: Scene) -> Mistake | None:
    """`let input = 3`, `layer = x -> ...`."""
    word = scene.word(scene.at)
    if scene.found == "REPEAT" and scene.wants_value:
        return None
    if scene.at_beginning and scene.found in ("AS", "IN", "TRUE", "FALSE", "REPEAT"):
        if scene.body is Body.NETWORK and scene.terminal(scene.at + 1) in ("EQUAL", "COMMA"):
            return _reserved(scene, scene.at)
    if word in scene.grammar.words and word.isalpha() and "NAME" in scene.expected:
        if scene.at_beginning or (scene.begins_line(scene.at) and scene.at > scene.begin):
            return None
        return _reserved(scene, scene.at)
    before = scene.before
    if before == scene.head and scene.found in ("EQUAL", "COMMA", "ARROW", "DOT"):
        if scene.word(before) in scene.grammar.words and scene.word(before).isalpha():
            return _reserved(scene, before)
    return None


def _reserved(scene: Scene, token: int) -> Mistake:
    word = scene.word(token)
    message = f"`{word}` is a word of the language, expected a name"
    help = f"take another name, or write it with backticks around it: `{word}`"
    if token == scene.head and word in _NAMED and scene.found == "EQUAL":
        help = f"a name stands behind it: `{_NAMED[word]}`"
    return Mistake("BSC2114", message, help, scene.tokens.where(token),
                   repair=Replace(token, "NAME"))  # fmt: skip


def _quotes(scene: Scene) -> Mistake | None:
    """`target ideal`, `weights w = mlp.npz`, `model "mlp"`."""
    if scene.found == "NAME" and scene.expected == {"STRING"}:
        end = scene.at
        while scene.terminal(end + 1) in ("DOT", "NAME", "MINUS", "SLASH", "NUMBER"):
            end += 1
        name = scene.tokens.text[scene.tokens.starts[scene.at] : scene.tokens.ends[end]]
        what = "the name of a target" if scene.follows == "TARGET" else "the name of a file"
        help = f'write "{name[:40]}"'
        repair = Replace(scene.at, "STRING") if end == scene.at else None
        return Mistake("BSC2120", f"{what} stands in quotes", help, repair=repair)
    if scene.found == "STRING" and "NAME" in scene.expected and not scene.wants_value:
        if scene.at_beginning or scene.wants_stage:
            return None
        message = f"{scene.shown}, expected a name, which has no quotes"
        return Mistake("BSC2120", message, repair=Replace(scene.at, "NAME"))
    return None


def _header(scene: Scene) -> Mistake | None:
    """`model {`, `train now {`, `model mlp:`, `model mlp` and the brace below it."""
    head = scene.head
    item = scene.terminal(head)
    if item not in ("MODEL", "BLOCK", "TRAIN", "TARGET", "LAYER") or scene.at - head > 2:
        if "LBRACE" not in scene.expected or scene.opener is not None:
            return None
    word = scene.word(head)
    if scene.found == "LBRACE" and scene.expected == {"NAME"}:
        message = f"the {word} has no name"
        return Mistake("BSC2110", message, f"such as `{word} mlp {{`", repair=Insert(("NAME",)))
    if "LBRACE" not in scene.expected:
        return None
    if item == "TRAIN" and scene.found in ("NAME", "STRING"):
        message = "a train section has no name, expected `{`"
        return Mistake("BSC2122", message, repair=Delete())
    if scene.kind == NEWLINE and scene.tokens.kinds[scene.at + 1] == LBRACE:
        message = "the line ends before `{`"
        help = f"the `{{` stands on the line of `{word}`"
        return Mistake("BSC2122", message, help, repair=Delete())
    if scene.found == "COLON":
        message = "found `:`, expected `{`"
        help = "a body stands in braces { }, indented or not"
        return Mistake("BSC2122", message, help, repair=Replace(scene.at, "LBRACE"))
    if scene.kind == LPAR and item == "MODEL":
        message = "a model has no parameters"
        help = "its inputs are lines of it, `input x: f32[784]`; constants are given by `let`"
        return Mistake("BSC2122", message, help)
    if scene.found in ("NEWLINE", "$END") and item != "TARGET":
        message = f"{scene.shown}, expected `{{`"
        help = f"what belongs to `{word}` stands in braces {{ }}, the first one on this line"
        mended = Replace(scene.at, "LBRACE") if scene.kind == NEWLINE else None
        return Mistake("BSC2122", message, help, repair=mended)
    return None


def _docstring(scene: Scene) -> Mistake | None:
    if scene.follows == "DOC" and scene.begin == scene.before and scene.found != "DOC":
        if scene.found in ("RBRACE", "$END"):
            message = "nothing stands behind this docstring"
            help = "it belongs to the item or statement behind it; a remark begins with #"
            return Mistake("BSC2121", message, help, scene.tokens.where(scene.before))
        return None
    if scene.found == "DOC":
        if scene.follows == "DOC" and scene.begin == scene.before:
            return Mistake("BSC2121", "there is a docstring already", repair=Delete(),
                           second=(scene.tokens.where(scene.before), "the first one"))  # fmt: skip
        help = 'a docstring stands above an item or statement; a string is written "..."'
        mended = Replace(scene.at, "STRING") if scene.wants_value else None
        return Mistake("BSC2121", "found a docstring within a line", help, repair=mended)
    return None


RULES: tuple[Rule, ...] = (
    _docstring,
    _remark,
    _other_language,
    _word_as_name,
    _misspelt,
    _outside_a_body,
    _shared_stages,
    _value_without_name,
    _quotes,
    _header,
)
