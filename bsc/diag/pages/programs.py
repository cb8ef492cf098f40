"""5xxx: Program files."""

from __future__ import annotations

from bsc.diag.page import CodePage

PROGRAMS: dict[str, CodePage] = {
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
        "the program file has a version that this bsc does not read",
        "Versions count from 1. One that this bsc does not know yet was written by a later bsc: "
        "install that one, or compile the model again.",
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
    "BSC5020": CodePage(
        "the program has no form in ONNX",
        "What runs beside the arrays holds an operator that `bsc export --onnx` does not write. "
        "`bsc export --python` writes every program.",
    ),
}
