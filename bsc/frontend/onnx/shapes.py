"""Converters of what moves elements: values of the network, or shapes that a model computes with.

Shapes are known while importing, all but the batch, which stays an `Extent`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from bsc.frontend.onnx.call import Call
from bsc.frontend.onnx.values import BATCH, Extent, Known, Live, Value
from bsc.ir.types import Dim
from bsc.ops.source.rules import shape_text


def flatten(call: Call) -> Value:
    """Two dimensions: those before the axis, which must be the batch alone, and the others."""
    x = call.input(0)
    axis = call.integer("axis", 1)
    if not -len(x.shape) <= axis <= len(x.shape):
        raise call.refuse("BSC1012", f"axis {axis} is outside a value of {len(x.shape)} dimensions")
    axis = axis + len(x.shape) if axis < 0 else axis
    if isinstance(x, Live) and (axis == 0 or prod(_fixed(x.shape[:axis])) != 1):
        raise call.refuse(
            "BSC1003",
            f"Flatten joins the batch with other dimensions: axis {axis} of {shape_text(x.shape)}",
            help="flatten from axis 1 on",
        )
    if isinstance(x, Live):
        return call.emit("reshape", [x], {"shape": [-1, prod(_fixed(x.shape[axis:]))]})
    shape = x.array.shape
    return call.emit("reshape", [x], {"shape": [prod(shape[:axis]), prod(shape[axis:])]})


def reshape(call: Call) -> Value:
    """0 keeps a dimension (unless allowzero), -1 is the rest, the batch stays first."""
    x = call.input(0)
    wanted = call.known_integers(1, "the shape")
    if not call.integer("allowzero", 0):
        wanted = [_kept(call, x.shape, i) if d == 0 else d for i, d in enumerate(wanted)]
    if isinstance(x, Known):
        if any(isinstance(d, Extent) for d in wanted):
            return _over_batch(call, x, wanted)
        return call.emit("reshape", [x], {"shape": wanted})
    return call.emit("reshape", [x], {"shape": target_shape(call, x, wanted)})


def target_shape(call: Call, x: Live, wanted: Sequence[int | Extent]) -> list[int]:
    """A shape with -1 for the batch and numbers for the rest."""
    if any(isinstance(d, Extent) and d.factor != 1 for d in wanted) or BATCH not in x.shape:
        if any(isinstance(d, Extent) for d in wanted):
            raise call.refuse(
                "BSC1011", f"{call.node.op_type} joins the batch with other dimensions"
            )
        return [d for d in wanted if isinstance(d, int)]
    shape: list[int | Extent] = list(wanted)
    batch = call.model.fixed_batch
    if batch is not None and shape and shape[0] == batch and Extent() not in shape:
        shape[0] = Extent()  # the model was exported for one size of batch; it is open here
    if Extent() not in shape:
        return [d for d in shape if isinstance(d, int)]
    size = prod(_fixed(x.shape))
    others = prod(d for d in shape if isinstance(d, int) and d != -1)
    if -1 in shape:
        if others == 0 or size % others:
            raise call.refuse(
                "BSC1012",
                f"Reshape of {shape_text(x.shape)} to {shape_text(_dims(shape))} does not come out",
            )
        shape[shape.index(-1)] = size // others
    return [-1 if isinstance(d, Extent) else d for d in shape]


def transpose(call: Call) -> Value:
    """The order is reversed by default."""
    x = call.input(0)
    perm = call.integers("perm")
    if perm is None:
        perm = list(range(len(x.shape)))[::-1]
    if isinstance(x, Live) and perm and sorted(perm) == list(range(len(x.shape))):
        place = x.shape.index(BATCH) if BATCH in x.shape else 0
        if perm[place] != place and prod(_fixed(x.shape)) != 1:
            raise call.refuse(
                "BSC1003",
                f"Transpose {perm} moves the batch of {shape_text(x.shape)} away from the front",
            )
    return call.emit("transpose", [x], {"perm": perm})


def squeeze(call: Call) -> Value:
    """Axes as an input since opset 13, as an attribute before; all of extent 1 by default."""
    x = call.input(0)
    axes = _axes(call, len(x.shape))
    if axes is None:
        axes = [i for i, d in enumerate(x.shape) if d == 1]
    for axis in axes:
        if x.shape[axis] != 1:
            raise call.refuse(
                "BSC1003" if x.shape[axis] == BATCH else "BSC1012",
                f"Squeeze drops axis {axis} of {shape_text(x.shape)}, which has not the extent 1",
                help="the batch stays open and cannot be dropped" if axis == 0 else None,
            )
    return _with_shape(call, x, [d for i, d in enumerate(x.shape) if i not in axes])


def unsqueeze(call: Call) -> Value:
    """Axes as an input since opset 13, as an attribute before."""
    x = call.input(0)
    rank = len(x.shape) + len(_raw_axes(call) or [])
    axes = _axes(call, rank)
    if axes is None or len(set(axes)) != len(axes):
        raise call.refuse("BSC1003", f"Unsqueeze has the axes {axes}, expected different ones")
    dims = iter(x.shape)
    return _with_shape(call, x, [1 if i in axes else next(dims) for i in range(rank)])


def _with_shape(call: Call, x: Value, shape: Sequence[Dim]) -> Value:
    target = [-1 if isinstance(d, str) else d for d in shape]
    if isinstance(x, Known) and x.over_batch:
        raise call.refuse(
            "BSC1011", f"{call.node.op_type} reads a constant that is as long as the batch"
        )
    return call.emit("reshape", [x], {"shape": target})


def _raw_axes(call: Call) -> list[int] | None:
    if call.node.version < 13:
        return call.integers("axes")
    if call.optional(1) is None:
        return None
    found = call.known_integers(1, "the axes")
    return [d for d in found if isinstance(d, int)]


def _axes(call: Call, rank: int) -> list[int] | None:
    axes = _raw_axes(call)
    if axes is None:
        return None
    for axis in axes:
        if not -rank <= axis < rank:
            raise call.refuse("BSC1012", f"axis {axis} is outside a value of {rank} dimensions")
    return [axis % rank for axis in axes]


def shape(call: Call) -> Value:
    """The shape of a value, the batch in it as an `Extent`; a range of it since opset 15."""
    dims = _extents(call.input(0).shape)
    start, end = call.integer("start", 0), call.integer("end", len(dims))
    return call.constant(_integers(dims[slice(start, end)]))


def size(call: Call) -> Value:
    """The number of elements, a multiple of the batch."""
    total: int | Extent = 1
    for extent in _extents(call.input(0).shape):
        total = total * extent
    return call.constant(_integers([total]).reshape(()))


def gather(call: Call) -> Value:
    """Elements of a constant or shape; of a computed value a choice of features."""
    data, index = call.input(0), call.known(1, "the indices").array
    rank = len(data.shape)
    axis = call.integer("axis", 0)
    if index.dtype.kind != "i" or not -rank <= axis < rank:
        raise call.refuse("BSC1012", f"Gather along axis {axis} of {shape_text(data.shape)}")
    axis %= rank
    extent = data.shape[axis]
    if isinstance(extent, int) and not np.all((index >= -extent) & (index < extent)):
        raise call.refuse("BSC1012", f"Gather reads beyond axis {axis} of {shape_text(data.shape)}")
    if isinstance(data, Known):
        if data.over_batch:
            raise call.refuse("BSC1011", "Gather reads a constant that is as long as the batch")
        call.check_size((*data.array.shape[:axis], *index.shape, *data.array.shape[axis + 1 :]))
        return call.constant(np.take(data.array, index, axis))
    if isinstance(extent, str):
        raise call.refuse("BSC1003", "Gather chooses along the batch: samples would be lost")
    return _features(call, data, axis, np.where(index < 0, index + extent, index))


def slice_(call: Call) -> Value:
    """A range of a constant or shape; of a computed value a choice of features."""
    data = call.input(0)
    starts, ends = call.known_integers(1, "starts"), call.known_integers(2, "ends")
    axes: Sequence[int | Extent] = range(len(starts))
    if call.optional(3) is not None:
        axes = call.known_integers(3, "axes")
    steps: Sequence[int | Extent] = [1] * len(starts)
    if call.optional(4) is not None:
        steps = call.known_integers(4, "steps")
    value: Value = data
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise call.refuse("BSC1012", "Slice has starts, ends, axes and steps of unequal number")
    rank = len(data.shape)
    for number, numbers in enumerate(zip(starts, ends, axes, steps, strict=True)):
        fixed = [n for n in numbers if isinstance(n, int)]
        if len(fixed) != 4 or fixed[3] == 0:
            raise call.refuse("BSC1011", "Slice cuts at a multiple of the batch size")
        start, end, axis, step = fixed
        if not -rank <= axis < rank:
            raise call.refuse("BSC1012", f"axis {axis} is outside a value of {rank} dimensions")
        last = number == len(starts) - 1
        value = _cut(call, value, axis % rank, slice(start, end, step), inner=not last)
    return value


def _cut(call: Call, value: Value, axis: int, cut: slice, *, inner: bool) -> Value:
    if isinstance(value, Known):
        if value.over_batch and axis == 0:
            raise call.refuse("BSC1011", "Slice cuts a constant that is as long as the batch")
        return call.constant(value.array[(slice(None),) * axis + (_bounded(cut),)])
    extent = value.shape[axis]
    if isinstance(extent, str):
        if cut.start == 0 and cut.stop >= (1 << 31) - 1 and cut.step == 1:
            return value
        raise call.refuse("BSC1003", "Slice cuts the batch: samples would be lost")
    index = np.arange(extent, dtype=np.int64)[_bounded(cut)]
    return _features(call, value, axis, index, inner=inner)


def _bounded(cut: slice) -> slice:
    """A slice as Python has it: going down, an end before the first element is no end."""
    going_down = cut.step < 0 and cut.stop < -(1 << 30)
    return slice(cut.start, None, cut.step) if going_down else cut


def _features(
    call: Call,
    x: Live,
    axis: int,
    index: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    *,
    inner: bool = False,
) -> Value:
    if x.shape[axis] == BATCH or len(x.shape) != 2:
        raise call.refuse(
            "BSC1003",
            f"{call.node.op_type} takes parts of a computed value {shape_text(x.shape)} along axis "
            f"{axis}, expected features of [N, K]",
        )
    y = call.emit(
        "gather_features",
        [x, Known(index.reshape(-1).astype(np.int64), f"{call.node.outputs[0]}.index")],
        inner=inner or index.ndim != 1,
    )
    if index.ndim == 1:
        return y
    return call.emit("reshape", [y], {"shape": [-1, *index.shape]}, inner=inner)


def concat(call: Call) -> Value:
    """Constants, shapes or computed values one behind the other."""
    values = [call.input(i) for i in range(len(call.values))]
    axis = call.integer("axis", 0)
    if not values or not -len(values[0].shape) <= axis < len(values[0].shape):
        raise call.refuse("BSC1012", f"Concat of {len(values)} values along axis {axis}")
    if all(isinstance(v, Known) for v in values):
        arrays = [v.array for v in values if isinstance(v, Known)]
        try:
            return call.constant(np.concatenate(arrays, axis))
        except ValueError:
            shapes = ", ".join(str(list(a.shape)) for a in arrays)
            raise call.refuse("BSC1012", f"Concat of shapes {shapes} along {axis}") from None
    if any(v.shape[axis % len(v.shape)] == BATCH for v in values if v.shape):
        raise call.refuse("BSC1003", "Concat joins along the batch: samples would mix")
    return call.emit("concat", values, {"axis": axis})


def constant_of_shape(call: Call) -> Value:
    """One number, repeated; over the batch too."""
    wanted = call.known_integers(0, "the shape")
    found = call.node.attributes.get("value")
    fill = call.tensor(found.t) if found is not None else np.zeros(1, np.float32)
    if fill.size != 1 or any(isinstance(d, int) and d < 0 for d in wanted):
        raise call.refuse(
            "BSC1012", f"ConstantOfShape fills {shape_text(_dims(wanted))} with {fill.size} numbers"
        )
    call.check_size([d for d in wanted if isinstance(d, int)])
    return _over_batch(call, Known(fill.reshape(()), ""), wanted, stretch=True)


def expand(call: Call) -> Value:
    """A value stretched to a shape: constants are, computed values must have it already."""
    x = call.input(0)
    wanted = call.known_integers(1, "the shape")
    if isinstance(x, Known):
        rank = max(x.array.ndim, len(wanted))
        own = (1,) * (rank - x.array.ndim) + x.array.shape
        stretched: list[int | Extent] = [1] * (rank - len(wanted))
        stretched += wanted
        joined = [o if a == 1 else a for o, a in zip(own, stretched, strict=True)]
        call.check_size([d for d in joined if isinstance(d, int)])
        return _over_batch(call, x, joined, stretch=True)
    own_dims = _extents(x.shape)
    asked: list[int | Extent] = [1] * (len(own_dims) - len(wanted))
    asked += wanted
    batch = call.model.fixed_batch
    if len(asked) != len(own_dims) or any(
        a != 1 and a != o and not (isinstance(o, Extent) and a == batch)
        for o, a in zip(own_dims, asked, strict=True)
    ):
        raise call.refuse(
            "BSC1003",
            f"Expand stretches a computed value {shape_text(x.shape)} to "
            f"{shape_text(_dims(wanted))}",
        )
    return call.emit("identity", [x])


def _over_batch(
    call: Call, x: Known, wanted: Sequence[int | Extent], *, stretch: bool = False
) -> Value:
    """A constant of a shape that may begin with the batch, which is kept as an extent of 1."""
    over_batch = bool(wanted) and isinstance(wanted[0], Extent)
    if any(isinstance(d, Extent) and (i or d.factor != 1) for i, d in enumerate(wanted)):
        raise call.refuse("BSC1011", "a constant's shape depends on the batch size")
    shape = [1 if isinstance(d, Extent) else d for d in wanted]
    try:
        array = np.broadcast_to(x.array, shape) if stretch else x.array.reshape(shape)
    except ValueError:
        raise call.refuse(
            "BSC1012", f"{list(x.array.shape)} does not become {shape_text(_dims(wanted))}"
        ) from None
    return Known(array, call.node.outputs[0], over_batch)


def reduce_prod(call: Call) -> Value:
    """The product of a shape's dimensions."""
    data = call.known(0, "the input").array
    axes = call.integers("axes") if call.node.version < 18 else None
    if call.node.version >= 18 and call.optional(1) is not None:
        axes = [int(a) for a in call.known_integers(1, "the axes") if isinstance(a, int)]
    if data.ndim != 1 or axes not in (None, [0], [-1]):
        raise call.refuse("BSC1003", "ReduceProd is supported for shapes, lists of integers")
    total: int | Extent = 1
    for element in data.tolist():
        total = total * element
    keep = call.integer("keepdims", 1)
    result = _integers([total]) if data.dtype.kind in "iO" else np.array([total], data.dtype)
    return call.constant(result if keep else result.reshape(()))


def _kept(call: Call, shape: Sequence[Dim], index: int) -> int | Extent:
    if index >= len(shape):
        raise call.refuse("BSC1012", f"Reshape keeps dimension {index} of {shape_text(shape)}")
    dim = shape[index]
    return Extent() if isinstance(dim, str) else dim


def _extents(shape: Sequence[Dim]) -> list[int | Extent]:
    return [Extent() if isinstance(d, str) else d for d in shape]


def _dims(extents: Sequence[int | Extent]) -> list[Dim]:
    return [str(d) if isinstance(d, Extent) else d for d in extents]


def _fixed(shape: Sequence[Dim]) -> list[int]:
    return [d for d in shape if isinstance(d, int)]


def _integers(
    extents: Sequence[int | Extent],
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64 | np.object_]]:
    if any(isinstance(d, Extent) for d in extents):
        array = np.empty(len(extents), object)
        array[:] = list(extents)
        return array
    return np.array([int(d) for d in extents if isinstance(d, int)], np.int64)
