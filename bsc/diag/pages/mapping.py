"""3xxx: Mapping to binary stochastic operators, and plans."""

from __future__ import annotations

from bsc.diag.page import CodePage

MAPPING: dict[str, CodePage] = {
    "BSC3000": CodePage(
        "the compiler is uneasy",
        "The program is right, but something about it may cost accuracy; the message says what. "
        "`--remarks` prints all that the compiler decided.",
    ),
    "BSC3001": CodePage(
        "an input that no layer can read",
        "Every input of a network drives the word lines of at least one layer, and all its extents "
        "but the first, the batch, are known. Leave out of the model what nothing is computed "
        "from.",
    ),
    "BSC3002": CodePage(
        "one layer with two kinds of neurons",
        "The comparators behind a layer have one threshold table, so other layers read its sums "
        "through one activation. Give each activation a layer of its own.",
    ),
    "BSC3003": CodePage(
        "nothing for an array to do",
        "No dense layer (Gemm, or MatMul with a constant matrix) reads the model's input. "
        "`bsc check MODEL` lists what each operator becomes.",
    ),
    "BSC3004": CodePage(
        "an operator stands where no array can take it",
        "Before the first layers only rearranging, joining and constant scaling may stand, between "
        "two layers an activation, too; sums of two signals, softmax and gather cannot. The first "
        "operator that is in the way is told, not what follows from it. What comes behind the last "
        "layers runs beside the arrays and is free, but may not read an input or hold further "
        "layers. Convolutions and pooling are read, checked and run in floating point; arrays do "
        "not take them yet.",
    ),
    "BSC3005": CodePage(
        "a layer is too wide",
        "A sum over so many lines, all at the largest code, could pass 32 bits. 131,016 inputs or "
        "outputs of one layer are the most.",
    ),
    "BSC3006": CodePage(
        "the graph is not as a pass needs it",
        "`bsc opt` runs passes in any order, and some build on what others make: "
        "legalise-activations turns signals into probabilities, binarise needs these, "
        "derive-training and tile-arrays need its arrays. `bsc opt --list` lists passes and "
        "options; the compiler runs clean-up, fold-affine, sink-shapes, fold-affine, clean-up, "
        "legalise-activations, binarise, derive-training, tile-arrays.",
    ),
    "BSC3010": CodePage(
        "a compile option has no such value",
        "The message names the option (an argument of bsc.compile, or the flag of that name), what "
        "was given, and the values it takes.",
    ),
    "BSC3011": CodePage(
        "calibration data do not fit the model",
        "Calibration runs the model on the data to learn the ranges of its input and activations: "
        "the samples need the model's own shape, and finite numbers.",
    ),
    "BSC3020": CodePage(
        "unknown rule",
        "Rules: carry (counters, one pulse at |A| >= T), online (a pulse for each count), sgd "
        "(master weights in software), hp (floating point on the host).",
    ),
    "BSC3021": CodePage(
        "numbers of the train plan do not go together",
        "Rule online is carry with B = T = 1; only sgd and hp have a learning rate; only one-way "
        "pairs are refreshed; counts are whole numbers from 1; T - 1, and B for each place that "
        "reads a layer, must together fit its counters of 32 bits.",
    ),
    "BSC3022": CodePage(
        "unknown readout, or a readout of no output",
        "Readouts: softmax (one class index a sample), logistic (a target in [0, 1] for each "
        "column), none (the output is not trained). They are given by output; `*` is every other "
        "one.",
    ),
    "BSC3023": CodePage(
        "the plan speaks of a layer that is not there",
        "What is different for a layer (frozen, device, threshold, pulses) is given by its name. "
        "In a text it is the one that its train section uses, of ONNX models and programs the one "
        "of the array; `bsc inspect PROGRAM` lists them.",
    ),
}
