"""BSC22xx: names, calls and blocks of `.bsc` programs."""

from __future__ import annotations

from bsc.diag.page import CodePage

LANGUAGE_NAMES: dict[str, CodePage] = {
    "BSC2201": CodePage(
        "a name that nothing defines",
        "A value, constant or function is named that is not there: misspelt, or defined further "
        "down. Names of a file are visible everywhere, those of a body from their line on.",
        "model m {\n  input x: f32[4]\n  let hidden = 8\n  output y = x -> dense(hiden)\n}",
        "model m {\n  input x: f32[4]\n  let hidden = 8\n  output y = x -> dense(hidden)\n}",
    ),
    "BSC2202": CodePage(
        "a name that is given twice",
        "Values are defined once and not assigned anew, and blocks have names that no operator "
        "has. Both places are shown.",
        "model m {\n  input x: f32[4]\n  h = x -> relu\n  h = h -> dense(5)\n  output y = h\n}",
        "model m {\n  input x: f32[4]\n  h = x -> relu\n  g = h -> dense(5)\n  output y = g\n}",
    ),
    "BSC2203": CodePage(
        "an operator, block or layer that is not there",
        "What stands behind `->` is an operator of the language, a block of the file or a layer "
        "of the body.",
        "model m {\n  input x: f32[4]\n  output y = x -> sigmiod\n}",
        "model m {\n  input x: f32[4]\n  output y = x -> sigmoid\n}",
    ),
    "BSC2204": CodePage(
        "a name that is of another kind",
        "Operators, blocks and layers stand behind `->`; functions are called in expressions; "
        "values begin flows.",
        "model m {\n  input x: f32[4]\n  output y = relu(x)\n}",
        "model m {\n  input x: f32[4]\n  output y = x -> relu\n}",
    ),
    "BSC2205": CodePage(
        "an argument that is not known",
        "The operator, function or block has no argument of this name.",
        "model m {\n  input x: f32[4]\n  output y = x -> dense(10, activation = true)\n}",
        "model m {\n  input x: f32[4]\n  output y = x -> dense(10) -> relu\n}",
    ),
    "BSC2206": CodePage(
        "an argument that is missing, too many or given twice",
        "Arguments by place come first, in the order of the signature, then those by name; each "
        "is given once, and those without default must be given.",
        "model m {\n  input x: f32[4]\n  output y = x -> dense(bias = false)\n}",
        "model m {\n  input x: f32[4]\n  output y = x -> dense(10, bias = false)\n}",
    ),
    "BSC2207": CodePage(
        "an argument of another kind",
        "The message says what was found and what the argument may be.",
        "model m {\n  input x: f32[4]\n  output y = x -> dense(2.5)\n}",
        "model m {\n  input x: f32[4]\n  output y = x -> dense(5 // 2)\n}",
    ),
    "BSC2208": CodePage(
        "blocks that call each other in a circle",
        "Blocks are written out where they are called, so that none can call itself, directly or "
        "over others. A number of equal layers is a repeat.",
        "block deep {\n"
        "  input v\n"
        "  output w = v -> relu -> deep\n"
        "}\n"
        "model m {\n"
        "  input x: f32[4]\n"
        "  output y = x -> deep\n"
        "}",
        "block deep {\n"
        "  input v\n"
        "  output w = v -> repeat 3 { relu }\n"
        "}\n"
        "model m {\n"
        "  input x: f32[4]\n"
        "  output y = x -> deep\n"
        "}",
    ),
    "BSC2209": CodePage(
        "a program that is nested too deep",
        "Blocks stand at most 32 deep in each other, expressions at most 150 deep, those of the "
        "blocks around included. Name a part with let, or write the inner blocks out.",
    ),
    "BSC2210": CodePage(
        "a model of too many layers",
        "Repeats and blocks are written out, and a model has at most 65,536 layers, operators and"
        " calls. This is counted before anything is made.",
        "model m {\n  input x: f32[4]\n  output y = x -> repeat 1_000_000 { relu }\n}",
        "model m {\n  input x: f32[4]\n  output y = x -> repeat 10 { relu }\n}",
    ),
    "BSC2211": CodePage(
        "constants that need each other",
        "The constants of a file stand in any order, but none can be computed from itself.",
        "let a = b + 1\nlet b = a\nmodel m {\n  input x: f32[4]\n  output y = x -> dense(a)\n}",
        "let a = b + 1\nlet b = 3\nmodel m {\n  input x: f32[4]\n  output y = x -> dense(a)\n}",
    ),
    "BSC2212": CodePage(
        "too few or too many values",
        "An operator takes one value, or as many as its sentence says; a block as many as it has "
        "inputs; names stand for as many values as there are. A group (a, b) flows as two.",
        "model m {\n  input x: f32[4]\n  h = x -> tanh\n  output y = (x, h) -> relu\n}",
        "model m {\n  input x: f32[4]\n  h = x -> tanh\n  output y = (x, h) -> concat -> relu\n}",
    ),
    "BSC2213": CodePage(
        "a file without model, input or output",
        "A file holds exactly one model; models and blocks read at least one input and hand out "
        "at least one output.",
        "model m {\n  input x: f32[4]\n  y = x -> relu\n}",
        "model m {\n  input x: f32[4]\n  output y = x -> relu\n}",
    ),
    "BSC2214": CodePage(
        "a value where a constant is expected, or the other way round",
        "`let` names what is known at compile time, `name = ..` what flows through the graph; "
        "arguments of operators and blocks are known at compile time.",
        "model m {\n  input x: f32[4]\n  let h = x -> relu\n  output y = h\n}",
        "model m {\n  input x: f32[4]\n  h = x -> relu\n  output y = h\n}",
    ),
    "BSC2215": CodePage(
        "a name that nothing uses",
        "A note: nothing that the model hands out depends on this name. Often another one was "
        "meant.",
        "model m {\n  input x: f32[4]\n  h = x -> relu\n  output y = x -> sigmoid\n}",
        "model m {\n  input x: f32[4]\n  h = x -> relu\n  output y = h -> sigmoid\n}",
    ),
    "BSC2216": CodePage(
        "more errors than are shown",
        "Of one file twenty errors are shown; of the others the number is told. Mend the first "
        "ones and check again: some of the others may have followed from them.",
    ),
}
