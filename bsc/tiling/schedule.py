"""TILED to steps: buffers, and one step for each thing that the chip does to a sample.

Order of the graph is order of execution: a read of all tiles of an array is one step, because the
tiles work side by side. The derivative of a layer is drawn only after its error is known to be
needed, which keyed draws allow: executors stop at `error` where the sample's error is zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bsc.ir.graph import Array, Graph, Node
from bsc.ir.types import Encoding, Stage
from bsc.tiling.plan import ArraySpec, Buffer, BufferKind, Step, StepOp, Tile

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
        arrays: logical arrays in layer order.
        tiles: placed tiles.
        buffers: vectors of one sample.
        inference: steps up to the last sums.
        training: all steps of a sample; empty without training operators.
        update: steps at the end of a batch.
        tables: the constants that steps name.
    """

    arrays: tuple[ArraySpec, ...]
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
        self.arrays: list[ArraySpec] = []
        self.array_of: dict[str, int] = {}  # cells, updated or not -> array
        self.buffers: list[Buffer] = []
        self.buffer_of: dict[str, int] = {}
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
                gain=float(a["gain"]),  # type: ignore[arg-type]
                function=str(a["function"]),
                function_parameters=tuple(a["parameters"]),  # type: ignore[arg-type]
                low=float(a["low"]),  # type: ignore[arg-type]
                high=float(a["high"]),  # type: ignore[arg-type]
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
            case "output_error":
                return self._plain(StepOp.ERROR, node, node.inputs[:1])
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

    def _read(self, node: Node) -> Step:
        parts = [self.producers[name] for name in node.inputs]
        array = self.array_of[parts[0].inputs[0]]
        forward = parts[0].op == "tile_read"
        if forward:
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


_FORWARD = frozenset({StepOp.ENCODE, StepOp.READ, StepOp.SAMPLE})


def _tiles(node: Node) -> tuple[int, ...]:
    return tuple(node.attrs["tiles"])  # type: ignore[arg-type]


def _int(value: object) -> int:
    return int(value)  # type: ignore[call-overload, no-any-return]
