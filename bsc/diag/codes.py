"""Every diagnostic code with its page: what it means and how to mend it.

Ranges: 1xxx reading models, 2xxx the languages (DSL, text IR), 3xxx mapping to binary stochastic
operators, 4xxx targets, 5xxx program and checkpoint files, 6xxx data and sessions, 7xxx the command
line, 9xxx bugs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodePage:
    """The page that `bsc explain` prints."""

    title: str
    text: str


CODES: dict[str, CodePage] = {
    "BSC1001": CodePage(
        "the file is no ONNX model",
        "The file is empty, cut off, of another format, or not a serialised ModelProto. Export "
        "the model again and check its size; `python -m onnx.checker FILE` tells more. One file "
        "holds at most 2 GiB; larger models keep their weights beside it: "
        "onnx.save(model, path, save_as_external_data=True).",
    ),
    "BSC1002": CodePage(
        "the model file cannot be read",
        "The path names no file, a folder, or a file that you may not read.",
    ),
    "BSC1003": CodePage(
        "a form of an operator that is not supported",
        "The operator is supported, but not with these inputs or attributes: for example a softmax "
        "across the batch, dropout in training mode, or a Gemm that transposes the model's input. "
        "The message says what was found. Export the model for inference; `bsc check MODEL` "
        "lists every node.",
    ),
    "BSC1004": CodePage(
        "the operator set is not supported",
        "A model names the version of ONNX's operators that it was written for. bsc knows opset 11 "
        "to the newest one that was reviewed. Export again with another `opset_version`, or "
        "convert: onnx.version_converter.convert_version(model, 17).",
    ),
    "BSC1005": CodePage(
        "a tensor that cannot be read",
        "The data of an initialiser or constant do not fit its shape or type, or its type is not "
        "read. Weights may be float16, bfloat16, float32 or float64 (all are computed with as "
        "float32); constants may be integers, booleans and strings too.",
    ),
    "BSC1006": CodePage(
        "external data that cannot be read",
        "The model keeps weights in other files. They must lie in the model's folder or below: "
        "absolute paths, `..` and symbolic links are refused, because a model from elsewhere "
        "could name any file of yours. They must also be as long as the model says. Move the "
        "model and all files exported with it together.",
    ),
    "BSC1007": CodePage(
        "weights that are no numbers",
        "A weight is NaN or infinite, or becomes so in float32 (the largest is 3.4e38). The "
        "training diverged, or the file is damaged.",
    ),
    "BSC1008": CodePage(
        "the graph has a circle",
        "A node needs, over others, its own result. bsc compiles networks that feed forward; "
        "recurrent ones must be unrolled.",
    ),
    "BSC1009": CodePage(
        "a value is defined never or twice",
        "A node reads a name that no node, input or initialiser defines, or two of them define the "
        "same name. This happens when a model is cut or edited by hand: an initialiser was "
        "removed, a node renamed on one side only.",
    ),
    "BSC1010": CodePage(
        "the model's inputs or outputs do not fit",
        "bsc compiles models with one tensor as input, float, double or integer, of at least two "
        "dimensions, the batch first. Fix other inputs to constants, or concatenate the features "
        "outside the model.",
    ),
    "BSC1011": CodePage(
        "a dimension that is open",
        "Only the first dimension, the batch, may be open: every other one decides how many word "
        "and bit lines an array has. Export with fixed sizes, for example "
        "torch.onnx.export(..., dynamic_axes={'x': {0: 'N'}}).",
    ),
    "BSC1012": CodePage(
        "shapes or types that do not fit",
        "The inputs of a node contradict each other: the columns of one factor are not the rows of "
        "the other, two shapes do not broadcast, or types differ. The message shows both sides. "
        "onnxruntime refuses such a model as well.",
    ),
    "BSC1013": CodePage(
        "a tensor that is too large",
        "A shape asks for more elements than bsc takes (2^31 in the file, 2^28 computed while "
        "importing). It is refused before memory is taken. In a small file this is a damaged or "
        "hostile model.",
    ),
    "BSC1014": CodePage(
        "something that must be constant is computed",
        "Weights, biases, statistics of a batch normalisation, shapes and bounds must be known "
        "when the model is read. Here they depend on the model's input, as in attention or in a "
        "model exported in training mode. Export for inference with constants folded.",
    ),
    "BSC1015": CodePage(
        "operators that are not supported",
        "The report lists every node that bsc cannot read, with what can be done about it. "
        "`bsc check MODEL` prints the table of operators that are supported.",
    ),
    "BSC1016": CodePage(
        "functions of the model cannot be written out",
        "Model-local functions are copied into their callers. Here one calls itself, or they call "
        "each other so often that the model would become enormous.",
    ),
    "BSC1017": CodePage(
        "an output that is no tensor",
        "The model hands out a sequence, a map or an optional value. scikit-learn models do so "
        "behind ZipMap: convert with options={'zipmap': False}, then probabilities are an array.",
    ),
    "BSC2001": CodePage(
        "this is not the text form of a graph",
        "The text breaks the grammar at the place shown. A graph looks like this:\n"
        "    bsir 1\n"
        '    graph "mlp" at source {\n'
        "      input %x : f32[N, 4]\n"
        "      %y = relu(%x) : f32[N, 4]\n"
        "      output %y\n"
        "    }",
    ),
    "BSC2002": CodePage(
        "unknown encoding or stage in a graph",
        "A type is an encoding with extents, `f32[N, 10]`; a graph stands at one of the stages "
        "source, binary and tiled. The message lists the names there are.",
    ),
    "BSC2003": CodePage(
        "a name or attribute is given twice, or types do not match results",
        "Each value is defined once, each attribute is set once, and a node has one type behind "
        "its colon for each of its results.",
    ),
    "BSC2004": CodePage(
        "a number or string of a graph cannot be read",
        'Strings know the escapes \\", \\\\, \\n, \\t and \\u{hex}. Numbers must fit their type: '
        "write inf for infinity, not 1e999, and nan:0x7fc00001 for a NaN with given bits.",
    ),
    "BSC2005": CodePage(
        "the data of a constant does not fit its type",
        "The list or packed data behind the equals sign must hold exactly as many elements as the "
        "type says, written as its encoding is.",
    ),
    "BSC2006": CodePage(
        "the data of a constant was left out",
        "The graph was printed for people: large constants appear as a hash of their data, so it "
        "cannot be read back. Dump it with its data (`--dump-dir` does).",
    ),
    "BSC2007": CodePage(
        "the data of a constant is kept elsewhere",
        "The text comes from inside a program file, where the data of constants is a member of its "
        "own. `bsc inspect PROGRAM --ir` prints the graph by itself.",
    ),
    "BSC2008": CodePage(
        "the graph breaks a rule",
        "Every value is defined once and before it is read, every operator is known and allowed at "
        "the graph's stage, attributes are complete and types agree with inference.",
    ),
    "BSC2009": CodePage(
        "the text form has another version",
        "The first line names the version of the text form. Print the graph again with the bsc "
        "that you use.",
    ),
    "BSC2010": CodePage(
        "the file of a graph cannot be read",
        "The file is missing, may not be read, or is no UTF-8 text.",
    ),
    "BSC2011": CodePage(
        "the pipeline cannot be read",
        "A pipeline is a list of passes with options, `pass,pass{option=value}`; several options "
        "are separated by commas. The message names what is there to choose from.",
    ),
    "BSC3000": CodePage(
        "the compiler is uneasy",
        "The program is right, but something about it may cost accuracy; the message says what. "
        "`--remarks` prints all that the compiler decided.",
    ),
    "BSC3001": CodePage(
        "more than one input",
        "The chip encodes one input. Fix the other inputs to constants before the export, or join "
        "them into one.",
    ),
    "BSC3002": CodePage(
        "a value feeds several layers",
        "Arrays form one chain: each layer reads what the one before it gives. Branches between "
        "layers are not mapped.",
    ),
    "BSC3003": CodePage(
        "nothing for an array to do",
        "No dense layer (Gemm, or MatMul with a constant matrix) reads the model's input. "
        "`bsc check MODEL` lists what each operator becomes.",
    ),
    "BSC3004": CodePage(
        "an operator stands where no array can take it",
        "Before the first layer only rearranging and constant scaling may stand, between two "
        "layers only an activation and constant scaling. What comes behind the last layer runs beside the "
        "arrays and is free, but may not read the input or hold further layers.",
    ),
    "BSC3010": CodePage(
        "a compile option has no such value",
        "The message names the option and the values it takes.",
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
        "pairs are refreshed; counts are whole numbers from 1.",
    ),
    "BSC4001": CodePage(
        "the target file cannot be read",
        "The file is missing, may not be read, is no UTF-8 text, or is larger than 1 MiB. A target "
        "is a small TOML file; `bsc targets new NAME` writes one to start from.",
    ),
    "BSC4002": CodePage(
        "the target file is not TOML",
        "The text breaks TOML's rules at the place shown. Common causes: a string without quotes, "
        "a key set twice, a decimal comma.",
    ),
    "BSC4003": CodePage(
        "unknown key in a target",
        "No part of a target has such a key, so it would have no effect. docs/targets.md lists "
        "every key with its unit.",
    ),
    "BSC4004": CodePage(
        "missing key in a target",
        "The key has no default. docs/targets.md lists every key with its unit; `extends` takes "
        "the missing ones from another target.",
    ),
    "BSC4005": CodePage(
        "a value of a target is out of range or of the wrong type",
        "The message says what was found and what is allowed. Conductances are in siemens (3 nS is "
        "3e-9), voltages in volt; a tile has 1 to 1024 rows and columns.",
    ),
    "BSC4006": CodePage(
        "values of a target contradict each other",
        "Each value is fine by itself but not beside the others: Gmax below Gmin, a style without "
        "the pulses it needs, tables of two lengths.",
    ),
    "BSC4007": CodePage(
        "unknown target",
        "No installed package offers a target of this name and no file has it. `bsc targets list` "
        "prints all names; a path must end in .toml.",
    ),
    "BSC4008": CodePage(
        "a target plug-in is broken",
        "An installed package announces targets (entry points of the group bsc.targets) but fails "
        "when it is asked for them, or offers a name that another package has. Mend or uninstall "
        "the package that is named.",
    ),
    "BSC4009": CodePage(
        "`extends` leads nowhere",
        "A target that extends others must end, after at most 8 steps, at one that extends none; a "
        "circle has no end.",
    ),
    "BSC4010": CodePage(
        "the rule does not learn on this target",
        "Rule and device step together are the learning rate, so not every pair can learn "
        "(docs/semantics.md, section 9). The program runs; expect the accuracy that the message "
        "names.",
    ),
    "BSC4011": CodePage(
        "a target is legal but surprising",
        "Every value may stand there, yet chips are seldom so: `bsc targets check` says what would "
        "surprise you in training.",
    ),
    "BSC7001": CodePage(
        "the system refuses to read or write a file",
        "The disk is full, a folder is missing, or permission is lacking. What was there before is "
        "not harmed: files are written beside the old one and moved into place.",
    ),
    "BSC7002": CodePage(
        "there is not enough memory",
        "The system gave no more memory. Training needs at most 16 bytes a weight; data sets are "
        "held as they are stored, so uint8 images take a quarter of float32 ones.",
    ),
    "BSC7003": CodePage(
        "unknown diagnostic code",
        "`bsc explain` without a code lists all of them.",
    ),
    "BSC7004": CodePage(
        "the file is there already",
        "bsc does not write over a file that you may have edited. Give another name with -o.",
    ),
    "BSC7005": CodePage(
        "the self-test failed",
        "Two executors of bsc disagree on this machine, or one of them failed. Results of this "
        "installation are not to be trusted; please report the versions that `bsc doctor` prints.",
    ),
    "BSC7006": CodePage(
        "no such pass ran",
        "--stop-after and --print-ir-after name passes of the pipeline; the message lists those "
        "that ran.",
    ),
    "BSC7007": CodePage(
        "the program has no such input",
        "`bsc inspect PROGRAM` shows the input's name and shape; with one input the name may be "
        "left out.",
    ),
    "BSC7008": CodePage(
        "the input file is no array",
        "`bsc run` reads what numpy.save wrote: one array of numbers, one sample a row. Files with "
        "Python objects in them are refused, because loading one would execute it.",
    ),
    "BSC7009": CodePage(
        "the option belongs to a model, not to a program",
        "Ranges of input and activations, and what the program is printed as, are decided when a "
        "model is compiled. Compile the model again with the option.",
    ),
    "BSC5001": CodePage(
        "the program file cannot be opened",
        "The file is missing, is a folder, or may not be read.",
    ),
    "BSC5002": CodePage(
        "this is not a program file",
        "A program file (`.bsp`) is a zip archive with a manifest. This file is something else, or "
        "it is cut off: a download or copy that was interrupted looks like this.",
    ),
    "BSC5003": CodePage(
        "a part of the program file is damaged",
        "The bytes of the part that is named do not have the checksum that the manifest states, or "
        "are not in the form they must have. Copy the file again, or compile the model again.",
    ),
    "BSC5004": CodePage(
        "the program file is newer than this bsc",
        "The file was written by a later version. Install that one, or compile the model again.",
    ),
    "BSC5005": CodePage(
        "the manifest of the program file is not valid",
        "The manifest lacks a field, or has one of the wrong kind; the message names each. Program "
        "files are written by bsc alone: compile the model again.",
    ),
    "BSC5006": CodePage(
        "a part of the program file is missing, or does not belong there",
        "The manifest lists every part with its size and checksum, and the archive must hold those "
        "parts and no other.",
    ),
    "BSC5007": CodePage(
        "a part of the program file claims a size that it cannot have",
        "Sizes are checked against the file before memory is taken. Parts are stored as they are, "
        "never compressed or encrypted. A file that breaks this was not written by bsc.",
    ),
    "BSC5008": CodePage(
        "a graph inside the program file cannot be read",
        "The text of the model's graph, or the data of its constants, is not what it must be.",
    ),
    "BSC5010": CodePage(
        "the program breaks a rule",
        "Executors rely on the program's steps, tiles, tables and cells without looking again, so "
        "a program that breaks a rule is refused as a whole. A program that bsc just compiled "
        "never does; a file that was changed by hand may.",
    ),
    "BSC5011": CodePage(
        "the program file cannot be written",
        "The disk may be full, the folder missing or not writable. The file is written beside its "
        "place under another name first, so what stood there before is as it was.",
    ),
    "BSC6001": CodePage(
        "the data cannot be read",
        "There is no file or folder of that name, or it may not be read. `--data` takes a .npz "
        "file, a folder of MNIST-style IDX files, or the name of a data set: mnist, digits, "
        "fashion-mnist.",
    ),
    "BSC6002": CodePage(
        "unknown data set",
        "Data sets with a name are mnist, digits and fashion-mnist. Anything else is a path: a "
        ".npz file or a folder of IDX files.",
    ),
    "BSC6003": CodePage(
        "the file is neither .npz nor IDX",
        "Data come as a .npz archive (numpy.savez(FILE, x=..., y=...)) or as IDX files, the format "
        "of MNIST, plain or gzipped. The message shows the file's first bytes.",
    ),
    "BSC6004": CodePage(
        "the data file is damaged",
        "It is cut off, has a broken checksum, or claims sizes that it cannot hold. Sizes are "
        "compared with the file before memory is taken. Fetch or write the file again.",
    ),
    "BSC6005": CodePage(
        "the data hold pickled objects",
        "Python objects in a .npz are pickles, and loading a pickle can run code, so it is never "
        "done. Rows of different lengths or a list of strings make such arrays; give them one "
        "shape and a number type: numpy.asarray(rows, dtype=numpy.float32).",
    ),
    "BSC6006": CodePage(
        "an array is missing from the data",
        "A data set has inputs `x` (or arrays named as the model's inputs) and, for training and "
        "accuracy, labels `y`; `x_test` and `y_test` are optional.",
    ),
    "BSC6007": CodePage(
        "the data are empty",
        "An array has no samples, or is one number. Samples stand along the first axis: one sample "
        "alone is x[None].",
    ),
    "BSC6008": CodePage(
        "the data hold NaN or infinity",
        "No probability stands for such a value. Replace or drop these samples: "
        "x = x[numpy.isfinite(x).all(axis=1)].",
    ),
    "BSC6009": CodePage(
        "the data do not have the model's width",
        "Each sample must have as many values as the model's input. [N, 784], [N, 28, 28] and "
        "[N, 1, 28, 28] are read as each other; other shapes must agree axis by axis, because "
        "values in another order would be silently wrong.",
    ),
    "BSC6010": CodePage(
        "labels are no classes of the model",
        "Each sample has one label: an integer from 0, one for each output of the last layer, or "
        "one of the labels that the model itself names. One-hot rows become labels by "
        "y.argmax(axis=1).",
    ),
    "BSC6011": CodePage(
        "samples and labels differ in number",
        "Every sample needs one label, in the same order.",
    ),
    "BSC6012": CodePage(
        "values outside the input's range",
        "The array sees an input value as a probability: its range becomes 0 to 1. Values outside "
        "have none. The range is [0, 1] unless the program was compiled with --input-range LOW "
        "HIGH or --calibrate DATA. Analog evaluation also takes values outside an assumed range; "
        "training and the sampled modes do not.",
    ),
    "BSC6013": CodePage(
        "the data are no numbers",
        "Inputs are integers, floats or booleans. Text in labels is read only where the model "
        "names its classes by text.",
    ),
    "BSC6014": CodePage(
        "nothing is left to train on",
        "`--validation N` holds back the last N training samples; fewer samples than N, or a "
        "negative N, leave nothing to learn from or to measure on.",
    ),
    "BSC6020": CodePage(
        "samples were reshaped",
        "The data's shape differs from the model's by axes of one or by being flat; both hold the "
        "same values in the same order.",
    ),
    "BSC6021": CodePage(
        "pixels enter unscaled",
        "Bytes are scaled by 1/255, except where the program's input range was declared to reach "
        "past 8 (0 to 255, for instance): then the model scales them itself.",
    ),
    "BSC6022": CodePage(
        "values were clipped",
        "Ranges learned from calibration data saturate: a value outside counts as the nearest one "
        "inside. Many of them mean that the calibration data were unlike these.",
    ),
    "BSC6023": CodePage(
        "analog mode computes in floating point",
        "Analog mode is exact integer arithmetic where all signals are probabilities. Activations "
        "that are not (relu, for instance) and values outside the input's range are evaluated in "
        "floating point, on the same code-rounded weights.",
    ),
    "BSC6030": CodePage(
        "wrong inference options",
        "Modes are analog, binary, stochastic and vote. `--repeats` and `--reads` belong to "
        "stochastic and vote, are at least 1, and their product is at most 65536.",
    ),
    "BSC6031": CodePage(
        "the program cannot be trained",
        "Its network has no training steps; the message says why. It can still be evaluated.",
    ),
    "BSC6032": CodePage(
        "no such executor",
        "Executors run a program: `simulator`, `reference`, and those that installed packages "
        "offer (entry points of the group bsc.executors).",
    ),
    "BSC6033": CodePage(
        "a number of the session is out of range",
        "Epochs count from 0, threads from 1; a seed has 64 bits and no sign.",
    ),
    "BSC6034": CodePage(
        "many cells are at a limit",
        "A one-way cell that reached the end of its range takes no more pulses, so its weight "
        "cannot learn in one direction. `refresh_every` moves pairs back to the start with the "
        "same difference; a device of more steps or a higher threshold makes the range last "
        "longer.",
    ),
    "BSC6035": CodePage(
        "outputs were left out",
        "The model hands out values of inner layers. Sampled modes compute bits there; analog "
        "mode computes the values.",
    ),
    "BSC6036": CodePage(
        "there are no conductances",
        "The sgd rule keeps master weights in digital memory, on no cells. Compile the trained "
        "program for a rule of a device, or train with `carry`.",
    ),
    "BSC6101": CodePage(
        "no checkpoint to resume from",
        "The folder holds no checkpoints, or does not exist. Without --resume a run begins anew.",
    ),
    "BSC6102": CodePage(
        "a checkpoint is damaged",
        "Its files are incomplete or its digest does not match. The last two checkpoints are kept, "
        "and the newest that is whole is used.",
    ),
    "BSC6103": CodePage(
        "the checkpoint belongs to another program",
        "A run resumes with the model, device and input range that it was begun with, so that its "
        "result is the one it would have had. Other tiles are fine.",
    ),
    "BSC6104": CodePage(
        "the checkpoint belongs to other data",
        "A run resumes with the training data that it was begun with, in the same order, and with "
        "the same --validation.",
    ),
    "BSC6105": CodePage(
        "the checkpoint belongs to another plan",
        "A run resumes with the rule, batch, threshold, eta and seed that it was begun with.",
    ),
    "BSC6106": CodePage(
        "a checkpoint cannot be written",
        "The disk is full, or the folder may not be written. Checkpoints appear whole or not at "
        "all: earlier ones are untouched. Make room and resume.",
    ),
    "BSC6107": CodePage(
        "the folder already holds checkpoints",
        "A new run would mix with the old one and in the end remove it. Resume, or give another "
        "folder.",
    ),
    "BSC6108": CodePage(
        "the rule keeps no checkpoints",
        "`hp` trains in floating point on the host, as a baseline; it is short, has no digest, and "
        "begins anew each time.",
    ),
    "BSC6201": CodePage(
        "a printed program names what its program file does not have",
        "The Python text and the .bsp beside it belong together: buffers and arrays are those of "
        "the program file. Export both again, or give the right file with --program.",
    ),
    "BSC9001": CodePage(
        "internal error",
        "A bug in bsc: an invariant of the compiler does not hold. Please report the message.",
    ),
}
