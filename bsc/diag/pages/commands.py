"""7xxx: The command line."""

from __future__ import annotations

from bsc.diag.page import CodePage

COMMANDS: dict[str, CodePage] = {
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
        "bsc does not write over a file that you may have edited. Give another name with -o. "
        "--dump-dir takes no folder with graphs of another run: the two would look like one.",
    ),
    "BSC7005": CodePage(
        "the self-test failed",
        "Two executors of bsc disagree on this machine, or one of them failed. Results of this "
        "installation are not to be trusted; please report the versions that `bsc doctor` prints.",
    ),
    "BSC7006": CodePage(
        "no such pass ran",
        "--stop-after, --print-ir-before and --print-ir-after name passes of the pipeline; the "
        "message lists those that ran.",
    ),
    "BSC7007": CodePage(
        "the program has no such input",
        "`bsc inspect PROGRAM` shows the names and shapes of inputs; with one input the name may "
        "be left out, with several each is given once, --input NAME=X.npy, or all by an .npz "
        "whose arrays have their names.",
    ),
    "BSC7008": CodePage(
        "the input file is no array",
        "`bsc run` reads what numpy.save or numpy.savez wrote: numbers, one sample a row. "
        "Files with Python objects in them are refused, because loading one would execute it.",
    ),
    "BSC7009": CodePage(
        "the option belongs to a model, not to a program",
        "Ranges of input and activations, and what the program is printed as, are decided when a "
        "model is compiled. Compile the model again with the option.",
    ),
    "BSC7010": CodePage(
        "an output is an input too",
        "The command would write over a file that it reads: the model, data, a target, or weights "
        "that a text names. Only `bsc train PROGRAM.bsp` may write the program that it goes on "
        "with.",
    ),
    "BSC7011": CodePage(
        "the file holds one output, the program has several",
        "A .npy file is one array. Write all outputs by their names into a .npz: -o Y.npz.",
    ),
    "BSC7012": CodePage(
        "the file is no reproducer",
        "`bsc opt --run-reproducer FILE` runs what the first line of FILE gives, such as\n"
        "    # bsc opt --pipeline 'binarise{weights=keep}'\n"
        "bsc writes such files where a pass breaks down. For any other graph, give --pipeline.",
    ),
    "BSC7013": CodePage(
        "the language server's packages are not installed",
        "`bsc lsp` speaks with editors over pygls, which compiling and training do without. "
        "Install it beside bsc, in the environment that the editor starts bsc from:\n"
        "    pip install 'bsc-toolchain[editors]'",
    ),
}
