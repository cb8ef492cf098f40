"""SOURCE to BINARY: dense layers become arrays that are read, neurons become samples of bits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import AttrValue, Graph, Node
from bsc.ir.opdef import Attrs
from bsc.ir.pass_manager import PassResult
from bsc.ir.types import Encoding, Stage
from bsc.numerics import neuron_tables
from bsc.numerics.state import CODE_MAX
from bsc.ops import OPS
from bsc.passes.demands import Demands, numbers_of
from bsc.passes.naming import layer_names
from bsc.passes.network import place_of
from bsc.passes.scaling import BIAS_LINES_MAX

LINES_MAX = ((1 << 31) - 1) // CODE_MAX
"""Word or bit lines of one array: a sum over more, all at the largest code, may pass 32 bits."""

SCALE_MAX = 1 << 24
"""Codes in one unit of y; beyond, thresholds would not fit their tables."""

_SHAPE = ("function", "parameters", "gain", "low", "high")
"""What a neuron's activation is."""

_BLOCK_CELLS = 1 << 18  # rounded at a time: float64 copies of large layers would cost memory


@dataclass(frozen=True, slots=True)
class Binarise:
    """Maps layers to arrays of codes.

    Attributes:
        weights: `keep` maps the trained weights to codes, `random` leaves them to the device.
        limit: largest code of a weight: 16383 for pairs, 8191 beside a reference.
        scale: S of every layer, 0 to derive it (kept weights: from the largest weight; random:
            16383, where a weight of 1 is the whole range).
        noise_bits: b, resolution of the comparators' thresholds.
        limits: (array, limit) of arrays whose device has another limit.
        held: (array, bias lines, S) of arrays that have cells already; both stay, with `keep`.
    """

    name: ClassVar[str] = "binarise"

    weights: str = "keep"
    limit: int = CODE_MAX
    scale: int = 0
    noise_bits: int = 12
    limits: tuple[tuple[str, int], ...] = ()
    held: tuple[tuple[str, int, int], ...] = ()

    def __post_init__(self) -> None:
        """Refuse numbers outside the contract."""
        if self.weights not in ("keep", "random"):
            raise ValueError(f"weights is {self.weights}, expected keep or random")
        bounds = (
            ("limit", self.limit, 1, CODE_MAX),
            ("scale", self.scale, 0, SCALE_MAX),
            ("noise_bits", self.noise_bits, 4, 12),
            *((f"limit of {name}", limit, 1, CODE_MAX) for name, limit in self.limits),
            *((f"bias lines of {name}", lines, 0, BIAS_LINES_MAX) for name, lines, _ in self.held),
            *((f"S of {name}", scale, 1, SCALE_MAX) for name, _, scale in self.held),
        )
        for name, number, least, most in bounds:
            if not least <= number <= most:
                raise ValueError(f"{name} is {number}, expected {least} to {most}")

    def run(self, graph: Graph) -> PassResult:
        """Rewrite a legalised SOURCE graph."""
        if graph.stage is not Stage.SOURCE:
            return PassResult(graph, False)
        _check(graph)
        return _Rewrite(self, graph).run()


def _check(graph: Graph) -> None:
    """Refuse a graph whose signals are not what legalise-activations makes of them."""
    demands = Demands(Binarise.name, graph, "run legalise-activations on the graph before")
    producers, consumers = graph.producers(), graph.consumers()
    signals: set[str] = set()  # probabilities, alone or joined

    for node in graph.nodes:
        value = node.outputs[0]
        readers = {reader.op for reader in consumers.get(value, [])}
        if node.op == "dense":
            demands.layer(node)
            if node.inputs[0] not in signals:
                demands.lacks(node, f"reads %{node.inputs[0]}, which is no probability")
            if value in graph.outputs or not readers <= {"neuron"}:
                demands.lacks(node, "is read by others than a neuron")
        elif node.op == "normalise" and _feeds_layer(value, consumers):
            signals.add(value)
            if len(graph.types[value].shape) != 2:
                demands.lacks(node, f"is {graph.types[value]}, expected [N, K]")
        elif node.op == "neuron" and _feeds_layer(value, consumers):
            signals.add(value)
            if producers.get(node.inputs[0], node).op != "dense":
                demands.lacks(node, "reads no sums of a layer")
            if value in graph.outputs or not readers <= {"dense", "concat"}:
                demands.lacks(node, "is read by a layer and by others")
        elif node.op == "concat" and signals.intersection(node.inputs):
            signals.add(value)
            mixed = not signals.issuperset(node.inputs)
            if mixed or value in graph.outputs or readers != {"dense"}:
                demands.lacks(node, "joins signals of layers for others than a layer")
        else:
            demands.may_stand(node, Stage.BINARY)
    demands.check()


def _feeds_layer(value: str, consumers: Mapping[str, Sequence[Node]]) -> bool:
    """Whether a layer reads a value, alone or joined with others."""
    return any(
        reader.op == "dense"
        or (reader.op == "concat" and _feeds_layer(reader.outputs[0], consumers))
        for reader in consumers.get(value, [])
    )


@dataclass(frozen=True, slots=True)
class _Array:
    """An array that was made: its cells and S."""

    cells: str
    scale: int


@dataclass(frozen=True, slots=True)
class _Read:
    """A read that was made: its name, ordinal, sums and S."""

    name: str
    layer: int
    sums: str
    scale: int


class _Rewrite:
    def __init__(self, options: Binarise, graph: Graph) -> None:
        self.options = options
        self.graph = graph
        self.builder = GraphBuilder.of(graph, OPS, Stage.BINARY)
        self.consumers = graph.consumers()
        self.remarks: list[str] = []
        self.bits: dict[str, str] = {}  # probabilities -> their samples
        self.arrays: dict[tuple[str, ...], _Array] = {}  # weights and bias -> their array
        self.reads: dict[str, _Read] = {}  # dense output -> its read
        self.tables: dict[tuple[object, ...], str] = {}
        dense = [node for node in graph.nodes if node.op == "dense"]
        self.names = dict(zip(map(id, dense), layer_names(dense, graph.outputs), strict=True))

    def run(self) -> PassResult:
        encoded = 0
        for node in self.graph.nodes:
            match node.op:
                case "normalise" if _feeds_layer(node.outputs[0], self.consumers):
                    self._encode(node, encoded)
                    encoded += 1
                case "concat" if all(name in self.bits for name in node.inputs):
                    self._concat(node)
                case "dense":
                    self._read(node)
                case "neuron" if _feeds_layer(node.outputs[0], self.consumers):
                    self._sample(node)
                case "neuron":
                    self._logits(node)
                case _:
                    self._copy(node)
        for name in self.graph.outputs:
            self.builder.output(name)
        made = self.builder.build()
        return PassResult(made.with_nodes(made.nodes), True, tuple(self.remarks))

    def _named(self, hint: str) -> str:
        return self.builder.fresh_name(hint)

    def _encode(self, node: Node, layer: int) -> None:
        self._copy(node)
        value = node.outputs[0]
        name = self.graph.inputs[layer]
        self.bits[value] = self.builder.add(
            "encode", [value], {"layer": layer}, name=self._named(f"{name}.bits")
        )

    def _concat(self, node: Node) -> None:
        value = node.outputs[0]
        given = [self.bits[name] for name in node.inputs]
        name = self._named(f"{value}.bits")
        self.bits[value] = self.builder.add("concat", given, node.attrs, name=name)

    def _read(self, node: Node) -> None:
        name = self.names[id(node)]
        shared = tuple(node.inputs[1:])
        if shared not in self.arrays:
            self.arrays[shared] = self._array(node, name)
        array = self.arrays[shared]
        sums = self.builder.add(
            "read",
            [array.cells, self.bits[node.inputs[0]]],
            name=self._named(f"{name}.sums"),
            origin=node.origin,
        )
        self.reads[node.outputs[0]] = _Read(name, len(self.reads), sums, array.scale)

    def _array(self, node: Node, name: str) -> _Array:
        weights = self.graph.constants[node.inputs[1]]
        if max(weights.shape) > LINES_MAX - BIAS_LINES_MAX:
            raise fail(
                "BSC3005",
                f"{name} has {weights.shape[0]} inputs and {weights.shape[1]} outputs; sums over "
                f"more than {LINES_MAX - BIAS_LINES_MAX} lines may pass 32 bits",
                at=place_of(node),
                help="split the layer, or make the input smaller",
            )
        has_bias = len(node.inputs) > 2 and bool(node.inputs[2])
        bias = self.graph.constants[node.inputs[2]] if has_bias else None
        operands: list[str] = []
        if self.options.weights == "keep":
            codes, scale = self._codes(name, weights, bias)
            operands.append(
                self.builder.constant(self._named(f"{name}.codes"), codes, Encoding.CODE)
            )
            rows = len(codes)
        else:
            scale = self.options.scale or CODE_MAX
            rows = weights.shape[0] + (1 if has_bias else 0)
        attrs: dict[str, AttrValue] = {
            "name": name,
            "layer": len(self.arrays),
            "inputs": int(weights.shape[0]),
            "rows": rows,
            "columns": int(weights.shape[1]),
            "scale": scale,
        }
        cells = self.builder.add(
            "array", operands, attrs, name=self._named(f"{name}.cells"), origin=node.origin
        )
        return _Array(cells, scale)

    def _codes(
        self, name: str, weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32] | None
    ) -> tuple[npt.NDArray[np.int16], int]:
        held = {each: (lines, scale, CODE_MAX) for each, lines, scale in self.options.held}
        lines, scale, limit = held.get(name) or self._extent(name, weights, bias)
        if (lines > 0) != (bias is not None):
            raise fail(
                "BSC3006",
                f"{self.options.name}: {name} is held with {lines} bias lines, and its layer has "
                f"{'no' if bias is None else 'a'} bias",
            )
        codes = np.empty((len(weights) + lines, weights.shape[1]), np.int16)
        clipped = 0
        block_rows = max(1, _BLOCK_CELLS // weights.shape[1])
        for start in range(0, len(weights), block_rows):
            block = np.rint(weights[start : start + block_rows].astype(np.float64) * scale)
            clipped += int(np.count_nonzero(np.abs(block) > limit))
            codes[start : start + len(block)] = np.clip(block, -limit, limit)
        if clipped:
            self.remarks.append(f"warning: {name}: {clipped} weights clipped to {limit} codes")
        if bias is not None:
            total = np.rint(bias.astype(np.float64) * scale)
            total = np.clip(total, -lines * limit, lines * limit)
            codes[len(weights) :] = shared_bias(total, lines)
        return codes, scale

    def _extent(
        self, name: str, weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32] | None
    ) -> tuple[int, int, int]:
        """Bias lines, S and largest code of an array that is made for its weights."""
        limit = dict(self.options.limits).get(name, self.options.limit)
        scale = self.options.scale
        largest = float(np.abs(weights).max(initial=0.0))
        if not scale:
            scale = math.floor(limit / largest) if largest else limit
        lines = 0
        if bias is not None:
            reach = float(np.abs(bias).max(initial=0.0))
            if reach * scale > BIAS_LINES_MAX * limit and not self.options.scale:
                scale = math.floor(BIAS_LINES_MAX * limit / reach)
                self.remarks.append(
                    f"warning: {name}: its largest bias is {reach / max(largest, 1e-30):.0f} times "
                    f"its largest weight; weights get {scale * largest:.0f} codes of {limit} so "
                    f"that {BIAS_LINES_MAX} word lines can carry it"
                )
            lines = min(BIAS_LINES_MAX, max(1, math.ceil(round(reach * scale) / limit)))
        if not 1 <= scale <= SCALE_MAX:
            raise fail(
                "BSC3006",
                f"{self.options.name}: {name} would have {scale} codes in one unit of y, expected "
                f"1 to {SCALE_MAX}",
                help="legalise-activations brings the weights into range",
            )
        return lines, scale, limit

    def _sample(self, node: Node) -> None:
        read = self.reads[node.inputs[0]]
        thresholds = self._table("T", node, read.scale)
        attrs = {name: node.attrs[name] for name in _SHAPE}
        self.bits[node.outputs[0]] = self.builder.add(
            "sample",
            [read.sums, thresholds],
            {
                "name": read.name,
                "layer": read.layer,
                "binary": self._half(node, read.scale),
                **attrs,
            },
            name=self._named(f"{read.name}.bits"),
            origin=node.origin,
        )

    def _half(self, node: Node, scale: int) -> int:
        function, parameters, shape = neuron_shape(node.attrs)
        with numbers_of(self.options.name, node):
            return neuron_tables.binary_threshold(function, parameters, scale, **shape)

    def _table(self, kind: str, node: Node, scale: int) -> str:
        a = node.attrs
        key = (kind, a["function"], a["parameters"], a["gain"], a["low"], a["high"], scale)
        if key not in self.tables:
            function, parameters, shape = neuron_shape(node.attrs)
            bits = self.options.noise_bits
            with numbers_of(self.options.name, node):
                table = neuron_tables.neuron(function, parameters, scale, noise_bits=bits, **shape)
            name = self.builder.fresh_name(f"neuron{len(self.tables)}.{kind}")
            self.tables[key] = self.builder.constant(name, table, Encoding.I32)
        return self.tables[key]

    def _logits(self, node: Node) -> None:
        read = self.reads.get(node.inputs[0])
        if read is None:
            self._copy(node)
            return
        attrs = {name: node.attrs[name] for name in ("gain", "readout", "slope", "outputs")}
        self.builder.add(
            "logits",
            [read.sums],
            {"name": read.name, "scale": read.scale, **attrs},
            name=node.outputs[0],
            origin=node.origin,
        )

    def _copy(self, node: Node) -> None:
        self.builder.add_node(
            node.op, node.inputs, node.attrs, outputs=node.outputs, origin=node.origin
        )


def neuron_shape(a: Attrs) -> tuple[str, tuple[float, ...], dict[str, float]]:
    """A neuron's function, its parameters, and its gain, low and high, from attributes."""
    parameters = tuple(float(v) for v in a["parameters"])  # type: ignore[union-attr]
    numbers = {name: float(a[name]) for name in ("gain", "low", "high")}  # type: ignore[arg-type]
    return str(a["function"]), parameters, numbers


def shared_bias(total: npt.NDArray[np.float64], lines: int) -> npt.NDArray[np.int16]:
    """Codes of the bias lines, [lines, columns]: equal shares, the first lines take the rest."""
    whole = np.abs(total).astype(np.int64)
    share, rest = np.divmod(whole, lines)
    line = np.arange(lines)[:, None]
    codes: npt.NDArray[np.int16] = (np.sign(total) * (share + (line < rest))).astype(np.int16)
    return codes
