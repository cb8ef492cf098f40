"""What an expression of the language stands for, and how messages speak of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from bsc.frontend.dsl.ast import Block, Call, Expr, Name, Place
from bsc.frontend.dsl.meaning.numbers import number_text
from bsc.ir.data import encoding_of
from bsc.ir.graph import Array
from bsc.ir.types import Dim, TensorType

if TYPE_CHECKING:
    from bsc.frontend.dsl.meaning.weights import TensorFile

BATCH = "N"
"""Name of the batch, the first extent of what flows: it stays open."""

NOWHERE = Place()
"""The place of what the language has itself."""

_SHOWN = 40


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """`[28, 28]`: a shape, or a small tensor.

    Attributes:
        items: its elements.
        at: where it is written.
        tensors: what it was made into so far, so that one name is one constant of the graph.
        extents: its shape, once it was asked for.
    """

    items: tuple[Value, ...]
    at: Place
    tensors: dict[str, Tensor] = field(default_factory=dict)
    extents: list[tuple[int, ...]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """Data known at compile time.

    Attributes:
        array: the data.
        label: its name in a file, or of the `let` that holds it; empty for none.
        at: where the program names it.
        file: what it was read from, empty for written out.
        derived: what was made from it (transposed, reshaped), so that equal words share one array.
    """

    array: Array
    label: str
    at: Place
    file: str = ""
    derived: dict[object, Tensor] = field(default_factory=dict)

    @property
    def type(self) -> TensorType:
        """Encoding and shape."""
        return TensorType(encoding_of(self.array), self.array.shape)


@dataclass(frozen=True, slots=True)
class Initialiser:
    """Weights to be drawn once their shape is known; `device` leaves them to the device.

    Attributes:
        kind: `device`, `zeros`, `ones`, `constant`, `uniform`, `normal`, `glorot` or `he`.
        numbers: its numbers: (value,), (low, high), (deviation, mean); none for the others.
        seed: key of the draws.
        at: where the program names it.
    """

    kind: str
    numbers: tuple[float, ...] = ()
    seed: int = 0
    at: Place = NOWHERE


DEVICE = Initialiser("device")


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """A value of the graph, and the way it came: what messages about shapes show.

    Attributes:
        name: of the graph's value.
        type: encoding and shape, the batch first.
        at: the place that made it.
        made_by: the stage or operator that made it; text for inputs.
        before: the value it was made from, None for inputs.
    """

    name: str
    type: TensorType
    at: Place
    made_by: Expr | str
    before: Live | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Several:
    """A group: values that flow together."""

    items: tuple[Live | Tensor | int | float, ...]
    at: Place


@dataclass(frozen=True, slots=True, eq=False)
class LayerValue:
    """`layer enc = encoder(64)`: one set of weights.

    Attributes:
        path: what it is called, behind the blocks around it.
        given: the same as the text gives it, without numbers.
        what: the call that it was defined with.
        at: its definition.
        bound: its arguments, evaluated where it was defined: `Arguments` of an operator, values by
            parameter of a block.
        block: the block, None for an operator.
        constants: weights made at the first use, by path inside the layer and role.
    """

    path: str
    given: str
    what: Name | Call
    at: Place
    bound: object
    block: Block | None
    constants: dict[tuple[str, str], tuple[Live, Place]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class BlockValue:
    """A block, by its definition."""

    block: Block


Value: TypeAlias = (
    "int | float | bool | str | Listed | Tensor | Initialiser | TensorFile | Live | Several"
    " | LayerValue | BlockValue"
)


def shape_text(shape: tuple[Dim, ...]) -> str:
    """`[N, 10]`."""
    return f"[{', '.join(map(str, shape))}]"


def shown(value: Value) -> str:
    """A value as the messages name it: what kind of thing it is, and its type or number."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
        case str():
            return f'the text "{value if len(value) <= _SHOWN else value[: _SHOWN - 3] + "..."}"'
        case Listed():
            return f"the array {_list_text(value)}"
        case Tensor():
            return f"the tensor {value.type}"
        case Initialiser():
            return f"the initialiser {value.kind}"
        case Live():
            return f"the value {value.type}"
        case Several():
            return f"a group of {len(value.items)} values"
        case LayerValue():
            return f"the layer {value.path}"
        case BlockValue():
            return f"the block {value.block.name.name}"
        case _:
            return "a file of weights"


def _list_text(value: Listed) -> str:
    """The first elements, arrays inside as dots: arrays may be long and deep."""
    texts = [
        "[..]" if isinstance(item, Listed) else shown(item).removeprefix("the text ")
        for item in value.items[:6]
    ]
    return f"[{', '.join(texts + ['..'] * (len(value.items) > 6))}]"


def elements(shape: tuple[Dim, ...]) -> int:
    """Elements of one sample, the batch left out."""
    count = 1
    for extent in shape:
        count *= 1 if isinstance(extent, str) else extent
    return count
