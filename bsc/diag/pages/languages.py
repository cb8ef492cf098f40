"""20xx: The text form of graphs and pipelines."""

from __future__ import annotations

from bsc.diag.page import CodePage


def _graph(*lines: str, stage: str = "source", version: int = 1) -> str:
    """A graph as an example: its head, the lines, its end."""
    return "\n".join([f"bsir {version}", f'graph "mlp" at {stage} {{', *lines, "}"])


_X = "  input %x : f32[N, 4]"
_Y = "  %y = relu(%x) : f32[N, 4]"
_OUT = "  output %y"

LANGUAGES: dict[str, CodePage] = {
    "BSC2001": CodePage(
        "this is not the text form of a graph",
        "The text breaks the grammar at the place shown. A value is `%` and a name, a node has its "
        "operands in round brackets and its types behind a colon, data of a constant stand behind "
        "an equals sign.",
        _graph(_X, "  %y = relu %x : f32[N, 4]", _OUT),
        _graph(_X, _Y, _OUT),
    ),
    "BSC2002": CodePage(
        "unknown encoding or stage in a graph",
        "A type is an encoding with extents, `f32[N, 10]`; a graph stands at one of the stages "
        "source, binary and tiled. The message lists the names there are.",
        _graph("  input %x : float32[N, 4]", _Y, _OUT),
        _graph(_X, _Y, _OUT),
    ),
    "BSC2003": CodePage(
        "a name or attribute is given twice, or types do not match results",
        "Each value is defined once, each attribute is set once, and a node has one type behind "
        "its colon for each of its results.",
        _graph(_X, "  %y = clip(%x) {low = 0.0, low = 1.0} : f32[N, 4]", _OUT),
        _graph(_X, "  %y = clip(%x) {low = 0.0, high = 1.0} : f32[N, 4]", _OUT),
    ),
    "BSC2004": CodePage(
        "a number or string of a graph cannot be read",
        'Strings know the escapes \\", \\\\, \\n, \\t and \\u{hex}. Numbers must fit their type: '
        "write inf for infinity, not 1e999, and nan:0x7fc00001 for a NaN with given bits.",
        _graph(_X, "  %y = clip(%x) {high = 1e999} : f32[N, 4]", _OUT),
        _graph(_X, "  %y = clip(%x) {high = inf} : f32[N, 4]", _OUT),
    ),
    "BSC2005": CodePage(
        "the data of a constant does not fit its type",
        "The list or packed data behind the equals sign must hold exactly as many elements as the "
        "type says, written as its encoding is: floats with a point or exponent, integers without.",
        _graph(_X, "  constant %b : f32[4] = [1, 2, 3]", "  %y = add(%x, %b) : f32[N, 4]", _OUT),
        _graph(
            _X,
            "  constant %b : f32[4] = [1.0, 2.0, 3.0, 4.0]",
            "  %y = add(%x, %b) : f32[N, 4]",
            _OUT,
        ),
    ),
    "BSC2006": CodePage(
        "the data of a constant was left out",
        "The graph was printed for people: large constants appear as a hash of their data, so it "
        "cannot be read back. Dump it with its data (`--dump-dir` and `bsc opt -o` do).",
        _graph('  constant %b : f32[4] = elided "sha256:2f64c5"', "  output %b"),
        _graph("  constant %b : f32[4] = [1.0, 2.0, 3.0, 4.0]", "  output %b"),
    ),
    "BSC2007": CodePage(
        "the data of a constant is kept elsewhere",
        "The text comes from inside a program file, where the data of constants is a member of its "
        "own. `bsc inspect PROGRAM --ir` prints the graph by itself.",
        _graph("  constant %b : f32[4] = external", "  output %b"),
        _graph("  constant %b : f32[4] = [1.0, 2.0, 3.0, 4.0]", "  output %b"),
    ),
    "BSC2008": CodePage(
        "the graph breaks a rule",
        "Every value is defined once and before it is read, every operator is known and allowed at "
        "the graph's stage, attributes are complete and types agree with inference. "
        "`bsc opt --list-operators` lists operators, attributes and stages.",
        _graph(_X, "  %y = reshape(%x) {shape = [-1, 2, 2]} : f32[N, 4]", _OUT),
        _graph(_X, "  %y = reshape(%x) {shape = [-1, 2, 2]} : f32[N, 2, 2]", _OUT),
    ),
    "BSC2009": CodePage(
        "the text form has another version",
        "The first line names the version of the text form. Print the graph again with the bsc "
        "that you use.",
        _graph(_X, _Y, _OUT, version=2),
        _graph(_X, _Y, _OUT),
    ),
    "BSC2010": CodePage(
        "the file of a graph cannot be read",
        "The file is missing, may not be read, or is no UTF-8 text. `bsc opt` takes graphs as text "
        "(.bsir) and models (.onnx); what a program holds is printed by `bsc inspect --ir`.",
        "bsc opt program.bsp",
        "bsc inspect program.bsp --ir",
    ),
    "BSC2011": CodePage(
        "the pipeline cannot be read",
        "A pipeline is a list of passes with options, `pass,pass{option=value}`; several options "
        "are separated by commas. The message names what is there to choose from, and "
        "`bsc opt --list` all passes with their options.",
        "clean-up,tile-arrays(rows=64)",
        "clean-up,tile-arrays{rows=64}",
    ),
    "BSC2012": CodePage(
        "the text of a graph is too large",
        "A graph is read as 2^19 words and signs at most, from a file of at most 256 MiB. Packed "
        "data of a constant is one word, whatever its length, so that networks of 100 MB are far "
        "from either. In a list, each element is two: print large constants packed.",
        "constant %w : f32[784, 1000] = [0.5, 0.5, ...",
        'constant %w : f32[784, 1000] = zlib "eJzt...',
    ),
}
