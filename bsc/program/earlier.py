"""Program files of earlier versions, as the present version says them.

Version 1 had one input, arrays that form a chain, one softmax head, and a tail that reads `logits`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bsc.ir.graph import AttrValue, Graph
from bsc.passes.activations import RULE_SLOPE
from bsc.tiling.plan import Head, ReadSpec

_OF_READ = ("gain", "function", "function_parameters", "low", "high")
_LOGITS = "logits"


def upgraded(manifest: dict[str, Any]) -> dict[str, Any]:
    """A manifest of version 1 as one of version 2; what does not fit is left for its check."""
    made = {name: value for name, value in manifest.items() if name not in ("input", "classes")}
    arrays = [dict(array) for array in manifest["arrays"]]
    made["version"] = 2
    made["inputs"] = [manifest["input"]]
    made["arrays"] = [{k: v for k, v in a.items() if k not in _OF_READ} for a in arrays]
    made["reads"] = [
        {k: array[k] for k in ("name", "origin", *_OF_READ) if k in array} | {"array": index}
        for index, array in enumerate(arrays)
    ]
    made["heads"] = [
        {
            "read": len(arrays) - 1,
            "columns": arrays[-1]["columns"],
            "readout": "softmax",
            "outputs": [_LOGITS],
            "classes": manifest["classes"],
        }
    ]
    # A model that ends in a sigmoid had a softmax readout, too: asked again, it keeps it.
    made["plan"] = {**manifest["plan"], "readouts": [["*", "softmax"]]}
    made["training"] = [
        {**step, "numbers": [["target", 0]]} if step["op"] == "error" else step
        for step in manifest["training"]
    ]
    return made


def upgraded_tail(
    tail: Graph, reads: tuple[ReadSpec, ...], heads: tuple[Head, ...]
) -> tuple[Graph, tuple[Head, ...]]:
    """The tail with the head's read by its name, and the head with the outputs made of it."""
    last = f"{reads[-1].name}.y"

    def name(value: str) -> str:
        return last if value == _LOGITS else value

    outside = set(tail.inputs) - {_LOGITS}
    mixed = set(outside)
    for node in tail.nodes:
        if mixed.intersection(node.inputs):
            mixed.update(node.outputs)
    own = tuple(output for output in tail.outputs if output not in mixed)
    graph = replace(
        tail,
        inputs=tuple(map(name, tail.inputs)),
        nodes=tuple(replace(n, inputs=tuple(map(name, n.inputs))) for n in tail.nodes),
        types={name(value): kind for value, kind in tail.types.items()},
    )
    return graph, (replace(heads[0], outputs=own or (reads[-1].name,)),)


def upgraded_source(source: Graph, head: Head) -> Graph:
    """The source, whose last neuron says how the head is read out.

    Only weights that rule `hp` trained stand in a source with neurons; the others have none yet.
    """
    neurons = [node for node in source.nodes if node.op == "neuron"]
    if not neurons:
        return source
    said: dict[str, AttrValue] = {
        "readout": str(head.readout),
        "slope": RULE_SLOPE,
        "outputs": head.outputs,
    }
    last = replace(neurons[-1], attrs={**neurons[-1].attrs, **said})
    nodes = tuple(last if node is neurons[-1] else node for node in source.nodes)
    return replace(source, nodes=nodes)
