"""A small training run on all executors: does this installation compute what it should?"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from bsc.driver import compile_model
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc_runtime.session import Session

_WIDTHS = (24, 16, 4)
_SAMPLES = 256
_SEED = 20_230_399


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the executors made of the same run.

    Attributes:
        simulator: digest of the chip on compiled kernels.
        reference: digest of the chip on the numpy reference.
        machine: digest of the chip on the machine of the instruction set.
        seconds: time of the whole test, compilation of kernels included.
    """

    simulator: str
    reference: str
    machine: str
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether they agree to the bit."""
        return self.simulator == self.reference == self.machine


def self_test() -> SelfTest:
    """Train a tiny perceptron on oxram-64 for one epoch, on each executor."""
    start = time.perf_counter()
    program = compile_model(_perceptron(), target="oxram-64", weights="random")
    generator = np.random.default_rng(_SEED)
    x = generator.integers(0, 256, (_SAMPLES, _WIDTHS[0]), dtype=np.uint8)
    y = generator.integers(0, _WIDTHS[-1], _SAMPLES)
    digests = []
    for executor in ("simulator", "reference", "machine"):
        chip = Session(program, seed=_SEED, executor=executor)
        chip.train(x, y, epochs=1)
        digests.append(chip.digest())
    simulator, reference, machine = digests
    return SelfTest(simulator, reference, machine, time.perf_counter() - start)


def _perceptron() -> Graph:
    """Dense layers with logistic neurons; the weights are never used."""
    builder = GraphBuilder("selftest", Stage.SOURCE, OPS)
    value = builder.input("x", TensorType(Encoding.F32, ("N", _WIDTHS[0])))
    layers = len(_WIDTHS) - 1
    for k in range(layers):
        weights = np.zeros((_WIDTHS[k], _WIDTHS[k + 1]), np.float32)
        bias = np.zeros(_WIDTHS[k + 1], np.float32)
        operands = [
            value,
            builder.constant(f"w{k}", weights),
            builder.constant(f"b{k}", bias),
        ]
        value = builder.add("dense", operands, name=f"y{k}")
        value = builder.add("softmax" if k == layers - 1 else "sigmoid", [value], name=f"z{k}")
    builder.output(value)
    return builder.build()
