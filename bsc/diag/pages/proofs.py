"""523x: what the verifier of images proves."""

from __future__ import annotations

from bsc.diag.page import CodePage

PROOFS: dict[str, CodePage] = {
    "BSC5230": CodePage(
        "code of an image is not nested loops that lead to a halt",
        "Every `loop` and `chunks` needs its `end`, at most 8 of them stand inside each other, and "
        "a counter or a register b0 to b3 belongs to one of them at a time. A register b0 to b3 "
        "may be used only inside the `chunks` that writes it. The code of a core is its entries, "
        "one behind the other: each ends with a `halt` outside of all loops, and no word is left "
        "over. A kind of entry that one core has, all cores have.",
    ),
    "BSC5231": CodePage(
        "vectors, arrays or tiles of an image do not fit",
        "A vector with all its slots lies in the chip's memory of its kind, a view inside the slot "
        "of a vector that comes before it. A layer's sums must fit 32 bits, so an array has at "
        "most 131080 word lines and bit lines; a tile has at most 1024 of each. The tiles of all "
        "cores hold each cell of each array exactly once.",
    ),
    "BSC5232": CodePage(
        "tables of an image are not what they are used for",
        "Thresholds do not decrease and there are 2 to the power of `noise_bits` of them; a table "
        "of steps has an entry for each of 16384 codes and moves no cell by more than its range; "
        "steps of a fraction of a code need a table of noise factors. Readouts take a table of "
        "4096 exponentials and a reciprocal of 1 to 2**62. The message says what was found.",
    ),
    "BSC5233": CodePage(
        "the state in an image does not fit its arrays",
        "Cells, references, counters and wear have the shape of the array and lie in their range, "
        "and references are there exactly for cells of style reference.",
    ),
    "BSC5234": CodePage(
        "operands of an instruction do not go together",
        "What an operand names must be there and of the right kind. Vectors that an instruction "
        "goes through together are of one length and of the same elements of the layer; the lines "
        "of its tiles lie within its vectors; what it writes shares no memory with what it reads. "
        "Updates fit the style of the array's cells. All rows that a core takes from the host in a "
        "run are alike, and so are those that it hands out.",
    ),
    "BSC5235": CodePage(
        "a vector may be read before it is written",
        "Follow the vector from the start of the run, through every loop: there is a way on which "
        "the instruction finds elements that nothing has written, or that another vector in the "
        "same memory has written over. In a loop over slots only those slots are defined that an "
        "earlier loop with the same count has filled; give the vector as many slots as that count "
        "can be.",
    ),
    "BSC5236": CodePage(
        "cores may wait for each other for ever",
        "What one core sends to another, that core must receive, in the same order, of the same "
        "kind and length, and before the channel is too full to send on. The verifier proves it "
        "pass by pass: cores that exchange messages inside of loops go through loops of the same "
        "count, and a pass leaves channels as it found them. All cores come to the same number of "
        "barriers. A program that works but has no such proof is refused too: let loops of cores "
        "that talk to each other match.",
    ),
}
