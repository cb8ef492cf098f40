"""Tensors at compile time: written out, converted, transposed, computed with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from bsc.frontend.dsl.ast import Place
from bsc.frontend.dsl.meaning.bounds import ARRAYS, COMPUTED
from bsc.frontend.dsl.meaning.numbers import is_number
from bsc.frontend.dsl.meaning.problems import Problems
from bsc.frontend.dsl.meaning.values import Listed, Tensor, Value, shown
from bsc.frontend.onnx.tensors import MAX_RANK
from bsc.ir.graph import Array

DTYPES: Mapping[str, np.dtype[Any]] = MappingProxyType(
    {
        "f32": np.dtype(np.float32),
        "f64": np.dtype(np.float64),
        "i32": np.dtype(np.int32),
        "i64": np.dtype(np.int64),
        "u8": np.dtype(np.uint8),
        "bool": np.dtype(np.bool_),
    }
)
"""Element types of tensors that are made by a function of their name."""


def as_tensor(value: Listed, dtype: np.dtype[Any] | None, problems: Problems) -> Tensor:
    """An array of numbers or texts as a tensor; the same array gives the same tensor.

    Args:
        value: the array.
        dtype: element type; None takes f32, or i64 where all are whole, or texts.
        problems: where problems go.

    Raises:
        Abandoned: its rows differ in length, or its elements in kind.
    """
    key = str(dtype)
    found = value.tensors.get(key)
    if found is None:
        shape, flat = _flattened(value, problems)
        found = Tensor(_array(shape, flat, dtype, value.at, problems), "", value.at)
        value.tensors[key] = found
    return found


def extents(value: Listed, problems: Problems) -> tuple[int, ...]:
    """How many elements an array has in each dimension, whatever they are; found once.

    Raises:
        Abandoned: its rows differ in length.
    """
    if not value.extents:
        value.extents.append(_flattened(value, problems)[0])
    return value.extents[0]


def _flattened(value: Listed, problems: Problems) -> tuple[tuple[int, ...], list[Value]]:
    """Extents and elements, row-major, level by level: nothing is recursive here.

    Each level is counted before it is written out: arrays with names may stand in several places.
    """
    shape: list[int] = []
    level: list[Value] = [value]
    while level and all(isinstance(item, Listed) for item in level):
        rows = [item for item in level if isinstance(item, Listed)]
        shape.append(len(rows[0].items))
        for row in rows:
            if len(row.items) != shape[-1]:
                raise problems.error(
                    "BSC2407",
                    f"rows of a tensor differ in length: {len(row.items)} against {shape[-1]}",
                    row.at,
                    f"{len(row.items)} here",
                    others=[(rows[0].at, f"{shape[-1]} in the first row")],
                )
        if len(shape) > MAX_RANK:
            raise problems.error(
                "BSC2303",
                f"a tensor of more than {MAX_RANK} dimensions, at most {MAX_RANK} are taken",
                value.at,
            )
        problems.spend(ARRAYS, len(rows) * shape[-1], value.at)
        level = [item for row in rows for item in row.items]
    return tuple(shape), level


def _array(
    shape: tuple[int, ...],
    flat: list[Value],
    dtype: np.dtype[Any] | None,
    at: Place,
    problems: Problems,
) -> Array:
    kinds = {"text" if isinstance(v, str) else "number" if is_number(v) else "truth"
             if isinstance(v, bool) else shown(v) for v in flat}  # fmt: skip
    if len(kinds) > 1 or kinds - {"text", "number", "truth"}:
        raise problems.error(
            "BSC2407",
            f"a tensor holds numbers or texts alone, found {' and '.join(sorted(kinds)[:3])}",
            at,
        )
    if kinds == {"text"}:
        if dtype is not None:
            raise problems.error("BSC2407", f"texts are no {_name(dtype)}", at)
        texts = np.empty(len(flat), object)
        texts[:] = flat
        return texts.reshape(shape)
    if dtype is None:
        whole_ones = flat and all(isinstance(v, int) and not isinstance(v, bool) for v in flat)
        dtype = np.dtype(np.bool_ if kinds == {"truth"} else np.int64 if whole_ones else np.float32)
    return cast(np.asarray(flat, None if flat else np.float64).reshape(shape), dtype, at, problems)


def cast(array: Array, dtype: np.dtype[Any], at: Place, problems: Problems) -> Array:
    """An array in another element type.

    Floats are the nearest ones, of whole numbers too, and must stay finite; as whole numbers and
    truths they must stay what they are.
    """
    if array.dtype == dtype:
        return array
    problems.spend(COMPUTED, array.size, at)
    with np.errstate(all="ignore"):
        made = array.astype(dtype)
    if dtype.kind in "iub" and not np.array_equal(made, array):
        raise problems.error(
            "BSC2407", f"{_name(dtype)} does not hold these numbers, {_extreme_text(array)}", at
        )
    if dtype.kind == "f" and array.dtype.kind == "f" and not (
        np.array_equal(np.isfinite(made), np.isfinite(array))
    ):  # fmt: skip
        raise problems.error(
            "BSC2405", f"numbers beyond {_name(dtype)}, {_extreme_text(array)}", at
        )
    return made


def _name(dtype: np.dtype[Any]) -> str:
    return next((name for name, known in DTYPES.items() if known == dtype), str(dtype))


def _extreme_text(array: Array) -> str:
    return f"from {array.min():g} to {array.max():g}" if array.size else "none"


def integers(value: Value) -> tuple[int, ...] | None:
    """An array of whole numbers, or None."""
    if not isinstance(value, Listed):
        return None
    found = tuple(i for i in value.items if isinstance(i, int) and not isinstance(i, bool))
    return found if len(found) == len(value.items) else None


def tensor_arithmetic(
    operator: str, left: Value, right: Value, at: Place, problems: Problems
) -> Tensor:
    """+ - * / of tensors and numbers at compile time, in the tensors' own element type.

    Raises:
        Abandoned: shapes or types do not fit, or the result is too large.
    """
    compute = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}.get(operator)
    if compute is None:
        raise problems.error("BSC2305", f"{operator} is for numbers, not for tensors", at)
    tensors = [v for v in (left, right) if isinstance(v, Tensor)]
    dtype = tensors[0].array.dtype
    texts = " and ".join(str(t.type) for t in tensors)
    if any(t.array.dtype != dtype for t in tensors) or dtype.kind not in "fi":
        raise problems.error("BSC2302", f"{operator} of {texts}: expected numbers of one type", at)
    if operator == "/" and dtype.kind == "i":
        raise problems.error("BSC2302", f"/ of {texts}: expected floats", at, help="write f32(..)")
    arrays = []
    for value in (left, right):
        if isinstance(value, Tensor):
            arrays.append(value.array)
        else:
            arrays.append(cast(np.asarray(value), dtype, at, problems))
    try:
        shape = np.broadcast_shapes(arrays[0].shape, arrays[1].shape)
    except ValueError:
        raise problems.error(
            "BSC2301", f"{operator} of {texts}: the shapes do not broadcast", at
        ) from None
    problems.spend(COMPUTED, math.prod(shape), at)
    with np.errstate(all="ignore"):
        made = compute(*arrays)
    return Tensor(np.asarray(made, dtype), "", at)
