"""BSC21xx: The syntax of `.bsc` files."""

from __future__ import annotations

from bsc.diag.page import CodePage

LANGUAGE_SYNTAX: dict[str, CodePage] = {
    "BSC2101": CodePage(
        "a text of the language cannot be read",
        "The file is not there, is a folder, may not be read, or holds bytes that are no UTF-8; "
        "the message says which, with the place of the byte. A byte order mark is skipped.",
    ),
    "BSC2102": CodePage(
        "a text of the language is too large or too deep",
        "A file has at most 16 MiB and 2^20 words, signs and lines; 64 brackets may be open at "
        "once, and 128 operators and calls may stand one within the other. The limits hold before "
        "memory is taken. Weights stand in files of their own, `block` and `repeat` say once what "
        "stands many times, and a part of a long expression gets a name on a line of its own.",
    ),
    "BSC2103": CodePage(
        "more mistakes of syntax than are shown",
        "Twenty mistakes are told, the others are counted. Mend the first ones: others often go "
        "with them.",
    ),
    "BSC2104": CodePage(
        "a character that no text may hold",
        "Control characters, separators of lines other than a line end, and marks that turn the "
        "direction of writing are refused, in comments and strings too: some make a text look "
        "like another one, some end it for other tools. A line feed, a carriage return, or both "
        "end a line, and nothing else does. A tab may stand wherever a blank may, but "
        "not in a string. In a string, such a character is written as \\u{hex}.",
        'let name = "a\x07b"',
        'let name = "a\\u{7}b"',
    ),
    "BSC2105": CodePage(
        "a sign or name that the language does not have",
        "The signs are -> = + - * / // % ** , : . .. ; and the brackets ( ) [ ] { }. Nothing is "
        "compared and nothing is changed, so there is no ==, < or +=. A plain name has the letters "
        "a to z, A to Z, digits and `_`; any other name stands in backticks.",
        "let width = 2 ^ 6",
        "let width = 2 ** 6",
    ),
    "BSC2106": CodePage(
        "a string, docstring or name has no end",
        "A string ends on its line, with the quotes it begins with; a line end in it is written "
        'as \\n. A docstring begins and ends with """, a name in backticks ends with one on its '
        "line and is not empty.",
        'weights w = "mlp.npz',
        'weights w = "mlp.npz"',
    ),
    "BSC2107": CodePage(
        "a string is not written as one",
        'Strings stand in straight double quotes. They know the escapes \\", \\\\, \\n, \\t and '
        "\\u{hex}, up to \\u{10ffff}; a tab is written \\t. They have at most 65536 characters.",
        "weights w = 'mlp.npz'",
        'weights w = "mlp.npz"',
    ),
    "BSC2108": CodePage(
        "a number is not written as one",
        "Numbers are decimal: 784, 1_000, 0.5, 1e-3, inf, nan. Digits stand on both sides of the "
        "point and of each `_`. Whole numbers have at most 40 digits, others fit double precision.",
        "let width = 0x40",
        "let width = 64",
    ),
    "BSC2109": CodePage(
        "the text does not go on as it should",
        "The message says what was found and what may stand there. A file is made of items:\n"
        "    let hidden = 64\n"
        '    weights w = "mlp.safetensors"\n'
        "    block part(width) { input v; output h = v -> dense(width) -> relu }\n"
        "    model mlp {\n"
        "      input x: f32[784] in 0..1\n"
        "      h = x -> dense(hidden) -> sigmoid\n"
        "      output y = h -> dense(10) -> softmax\n"
        "    }\n"
        "    train { rule = carry }\n"
        '    target "oxram-128" { array.rows = 64 }',
        "let width = 64 64",
        "let width = 64",
    ),
    "BSC2110": CodePage(
        "something is missing",
        "A line ends, or a bracket closes, where a value, a name or a stage should stand. A line "
        "goes on by itself in ( ) and [ ], behind an operator, and where the next line begins with "
        "`->`: an operator at the end of a line takes the next line for its value.",
        "let width = 8 *",
        "let width = 8 * 8",
    ),
    "BSC2111": CodePage(
        "a bracket is not closed",
        "The second place shows the bracket that waits for its end. Where the next statement or "
        "item begins, the bracket must have been closed before.",
        "model m {\n  input x: f32[2]\n  output y = x -> dense(8\n}",
        "model m {\n  input x: f32[2]\n  output y = x -> dense(8)\n}",
    ),
    "BSC2112": CodePage(
        "a bracket closes nothing, or another bracket",
        "Each bracket that closes belongs to the last open one, and is of its kind.",
        "let shape = [28, 28)",
        "let shape = [28, 28]",
    ),
    "BSC2113": CodePage(
        "a flow is not written as one",
        "A flow is a value, then stages, each behind `->`: `x -> dense(64) -> relu`. A stage is a "
        "layer, an activation, a block or `repeat`. A flow ends where its line ends: what is "
        "computed with its result stands on the next line, or puts the flow in parentheses. The "
        "result has a name, or nothing could use it.",
        "model m {\n  input x: f32[2]\n  output y = x -> dense(2) + x\n}",
        "model m {\n  input x: f32[2]\n  output y = (x -> dense(2)) + x\n}",
    ),
    "BSC2114": CodePage(
        "a word of the language stands where a name should",
        "let, weights, block, model, train, target, input, output, layer, readout, repeat, as, in, "
        "true and false are words of the language. In backticks they are names; as keys of "
        "settings and as names of arguments they stand as they are.",
        "let output = 10",
        "let outputs = 10",
    ),
    "BSC2115": CodePage(
        "an unknown word begins a line",
        "Items begin with let, weights, block, model, train or target; lines of a model or block "
        "with input, let, weights, layer, output or the name of a value. The help line says what "
        "is near, or how the language says what another one says with that word.",
        "modle m {\n  input x: f32[2]\n  output y = x\n}",
        "model m {\n  input x: f32[2]\n  output y = x\n}",
    ),
    "BSC2116": CodePage(
        "a line stands in the wrong place",
        "Items stand in the file, side by side; inputs, layers, values and outputs in the braces "
        "of a model or block; settings in those of train, target and of a layer within train; "
        "readouts and layers' plans in train.",
        "width = 64",
        "let width = 64",
    ),
    "BSC2117": CodePage(
        "another sign is meant",
        "A name or key gets its value with `=`; `:` stands between an input and its type alone. "
        "Values are separated by `,`, a range is written 0..1, `;` ends a statement.",
        "train {\n  rule: carry\n}",
        "train {\n  rule = carry\n}",
    ),
    "BSC2118": CodePage(
        "a comma or the end of a line is missing",
        "Values in brackets are separated by `,`; each statement, item and setting stands on a "
        "line of its own, or behind `;`.",
        "let shape = [28 28]",
        "let shape = [28, 28]",
    ),
    "BSC2119": CodePage(
        "an input is not declared right",
        "The input of a model has an encoding (f32, f64, u8, i32 or i64), the extents of one "
        "sample, and if need be the range of its values: `input x: f32[28, 28] in 0..1`. The input "
        "of a block is a name alone.",
        "model m {\n  input x: f32\n  output y = x\n}",
        "model m {\n  input x: f32[2]\n  output y = x\n}",
    ),
    "BSC2120": CodePage(
        "quotes where none belong, or none where they do",
        "Files and targets stand in quotes, names do not.",
        "target oxram-128",
        'target "oxram-128"',
    ),
    "BSC2121": CodePage(
        "a docstring stands where none belongs",
        'A docstring, """...""", stands on lines of its own above an item or statement, one for '
        "each; the one at the top of a file with an empty line behind it belongs to the file. A "
        'string is written "...", a remark begins with #.',
        'let a = 3\n"""What a is."""',
        '"""What a is."""\nlet a = 3',
    ),
    "BSC2122": CodePage(
        "a body is not opened right",
        "A model and a block have a name, a train section has none; `{` stands on the same line. A "
        "block may have parameters, a model has inputs.",
        "train now {\n  rule = carry\n}",
        "train {\n  rule = carry\n}",
    ),
}
