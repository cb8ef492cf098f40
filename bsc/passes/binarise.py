"""SOURCE to BINARY: dense layers become arrays that are read, neurons become samples of bits."""

from __future__ import annotations

import math
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
from bsc.passes.backbone import layer_names, place
from bsc.passes.demands import Demands, numbers_of
from bsc.passes.legalise import BIAS_LINES_MAX

LINES_MAX = ((1 << 31) - 1) // CODE_MAX
"""Word or bit lines of one array: a sum over more, all at the largest code, may pass 32 bits."""

SCALE_MAX = 1 << 24
"""Codes in one unit of y; beyond, thresholds would not fit their tables."""

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
    """

    name: ClassVar[str] = "binarise"

    weights: str = "keep"
    limit: int = CODE_MAX
    scale: int = 0
    noise_bits: int = 12

    def __post_init__(self) -> None:
        """Refuse numbers outside the contract."""
        if self.weights not in ("keep", "random"):
            raise ValueError(f"weights is {self.weights}, expected keep or random")
        bounds = (
            ("limit", self.limit, 1, CODE_MAX),
            ("scale", self.scale, 0, SCALE_MAX),
            ("noise_bits", self.noise_bits, 4, 12),
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

    def read_by_others(node: Node, wanted: str) -> bool:
        value = node.outputs[0]
        return value in graph.outputs or any(n.op != wanted for n in consumers.get(value, []))

    def makes(value: str, op: str) -> bool:
        return value in producers and producers[value].op == op

    for node in graph.nodes:
        feeds_layer = any(n.op == "dense" for n in consumers.get(node.outputs[0], []))
        if node.op == "dense":
            demands.layer(node)
            if not (makes(node.inputs[0], "normalise") or makes(node.inputs[0], "neuron")):
                demands.lacks(node, f"reads %{node.inputs[0]}, which is no probability")
            if read_by_others(node, "neuron"):
                demands.lacks(node, "is read by others than a neuron")
        elif node.op == "normalise":
            if len(graph.types[node.outputs[0]].shape) != 2:
                demands.lacks(node, f"is {graph.types[node.outputs[0]]}, expected [N, K]")
        elif node.op == "neuron" and feeds_layer:
            if not makes(node.inputs[0], "dense"):
                demands.lacks(node, "reads no sums of a layer")
            if read_by_others(node, "dense"):
                demands.lacks(node, "is read by a layer and by others")
        else:
            demands.may_stand(node, Stage.BINARY)
    demands.check()


class _Rewrite:
    def __init__(self, options: Binarise, graph: Graph) -> None:
        self.options = options
        self.graph = graph
        self.builder = GraphBuilder.of(graph, OPS, Stage.BINARY)
        self.consumers = graph.consumers()
        self.remarks: list[str] = []
        self.bits: dict[str, str] = {}  # probabilities -> their samples
        self.sums: dict[str, tuple[str, int]] = {}  # dense output -> sums, S
        self.tables: dict[tuple[object, ...], str] = {}
        dense = [node for node in graph.nodes if node.op == "dense"]
        self.names = dict(zip(map(id, dense), layer_names(dense), strict=True))

    def run(self) -> PassResult:
        for node in self.graph.nodes:
            match node.op:
                case "normalise":
                    self._encode(node)
                case "dense":
                    self._array(node)
                case "neuron" if self._feeds_layer(node):
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

    def _feeds_layer(self, node: Node) -> bool:
        return any(user.op == "dense" for user in self.consumers.get(node.outputs[0], []))

    def _encode(self, node: Node) -> None:
        self._copy(node)
        value = node.outputs[0]
        self.bits[value] = self.builder.add(
            "encode", [value], {"layer": 0}, name=self._named(f"{self.graph.inputs[0]}.bits")
        )

    def _array(self, node: Node) -> None:
        name = self.names[id(node)]
        layer = len(self.sums)
        weights = self.graph.constants[node.inputs[1]]
        if max(weights.shape) > LINES_MAX - BIAS_LINES_MAX:
            raise fail(
                "BSC3005",
                f"{name} has {weights.shape[0]} inputs and {weights.shape[1]} outputs; sums over "
                f"more than {LINES_MAX - BIAS_LINES_MAX} lines may pass 32 bits",
                at=place(node),
                help="split the layer, or make the input smaller",
            )
        has_bias = len(node.inputs) > 2 and bool(node.inputs[2])
        bias = self.graph.constants[node.inputs[2]] if has_bias else None
        operands: list[str] = []
        if self.options.weights == "keep":
            codes, scale = self._codes(name, weights, bias)
            if not 1 <= scale <= SCALE_MAX:
                raise fail(
                    "BSC3006",
                    f"{self.options.name}: {name} would have {scale} codes in one unit of y, "
                    f"expected 1 to {SCALE_MAX}",
                    at=place(node),
                    help="legalise-activations brings the weights into range",
                )
            operands.append(
                self.builder.constant(self._named(f"{name}.codes"), codes, Encoding.CODE)
            )
            rows = len(codes)
        else:
            scale = self.options.scale or CODE_MAX
            rows = weights.shape[0] + (1 if has_bias else 0)
        attrs: dict[str, AttrValue] = {
            "name": name,
            "layer": layer,
            "inputs": int(weights.shape[0]),
            "rows": rows,
            "columns": int(weights.shape[1]),
            "scale": scale,
        }
        attrs |= self._function_of(node)
        cells = self.builder.add(
            "array", operands, attrs, name=self._named(f"{name}.cells"), origin=node.origin
        )
        sums = self.builder.add(
            "read",
            [cells, self.bits[node.inputs[0]]],
            name=self._named(f"{name}.sums"),
            origin=node.origin,
        )
        self.sums[node.outputs[0]] = (sums, scale)

    def _function_of(self, node: Node) -> dict[str, AttrValue]:
        """What the array must know of the activation behind it."""
        neurons = [n for n in self.consumers.get(node.outputs[0], []) if n.op == "neuron"]
        inner = [n for n in neurons if self._feeds_layer(n)]
        found: dict[str, AttrValue] = {}
        for neuron in neurons[:1]:
            found["gain"] = neuron.attrs["gain"]
        for neuron in inner:
            found["function"] = neuron.attrs["function"]
            found["parameters"] = neuron.attrs["parameters"]
            found["low"], found["high"] = neuron.attrs["low"], neuron.attrs["high"]
        return found

    def _codes(
        self, name: str, weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32] | None
    ) -> tuple[npt.NDArray[np.int16], int]:
        limit = self.options.limit
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

    def _sample(self, node: Node) -> None:
        sums, scale = self.sums[node.inputs[0]]
        producer = self.graph.producers()[node.inputs[0]]
        array = self.names[id(producer)]
        thresholds = self._table("T", node, scale)
        layer = list(self.sums).index(node.inputs[0])
        self.bits[node.outputs[0]] = self.builder.add(
            "sample",
            [sums, thresholds],
            {"layer": layer, "binary": self._half(node, scale)},
            name=self._named(f"{array}.bits"),
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
        if node.inputs[0] not in self.sums:
            self._copy(node)
            return
        sums, scale = self.sums[node.inputs[0]]
        self.builder.add(
            "logits",
            [sums],
            {"scale": scale, "gain": node.attrs["gain"]},
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
