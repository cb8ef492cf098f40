"""Writes a program as an ONNX model of float operators: what its cells compute in the mean.

The weights are the forward weights of the cells, rounded to codes as they are; the activations are
the network's own, uncut. Running the model anywhere gives what mode `analog` gives, up to the
4096 levels of the chip's neurons.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bsc.diag import fail
from bsc.ir.graph import Array, Graph, Node
from bsc.ir.types import Encoding, TensorType
from bsc.numerics.cells import forward_weights
from bsc.numerics.state import ChipState
from bsc.program.model import InputSpec, Program
from bsc.program.wiring import Part, wiring
from bsc.tiling.plan import ReadSpec

OPSET = 17
_ML = "ai.onnx.ml"
_NO_NAME = "program"
"""ONNX takes no graph without a name; graphs here may have none."""

_TYPES = {
    Encoding.F32: TensorProto.FLOAT,
    Encoding.F64: TensorProto.DOUBLE,
    Encoding.I32: TensorProto.INT32,
    Encoding.I64: TensorProto.INT64,
    Encoding.U8: TensorProto.UINT8,
    Encoding.BOOL: TensorProto.BOOL,
    Encoding.STR: TensorProto.STRING,
}
_SAME = {
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "Div",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "sign": "Sign",
    "identity": "Identity",
    "dropout": "Identity",
}


def to_onnx(program: Program, state: ChipState) -> onnx.ModelProto:
    """The model.

    Args:
        program: a compiled network.
        state: the chip whose cells are written; `program.state` for a trained program.

    Raises:
        DiagnosticError: BSC5020 for a tail that has no form in ONNX.
    """
    return _Writer(program, state).model()


class _Writer:
    def __init__(self, program: Program, state: ChipState) -> None:
        self.program = program
        self.state = state
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.taken = {*(spec.name for spec in program.inputs), *program.tail.types}
        self.weights: dict[tuple[int, str], tuple[str, str]] = {}  # shared, by array and form

    def model(self) -> onnx.ModelProto:
        types = self.program.source.types
        inputs = [self._input(spec, types[spec.name]) for spec in self.program.inputs]
        neurons: dict[int, str] = {}
        for number, parts in enumerate(wiring(self.program)):
            signals = [neurons[p.read] if p.read >= 0 else inputs[p.input] for p in parts]
            value = signals[0] if len(signals) == 1 else self._add("Concat", signals, axis=1)
            neurons[number] = self._layer(number, parts, value)
        self._tail(self.program.tail)
        graph = helper.make_graph(
            self.nodes,
            self.program.name or _NO_NAME,
            [_value_info(spec.name, types[spec.name]) for spec in self.program.inputs],
            [_value_info(n, self.program.tail.types[n]) for n in self.program.tail.outputs],
            self.initializers,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(_ML, 3)]
        made = helper.make_model(graph, opset_imports=opsets, producer_name="bsc")
        made.ir_version = 8
        onnx.checker.check_model(made)
        return made

    def _input(self, spec: InputSpec, given: TensorType) -> str:
        """[N, size] of float probabilities, or of the model's own numbers where they are those."""
        value = spec.name
        if given.encoding is not Encoding.F32:
            value = self._add("Cast", [value], to=TensorProto.FLOAT)
        if len(given.shape) != 2:
            shape = self._constant("flat", np.array([-1, spec.size], np.int64))
            value = self._add("Reshape", [value, shape])
        return value

    def _layer(self, number: int, parts: tuple[Part, ...], value: str) -> str:
        """Gemm and activation; what scaled the layer's input is taken back into its weights."""
        read = self.program.reads[number]
        last = any(head.read == number for head in self.program.heads)
        exposed = f"{read.name}.y" in self.program.tail.inputs
        slope = 1.0
        if read.function in ("logistic", "tanh") and not exposed and not last:
            slope = read.function_parameters[0]  # folded; else it is a node of its own
        operands = [value, *self._operands(read, parts, slope)]
        name = f"{read.name}.y" if exposed else None
        sums = self._add("Gemm", operands, name=name, label=f"/{read.name}/Gemm")
        return sums if last else self._activation(read, sums, folded=not exposed)

    def _operands(self, read: ReadSpec, parts: tuple[Part, ...], slope: float) -> tuple[str, str]:
        """Names of W and b that read h = low + (high - low) p; equal ones are written once."""
        array = self.program.arrays[read.array]
        codes = forward_weights(self.state.arrays[read.array]).astype(np.float64)
        codes *= read.gain / array.scale
        weights, bias = codes[: array.inputs], codes[array.inputs :].sum(axis=0)
        low, high = np.empty(array.inputs), np.empty(array.inputs)
        for part in parts:
            low[part.lines], high[part.lines] = self._bounds(part)
        weights /= (high - low)[:, None]
        bias -= low @ weights
        made = (weights * slope).astype(np.float32), (bias * slope).astype(np.float32)
        form = sha256(b"".join(each.tobytes() for each in made)).hexdigest()
        key = (read.array, form)
        if key not in self.weights:
            self.weights[key] = (
                self._constant(f"{array.name}.weight", made[0]),
                self._constant(f"{array.name}.bias", made[1]),
            )
        return self.weights[key]

    def _bounds(self, part: Part) -> tuple[Any, Any]:
        """What p = 0 and p = 1 mean on the lines of a part."""
        if part.read >= 0:
            before = self.program.reads[part.read]
            return before.low, before.high
        spec = self.program.inputs[part.input]
        return np.array(spec.low), np.array(spec.high)

    def _activation(self, read: ReadSpec, sums: str, *, folded: bool) -> str:
        numbers = read.function_parameters
        match read.function:
            case "logistic" | "tanh":
                if not folded and numbers[0] != 1:
                    slope = self._constant(f"{read.name}.slope", np.float32(numbers[0]))
                    sums = self._add("Mul", [sums, slope])
                return self._add("Sigmoid" if read.function == "logistic" else "Tanh", [sums])
            case "relu":
                return self._add("Relu", [sums])
            case "leaky_relu":
                return self._add("LeakyRelu", [sums], alpha=numbers[0])
            case "hard_sigmoid":
                return self._add("HardSigmoid", [sums], alpha=numbers[0], beta=numbers[1])
            case "clip":
                bounds = [
                    self._constant(f"{read.name}.{name}", np.float32(number))
                    for name, number in zip(("low", "high"), numbers, strict=True)
                ]
                return self._add("Clip", [sums, *bounds])
            case "sign":
                return self._add("Sign", [sums])
            case "linear":
                return sums
            case other:
                raise ValueError(f"no ONNX operator for the activation {other}")

    def _tail(self, tail: Graph) -> None:
        for name, data in tail.constants.items():
            self.initializers.append(_tensor(name, data))
        for node in tail.nodes:
            self._tail_node(node, tail.types)

    def _tail_node(self, node: Node, types: Mapping[str, TensorType]) -> None:
        a = node.attrs
        inputs, output = list(node.inputs), node.outputs[0]
        plain: Mapping[str, Any] = {}
        match node.op:
            case "softmax" | "log_softmax":
                op = "Softmax" if node.op == "softmax" else "LogSoftmax"
                plain = {"axis": a["axis"]}
            case "argmax":
                op = "ArgMax"
                plain = {
                    "axis": a["axis"],
                    "keepdims": int(bool(a["keepdims"])),
                    "select_last_index": int(bool(a["select_last"])),
                }
            case "leaky_relu":
                op, plain = "LeakyRelu", {"alpha": a["alpha"]}
            case "hard_sigmoid":
                op, plain = "HardSigmoid", {"alpha": a["alpha"], "beta": a["beta"]}
            case "clip":
                op = "Clip"
                inputs += [
                    self._constant(f"{output}.{k}", np.array(a[k], np.float32))
                    for k in ("low", "high")
                ]
            case "reshape":
                op = "Reshape"
                inputs.append(self._constant(f"{output}.shape", np.array(a["shape"], np.int64)))
            case "transpose":
                op, plain = "Transpose", {"perm": a["perm"]}
            case "concat":
                op, plain = "Concat", {"axis": a["axis"]}
            case "cast":
                op, plain = "Cast", {"to": _TYPES[Encoding(str(a["to"]))]}
            case "gather_features":
                made = helper.make_node("ArrayFeatureExtractor", inputs, [output], domain=_ML)
                self.nodes.append(made)
                return
            case other if other in _SAME:
                op = _SAME[other]
            case other:
                raise fail(
                    "BSC5020",
                    f"the operator {other} behind the arrays (`{node.origin or output}`) has no "
                    "form in ONNX here",
                    help="export --python writes every program",
                )
        self._add(op, inputs, name=output, **plain)

    def _add(
        self,
        op: str,
        inputs: list[str],
        *,
        name: str | None = None,
        label: str | None = None,
        **attrs: Any,
    ) -> str:
        """A node; `name` is its output's, `label` its own, by which a layer is called."""
        output = self._fresh(op.lower()) if name is None else name
        self.nodes.append(helper.make_node(op, inputs, [output], name=label or output, **attrs))
        return output

    def _constant(self, hint: str, data: Any) -> str:
        name = self._fresh(hint)
        self.initializers.append(_tensor(name, np.asarray(data)))
        return name

    def _fresh(self, hint: str) -> str:
        name, number = hint, 0
        while name in self.taken:
            number += 1
            name = f"{hint}_{number}"
        self.taken.add(name)
        return name


def _tensor(name: str, data: Array) -> onnx.TensorProto:
    if data.dtype.kind in "US":
        data = data.astype(object)
    return numpy_helper.from_array(np.ascontiguousarray(data), name)


def _value_info(name: str, type_: TensorType) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, _TYPES[type_.encoding], list(type_.shape))
