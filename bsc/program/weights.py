"""Weights and cells that move: into a network from outside, and from program to program."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bsc.hw.plan import Rule, TrainPlan
from bsc.hw.spec import TargetSpec
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph
from bsc.ops import OPS
from bsc.program.model import Program

Layers: TypeAlias = list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]]
"""W [inputs, outputs] and b [outputs] of each array."""


def holding(legal: Graph, program: Program, layers: Layers) -> Graph:
    """The legalised graph of a program with other weights.

    Each array gets constants of its own: arrays of other biases may share weights in the model.
    """
    builder = GraphBuilder.of(legal, OPS)
    held: list[tuple[str, ...]] = []
    for spec, (weights, bias) in zip(program.arrays, layers, strict=True):
        given = {"w": weights}
        if spec.bias_lines:
            given["b"] = np.zeros(spec.columns, np.float32) if bias is None else bias
        elif bias is not None and bias.any():
            raise ValueError(f"array {spec.name} has no lines for a bias")
        held.append(
            tuple(
                builder.constant(builder.fresh_name(f"{spec.name}.{role}"), data.astype(np.float32))
                for role, data in given.items()
            )
        )
    dense = [node for node in legal.nodes if node.op == "dense"]
    read_by = {node.outputs: read for node, read in zip(dense, program.reads, strict=True)}
    nodes = [
        replace(node, inputs=(node.inputs[0], *held[read_by[node.outputs].array]))
        if node.outputs in read_by
        else node
        for node in legal.nodes
    ]
    types = {**legal.types, **builder.types}
    return legal.with_nodes(nodes, types=types, constants=builder.constants)


def devices_stay(program: Program, target: TargetSpec, plan: TrainPlan) -> bool:
    """Whether every array keeps its kind of cells under another target or plan."""
    if (program.plan.rule is Rule.SGD) != (plan.rule is Rule.SGD):
        return False
    return all(
        program.device_of(number) == (plan.layer(spec.name).device or target.device)
        for number, spec in enumerate(program.arrays)
    )


def cells_fit(old: Program, new: Program) -> bool:
    """Whether cells mean in a new program what they mean in an old one."""
    # The same cells say something else where the model's y is another multiple of the arrays'.
    gains = [[(read.array, read.gain) for read in program.reads] for program in (old, new)]
    same_devices = devices_stay(old, new.target, new.plan)
    return same_devices and gains[0] == gains[1] and _extents(old) == _extents(new)


def _extents(program: Program) -> list[tuple[object, ...]]:
    return [(a.name, a.rows, a.columns, a.scale) for a in program.arrays]
