"""52xx: images of the instruction set: files and assembly."""

from __future__ import annotations

from bsc.diag.page import CodePage

IMAGES: dict[str, CodePage] = {
    "BSC5201": CodePage(
        "this is not an image",
        "An image begins with the word `BSCISA`. This file is something else. `bsc asm` makes an "
        "image of assembly.",
    ),
    "BSC5202": CodePage(
        "the image or the assembly is of another version",
        "Images and assembly name their version. A bsc reads its own major version, and minor "
        "versions that are not later than its own. Install the bsc that wrote it, or make it "
        "again.",
    ),
    "BSC5203": CodePage(
        "the image is damaged",
        "The bytes do not have the checksums or the length that the header states. A copy that was "
        "interrupted looks like this. Copy the file again, or make it again.",
    ),
    "BSC5204": CodePage(
        "the sections of the image are not those of an image",
        "Sections stand in the order of their kinds and cores, without gaps, each once, and fill "
        "the file. Sizes are checked against the file before memory is taken. bsc writes no file "
        "that breaks this.",
    ),
    "BSC5205": CodePage(
        "a record of the image holds a number that means nothing",
        "Each field of a record has numbers that it takes, and bits that no field has are 0. The "
        "message names section, item and field. docs/isa.md has the layouts.",
    ),
    "BSC5206": CodePage(
        "a word of code is no instruction",
        "Each word has one meaning or none; what is undefined is refused, never skipped. "
        "docs/isa.md lists the instructions, and opcodes that are kept for later.",
    ),
    "BSC5207": CodePage(
        "a name or text of the image cannot be one",
        "Names have letters, digits, `_` and `.`, at most 64, no digit or dot first, and each is "
        "there once in its section. Texts are UTF-8 of one line. Each string is stored once, in "
        "the order in which it is first used.",
    ),
    "BSC5208": CodePage(
        "tables or state of the image do not fit what is said of them",
        "Tables have as many entries as their records say, and the state as many bytes as its "
        "arrays need.",
    ),
    "BSC5209": CodePage(
        "the image cannot be read, or is too large",
        "The file is missing, is a folder or may not be read; or the image has more than 1 GiB, "
        "which is not read at all.",
    ),
    "BSC5220": CodePage(
        "the text of assembly cannot be read",
        "The file is missing, may not be read, is no UTF-8 text, has more than 64 MiB, or has a "
        "control character in it.",
    ),
    "BSC5221": CodePage(
        "a line of assembly cannot be read",
        "The line breaks the syntax at the place shown. Assembly looks like this:\n"
        "    .core     0\n"
        "    .vector   x kind=bit length=784 base=0 slots=16\n"
        "    .entry    train\n"
        "            loop    slot, b0        ; up to `end`\n"
        "              read    y, x, [0-15]\n"
        "            end",
    ),
    "BSC5222": CodePage(
        "there is no such directive, key or instruction",
        "The message names what is nearest. docs/isa.md lists instructions, and directives with "
        "their keys.",
    ),
    "BSC5223": CodePage(
        "a name that nothing has",
        "Vectors and tiles belong to a core; arrays, tables, neurons, readouts and updates to the "
        "image. Each is defined before it is used. Registers, counters and units have names of "
        "their own.",
    ),
    "BSC5224": CodePage(
        "something of the assembly is given twice, or is missing",
        "A directive has each of its keys once, and all that have no default. Views take kind and "
        "slots from their parent. `.isa`, `.target`, `.chip`, `.timing` and `.state` stand once.",
    ),
    "BSC5225": CodePage(
        "a number of the assembly does not fit",
        "Numbers are decimal, or hexadecimal with 0x, and must fit their field: the message says "
        "from where to where. Bytes of the state are two hexadecimal digits each.",
    ),
    "BSC5226": CodePage(
        "a name of the assembly cannot be given",
        "Names have letters, digits, `_` and `.`, at most 64, no digit or dot first, and are "
        "defined once. Of each kind there are only as many as an instruction can name.",
    ),
    "BSC5227": CodePage(
        "the operands are not those of the instruction",
        "Each instruction has its operands in a fixed order; the message says what stands there. "
        "docs/isa.md has an example of each.",
    ),
    "BSC5228": CodePage(
        "tables or state of the assembly have another size than they must",
        "Behind `.data` stand as many entries as `.table` says; `value x count` are equal ones. "
        "Behind `.state` stand the bytes of all arrays: cells, references, counters, wear.",
    ),
    "BSC5229": CodePage(
        "a part of the assembly is missing, or stands at the wrong place",
        "The text begins with `.isa`; it has a `.target`, a `.chip`, a `.timing`, and a `.core` "
        "with code. Vectors, tiles, entries and code stand behind the `.core` that they belong to. "
        "Entries and origins are followed by an instruction.",
    ),
}
