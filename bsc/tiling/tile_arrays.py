"""BINARY to TILED: each read becomes reads of placed tiles whose sums are joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import AttrValue, Graph, Node
from bsc.ir.pass_manager import PassResult
from bsc.ir.types import Stage
from bsc.ops import OPS
from bsc.tiling.partition import partition
from bsc.tiling.plan import Tile

_WHOLE = ("count", "carry", "sgd_step", "refresh")
"""Operators that every tile does for its own cells; they only learn which tiles these are."""


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

    def run(self, graph: Graph) -> PassResult:
        """Rewrite a BINARY graph."""
        if graph.stage is not Stage.BINARY:
            return PassResult(graph, False)
        arrays = [node for node in graph.nodes if node.op == "array"]
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
