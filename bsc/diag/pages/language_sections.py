"""BSC25xx: the sections train and target of `.bsc` programs, and writing programs."""

from __future__ import annotations

from bsc.diag.page import CodePage

LANGUAGE_SECTIONS: dict[str, CodePage] = {
    "BSC2501": CodePage(
        "a section that stands twice",
        "A file has at most one train and one target section.",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { batch = 4 }\n"
        "train { epochs = 3 }",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { batch = 4; epochs = 3 }",
    ),
    "BSC2502": CodePage(
        "a setting that is not known",
        "The nearest ones are suggested. Settings of a target are the keys of its TOML file, with"
        " dots between tables and keys.",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { epoch = 3 }",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { epochs = 3 }",
    ),
    "BSC2503": CodePage(
        "a setting that is given twice",
        "Each key is set once, and none is a value and a table at once; both places are shown.",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { batch = 4; batch = 8 }",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { batch = 8 }",
    ),
    "BSC2504": CodePage(
        "a setting of another kind",
        "The message says what was found and expected. Whether numbers go together is told when "
        "the model is compiled.",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { rule = fast }",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { rule = carry }",
    ),
    "BSC2505": CodePage(
        "a layer that the model does not have",
        "`layer NAME { .. }` in train speaks of a layer by its name: that behind `as`, of "
        "`layer`, or the operator with a number (dense1); in a block behind the block's name, as "
        "enc.hidden. The name of a block speaks of all layers in it, one that several layers got, "
        "as in a repeat, of them all.",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { layer hiden { frozen = true } }",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { layer hidden { frozen = true } }",
    ),
    "BSC2506": CodePage(
        "a readout of something that is no output",
        "`readout OUTPUT = softmax` or `= logistic` is about an output of the model.",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { readout h = softmax }",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(3) as hidden\n"
        "  output y = h -> relu\n"
        "}\n"
        "train { readout y = softmax }",
    ),
    "BSC2507": CodePage(
        "a graph that cannot be written as a program",
        "The language has inputs whose batch comes first, and tensors of finite numbers or texts,"
        " and no division by zero."
        " A graph that has others cannot be exported to it; `bsc opt` prints every graph."
        " The device of a layer is written as the name of a target, which must have that device"
        " still; a file is looked for beside the text, beside the program and in the current"
        " folder.",
    ),
    "BSC2508": CodePage(
        "weights to be kept where there are none",
        "`weights = keep` maps the weights of the model to the chip; where all layers leave theirs "
        "to the device there are none. Give them, from a file or drawn, or learn anew.",
        "model m {\n  input x: f32[4]\n  output y = x -> dense(3)\n}\ntrain { weights = keep }",
        "model m {\n  input x: f32[4]\n  output y = x -> dense(3)\n}\ntrain { weights = random }",
    ),
}
