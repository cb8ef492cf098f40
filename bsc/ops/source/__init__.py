"""Operators of the SOURCE stage: what a float network is made of."""

from __future__ import annotations

from types import MappingProxyType

from bsc.ir.opdef import OpDef, OpTable
from bsc.ops.source.activations import (
    CLIP,
    HARD_SIGMOID,
    LEAKY_RELU,
    RELU,
    SIGMOID,
    SIGN,
    TANH,
)
from bsc.ops.source.arithmetic import ADD, DIV, MUL, SUB
from bsc.ops.source.classify import ARGMAX, GATHER_FEATURES, LOG_SOFTMAX, SOFTMAX
from bsc.ops.source.convolution import CONV2D
from bsc.ops.source.linear import DENSE, MATMUL
from bsc.ops.source.neuron import NEURON, NORMALISE
from bsc.ops.source.norm import BATCH_NORM
from bsc.ops.source.pooling import AVERAGE_POOL, MAX_POOL
from bsc.ops.source.shape import CAST, CONCAT, DROPOUT, IDENTITY, RESHAPE, TRANSPOSE

_ALL: tuple[OpDef, ...] = (
    *(DENSE, MATMUL),
    *(CONV2D, MAX_POOL, AVERAGE_POOL),
    *(ADD, SUB, MUL, DIV),
    *(RELU, LEAKY_RELU, SIGMOID, TANH, HARD_SIGMOID, CLIP, SIGN),
    *(SOFTMAX, LOG_SOFTMAX, ARGMAX, GATHER_FEATURES),
    BATCH_NORM,
    *(RESHAPE, TRANSPOSE, CAST, CONCAT, IDENTITY, DROPOUT),
    *(NORMALISE, NEURON),
)

SOURCE_OPS: OpTable = MappingProxyType({op.name: op for op in _ALL})

__all__ = ["SOURCE_OPS"]
