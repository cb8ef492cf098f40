"""TILED to steps: buffers, and one step for each thing that the chip does to a sample.

Order of the graph is order of execution: a read of all tiles of an array is one step, because the
tiles work side by side. The derivative of a layer is drawn only after its error is known to be
needed, which keyed draws allow: executors stop at `error` where the sample's error is zero.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from bsc.hw.plan import Readout
from bsc.ir.graph import Array, Graph, Node
from bsc.ir.types import Encoding, Stage
from bsc.tiling.plan import ArraySpec, Buffer, BufferKind, Head, ReadSpec, Step, StepOp, Tile

_KINDS = {
    Encoding.BIT: BufferKind.BIT,
    Encoding.SIGN: BufferKind.SIGN,
    Encoding.SUM: BufferKind.SUM,
}
_UPDATES = {"carry": StepOp.CARRY, "sgd_step": StepOp.SGD_STEP, "refresh": StepOp.REFRESH}
_PULSE_ROLES = ("step_up", "step_down", "noise_up", "noise_down")


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a TILED graph becomes.

    Attributes:
        arrays: logical arrays in the order of their first reads.
        reads: where they are read, in topological order.
        heads: the reads that answer.
        tiles: placed tiles.
        buffers: vectors of one sample.
        inference: steps up to the last sums.
        training: all steps of a sample; empty without training operators.
        update: steps at the end of a batch.
        tables: the constants that steps name.
    """

    arrays: tuple[ArraySpec, ...]
    reads: tuple[ReadSpec, ...]
    heads: tuple[Head, ...]
    tiles: tuple[Tile, ...]
    buffers: tuple[Buffer, ...]
    inference: tuple[Step, ...]
    training: tuple[Step, ...]
    update: tuple[Step, ...]
    tables: Mapping[str, Array]


def schedule(graph: Graph) -> Schedule:
    """Schedule a TILED graph."""
    if graph.stage is not Stage.TILED:
        raise ValueError(f"a {graph.stage} graph has no tiles to schedule")
    return _Scheduler(graph).run()


class _Scheduler:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.producers = graph.producers()
        self.users = {
            n.inputs[0]: n for n in graph.nodes if n.op in ("sample", "logits") if _speaks(n)
        }
        self.arrays: list[ArraySpec] = []
        self.reads: list[ReadSpec] = []
        self.heads: list[Head] = []
        self.array_of: dict[str, int] = {}  # cells, updated or not -> array
        self.buffers: list[Buffer] = []
        self.buffer_of: dict[str, int] = {}
        self.read_of: dict[str, int] = {}  # sums -> read
        self.tiles: dict[int, Tile] = {}
        self.tables: dict[str, Array] = {}

    def run(self) -> Schedule:
        forward: list[Step] = []
        backward: list[Step] = []
        update: list[Step] = []
        for node in self.graph.nodes:
            if node.op == "array":
                self._array(node)
            elif node.op in _UPDATES:
                update.append(self._update(node))
            else:
                step = self._step(node)
                if step is not None:
                    part = forward if step.op in _FORWARD else backward
                    part.append(step)
        inference = tuple(forward)
        return Schedule(
            tuple(self.arrays),
            tuple(self.reads),
            tuple(self.heads),
            tuple(self.tiles[i] for i in sorted(self.tiles)),
            tuple(self.buffers),
            inference,
            inference + tuple(backward) if backward else (),
            tuple(update),
            self.tables,
        )

    def _array(self, node: Node) -> None:
        a = node.attrs
        self.array_of[node.outputs[0]] = len(self.arrays)
        rows, inputs = _int(a["rows"]), _int(a["inputs"])
        self.arrays.append(
            ArraySpec(
                name=str(a["name"]),
                layer=_int(a["layer"]),
                inputs=inputs,
                bias_lines=rows - inputs,
                columns=_int(a["columns"]),
                scale=_int(a["scale"]),
                origin=node.origin,
            )
        )

    def _buffer(self, value: str) -> int:
        if value not in self.buffer_of:
            kind = self.graph.types[value]
            self.buffer_of[value] = len(self.buffers)
            extent = kind.shape[1]
            self.buffers.append(Buffer(value, _KINDS[kind.encoding], _int(extent)))
        return self.buffer_of[value]

    def _table(self, role: str, value: str) -> tuple[str, str]:
        self.tables[value] = self.graph.constants[value]
        return role, value

    def _step(self, node: Node) -> Step | None:
        value = node.outputs[0]
        layer = _int(node.attrs.get("layer", -1))
        match node.op:
            case "encode":
                return Step(StepOp.ENCODE, self._buffer(value), layer=layer, origin=node.origin)
            case "concat" if self.graph.types[value].encoding is Encoding.BIT:
                return self._plain(StepOp.CONCAT, node, node.inputs)
            case "add_parts":
                starts: tuple[int, ...] = node.attrs["starts"]  # type: ignore[assignment]
                numbers = tuple((f"start_{k}", start) for k, start in enumerate(starts))
                step = self._plain(StepOp.ADD, node, node.inputs)
                return replace(step, numbers=numbers)
            case "join":
                return self._read(node)
            case "sample":
                tables = (self._table("threshold", node.inputs[1]),)
                numbers = (("binary", _int(node.attrs["binary"])),)
                return self._on_sums(StepOp.SAMPLE, node, layer, tables, numbers)
            case "readout":
                tables = (self._table("softmax", node.inputs[1]),)
                numbers = (("reciprocal", _int(node.attrs["reciprocal"])),)
                return self._on_sums(StepOp.READOUT, node, layer, tables, numbers)
            case "derivative":
                low = self._table("low", node.inputs[1])
                high = self._table("high", node.inputs[2])
                return self._on_sums(StepOp.DERIVATIVE, node, layer, (low, high))
            case "logistic_readout":
                tables = (self._table("threshold", node.inputs[1]),)
                return self._on_sums(StepOp.LOGISTIC, node, layer, tables)
            case "output_error" | "target_error":
                return self._error(node)
            case "gated_sign":
                return self._plain(StepOp.SIGN, node, node.inputs)
            case "count":
                return Step(
                    StepOp.COUNT,
                    sources=tuple(self._buffer(v) for v in node.inputs[1:]),
                    array=self.array_of[node.inputs[0]],
                    tiles=_tiles(node),
                    origin=node.origin,
                )
            case _:
                return None  # tile reads belong to their join; float operators run beside the chip

    def _error(self, node: Node) -> Step:
        """An error stands behind the readout of its head; the head's part of the targets has it."""
        bits = self.producers[node.inputs[0]]
        read = self.read_of[bits.inputs[0]]
        before = itertools.takewhile(lambda head: head.read != read, self.heads)
        op = StepOp.ERROR if node.op == "output_error" else StepOp.TARGET_ERROR
        step = self._plain(op, node, node.inputs[:1])
        layer = _int(node.attrs.get("layer", -1))
        return replace(step, layer=layer, numbers=(("target", sum(h.width for h in before)),))

    def _spec(self, node: Node, array: int) -> None:
        """A read, as what is made of its sums tells it."""
        sums = node.outputs[0]
        self.read_of[sums] = len(self.reads)
        user = self.users[sums]
        a = user.attrs
        shape: dict[str, Any] = {}
        if user.op == "sample":
            shape = {name: a[name] for name in ("function", "low", "high")}
            shape["function_parameters"] = a["parameters"]
        else:
            readout = Readout(str(a["readout"]))
            columns = _int(self.graph.types[sums].shape[1])
            outputs = cast("tuple[str, ...]", a["outputs"])
            self.heads.append(Head(len(self.reads), columns, readout, outputs))
            if readout is Readout.LOGISTIC:
                shape = {"function": "logistic", "function_parameters": (a["slope"],)}
        self.reads.append(
            ReadSpec(
                str(a["name"]), array, gain=cast(float, a["gain"]), origin=node.origin, **shape
            )
        )

    def _read(self, node: Node) -> Step:
        parts = [self.producers[name] for name in node.inputs]
        array = self.array_of[parts[0].inputs[0]]
        forward = parts[0].op == "tile_read"
        if forward:
            self._spec(node, array)
            for number, part in enumerate(parts):
                self._tile(array, number, _int(node.attrs["groups"]), part)
        return Step(
            StepOp.READ if forward else StepOp.READ_TRANSPOSED,
            self._buffer(node.outputs[0]),
            (self._buffer(parts[0].inputs[1]),),
            array,
            tiles=tuple(_int(part.attrs["tile"]) for part in parts),
            origin=node.origin,
        )

    def _tile(self, array: int, number: int, columns: int, part: Node) -> None:
        a = part.attrs
        index = _int(a["tile"])
        self.tiles[index] = Tile(
            index,
            array,
            number // columns,
            number % columns,
            _int(a["row_start"]),
            _int(a["row_stop"]),
            _int(a["column_start"]),
            _int(a["column_stop"]),
        )

    def _on_sums(
        self,
        op: StepOp,
        node: Node,
        layer: int,
        tables: tuple[tuple[str, str], ...],
        numbers: tuple[tuple[str, int], ...] = (),
    ) -> Step:
        source = self._buffer(node.inputs[0])
        target = self._buffer(node.outputs[0])
        return Step(
            op,
            target,
            (source,),
            layer=layer,
            tables=tables,
            numbers=numbers,
            origin=node.origin,
        )

    def _plain(self, op: StepOp, node: Node, inputs: tuple[str, ...]) -> Step:
        sources = tuple(self._buffer(v) for v in inputs)
        return Step(op, self._buffer(node.outputs[0]), sources, origin=node.origin)

    def _update(self, node: Node) -> Step:
        array = self.array_of[node.inputs[0]]
        self.array_of[node.outputs[0]] = array
        names = ("threshold", "pulses", "rate", "every")
        numbers = tuple((n, _int(node.attrs[n])) for n in names if n in node.attrs)
        tables = tuple(
            self._table(role, value)
            for role, value in zip(_PULSE_ROLES, node.inputs[2:], strict=False)
            if value
        )
        return Step(
            _UPDATES[node.op],
            array=array,
            layer=_int(node.attrs.get("layer", -1)),
            tables=tables,
            numbers=numbers,
            tiles=_tiles(node),
        )


_FORWARD = frozenset({StepOp.ENCODE, StepOp.CONCAT, StepOp.READ, StepOp.SAMPLE})


def _speaks(node: Node) -> bool:
    """Whether a node says what a read is for: a sample does, and the logits of a head."""
    return node.op == "sample" or bool(node.attrs["readout"])


def _tiles(node: Node) -> tuple[int, ...]:
    return tuple(node.attrs["tiles"])  # type: ignore[arg-type]


def _int(value: object) -> int:
    return int(value)  # type: ignore[call-overload, no-any-return]
