"""Text to graph: the exact inverse of `bsc.ir.printer`, and every mistake a diagnostic.

Sizes are checked before memory is taken: a constant costs at most what its own text can hold.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, TypeAlias

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.lark import PostLex

from bsc.diag import DiagnosticError, Sink, Span, fail
from bsc.diag.lines import with_plain_line_ends
from bsc.ir.atoms import read_float, unquote
from bsc.ir.constant_data import ConstantReader
from bsc.ir.graph import Array, AttrValue, Graph, Node
from bsc.ir.opdef import OpTable
from bsc.ir.printer import VERSION
from bsc.ir.types import Dim, Encoding, Stage, TensorType
from bsc.ir.verifier import problems

MAX_FILE_BYTES = 256 << 20
"""A file of a graph; data of constants as base64 is most of it."""

MAX_TOKENS = 1 << 19
"""Words and signs of a graph: each takes some 400 bytes of memory while it is read."""

_Tree: TypeAlias = Tree[Any]

_ENCODINGS = frozenset(Encoding)

_TERMINALS = {
    "VALUE": "a value such as `%x`",
    "NAME": "a name",
    "STRING": "a string",
    "INTEGER": "a whole number",
    "DECIMAL": "a number",
    "SPECIAL": "`inf` or `nan`",
    "TRUTH": "`true` or `false`",
    "OMITTED": "`_`",
}


def read_graph(path: Path, table: OpTable, stream: BinaryIO | None = None) -> tuple[Graph, str]:
    """The graph of a `.bsir` file, and its text.

    Args:
        path: the file, and what diagnostics call it.
        table: the operators.
        stream: read in its place where it is open already.

    Raises:
        DiagnosticError: it cannot be read, is too large, no UTF-8, or holds no valid graph.
    """
    text = _read_text(path, stream)
    return parse_graph(text, table, source=str(path)), text


def _read_text(path: Path, stream: BinaryIO | None) -> str:
    at = Span(str(path))
    try:
        with path.open("rb") if stream is None else nullcontext(stream) as source:
            data = source.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise fail("BSC2010", f"cannot read: {error.strerror}", at=at) from None
    if len(data) > MAX_FILE_BYTES:
        raise fail("BSC2012", f"the file is larger than {MAX_FILE_BYTES >> 20} MiB", at=at)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise fail(
            "BSC2010",
            f"no UTF-8 at byte {error.start}",
            at=at,
            help="a graph is text; models that `bsc opt` reads end in .onnx",
        ) from None


def parse_graph(
    text: str,
    table: OpTable,
    *,
    source: str = "<text>",
    external: Mapping[str, Array] | None = None,
) -> Graph:
    """Read a graph from text and verify it.

    Args:
        text: what `print_graph` wrote, or a person.
        table: the operators.
        source: what diagnostics call the text.
        external: data of the constants written as `external`.

    Raises:
        DiagnosticError: all problems found, each with line and column.
    """
    text = with_plain_line_ends(text)
    try:
        tree = _grammar().parse(text)
    except UnexpectedCharacters as error:
        at = Span(source, error.line, error.column)
        raise fail("BSC2001", f"found {error.char!r}, which starts nothing here", at=at) from None
    except UnexpectedToken as error:
        raise _syntax_error(error, text, source) from None
    except _TooLongError as error:
        at = Span(source, error.token.line, error.token.column)
        raise fail("BSC2012", f"more than {MAX_TOKENS} words and signs", at=at) from None
    return _Reader(source, table, external or {}).graph(tree)


class _TooLongError(Exception):
    def __init__(self, token: Token) -> None:
        super().__init__()
        self.token = token


class _Limit(PostLex):
    """Stands between lexer and parser and counts; the syntax tree is what takes memory."""

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        for number, token in enumerate(stream):
            if number >= MAX_TOKENS:
                raise _TooLongError(token)
            yield token


@functools.cache
def _grammar() -> Lark:
    text = resources.files("bsc.ir").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="contextual", maybe_placeholders=False, postlex=_Limit())


def _syntax_error(error: UnexpectedToken, text: str, source: str) -> DiagnosticError:
    token = error.token
    literal = {t.name: f"`{t.pattern.value}`" for t in _grammar().terminals}
    wanted = sorted(
        {_TERMINALS.get(name) or literal.get(name, "the end") for name in error.expected}
    )
    expected = ", ".join(wanted[:-1]) + " or " + wanted[-1] if len(wanted) > 1 else wanted[0]
    if token.type == "$END":
        last = text.rfind("\n") + 1
        at = Span(source, text.count("\n") + 1, len(text) - last + 1)
        return fail("BSC2001", f"the text ends here, expected {expected}", at=at)
    shown = token if len(token) <= 40 else token[:37] + "..."
    at = Span(source, token.line, token.column, len(token))
    return fail("BSC2001", f"found `{shown}`, expected {expected}", at=at)


def _parts(tree: _Tree) -> list[Any]:
    """Children: tokens and trees, in the grammar's order."""
    return tree.children


@dataclass(slots=True)
class _Reader:
    """Walks the syntax tree once; collects problems."""

    source: str
    table: OpTable
    external: Mapping[str, Array]
    sink: Sink = field(default_factory=Sink)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    types: dict[str, TensorType] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    node_places: list[Span] = field(default_factory=list)
    value_places: dict[str, Span] = field(default_factory=dict)

    def graph(self, tree: _Tree) -> Graph:
        version, name, stage, *statements = _parts(tree)
        if self._integer(version) != VERSION:
            message = f"the text is of version {version}, this bsc reads version {VERSION}"
            raise fail("BSC2009", message, at=self._at(version))
        if str(stage) not in list(Stage):
            self._wrong("BSC2002", stage, f"unknown stage {stage}, expected {', '.join(Stage)}")
            self.sink.raise_if_errors()
        reader = ConstantReader(self.sink, self.external)
        for statement in statements:
            match statement.data:
                case "input":
                    self._input(statement)
                case "constant":
                    self._constant(statement, reader)
                case "node":
                    self._node(statement)
                case _:
                    self._output(statement)
        graph = Graph(
            self._string(name),
            Stage(str(stage)),
            tuple(self.inputs),
            tuple(self.outputs),
            tuple(self.nodes),
            MappingProxyType(self.types),
            MappingProxyType(self.constants),
        )
        self.sink.raise_if_errors()
        self._verify(graph, self._at(name))
        return graph

    def _verify(self, graph: Graph, header: Span) -> None:
        for problem in problems(graph, self.table):
            at = header
            if problem.node is not None:
                at = self.node_places[problem.node]
            elif problem.value is not None:
                at = self.value_places.get(problem.value, header)
            self.sink.add("BSC2008", problem.message, at=at)
        self.sink.raise_if_errors()

    def _input(self, tree: _Tree) -> None:
        token, type_ = _parts(tree)
        name = self._define(token)
        self.inputs.append(name)
        self.types[name] = self._type(type_)

    def _constant(self, tree: _Tree, reader: ConstantReader) -> None:
        token, type_tree, *storage, data = _parts(tree)
        name = self._define(token)
        type_ = self._type(type_tree)
        self.types[name] = type_
        kept_as = _parts(storage[0])[0] if storage else None
        array = reader.read(name, type_, kept_as, _parts(data)[0], self._at(token))
        if array is not None:
            self.constants[name] = array

    def _node(self, tree: _Tree) -> None:
        names: list[Token] = []
        operands: list[Token] = []
        types: list[_Tree] = []
        attrs: dict[str, AttrValue] = {}
        origin = ""
        for child in _parts(tree):
            match child:
                case Token():
                    op = child
                case Tree(data="results"):
                    names = _parts(child)
                case Tree(data="operands"):
                    operands = _parts(child)
                case Tree(data="types"):
                    types = _parts(child)
                case Tree(data="attrs"):
                    attrs = self._attrs(child)
                case _:
                    origin = self._string(_parts(child)[0])
        definition = self.table.get(str(op))
        for attr in definition.attrs if definition else ():
            if attr.default is not None:
                attrs.setdefault(attr.name, attr.default)
        if len(names) != len(types):
            message = f"{op} has {len(names)} results and {len(types)} types"
            self._wrong("BSC2003", op, message)
        outputs = tuple(self._define(token, once=False) for token in names)
        for name, type_ in zip(outputs, types, strict=False):
            self.types.setdefault(name, self._type(type_))
        inputs = tuple(self._name(t) if t.type == "VALUE" else "" for t in operands)
        self.nodes.append(Node(str(op), inputs, outputs, MappingProxyType(attrs), origin))
        self.node_places.append(self._at(op))

    def _output(self, tree: _Tree) -> None:
        for token in _parts(tree):
            name = self._name(token)
            self.outputs.append(name)
            self.value_places.setdefault(name, self._at(token))

    def _define(self, token: Token, once: bool = True) -> str:
        """A name where it is defined; nodes leave the check for a second one to the verifier."""
        name = self._name(token)
        if once and name in self.types:
            self._wrong("BSC2003", token, f"{token} is defined twice")
        self.value_places.setdefault(name, self._at(token))
        return name

    def _type(self, tree: _Tree) -> TensorType:
        encoding, *dims = _parts(tree)
        if str(encoding) not in _ENCODINGS:
            known = ", ".join(Encoding)
            self._wrong("BSC2002", encoding, f"unknown encoding {encoding}, expected {known}")
            return TensorType(Encoding.F32, ())
        return TensorType(Encoding(str(encoding)), tuple(self._dim(token) for token in dims))

    def _dim(self, token: Token) -> Dim:
        match token.type:
            case "INTEGER":
                return self._integer(token)
            case "STRING":
                return self._string(token)
            case _:
                return str(token)

    def _attrs(self, tree: _Tree) -> dict[str, AttrValue]:
        attrs: dict[str, AttrValue] = {}
        for name, value in map(_parts, _parts(tree)):
            if str(name) in attrs:
                self._wrong("BSC2003", name, f"attribute {name} is given twice")
            if isinstance(value, Token):
                attrs[str(name)] = self._scalar(value)
            else:
                elements: Any = tuple(self._scalar(token) for token in _parts(value))
                attrs[str(name)] = elements
        return attrs

    def _scalar(self, token: Token) -> bool | int | float | str:
        match token.type:
            case "INTEGER":
                return self._integer(token)
            case "STRING":
                return self._string(token)
            case "TRUTH":
                return str(token) == "true"
            case _:
                try:
                    return read_float(token)
                except ValueError as error:
                    self._wrong("BSC2004", token, str(error))
                    return 0.0

    def _integer(self, token: Token) -> int:
        if len(token) > 40:
            self._wrong("BSC2004", token, f"a whole number of {len(token)} digits is too long")
            return 0
        return int(token)

    def _name(self, token: Token) -> str:
        return self._string(token, 1) if token[1:2] == '"' else token[1:]

    def _string(self, token: Token, start: int = 0) -> str:
        try:
            return unquote(token[start:])
        except ValueError as error:
            self._wrong("BSC2004", token, str(error))
            return ""

    def _at(self, token: Token) -> Span:
        return Span(self.source, token.line, token.column, len(token))

    def _wrong(self, code: str, token: Token, message: str) -> None:
        self.sink.add(code, message, at=self._at(token))
