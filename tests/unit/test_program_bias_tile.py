"""A tile that holds bias lines alone is read forward and not backward, and that is no fault."""

from __future__ import annotations

import numpy as np

from bsc.driver import compile_model
from bsc.ir.builder import GraphBuilder
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc.tiling.plan import StepOp


def test_a_hidden_layer_as_wide_as_a_tile_compiles_for_training() -> None:
    builder = GraphBuilder("wide", Stage.SOURCE, OPS)
    value = builder.input("x", TensorType(Encoding.F32, ("N", 4)))
    for k, (inputs, columns) in enumerate([(4, 64), (64, 3)]):
        weights = builder.constant(f"w{k}", np.zeros((inputs, columns), np.float32))
        bias = builder.constant(f"b{k}", np.zeros(columns, np.float32))
        value = builder.add("dense", [value, weights, bias])
        value = builder.add("softmax" if k else "sigmoid", [value])
    builder.output(value)
    program = compile_model(builder.build(), target="ideal-64", weights="random")
    (backward,) = [s for s in program.training if s.op is StepOp.READ_TRANSPOSED]
    forward = [s for s in program.training if s.op is StepOp.READ][1]
    assert len(forward.tiles) == 2
    assert len(backward.tiles) == 1
