"""`hp`, the baseline: the same network in single precision on the host (semantics, section 7).

Cross-entropy behind a softmax, plain SGD, weights uniform in +-sqrt(6 / (in + out)) / a, biases 0.
Signals are the array's: a layer reads probabilities p in [0, 1] and hands on
p = (g(gain y) - low) / (high - low), so trained weights map to cells as they are. Nothing float has
a digest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from bsc.numerics.draws import Purpose, epoch_order, lane_draws
from bsc.program.executor import EncodedData
from bsc.program.model import Program
from bsc_runtime.metrics import correct
from bsc_runtime.train.neurons import Neuron, neuron_of

Floats: TypeAlias = npt.NDArray[np.float32]
Weights: TypeAlias = list[tuple[Floats, Floats]]
"""W [inputs, outputs] and b [outputs] of each layer, reading probabilities."""

ETAS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Learning rates that `tune_eta` tries."""

HELD_BACK = 10_000
"""Training samples at the end that `tune_eta` measures on and does not train on."""

_BLOCK = 2048


@dataclass(frozen=True, slots=True)
class HpEpoch:
    """One epoch of the baseline.

    Attributes:
        epoch: its number, from 1.
        loss: mean cross-entropy of the samples as they were presented, in nat.
        seconds: time spent presenting them.
        samples: how many.
        weights: the network's weights now, shared: copy what you keep.
    """

    epoch: int
    loss: float
    seconds: float
    samples: int
    weights: Weights


def train_hp(
    program: Program,
    data: EncodedData,
    labels: npt.NDArray[np.int32],
    *,
    epochs: int,
    eta: float,
    seed: int = 0,
    batch: int = 100,
) -> Iterator[HpEpoch]:
    """Train the float baseline of a program, an epoch at each step of the iterator.

    Args:
        program: gives sizes and neuron functions.
        data: encoded inputs; their probabilities enter, t / 65536.
        labels: int32 [N].
        epochs: how many.
        eta: learning rate, of the mean gradient of a batch.
        seed: key of initial weights and of the order of samples.
        batch: samples of a batch.
    """
    network = HpNetwork(program, seed)
    for epoch in range(epochs):
        order = epoch_order(seed, epoch, len(data))
        start = time.perf_counter()
        loss = 0.0
        # One thread: a second one saves little on a free core and costs tenfold on a busy one.
        with threadpool_limits(limits=1, user_api="blas"):
            for first in range(0, len(order), batch):
                chosen = order[first : first + batch]
                loss += network.learn(probabilities_of(data, chosen), labels[chosen], eta)
        seconds = time.perf_counter() - start
        yield HpEpoch(epoch + 1, loss / len(order), seconds, len(order), network.weights)


def tune_eta(
    program: Program,
    data: EncodedData,
    labels: npt.NDArray[np.int32],
    *,
    epochs: int,
    seed: int = 0,
    batch: int = 100,
    etas: tuple[float, ...] = ETAS,
    held_back: int = HELD_BACK,
    on_result: Callable[[float, float], None] | None = None,
) -> tuple[float, dict[float, float]]:
    """Find the learning rate on held-back *training* samples; test samples are never touched.

    Args:
        program: gives sizes and neuron functions.
        data: encoded training inputs.
        labels: int32 [N].
        epochs: length of each trial.
        seed: key of initial weights and of the order of samples.
        batch: samples of a batch.
        etas: what is tried.
        held_back: samples at the end of the training set that trials are measured on.
        on_result: hears of each trial: eta, accuracy.

    Returns:
        The best eta (the smallest of equals) and the accuracy of each, 0 to 1.
    """
    if not 0 < held_back < len(data):
        raise ValueError(f"cannot hold back {held_back} of {len(data)} samples")
    count = len(data) - held_back
    shown = EncodedData(data.values[:count], data.levels)
    asked = EncodedData(data.values[count:], data.levels)
    found: dict[float, float] = {}
    for eta in etas:
        weights: Weights = []
        for state in train_hp(
            program, shown, labels[:count], epochs=epochs, eta=eta, seed=seed, batch=batch
        ):
            weights = state.weights
        found[eta] = hp_accuracy(program, weights, asked, labels[count:])
        if on_result is not None:
            on_result(eta, found[eta])
    return max(sorted(found), key=lambda eta: found[eta]), found


def hp_logits(program: Program, weights: Weights, data: EncodedData) -> Floats:
    """What the float network answers, float32 [N, classes]."""
    neurons = [neuron_of(spec) for spec in program.arrays[:-1]]
    result = np.empty((len(data), program.arrays[-1].columns), np.float32)
    for start in range(0, len(data), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(data)))
        p = probabilities_of(data, rows)
        for (matrix, bias), neuron in zip(weights, [*neurons, None], strict=True):
            y = p @ matrix
            y += bias
            p = y if neuron is None else neuron.forward(y)
        result[rows] = p * np.float32(program.arrays[-1].gain)
    return result


def hp_accuracy(
    program: Program, weights: Weights, data: EncodedData, labels: npt.NDArray[np.int32]
) -> float:
    """Share of right answers of the float network, 0 to 1."""
    return correct(hp_logits(program, weights, data), labels) / len(labels)


def probabilities_of(data: EncodedData, rows: npt.NDArray[np.int64]) -> Floats:
    """Probabilities of some samples, float32 [len(rows), K]."""
    values = data.values[rows]
    if values.dtype == np.uint8:
        table = data.levels.astype(np.float32) / np.float32(65536)
        return np.asarray(table[values], np.float32)
    return values.astype(np.float32) / np.float32(65536)


class HpNetwork:
    """Weights of the float network, learned batch by batch.

    Args:
        program: gives sizes and neuron functions.
        seed: key of the initial weights.
    """

    def __init__(self, program: Program, seed: int) -> None:
        self._neurons: list[Neuron] = [neuron_of(spec) for spec in program.arrays[:-1]]
        self._gain = np.float32(program.arrays[-1].gain)
        slopes = [n.slope for n in self._neurons]
        slopes.append(slopes[-1] if slopes else 1.0)
        self.weights: Weights = [
            (
                _initial(spec.inputs, spec.columns, spec.layer, seed, slope),
                np.zeros(spec.columns, np.float32),
            )
            for spec, slope in zip(program.arrays, slopes, strict=True)
        ]

    def learn(self, x: Floats, labels: npt.NDArray[np.int32], eta: float) -> float:
        """One step of SGD on the mean cross-entropy of a batch.

        Args:
            x: probabilities, float32 [B, K].
            labels: int32 [B].
            eta: learning rate.

        Returns:
            The sum of the batch's cross-entropies before the step, in nat.
        """
        signals = [x]
        y = x
        for number, (matrix, bias) in enumerate(self.weights):
            y = signals[-1] @ matrix
            y += bias
            if number < len(self._neurons):
                signals.append(self._neurons[number].forward(y))
        y *= self._gain
        y -= y.max(axis=1, keepdims=True)
        error = np.exp(y)
        total = error.sum(axis=1, keepdims=True)
        rows = np.arange(len(labels))
        loss = float((np.log(total[:, 0]) - y[rows, labels]).sum())
        error /= total
        error[rows, labels] -= 1
        error *= self._gain
        error *= np.float32(-eta / len(labels))  # from here on, errors are steps
        for number in range(len(self.weights) - 1, -1, -1):
            matrix, bias = self.weights[number]
            below = None
            if number > 0:
                below = error @ matrix.T
                below *= self._neurons[number - 1].slope_at(signals[number])
            matrix += signals[number].T @ error
            bias += error.sum(axis=0)
            if below is not None:
                error = below
        return loss


def _initial(inputs: int, outputs: int, layer: int, seed: int, slope: float) -> Floats:
    blocks = np.arange(inputs * outputs, dtype=np.int64)
    low, high = lane_draws(seed, Purpose.FLOAT_INITIAL, layer, blocks)
    u32 = low.astype(np.float64) + 65536.0 * high
    limit = np.sqrt(6.0 / (inputs + outputs)) / slope
    uniform = ((u32 + 0.5) / 2.0**31 - 1.0) * limit
    return np.asarray(uniform.reshape(inputs, outputs), np.float32)
