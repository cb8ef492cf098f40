"""Elementwise arithmetic with numpy's broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import Attrs, OpDef, Reference, TypeRule, TypeRuleError
from bsc.ir.types import Encoding, TensorType
from bsc.ops.source.rules import EVERY_STAGE, NUMBERS, broadcast, expect


def _infer(encodings: tuple[Encoding, ...]) -> TypeRule:
    def infer(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
        a, b = inputs
        expect(a, "the left operand", encodings)
        expect(b, "the right operand", encodings)
        if a.encoding != b.encoding:
            raise TypeRuleError(f"operands {a} and {b} differ in encoding")
        return [TensorType(a.encoding, broadcast(a.shape, b.shape))]

    return infer


def _reference(function: Callable[[Any, Any], Any]) -> Reference:
    def reference(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
        with np.errstate(all="ignore"):
            return [function(inputs[0], inputs[1])]

    return reference


def _binary(
    name: str,
    doc: str,
    function: Callable[[Any, Any], Any],
    encodings: tuple[Encoding, ...] = NUMBERS,
) -> OpDef:
    return OpDef(
        name=name,
        doc=doc,
        stages=EVERY_STAGE,
        inputs=("a", "b"),
        outputs=("y",),
        attrs=(),
        infer=_infer(encodings),
        reference=_reference(function),
    )


ADD = _binary("add", "y = a + b.", np.add)
SUB = _binary("sub", "y = a - b.", np.subtract)
MUL = _binary("mul", "y = a b.", np.multiply)
DIV = _binary("div", "y = a / b, of floats.", np.divide, (Encoding.F32,))
