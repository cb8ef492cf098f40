"""525x: code generation for the machine, and its runs."""

from __future__ import annotations

from bsc.diag.page import CodePage

MACHINES: dict[str, CodePage] = {
    "BSC5250": CodePage(
        "the program does not fit the chip's cores",
        "Vectors of a sample in flight, or numbers of a record, exceed what a core holds. Fewer "
        "samples are tried first, down to one. A target's [chip] says how large the memories of a "
        "core are and how many cores there are: `bsc targets show NAME`.",
    ),
    "BSC5251": CodePage(
        "the machine needs more memory than there is",
        "An image says how large its vectors, its backing memory and its outputs are, and this "
        "computer cannot hold them. Nothing was allocated. Start a run of fewer samples, or take a "
        "computer with more memory.",
    ),
    "BSC5252": CodePage(
        "the run cannot be started so",
        "Before a word is executed the host's registers and streams are compared with what the "
        "code takes: an entry of that kind, registers in range, as many inputs and labels as the "
        "loops ask for, each of the right length (docs/isa.md, host interface).",
    ),
    "BSC5253": CodePage(
        "the run could take too long",
        "The verifier bounds the cycles of a run from its loops and the host's registers, before "
        "it begins. This run's bound is above the limit: the code may be right and the limit low, "
        "or a loop repeats more often than was meant.",
    ),
    "BSC5254": CodePage(
        "a trap was executed",
        "`trap` stops all cores at once and hands its number to the host. A word of zeros is "
        "`trap 0`. Cells and counters are as they were at that moment.",
    ),
    "BSC5255": CodePage(
        "a core waits for ever",
        "The verifier proves that this cannot happen; so this is a bug of the verifier or of the "
        "machine. Please report it with the image.",
    ),
    "BSC5256": CodePage(
        "the words in the program file are not of this program",
        "A program that was compiled with --backend isa carries its words. They were made for "
        "another target, or have other arrays, than the program around them says. Compile the "
        "model again.",
    ),
    "BSC5257": CodePage(
        "the program's steps have no code",
        "The compiler puts steps together in one way, and code generation knows that way: bits of "
        "inputs and reads drive reads, errors come back from where bits went. This program, which "
        "is in order otherwise, came from elsewhere. Compile the model again, or take the backend "
        "python.",
    ),
}
