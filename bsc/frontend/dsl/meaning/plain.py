"""Operators without weights: activations, the classifier's tail, images, what moves elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod
from types import MappingProxyType
from typing import Any

from bsc.frontend.dsl.meaning import layers
from bsc.frontend.dsl.meaning.building import sample
from bsc.frontend.dsl.meaning.occurrence import Occurrence
from bsc.frontend.dsl.meaning.scope import suggestion
from bsc.frontend.dsl.meaning.tensors import DTYPES, as_tensor
from bsc.frontend.dsl.meaning.values import Listed, Live, Tensor
from bsc.ir.types import Encoding
from bsc.numerics import functions
from bsc.numerics.errors import NumericsError
from bsc.ops.source.activations import FLOAT_MAX

Lower = Callable[[Occurrence], Live]
"""Makes the nodes of one operator and gives its value."""


def _same(op: str) -> Lower:
    """An operator of one input whose attributes are its arguments."""

    def lower(o: Occurrence) -> Live:
        return o.emit(op, [o.single()], o.arguments.values)

    return lower


def _clip(o: Occurrence) -> Live:
    bounds = {
        name: min(max(o.arguments.get(name, default), -FLOAT_MAX), FLOAT_MAX)
        for name, default in (("low", -FLOAT_MAX), ("high", FLOAT_MAX))
    }
    return o.emit("clip", [o.single()], bounds)


def _logistic(o: Occurrence) -> Live:
    x = o.single()
    slope = o.building.number(
        o.arguments.get("a", 4.0), Encoding.F32, o.place_of("a"), f"{o.label}.a"
    )
    return o.emit("sigmoid", [o.emit("mul", [x, slope], inner=True)])


def _neuron(o: Occurrence) -> Live:
    function: str = o.arguments.get("function", "")
    parameters: tuple[float, ...] = o.arguments.get("parameters", ())
    try:
        functions.validate(function, parameters)
    except NumericsError as error:
        raise o.refuse(
            "BSC2307", f"neuron: {error}", o.place_of("function"),
            help=partial(suggestion, function, list(functions.PARAMETERS), "functions")
            if function not in functions.PARAMETERS else None,
        ) from None  # fmt: skip
    defaults = {"gain": 1.0, "low": 0.0, "high": 1.0}
    try:
        functions.validate_range(**{n: o.arguments.get(n, d) for n, d in defaults.items()})
    except NumericsError as error:
        raise o.refuse("BSC2307", f"neuron: {error}") from None
    return o.emit("neuron", [o.single()], o.arguments.values)


def _axis(o: Occurrence, x: Live, default: int) -> int:
    """An axis of a sample as one of the graph's value; negative ones count from the end."""
    axis = o.arguments.get("axis", default)
    lead, _ = sample(x.type)
    rank = len(x.type.shape) - lead
    if not -rank <= axis < rank:
        raise o.refuse(
            "BSC2307",
            f"axis {axis} of {o.row.name} is outside of a sample of {x.type}, which has {rank} "
            f"dimension{'s' * (rank != 1)}",
            o.place_of("axis"),
            help=f"0 to {rank - 1}, or -1 for the last" if rank else None,
        )
    return axis if axis < 0 else axis + lead


def _along(op: str) -> Lower:
    """An operator along an axis."""

    def lower(o: Occurrence) -> Live:
        x = o.single()
        return o.emit(op, [x], {**o.arguments.values, "axis": _axis(o, x, -1)})

    return lower


def _concat(o: Occurrence) -> Live:
    values = [o.live(value) for value in o.inputs]
    return o.emit("concat", values, {"axis": _axis(o, values[0], -1)})


def _gather(o: Occurrence) -> Live:
    given: dict[str, Tensor] = {
        name: value for name, value in o.arguments.values.items() if isinstance(value, Tensor)
    }
    if len(given) == 2 or len(given) + len(o.inputs) != 2:
        raise o.wrong_count(
            "what is chosen from and the index: one that flows in and the other given as `index` "
            "or `of`, or a group of both", len(o.inputs),
        )  # fmt: skip
    if "index" in given:
        index = o.building.place(given["index"], f"{o.label}.index")
        return o.emit("gather_features", [o.live(o.inputs[0]), index])
    if "of" in given:
        data = o.building.place(given["of"], f"{o.label}.of")
        return o.emit("gather_features", [data, o.live(o.inputs[0])])
    return o.emit("gather_features", [o.live(value) for value in o.inputs])


def _arithmetic(op: str) -> Lower:
    def lower(o: Occurrence) -> Live:
        given = [*o.inputs]
        if "other" in o.arguments.values:
            other: Any = o.arguments.values["other"]
            given.append(other)
        if len(given) != 2:
            raise o.wrong_count("two operands: a group of both, or one and `other`", len(given))
        like = next((v.type.encoding for v in given if isinstance(v, Live | Tensor)), Encoding.F32)
        given = [
            as_tensor(v, DTYPES.get(like), o.building.problems) if isinstance(v, Listed) else v
            for v in given
        ]
        a, b = (o.live(value, like) for value in given)
        return o.emit(op, [a, b])

    return lower


def _pool(op: str) -> Lower:
    def lower(o: Occurrence) -> Live:
        x = o.single()
        kernel = o.arguments.get("size", (1, 1))
        attrs: dict[str, object] = {
            "kernel": kernel,
            "strides": o.arguments.get("stride", kernel),
            "pads": layers.padding(o, x, kernel),
        }
        for name, attr in (("dilation", "dilations"), ("count_padding", "count_padding")):
            if name in o.arguments.values:
                attrs[attr] = o.arguments.values[name]
        return o.emit(op, [x], attrs)

    return lower


def _global_average_pool(o: Occurrence) -> Live:
    x = o.single()
    if len(x.type.shape) != 4:
        raise o.refuse(
            "BSC2301",
            f"global_average_pool reads images [N, channels, rows, columns], found {x.type}",
            others=[(x.at, str(x.type))],
        )
    extents = x.type.shape[2:]
    return o.emit("average_pool", [x], {"kernel": extents, "strides": (1, 1)})


def _flatten(o: Occurrence) -> Live:
    x = o.single()
    size = prod(d for d in x.type.shape if isinstance(d, int))
    return o.emit("reshape", [x], {"shape": (-1, size)})


def _reshape(o: Occurrence) -> Live:
    x = o.single()
    shape: tuple[int, ...] = o.arguments.get("shape", ())
    _, batched = sample(x.type)
    if batched and not o.arguments.get("whole", False):
        known = prod(d for d in x.type.shape if isinstance(d, int))
        if -1 in shape:
            rest = prod(d for d in shape if d != -1)
            fits = rest and known % rest == 0 and shape.count(-1) == 1
            if not fits:
                raise o.refuse(
                    "BSC2301",
                    f"a sample of {x.type} has {known} elements, which {list(shape)} does not "
                    "divide",
                    o.place_of("shape"),
                    others=[(x.at, str(x.type))],
                )
            shape = tuple(known // rest if d == -1 else d for d in shape)
        elif prod(shape) != known or any(d < 0 for d in shape):
            raise o.refuse(
                "BSC2301",
                f"a sample of {x.type} has {known} elements, {list(shape)} has {prod(shape)}",
                o.place_of("shape"),
                others=[(x.at, str(x.type))],
            )
        shape = (-1, *shape)
    return o.emit("reshape", [x], {"shape": shape})


def _transpose(o: Occurrence) -> Live:
    x = o.single()
    perm: tuple[int, ...] = o.arguments.get("perm", ())
    lead, _ = sample(x.type)
    if lead and not o.arguments.get("whole", False):
        rank = len(x.type.shape) - 1
        if sorted(perm) != list(range(rank)):
            raise o.refuse(
                "BSC2307",
                f"perm is {list(perm)}, expected an order of the dimensions of a sample of "
                f"{x.type}, from 0",
                o.place_of("perm"),
                others=[(x.at, str(x.type))],
            )
        perm = (0, *(p + 1 for p in perm))
    return o.emit("transpose", [x], {"perm": perm})


def _cast(o: Occurrence) -> Live:
    return o.emit("cast", [o.single()], {"to": o.arguments.get("encoding", "f32")})


def _dropout(o: Occurrence) -> Live:
    rate = o.arguments.get("rate", 0.5)
    if not 0 <= rate < 1:
        raise o.refuse(
            "BSC2307",
            f"rate of dropout is {rate:g}, expected a share from 0 to below 1",
            o.place_of("rate"),
        )
    return o.emit("dropout", [o.single()])


LOWER: Mapping[str, Lower] = MappingProxyType(
    {
        "dense": layers.dense,
        "conv": layers.conv,
        "matmul": layers.matmul,
        "batch_norm": layers.batch_norm,
        **{name: _same(name) for name in ("relu", "leaky_relu", "sigmoid", "tanh", "hard_sigmoid",
                                          "sign", "identity", "normalise")},
        "clip": _clip,
        "logistic": _logistic,
        "neuron": _neuron,
        **{name: _along(name) for name in ("softmax", "log_softmax", "argmax")},
        "concat": _concat,
        "gather": _gather,
        **{name: _arithmetic(name) for name in ("add", "sub", "mul", "div")},
        "max_pool": _pool("max_pool"),
        "average_pool": _pool("average_pool"),
        "global_average_pool": _global_average_pool,
        "flatten": _flatten,
        "reshape": _reshape,
        "transpose": _transpose,
        "cast": _cast,
        "dropout": _dropout,
    }
)  # fmt: skip
"""How each operator of the table is made."""
