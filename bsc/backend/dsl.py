"""Writes a SOURCE graph as a program of the language, and the tensors that go beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count, filterfalse

from bsc.backend.dsl_constants import Constants
from bsc.backend.dsl_sections import target_lines, train_lines
from bsc.backend.dsl_stages import Called, Stages, Written
from bsc.diag import DiagnosticError, Span, fail
from bsc.frontend.dsl.meaning.operators import OPERATORS
from bsc.frontend.dsl.meaning.sections import LayerOverride, TargetSection, TrainSection
from bsc.frontend.dsl.syntax.expression_layout import name_text
from bsc.frontend.dsl.syntax.formatter import format_file
from bsc.frontend.dsl.syntax.parser import parse
from bsc.ir.atoms import quote
from bsc.ir.graph import Array, Graph, Node
from bsc.ir.types import Encoding, Stage
from bsc.passes.naming import layer_names

_WEIGHTS = "w"
_LAYERS = ("dense", "matmul", "conv2d")
_ENCODINGS = (Encoding.F32, Encoding.F64, Encoding.U8, Encoding.I32, Encoding.I64)
_SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
_FLOWS = "->"
"""Stands for the value that the last stage made; no name is like it."""


def export_bsc(
    graph: Graph,
    *,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    train: TrainSection | None = None,
    target: TargetSection | None = None,
    weights_file: str = "weights.safetensors",
) -> tuple[str, dict[str, Array]]:
    """A graph as a program.

    Reading the program gives the same graph, up to names of inner values and constants, and up to
    origins: the same nodes in the same order, with the same attributes and the same data.

    Args:
        graph: at SOURCE.
        ranges: declared ranges of inputs.
        train: a train section to be written; its layers are named as their arrays.
        target: a target section to be written.
        weights_file: what the program calls the file of its tensors, relative to its own folder.

    Returns:
        The text, formatted as `bsc fmt` does, and the tensors that `weights_file` must hold
        (safetensors), by name; empty where all are written out or left to the device.

    Raises:
        DiagnosticError: BSC2507, the language has no words for an input or a constant.
    """
    if graph.stage is not Stage.SOURCE:
        raise _refused(f"a graph at stage {graph.stage}; programs are graphs at source")
    writer = _Writer(graph, dict(ranges or {}), train is not None and train.weights == "keep")
    body = writer.body()
    lines: list[str] = []
    if writer.constants.tensors:
        lines += [f"weights {writer.constants.file} = {quote(weights_file)}", ""]
    if writer.constants.lets:
        lines += [f"let {name} = {text}" for name, text in writer.constants.lets] + [""]
    lines += [f"model {quoted(graph.name or 'model')} {{", *body, "}"]
    if train is not None:
        layers = writer.plans(train.layers)
        lines += ["", *train_lines(replace(train, layers=layers), quoted)]
    if target is not None:
        lines += ["", *target_lines(target, quoted)]
    return _formatted("\n".join(lines)), writer.constants.tensors


def _formatted(text: str) -> str:
    """The text as `bsc fmt` would write it, which also shows that it can be read."""
    parsed = parse(text, "<exported>")
    if parsed.file is None:
        raise _refused(f"a graph whose program cannot be read: {parsed.diagnostics[0].message}")
    return format_file(parsed.file)


def quoted(name: str) -> str:
    """A name as programs write it.

    Raises:
        DiagnosticError: BSC2507, it is empty, or holds what no name may.
    """
    if not name or "`" in name or not name.isprintable():
        raise _refused(f"the name {name!r}, which no program can write")
    return name_text(name)


def _refused(what: str) -> DiagnosticError:
    return fail("BSC2507", f"found {what}", at=Span("graph"))


@dataclass(slots=True)
class _Statement:
    """A flow that is being written: how it begins, its stages, the value that it defines."""

    start: str
    stages: list[Called]
    value: str


@dataclass(slots=True)
class _Writer:
    """Writes the body of a model."""

    graph: Graph
    ranges: dict[str, tuple[float, float]]
    keeps: bool
    constants: Constants = field(init=False)
    stages: Stages = field(init=False)
    names: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    labels: dict[int, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    shared: dict[tuple[str, ...], str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    handed_out: int = 0
    flowing: str = ""
    numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        graph = self.graph
        layers = [node for node in graph.nodes if node.op in _LAYERS]
        for node, label in zip(layers, layer_names(layers, graph.outputs), strict=True):
            self.labels[id(node)] = label
        # Any of these may become a name of the model, which hides names of the file and words.
        given = frozenset((*(graph.types.keys() - graph.constants.keys()), *self.labels.values()))
        file = next(filterfalse(given.__contains__, chain([_WEIGHTS], _numbered(_WEIGHTS))))
        free = filterfalse(given.__contains__, _numbered("c"))
        self.constants = Constants(graph, file, free, self.keeps)
        self.stages = Stages(graph, self.constants, self.name, given)
        self.taken = {file, *graph.inputs, *graph.outputs}
        for name in (*graph.inputs, *graph.outputs):
            self.names[name] = quoted(name)

    def body(self) -> list[str]:
        """Its lines."""
        for name in self.graph.inputs:
            self.lines.append(f"  {self._input(name)}")
        self._shared_layers()
        readers = Counter(name for node in self.graph.nodes for name in node.inputs)
        handed_out = frozenset(self.graph.outputs)
        current: _Statement | None = None
        for node in self.graph.nodes:
            # A flow goes on where the next node reads what the last one made, and nobody else does.
            if (
                current is not None
                and current.value in node.inputs
                and readers[current.value] == 1
                and current.value not in handed_out
                and node.op not in _LAYERS
            ):
                self.flowing = current.value
                written = self._written(node)
                self.flowing = ""
                if written.operands == (_FLOWS,):
                    current.stages.append(written.stage)
                    current.value = node.outputs[0]
                    continue
            if current is not None:
                self._close(current)
            current = self._begun(node, self._written(node))
        if current is not None:
            self._close(current)
        for name in self.graph.outputs[self.handed_out :]:
            self.lines.append(f"  output {self._output(name)}")
        return self.lines

    def _input(self, name: str) -> str:
        type_ = self.graph.types[name]
        extents = type_.shape[1:]
        batched = bool(extents) and type_.shape[0] == "N"
        if type_.encoding not in _ENCODINGS or not batched or not all(
            isinstance(d, int) and d > 0 for d in extents
        ):  # fmt: skip
            raise _refused(f"the input {name}, which is {type_}; expected [N, ..] of numbers")
        text = f"input {quoted(name)}: {type_.encoding}[{', '.join(map(str, extents))}]"
        if name in self.ranges:
            low, high = self.ranges[name]
            text += f" in {_number(low)}..{_number(high)}"
        return text

    def _shared_layers(self) -> None:
        """`layer` definitions for weights that several equal nodes read."""
        groups: dict[tuple[str, ...], list[Node]] = {}
        for node in self.graph.nodes:
            operands = tuple(node.inputs[1:])
            if node.op in _LAYERS and all(map(self.stages.known, operands)):
                if not self.stages.known(node.inputs[0]):
                    attrs = tuple(f"{k}={v}" for k, v in node.attrs.items())
                    groups.setdefault((node.op, *operands, *attrs), []).append(node)
        for nodes in groups.values():
            weights = nodes[0].inputs[1:]
            if len(nodes) < 2 or any(self.constants.uses[n] != len(nodes) for n in weights):
                continue
            label = self._fresh(self.labels[id(nodes[0])])
            # Read by the layer alone: written once, it is shared by all its uses.
            counted = dict(self.constants.uses)
            self.constants.uses = {**counted, **dict.fromkeys(weights, 1)}
            stage = self.stages.write(nodes[0]).stage
            self.lines.append(f"  layer {quoted(label)} = {stage.text}")
            for node in nodes:
                self.renamed[self.labels.pop(id(node))] = label
                self.shared[node.outputs] = quoted(label)

    def plans(self, by_array: Mapping[str, LayerOverride]) -> dict[str, LayerOverride]:
        """What is different for layers of the text; one that is shared is that of all its arrays.

        Raises:
            DiagnosticError: BSC2507, arrays of one layer have different plans.
        """
        plans: dict[str, LayerOverride] = {}
        for array, plan in by_array.items():
            layer = self.renamed.get(array, array)
            if plans.setdefault(layer, plan) != plan:
                raise _refused(
                    f"a plan of {array} that is not that of {layer}: both are one layer in a "
                    "program, which has one plan"
                )
        return {layer: plan for layer, plan in plans.items() if plan != LayerOverride()}

    def _written(self, node: Node) -> Written:
        if node.outputs in self.shared:
            return Written((self.name(node.inputs[0]),), Called(self.shared[node.outputs]))
        written = self.stages.write(node)
        if id(node) in self.labels:
            label = quoted(self.labels[id(node)])
            written = Written(written.operands, replace(written.stage, label=label))
        return written

    def _begun(self, node: Node, written: Written) -> _Statement:
        output, operands = node.outputs[0], written.operands
        live = [name for name in node.inputs if not self.stages.known(name)]
        if node.op in _SYMBOLS and len(operands) == 2 and live:
            return _Statement(f"{operands[0]} {_SYMBOLS[node.op]} {operands[1]}", [], output)
        if len(operands) == 1:
            return _Statement(operands[0], [written.stage], output)
        return _Statement(f"({', '.join(operands)})", [written.stage], output)

    def _close(self, statement: _Statement) -> None:
        outputs = self.graph.outputs
        begin = ""
        if self.handed_out < len(outputs) and outputs[self.handed_out] == statement.value:
            begin = "output "
            self.handed_out += 1
        head = f"  {begin}{self.name(statement.value)} = {statement.start}"
        self.lines.append(" -> ".join([head, *(stage.text for stage in statement.stages)]))

    def name(self, value: str) -> str:
        """What a value is called in the program; one that flows in from the last stage has none."""
        if value == self.flowing:
            return _FLOWS
        if value not in self.names:
            plain = name_text(value) == value and value not in self.taken
            self.names[value] = value if plain else self._fresh("h")
            self.taken.add(self.names[value])
        return self.names[value]

    def _fresh(self, hint: str) -> str:
        name = f"{hint}1" if hint == "h" else hint
        while name in self.taken or name in OPERATORS:  # `-> relu` is the operator, always
            number = self.numbers.get(hint, 1) + 1
            self.numbers[hint] = number
            name = f"{hint}{number}" if hint == "h" else f"{hint}_{number}"
        self.taken.add(name)
        return name

    def _output(self, name: str) -> str:
        if self.stages.known(name):
            return f"{quoted(name)} = {self.constants.text(name)}"
        return quoted(name)


def _numbered(hint: str) -> Iterator[str]:
    return (f"{hint}{number}" for number in count(1))


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1 << 53 else repr(value)
