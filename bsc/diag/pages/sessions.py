"""6xxx: Data, sessions and checkpoints."""

from __future__ import annotations

from bsc.diag.page import CodePage

SESSIONS: dict[str, CodePage] = {
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
        "A data set has an array for each input of the model and, for training and evaluation, for "
        "each output, by their names. With one input `x` will do, with one output `y`. Test "
        "arrays, such as `x_test` and `y_test`, are optional, but go together. A target of another "
        "name, as an autoencoder's input is, is given by --answer OUTPUT=ARRAY.",
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
        "samples and targets differ in number",
        "Every sample needs a value of each input and a target of each output, in the same order.",
    ),
    "BSC6012": CodePage(
        "values outside the input's range",
        "The array sees an input value as a probability: its range becomes 0 to 1. Values outside "
        "have none. The range is [0, 1] unless the program was compiled with "
        "--input-range=LOW:HIGH (--input-range=-4:4, input_range=(-4, 4) in Python) or "
        "--calibrate DATA. Analog evaluation also takes values outside an assumed range; "
        "training and the sampled modes do not.",
    ),
    "BSC6013": CodePage(
        "the data are no numbers",
        "Inputs are integers, floats or booleans, in rows of one length. Text in labels is read "
        "only where the model names its classes by text.",
    ),
    "BSC6014": CodePage(
        "nothing is left to train on",
        "`--validation N` holds back the last N training samples; fewer samples than N, or a "
        "negative N, leave nothing to learn from or to measure on.",
    ),
    "BSC6015": CodePage(
        "targets do not have the output's shape",
        "An output that is read as logistic answers a number from 0 to 1 in each column. Its "
        "targets are [N, columns], or in the output's own shape, or the class of each sample, [N].",
    ),
    "BSC6016": CodePage(
        "targets outside 0 to 1",
        "The rule draws a bit for each target, so a target is a probability. Scale the numbers; "
        "uint8 counts as pixel / 255.",
    ),
    "BSC6017": CodePage(
        "the model has no such input or output, or it takes no array",
        "Arrays and targets are given by the names of the model's inputs and outputs; `bsc inspect "
        "PROGRAM` lists them. An output that is read as none takes no target, and outputs that are "
        "made of the same sums (a softmax and its ArgMax) take one together.",
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
    "BSC6024": CodePage(
        "the pixels are very dark",
        "Bytes are pixels and are scaled by 1/255. Bytes that hold 0 and 1, or small counts, are "
        "almost nothing after that. Store such values as float32, and declare their range with "
        "--input-range=LOW:HIGH where it is not [0, 1].",
    ),
    "BSC6025": CodePage(
        "arrays of the data are not used",
        "An array whose name is that of no input and no output of the model is passed over. Where "
        "it was meant to be one, name it so, or give a target by --answer OUTPUT=ARRAY.",
    ),
    "BSC6030": CodePage(
        "wrong inference options",
        "Modes are analog, binary, stochastic and vote. `--repeats` and `--reads` belong to "
        "stochastic and vote, are at least 1, and their product is at most 65536. A seed is a "
        "number of 64 bits, 0 to 18446744073709551615.",
    ),
    "BSC6031": CodePage(
        "the program cannot be trained",
        "Its network has no training steps, or its chip is so old that the clocks which key its "
        "draws would run over; the message says why. It can still be evaluated.",
    ),
    "BSC6032": CodePage(
        "no such executor",
        "Executors run a program: `simulator`, `machine`, `reference`, and those that installed "
        "packages offer (entry points of the group bsc.executors).",
    ),
    "BSC6033": CodePage(
        "an argument of the session is out of range",
        "Epochs count from 0, threads from 1; a seed has 64 bits and no sign; all are whole "
        "numbers. A session holds a Program (bsc.compile makes one, bsc.load reads a file), and "
        "callbacks are a list of objects with on_progress and on_epoch (derive from "
        "bsc_runtime.Callback). Files and folders are paths, an executor is a name or a factory.",
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
    "BSC6090": CodePage(
        "the chip does not fit into memory",
        "The simulator holds codes, counters and references of every cell, 5 to 10 bytes a weight. "
        "The message says how much that is and how much this machine has left.",
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
    "BSC6109": CodePage(
        "the checkpoint is of another version of bsc",
        "The versions keep different fingerprints of program, data and plan, so it cannot be told "
        "whether the run would go on as it began. Finish it with the version that began it, or "
        "begin anew in another folder.",
    ),
    "BSC6201": CodePage(
        "a printed program names what its program file does not have",
        "The Python text and the .bsp beside it belong together: buffers and arrays are those of "
        "the program file. Export both again, or give the right file with --program.",
    ),
}
