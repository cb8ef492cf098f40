"""The end of a model: weights drawn, outputs under their names, the graph verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from bsc.frontend.dsl.ast import Assign, Input, Model, Name, Output
from bsc.frontend.dsl.meaning.building import Building, origin_of
from bsc.frontend.dsl.meaning.initialisers import MAX_DRAWN
from bsc.frontend.dsl.meaning.initialisers import draw as drawn
from bsc.frontend.dsl.meaning.problems import Abandoned
from bsc.frontend.dsl.meaning.values import Initialiser, Live, Tensor
from bsc.ir.graph import Graph


def reserve_names(model: Model) -> set[str]:
    """Names of values that the model gives; the graph keeps them for these values alone."""
    names: set[str] = set()
    for statement in model.body:
        match statement:
            case Assign():
                names.update(name.name for name in statement.names)
            case Input() | Output():
                names.add(statement.name.name)
            case _:
                pass
    return names


def draw_pending(building: Building, *, draw: bool = True) -> Literal["keep", "random"]:
    """Draw the weights that wait for it; refused before memory is taken where they are too many.

    Args:
        building: the graph so far.
        draw: False leaves them zeros.

    Returns:
        `random` where all layers leave their weights to the device, which then are zeros that take
        no memory, and no bias is given but zeros; else `keep`: weights left to the device beside
        others are drawn as `he`.
    """
    entries = building.layers.values()
    on_device = [entry for entry in entries if entry.on_device]
    all_left = bool(entries) and len(on_device) == len(entries)
    anew = all_left and not any(entry.has_bias for entry in entries)
    pending = building.pending
    if on_device and not anew:
        first = on_device[0]
        names = ", ".join(entry.path for entry in on_device[:4])
        given = "but a bias is given" if all_left else "those of other layers are given"
        building.problems.note(
            "BSC2409",
            f"the weights of {names}{', ..' if len(on_device) > 4 else ''} are left to the device, "
            f"{given}: they start as he, a bell curve",
            first.at,
            help="write weights = he(seed = ..) to choose the draws, or leave all to the device",
        )
        pending = [
            replace(p, initialiser=Initialiser("he", (), 0, p.initialiser.at))
            if p.initialiser.kind == "device" and len(p.shape) > 1
            else p
            for p in pending
        ]
    count = 0
    for one in pending:
        count += one.elements
        if count > MAX_DRAWN:
            building.problems.error(
                "BSC2306",
                f"the weights of {one.name} have {one.elements} elements to be drawn, with those "
                f"before {count}; at most {MAX_DRAWN} are drawn",
                one.initialiser.at,
                help="read them from a file, or leave them to the device",
            )
            return "keep"
    for one in pending if draw else ():
        if one.initialiser.kind != "device":  # those are zeros already
            building.builder.constants[one.name] = drawn(one)
    return "random" if anew else "keep"


def finish(
    building: Building,
    outputs: Sequence[tuple[Name, Live | Tensor | int | float | None]],
) -> Graph | None:
    """The graph, verified, with its outputs under their names; None where one failed, recorded.

    A value takes an output's name where it can; inputs, and values handed out twice, pass through
    an `identity`.
    """
    builder = building.builder
    renamed: dict[str, str] = {}
    fixed = set(building.inputs)
    fixed.update(n.name for n, v in outputs if isinstance(v, Live) and v.name == n.name)
    for name, value in outputs:
        live = value if isinstance(value, Live) else None
        if isinstance(value, Tensor):
            try:
                live = building.place(value, name.name)
            except Abandoned:
                continue
        if live is None:
            raise TypeError(f"the output {name.name} has no value")
        wanted = name.name
        if live.name == wanted:
            builder.output(wanted)
        elif live.name in fixed or live.name in renamed:
            origin = origin_of(building.source, name.at, wanted)
            builder.add("identity", [live.name], name=wanted, origin=origin)
            builder.output(wanted)
        else:
            renamed[live.name] = wanted
            builder.output(live.name)
    if building.problems.failed:
        return None
    graph = builder.build()
    return _renamed(graph, renamed) if renamed else graph


def _renamed(graph: Graph, names: dict[str, str]) -> Graph:
    nodes = [
        replace(
            node,
            inputs=tuple(names.get(n, n) for n in node.inputs),
            outputs=tuple(names.get(n, n) for n in node.outputs),
        )
        for node in graph.nodes
    ]
    return replace(
        graph,
        nodes=tuple(nodes),
        outputs=tuple(names.get(n, n) for n in graph.outputs),
        types={names.get(n, n): t for n, t in graph.types.items()},
        constants={names.get(n, n): c for n, c in graph.constants.items()},
    )
