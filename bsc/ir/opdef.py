"""What an operator is: one object that holds its attributes, shape rule, reference and stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from bsc.ir.graph import Array, AttrValue
from bsc.ir.types import Stage, TensorType


class AttrKind(StrEnum):
    """The kinds of attribute values."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    STR = "str"
    INTS = "ints"
    FLOATS = "floats"
    STRS = "strs"


@dataclass(frozen=True, slots=True)
class AttrDef:
    """One attribute: `default` None makes it required."""

    name: str
    kind: AttrKind
    doc: str
    default: AttrValue | None = None


class TypeRuleError(Exception):
    """A shape rule refuses its inputs; the message names what was found and expected."""


Attrs: TypeAlias = Mapping[str, AttrValue]
TypeRule: TypeAlias = Callable[[Sequence[TensorType], Attrs], list[TensorType]]
Reference: TypeAlias = Callable[[Sequence[Any], Attrs, Any], list[Any]]


@dataclass(frozen=True, slots=True)
class OpDef:
    """An operator.

    Attributes:
        name: how it is written in the text IR.
        doc: one line that says what it computes.
        stages: the stages it may stand in.
        inputs: names of its inputs; a trailing `?` marks an optional one, `*` repetition.
        outputs: names of its outputs.
        attrs: its attributes.
        infer: types of the outputs from types of the inputs; raises TypeRuleError.
        reference: outputs from inputs in numpy, batch first. The third argument is the environment
            (`bsc.ops.environment.Environment`: keyed draws, tables, crossbar state); float
            operators ignore it.
        expectation: mean of a random output given the inputs (same signature), None where the
            output is not random.
        pure: False for what changes crossbar state.
    """

    name: str
    doc: str
    stages: frozenset[Stage]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: tuple[AttrDef, ...]
    infer: TypeRule
    reference: Reference
    expectation: Reference | None = None
    pure: bool = True

    @property
    def required_inputs(self) -> int:
        """How many inputs must be given."""
        return sum(1 for name in self.inputs if name[-1] not in "?*")


OpTable: TypeAlias = Mapping[str, OpDef]

__all__ = [
    "Array",
    "AttrDef",
    "AttrKind",
    "Attrs",
    "OpDef",
    "OpTable",
    "Reference",
    "TypeRule",
    "TypeRuleError",
]
