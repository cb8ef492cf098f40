"""Functions of expressions: of numbers, shapes and tensors, and initialisers of weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np

from bsc.frontend.dsl.ast import Argument, Call, Place
from bsc.frontend.dsl.meaning.bounds import COMPUTED
from bsc.frontend.dsl.meaning.numbers import ONE_ARGUMENT, ArithmeticProblem, Number, is_number
from bsc.frontend.dsl.meaning.operators import Function
from bsc.frontend.dsl.meaning.problems import Abandoned, Problems
from bsc.frontend.dsl.meaning.scope import suggestion
from bsc.frontend.dsl.meaning.tensors import DTYPES, as_tensor, cast, extents, integers
from bsc.frontend.dsl.meaning.values import (
    Initialiser,
    Listed,
    Live,
    Tensor,
    Value,
    elements,
    shown,
)
from bsc.frontend.onnx.tensors import MAX_RANK
from bsc.ir.opdef import TypeRuleError
from bsc.ops.source.rules import reshaped

BARE_INITIALISERS = ("device", "zeros", "ones", "glorot", "he")
"""Initialisers that need no argument, so that they may stand without parentheses."""

SEED_MAX = (1 << 53) - 1


@dataclass(frozen=True, slots=True)
class Given:
    """An argument as it was given, evaluated."""

    name: str | None
    value: Value
    argument: Argument


_PARAMETERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(ONE_ARGUMENT, ("a",)),
        "shape": ("x",),
        "size": ("x",),
        "rank": ("x",),
        "transpose": ("t", "perm"),
        "reshape": ("t", "shape"),
        "device": (),
        "zeros": (),
        "ones": (),
        "constant": ("value",),
        "uniform": ("low", "high", "seed"),
        "normal": ("deviation", "mean", "seed"),
        "glorot": ("seed",),
        "he": ("seed",),
        **dict.fromkeys(DTYPES, ("t",)),
    }
)
_REQUIRED = {"uniform": 2, "transpose": 1, "glorot": 0, "he": 0, "normal": 1}


def call(row: Function, given: Sequence[Given], expr: Call, problems: Problems) -> Value:
    """The result of a function.

    Raises:
        Abandoned: its arguments do not fit, or there is no result; recorded.
    """
    name = row.name
    if name in ("min", "max"):
        return _extremum(row, given, expr, problems)
    bound = _bind(row, given, expr, problems)
    if name in ONE_ARGUMENT:
        number = _number(row, bound["a"], problems)
        try:
            return ONE_ARGUMENT[name](number)
        except ArithmeticProblem as error:
            raise problems.error("BSC2304", f"{name}: {error}", expr.at) from None
    if name in ("shape", "size", "rank"):
        return _extents(row, bound["x"], problems)
    if name in DTYPES:
        return _converted(row, bound["t"], expr.at, problems)
    if name == "transpose":
        return _transposed(bound, expr.at, problems)
    if name == "reshape":
        return _reshaped(bound, expr.at, problems)
    return _initialiser(row, bound, expr.at, problems)


def _bind(
    row: Function, given: Sequence[Given], expr: Call, problems: Problems
) -> dict[str, Given]:
    names = _PARAMETERS[row.name]
    bound: dict[str, Given] = {}
    for place, argument in enumerate(given):
        name = argument.name
        if name is None:
            name = names[place] if place < len(names) else None
            if name is None:
                raise problems.error(
                    "BSC2206",
                    f"{row.name} takes {len(names)} argument{'s' * (len(names) != 1)}, "
                    f"found {len(given)}",
                    argument.argument.at,
                    help=f"write {row.signature}",
                )
        elif name not in names:
            raise problems.error(
                "BSC2205",
                f"{row.name} has no argument {name}",
                argument.argument.name_at,
                help=partial(suggestion, name, list(names), "arguments"),
            )
        if name in bound:
            raise problems.error(
                "BSC2206",
                f"the argument {name} of {row.name} is given twice",
                argument.argument.at,
                others=[(bound[name].argument.at, "first given here")],
            )
        bound[name] = argument
    required = _REQUIRED.get(row.name, len(names))
    missing = [name for name in names[:required] if name not in bound]
    if missing:
        raise problems.error(
            "BSC2206",
            f"{row.name} lacks its argument {missing[0]}",
            expr.at,
            help=f"write {row.signature}",
        )
    return bound


def _wrong(row: Function, argument: Given, expected: str, problems: Problems) -> Abandoned:
    return problems.error(
        "BSC2207",
        f"{row.name} takes {expected}, found {shown(argument.value)}",
        argument.argument.value.at,
        help=f"{row.signature}: {row.doc}",
    )


def _number(row: Function, argument: Given, problems: Problems) -> Number:
    value = argument.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _wrong(row, argument, "a number", problems)


def _extremum(row: Function, given: Sequence[Given], expr: Call, problems: Problems) -> Value:
    if not given:
        raise problems.error("BSC2206", f"{row.name} of nothing", expr.at,
                             help=f"write {row.signature}")  # fmt: skip
    numbers: list[Number] = []
    for argument in given:
        if argument.name is not None:
            raise problems.error(
                "BSC2205",
                f"{row.name} has no argument {argument.name}",
                argument.argument.name_at,
                help=f"write {row.signature}",
            )
        value = argument.value
        if isinstance(value, Listed) and len(given) == 1 and value.items:
            numbers += [n for n in value.items if isinstance(n, int | float)]
            if len(numbers) == len(value.items) and all(map(is_number, value.items)):
                continue
            raise _wrong(row, argument, "numbers", problems)
        numbers.append(_number(row, argument, problems))
    return min(numbers) if row.name == "min" else max(numbers)


def _extents(row: Function, argument: Given, problems: Problems) -> Value:
    value = argument.value
    if not isinstance(value, Listed | Live | Tensor):
        raise _wrong(row, argument, "a value, a tensor or an array", problems)
    found = extents(value, problems) if isinstance(value, Listed) else value.type.shape
    shape = tuple(d for d in found if isinstance(d, int))
    match row.name:
        case "shape":
            return Listed(shape, argument.argument.at)
        case "size":
            return elements(shape)
        case _:
            return len(shape)


def _initialiser(
    row: Function, bound: Mapping[str, Given], at: Place, problems: Problems
) -> Initialiser:
    numbers: dict[str, Number] = {}
    for name, argument in bound.items():
        numbers[name] = _number(row, argument, problems)
        if name == "seed":
            seed = numbers[name]
            if not isinstance(seed, int) or not 0 <= seed <= SEED_MAX:
                raise problems.error(
                    "BSC2307",
                    f"the seed of {row.name} is {shown(seed)}, expected a whole number from 0 to "
                    "2^53 - 1",
                    argument.argument.value.at,
                )
        elif not math.isfinite(numbers[name]) or abs(numbers[name]) > 3e38:
            raise problems.error(
                "BSC2307",
                f"{name} of {row.name} is {shown(numbers[name])}, expected a finite number",
                argument.argument.value.at,
            )
    seed = int(numbers.pop("seed", 0))
    match row.name:
        case "constant":
            given: tuple[float, ...] = (float(numbers["value"]),)
        case "uniform":
            given = (float(numbers["low"]), float(numbers["high"]))
            if given[0] > given[1]:
                raise problems.error(
                    "BSC2307", f"uniform from {given[0]:g} to {given[1]:g}: the low bound is above",
                    at,
                )  # fmt: skip
        case "normal":
            given = (float(numbers["deviation"]), float(numbers.get("mean", 0.0)))
            if given[0] < 0:
                raise problems.error(
                    "BSC2307", f"the deviation of normal is {given[0]:g}, expected one from 0", at
                )
        case _:
            given = ()
    return Initialiser(row.name, given, seed, at)


def _converted(row: Function, argument: Given, at: Place, problems: Problems) -> Tensor:
    """`i32([0, 1])`, `f32(0.5)`, `f64(w["a"])`."""
    value, dtype = argument.value, DTYPES[row.name]
    if isinstance(value, Listed):
        return as_tensor(value, dtype, problems)
    if isinstance(value, bool | int | float):
        return Tensor(cast(np.asarray(value), dtype, at, problems), "", at)
    if not isinstance(value, Tensor) or value.array.dtype.kind == "O":
        raise _wrong(row, argument, "numbers", problems)
    key = row.name
    if key not in value.derived:
        array = cast(value.array, dtype, at, problems)
        value.derived[key] = (
            value if array is value.array else Tensor(array, value.label, at, value.file)
        )
    return value.derived[key]


def _tensor(argument: Given, what: str, problems: Problems) -> Tensor:
    value = argument.value
    if isinstance(value, Listed):
        return as_tensor(value, None, problems)
    if isinstance(value, Tensor):
        return value
    help = f"write x -> {what}(..) for a value" if isinstance(value, Live) else None
    raise problems.error(
        "BSC2207",
        f"the function {what} takes a tensor, found {shown(value)}",
        argument.argument.value.at,
        help=help,
    )


def _transposed(bound: Mapping[str, Given], at: Place, problems: Problems) -> Tensor:
    tensor = _tensor(bound["t"], "transpose", problems)
    rank = tensor.array.ndim
    perm = tuple(range(rank))[::-1]
    if "perm" in bound:
        given = integers(bound["perm"].value)
        if given is None or sorted(given) != list(range(rank)):
            raise problems.error(
                "BSC2307",
                f"perm is {shown(bound['perm'].value)}, expected an order of the dimensions "
                f"of {tensor.type}, from 0",
                bound["perm"].argument.value.at,
            )
        perm = given
    key = ("transpose", perm)
    if key not in tensor.derived:
        label = f"{tensor.label}.transposed" if tensor.label else ""
        array = np.transpose(tensor.array, perm)
        tensor.derived[key] = Tensor(array, label, at, tensor.file)
    return tensor.derived[key]


def _reshaped(bound: Mapping[str, Given], at: Place, problems: Problems) -> Tensor:
    tensor = _tensor(bound["t"], "reshape", problems)
    shape = integers(bound["shape"].value)
    if shape is None:
        raise problems.error(
            "BSC2207",
            f"a shape is an array of whole numbers, found {shown(bound['shape'].value)}",
            bound["shape"].argument.value.at,
        )
    try:
        known = tuple(int(d) for d in reshaped(tensor.array.shape, shape))
    except TypeRuleError as error:
        raise problems.error("BSC2301", str(error), at) from None
    if len(known) > MAX_RANK:
        raise problems.error("BSC2303", f"{len(known)} dimensions, at most {MAX_RANK}", at)
    key = ("reshape", known)
    if key not in tensor.derived:
        if not tensor.array.flags.c_contiguous:  # it is copied
            problems.spend(COMPUTED, tensor.array.size, at)
        array = tensor.array.reshape(known)
        tensor.derived[key] = Tensor(array, tensor.label, at, tensor.file)
    return tensor.derived[key]
