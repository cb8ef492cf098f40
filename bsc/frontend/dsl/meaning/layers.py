"""Layers that hold weights: dense, conv, matmul; and batch_norm with its statistics."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from bsc.frontend.dsl.ast import Place
from bsc.frontend.dsl.meaning.building import LayerEntry
from bsc.frontend.dsl.meaning.chains import brief
from bsc.frontend.dsl.meaning.occurrence import Occurrence
from bsc.frontend.dsl.meaning.problems import At
from bsc.frontend.dsl.meaning.values import DEVICE, Initialiser, Live, Tensor, shape_text
from bsc.frontend.onnx.tensors import MAX_ELEMENTS
from bsc.ir.types import Encoding, TensorType

_ZEROS, _ONES = Initialiser("zeros"), Initialiser("ones")


def dense(o: Occurrence) -> Live:
    """Y = x W + b; a group (x, W) or (x, W, b) flows in where weights are computed."""
    if len(o.inputs) > 1:
        return _of_group(o, "dense", 3)
    x = o.single()
    given = o.arguments.get("weights", DEVICE)
    if len(x.type.shape) != 2 or not isinstance(x.type.shape[1], int):
        raise o.refuse(
            "BSC2301",
            f"{brief(o.what)} reads rows of numbers [N, K], found {x.type}",
            others=[(x.at, str(x.type))],
            help="put -> flatten in front of it",
        )
    inputs = x.type.shape[1]
    units = _count(o, "units", given, 1)
    _check_float(o, x)
    _note_layer(o, given)
    w = _weights(o, "weight", given, (inputs, units), (inputs, units), x)
    b = _bias(o, units, given)
    return o.emit("dense", [x, w, *b], others=_conflicts(o, x))


def matmul(o: Occurrence) -> Live:
    """Y = x W; a group (x, W) flows in where W is computed."""
    if len(o.inputs) > 1:
        return _of_group(o, "matmul", 2)
    x = o.single()
    if "weights" not in o.arguments.values:
        raise o.refuse("BSC2206", "matmul lacks its weights", help=f"write {o.row.signature}")
    given = o.arguments.get("weights", DEVICE)
    inputs = x.type.shape[-1] if x.type.shape else 0
    if not isinstance(inputs, int) or len(x.type.shape) < 2:
        raise o.refuse(
            "BSC2301", f"matmul reads [.., K], found {x.type}", others=[(x.at, str(x.type))]
        )
    units = _count(o, "units", given, 1)
    _check_float(o, x)
    _note_layer(o, given)
    w = _weights(o, "weight", given, (inputs, units), (inputs, units), x)
    return o.emit("matmul", [x, w], others=_conflicts(o, x))


def conv(o: Occurrence) -> Live:
    """A convolution of images; a group (x, W) or (x, W, b) flows in where weights are computed."""
    x = o.live(o.inputs[0])
    attrs: dict[str, object] = {
        "strides": o.arguments.get("stride", (1, 1)),
        "dilations": o.arguments.get("dilation", (1, 1)),
        "groups": o.arguments.get("groups", 1),
    }
    if len(o.inputs) > 1:
        attrs["pads"] = padding(o, x, _known_kernel(o))
        return _of_group(o, "conv2d", 3, attrs)
    if len(x.type.shape) != 4:
        raise o.refuse(
            "BSC2301",
            f"{brief(o.what)} reads images [N, channels, rows, columns], found {x.type}",
            others=[(x.at, str(x.type))],
            help="reshape([channels, rows, columns]) makes an image of a row of numbers",
        )
    _check_float(o, x)
    given = o.arguments.get("weights", DEVICE)
    channels = _count(o, "channels", given, 0)
    kernel = o.arguments.get("kernel", (0, 0))
    if "kernel" not in o.arguments.values:
        if not isinstance(given, Tensor) or given.array.ndim != 4:
            raise o.refuse("BSC2206", "conv lacks its kernel", help=f"write {o.row.signature}")
        kernel = (given.array.shape[2], given.array.shape[3])
    groups = o.arguments.get("groups", 1)
    read = x.type.shape[1]
    read = read if isinstance(read, int) else 0
    if read % groups or channels % groups:
        raise o.refuse(
            "BSC2301",
            f"{groups} groups, expected a number that divides the {read} channels of the input "
            f"and the {channels} that are made",
            o.place_of("groups"),
            others=[(x.at, str(x.type))],
        )
    attrs["pads"] = padding(o, x, kernel)
    _note_layer(o, given)
    shape = (channels, read // groups, *kernel)
    taps = prod(kernel)
    fans = (read // groups * taps, channels // groups * taps)
    w = _weights(o, "weight", given, shape, fans, x)
    b = _bias(o, channels, given)
    return o.emit("conv2d", [x, w, *b], attrs, others=_conflicts(o, x))


def _known_kernel(o: Occurrence) -> tuple[int, int]:
    if "kernel" in o.arguments.values:
        return o.arguments.get("kernel", (1, 1))
    w = o.live(o.inputs[1]).type.shape
    extents = [d if isinstance(d, int) else 1 for d in w[2:4]]
    return (extents[0], extents[1]) if len(extents) == 2 else (1, 1)


def padding(o: Occurrence, x: Live, kernel: tuple[int, int]) -> tuple[int, ...]:
    """Lines around an image: top, left, bottom, right; `same` keeps its extents over the stride."""
    given = o.arguments.get("padding", (0, 0, 0, 0))
    if not isinstance(given, str):
        return given
    # A pool steps by its window where nothing else is said, a convolution by one.
    default = kernel if o.row.parameter("size") is not None else (1, 1)
    stride = o.arguments.get("stride", default)
    dilation = o.arguments.get("dilation", (1, 1))
    before, after = [], []
    for extent, taps, step, apart in zip(x.type.shape[2:4], kernel, stride, dilation, strict=False):
        size = extent if isinstance(extent, int) else 0
        places = -(-size // step)
        total = max((places - 1) * step + apart * (taps - 1) + 1 - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return (*before, *after)


def batch_norm(o: Occurrence) -> Live:
    """Scale, bias, mean and variance of each channel; those left out change nothing."""
    attrs = {"epsilon": o.arguments.get("epsilon", 1e-5)}
    if len(o.inputs) > 1:
        return _of_group(o, "batch_norm", 5, attrs)
    x = o.single()
    if len(x.type.shape) < 2 or not isinstance(x.type.shape[1], int):
        raise o.refuse(
            "BSC2301",
            f"batch_norm reads samples of channels [N, C, ..], found {x.type}",
            others=[(x.at, str(x.type))],
        )
    channels = x.type.shape[1]
    _check_variance(o, attrs["epsilon"])
    operands = []
    for name, default in (("scale", _ONES), ("bias", _ZEROS), ("mean", _ZEROS),
                          ("variance", _ONES)):  # fmt: skip
        given = o.arguments.get(name, default)
        if isinstance(given, Initialiser) and given.kind in ("device", "glorot", "he"):
            raise o.refuse(
                "BSC2207",
                f"{name} of batch_norm is {given.kind}, expected a tensor, or zeros, ones, "
                "constant, uniform or normal",
                o.place_of(name),
            )
        operands.append(_weights(o, name, given, (channels,), (channels, channels), x))
    return o.emit("batch_norm", [x, *operands], attrs, others=_conflicts(o, x))


def _check_variance(o: Occurrence, epsilon: float) -> None:
    """Refuse a root of nothing or less, whichever of the two numbers is to blame."""
    given = o.arguments.get("variance", _ONES)
    if isinstance(given, Initialiser) and given.kind == "normal":
        raise o.refuse(
            "BSC2307",
            "a variance from a bell curve may be below zero, expected a tensor, or zeros, ones, "
            "constant or uniform",
            o.place_of("variance"),
        )
    least = _least(given)
    with np.errstate(over="ignore"):
        above = least is None or np.float32(least) + np.float32(epsilon) > 0
    if not above:
        raise o.refuse(
            "BSC2307",
            f"a variance plus epsilon {epsilon:g} is not above zero: the least variance is "
            f"{least:g}",
            o.place_of("variance" if "variance" in o.arguments.places else "epsilon"),
        )


def _least(given: Tensor | Initialiser) -> float | None:
    """The least number of what is given; None where it is refused elsewhere."""
    if isinstance(given, Tensor):
        floats = given.array.dtype.kind == "f" and given.array.size
        return float(given.array.min()) if floats else None
    return {"zeros": 0.0, "ones": 1.0}.get(given.kind, given.numbers[0] if given.numbers else None)


def _of_group(o: Occurrence, op: str, most: int, attrs: Mapping[str, object] | None = None) -> Live:
    """All operands flow in, as where weights are computed."""
    given = [
        name
        for name in o.arguments.values
        if name in ("weights", "bias", "units", "channels", "scale", "mean", "variance")
    ]
    if given:
        raise o.wrong_count(f"one value where {given[0]} is given", len(o.inputs))
    if len(o.inputs) > most:
        raise o.wrong_count(f"one value, or a group of up to {most}", len(o.inputs))
    return o.emit(op, [o.live(v) for v in o.inputs], attrs)


def _check_float(o: Occurrence, x: Live) -> None:
    if x.type.encoding is not Encoding.F32:
        raise o.refuse(
            "BSC2302",
            f"{brief(o.what)} reads f32, found {x.type}",
            others=[(x.at, str(x.type))],
            help="convert it first: x -> cast(f32)",
        )


def _conflicts(o: Occurrence, x: Live) -> list[At]:
    return [(x.at, str(x.type))] if x.at != o.at else []


def _count(o: Occurrence, name: str, given: Tensor | Initialiser, axis: int) -> int:
    """Units or channels: as given, or as many as the weights have."""
    count = o.arguments.get(name, 0)
    if count:
        return count
    rank = 4 if o.row.name == "conv" else 2
    if isinstance(given, Tensor):
        if given.array.ndim != rank or not given.array.size:
            raise o.refuse(
                "BSC2404",
                f"the weights of {o.row.name} are {given.type}, expected {rank} dimensions",
                o.place_of("weights"),
                str(given.type),
                others=_source(given) if given.at != o.place_of("weights") else [],
            )
        return int(given.array.shape[axis])
    raise o.refuse(
        "BSC2206",
        f"{o.row.name} lacks its argument {name}: nothing says how many it makes",
        help=f"write {o.row.signature}",
    )


def _note_layer(o: Occurrence, given: Tensor | Initialiser) -> None:
    device = isinstance(given, Initialiser) and given.kind == "device"
    has_bias = _is_not_zero(o.arguments.values.get("bias"))
    entry = LayerEntry(o.label, o.given, o.row.name, o.origin, o.at, device, has_bias)
    o.building.note_layer(entry, o.what, o.frame.store)


def _is_not_zero(given: object) -> bool:
    """Whether a bias is given that is not all zeros."""
    if isinstance(given, Tensor):
        return bool(np.any(given.array))
    if isinstance(given, Initialiser):
        return given.kind in ("ones", "glorot", "he") or any(given.numbers)
    return False


def _bias(o: Occurrence, units: int, weights: Tensor | Initialiser) -> list[Live]:
    given: object = o.arguments.get("bias", True)
    if given is False:
        return []
    if given is True:
        # Beside weights of the device the bias is the device's too; else it starts at zero.
        left = isinstance(weights, Initialiser) and weights.kind == "device"
        given = DEVICE if left else _ZEROS
        if isinstance(weights, Tensor) and weights.file and "bias" not in o.arguments.values:
            o.building.problems.note(
                "BSC2410",
                f"the weights of {o.label} are read from a file, its bias starts at zero",
                o.at,
                help='write bias = w["name"] to read it too, or bias = false for none',
            )
    return [_weights(o, "bias", given, (units,), (units, units), None)]


def _weights(
    o: Occurrence,
    role: str,
    given: object,
    shape: tuple[int, ...],
    fans: tuple[int, int],
    x: Live | None,
) -> Live:
    """A constant of a layer: the tensor that was given, or one to be drawn.

    Inside of a `layer`, the first use makes it and each other one reads the same.
    """
    path = (o.label[len(o.frame.root) :], role)
    if o.frame.store is not None:
        found = o.frame.store.get(path)
        if found is not None:
            return _shared(o, found[0], found[1], shape, role, x)
    if isinstance(given, Tensor):
        _check_shape(o, role, given, shape, x)
        made = o.building.place(given, f"{o.label}.{role}")
    else:
        if prod(shape) > MAX_ELEMENTS:
            raise o.refuse(
                "BSC2306",
                f"the {role} of {o.label} would have the shape {shape_text(shape)}: {prod(shape)} "
                f"elements, at most {MAX_ELEMENTS} are taken",
                o.place_of(_argument(role)),
            )
        kind = given if isinstance(given, Initialiser) else _ZEROS
        made = o.building.draw(kind, shape, fans, f"{o.label}.{role}")
    if o.frame.store is not None:
        o.frame.store[path] = (made, o.at)
    return made


def _argument(role: str) -> str:
    return "weights" if role == "weight" else role


def _shared(
    o: Occurrence, made: Live, first: Place, shape: tuple[int, ...], role: str, x: Live | None
) -> Live:
    if made.type.shape == shape:
        return made
    found = shape_text(made.type.shape)
    raise o.refuse(
        "BSC2404",
        f"the {role} of {o.label} is shared and has the shape {found} from its first use, here "
        f"{shape_text(shape)} is needed",
        o.at,
        f"needs {shape_text(shape)}" + (f" for {x.type}" if x is not None else ""),
        others=[(first, f"first used here: {found}")],
        help="a layer reads the same number of inputs wherever it is used; define a second layer",
    )


def _source(tensor: Tensor) -> list[At]:
    where = f"{tensor.type} from {tensor.file}" if tensor.file else str(tensor.type)
    return [(tensor.at, where)]


def _check_shape(
    o: Occurrence, role: str, tensor: Tensor, shape: tuple[int, ...], x: Live | None
) -> None:
    """Refuse a tensor of another shape, with both shapes and where they come from."""
    found = tensor.type
    wanted = TensorType(Encoding.F32, shape)
    if found == wanted:
        return
    at = o.place_of(_argument(role))
    others = [] if tensor.at == at else _source(tensor)
    if x is not None and x.at != at:
        others.append((x.at, f"{x.type} flows in"))
    help = None
    if tensor.array.shape == shape:
        help = f"write f32(..) to convert it from {found.encoding}"
    elif tensor.array.ndim == 2 and tensor.array.shape[::-1] == shape:
        help = "the transposed one fits: transpose(..); PyTorch keeps weights as [outputs, inputs]"
    elif tensor.array.size == prod(shape):
        help = f"it has as many elements: reshape(.., {shape_text(shape)})"
    raise o.refuse(
        "BSC2404",
        f"{_argument(role)} of {brief(o.what)}: {found}, expected {wanted}",
        at,
        f"{found}, expected {wanted}",
        others=others,
        help=help,
    )
