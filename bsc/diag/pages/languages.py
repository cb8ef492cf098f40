"""2xxx: The text form of graphs and pipelines."""

from __future__ import annotations

from bsc.diag.page import CodePage

LANGUAGES: dict[str, CodePage] = {
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
    "BSC2012": CodePage(
        "the text of a graph is too large",
        "A graph is read as 2^19 words and signs at most, from a file of at most 256 MiB. Packed "
        "data of a constant is one word, whatever its length, so that networks of 100 MB are far "
        "from either. In a list, each element is two: print large constants packed.",
    ),
}
