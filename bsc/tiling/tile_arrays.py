"""BINARY to TILED: each read becomes reads of placed tiles whose sums are joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import AttrValue, Graph, Node
from bsc.ir.pass_manager import PassResult
from bsc.ir.types import Stage
from bsc.ops import OPS
from bsc.passes.demands import Demands
from bsc.tiling.partition import partition
from bsc.tiling.plan import Tile

_WHOLE = ("count", "carry", "sgd_step", "refresh")
"""Operators that every tile does for its own cells; they only learn which tiles these are."""

MOST_LINES = 1 << 10
"""Word or bit lines of a tile: up to here, sums in single precision are exact."""

MOST_TILES = 1 << 21
"""Tiles of one graph: the largest layer takes half of them at 128 x 128."""


@dataclass(frozen=True, slots=True)
class TileArrays:
    """Tiles all arrays.

    Attributes:
        rows: word lines of a tile.
        columns: bit lines of a tile.
    """

    name: ClassVar[str] = "tile-arrays"

    rows: int = 128
    columns: int = 128

    def __post_init__(self) -> None:
        """Refuse tiles that no target can have."""
        for name, lines in (("rows", self.rows), ("columns", self.columns)):
            if not 1 <= lines <= MOST_LINES:
                raise ValueError(f"{name} is {lines}, expected 1 to {MOST_LINES}")

    def run(self, graph: Graph) -> PassResult:
        """Rewrite a BINARY graph."""
        if graph.stage is not Stage.BINARY:
            return PassResult(graph, False)
        arrays = [node for node in graph.nodes if node.op == "array"]
        self._check(graph, arrays)
        extents = [(_int(n.attrs["rows"]), _int(n.attrs["columns"])) for n in arrays]
        placed = partition(extents, self.rows, self.columns)
        tiles = {n.outputs[0]: t for n, t in zip(arrays, placed, strict=True)}
        inputs = {n.outputs[0]: _int(n.attrs["inputs"]) for n in arrays}
        builder = GraphBuilder.of(graph, OPS, Stage.TILED)
        owner: dict[str, str] = {}  # updated cells -> the array
        for node in graph.nodes:
            cells = owner.get(node.inputs[0], node.inputs[0]) if node.inputs else ""
            if node.op == "read":
                _read(builder, node, tiles[cells])
            elif node.op == "read_transposed":
                _read_transposed(builder, node, tiles[cells], inputs[cells])
            else:
                attrs = dict(node.attrs)
                if node.op in _WHOLE:
                    attrs["tiles"] = tuple(t.index for t in tiles[cells])
                    owner[node.outputs[0]] = cells
                builder.add_node(
                    node.op, node.inputs, attrs, outputs=node.outputs, origin=node.origin
                )
        for name in graph.outputs:
            builder.output(name)
        return PassResult(builder.build(), True)

    def _check(self, graph: Graph, arrays: list[Node]) -> None:
        """Refuse cells that belong to no array, and more tiles than a graph can name."""
        demands = Demands(self.name, graph, "run binarise on the graph before")
        known = {node.outputs[0] for node in arrays}
        for node in graph.nodes:
            if node.op not in ("read", "read_transposed", *_WHOLE):
                continue
            if node.inputs[0] not in known:
                demands.lacks(node, f"takes %{node.inputs[0]}, which is no array")
            if node.op in _WHOLE:
                known.add(node.outputs[0])
        tiles = 0
        for node in arrays:
            rows, columns = _int(node.attrs["rows"]), _int(node.attrs["columns"])
            tiles += -(-rows // self.rows) * -(-columns // self.columns)
            if tiles > MOST_TILES:
                demands.lacks(node, f"would bring the graph to {tiles} tiles, at most {MOST_TILES}")
                break
        demands.check()


def _int(value: AttrValue) -> int:
    return int(value)  # type: ignore[arg-type]


def _window(tile: Tile, row_stop: int) -> dict[str, AttrValue]:
    return {
        "tile": tile.index,
        "row_start": tile.row_start,
        "row_stop": row_stop,
        "column_start": tile.column_start,
        "column_stop": tile.column_stop,
    }


def _read(builder: GraphBuilder, node: Node, tiles: tuple[Tile, ...]) -> None:
    parts = [
        builder.add(
            "tile_read",
            node.inputs,
            _window(tile, tile.row_stop),
            name=f"{node.outputs[0]}.tile{tile.index}",
            origin=node.origin,
        )
        for tile in tiles
    ]
    groups = 1 + max(tile.column for tile in tiles)
    builder.add("join", parts, {"groups": groups}, name=node.outputs[0], origin=node.origin)


def _read_transposed(
    builder: GraphBuilder, node: Node, tiles: tuple[Tile, ...], inputs: int
) -> None:
    # Column by column of the tile grid: parts that meet on the same word lines are added.
    driven = sorted(
        (tile for tile in tiles if tile.row_start < inputs), key=lambda t: (t.column, t.row)
    )
    parts = [
        builder.add(
            "tile_read_transposed",
            node.inputs,
            _window(tile, min(tile.row_stop, inputs)),
            name=f"{node.outputs[0]}.tile{tile.index}",
            origin=node.origin,
        )
        for tile in driven
    ]
    groups = 1 + max(tile.row for tile in driven)
    builder.add("join", parts, {"groups": groups}, name=node.outputs[0], origin=node.origin)
