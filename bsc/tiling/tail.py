"""What runs beside the arrays: from their sums, in the model's own unit, to its outputs."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc.tiling.plan import Head


def tail_of(tiled: Graph) -> Graph:
    """What runs beside the arrays, from `<read>.y` to the model's outputs."""
    builder = GraphBuilder(f"{tiled.name}.tail", Stage.SOURCE, OPS)
    names: dict[str, str] = {}  # what is called otherwise here
    for node in tiled.nodes:
        if node.op == "logits":
            name = f"{node.attrs['name']}.y"
            given = tiled.types[node.outputs[0]]
            if name not in builder.types:
                builder.input(name, TensorType(Encoding.F32, given.shape))
            names[node.outputs[0]] = name
    reached = set(names)
    for name in set(tiled.types).intersection(builder.types).difference(names):
        # The model calls a value so too, which is no output: `layer_names` sees to it.
        numbered = (f"{name}_{k}" for k in itertools.count(1))
        names[name] = next(n for n in numbered if n not in tiled.types)
    for node in tiled.nodes:
        if node.op == "logits" or Stage.SOURCE not in OPS[node.op].stages:
            continue
        if not reached.intersection(node.inputs):
            continue
        for name in node.inputs:
            own = names.get(name, name)
            if name in tiled.constants and own not in builder.types:
                builder.constant(own, tiled.constants[name], tiled.types[name].encoding)
        builder.add_node(
            node.op,
            [names.get(name, name) for name in node.inputs],
            node.attrs,
            outputs=[names.get(name, name) for name in node.outputs],
            origin=node.origin,
        )
        reached.update(node.outputs)
    for name in tiled.outputs:
        if tiled.types[name].encoding is Encoding.CELLS:
            continue
        if name in names:
            builder.add("identity", [names[name]], name=name)
        elif name in tiled.constants:
            builder.constant(name, tiled.constants[name], tiled.types[name].encoding)
        builder.output(name)
    return builder.build()


def with_classes(head: Head, read: str, tail: Graph) -> Head:
    """A head with the labels that the model itself attaches to its classes."""
    reached = {f"{read}.y"}
    for node in tail.nodes:
        if not reached.intersection(node.inputs):
            continue
        reached.update(node.outputs)
        if node.op == "gather_features" and node.inputs[0] in tail.constants:
            labels = np.asarray(tail.constants[node.inputs[0]]).reshape(-1).tolist()
            return replace(head, classes=tuple(labels))
    return head
