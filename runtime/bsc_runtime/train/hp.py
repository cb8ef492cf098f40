"""`hp`, the baseline: the same network in single precision on the host (semantics, section 7).

Cross-entropy behind a softmax, binary cross-entropy of each column behind a logistic readout, plain
SGD, weights uniform in +-sqrt(6 / (in + out)) / a, biases 0. Signals are the array's: a layer reads
probabilities p in [0, 1] and hands on p = (g(gain y) - low) / (high - low), so trained weights map
to cells as they are. Nothing float has a digest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from bsc.hw.plan import Readout
from bsc.numerics.draws import epoch_order
from bsc.program.executor import EncodedData
from bsc.program.model import Program
from bsc_runtime.inputs import Targets
from bsc_runtime.metrics import Marks, correct
from bsc_runtime.scoring import HeadScores, mark
from bsc_runtime.train.network import Floats, HpNetwork, Weights

__all__ = [
    "ETAS",
    "HELD_BACK",
    "Floats",
    "HpEpoch",
    "HpNetwork",
    "Weights",
    "hp_accuracy",
    "hp_logits",
    "hp_marks",
    "learns",
    "probabilities_of",
    "train_hp",
    "tune_eta",
]

Integers: TypeAlias = npt.NDArray[np.int32]

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
        loss: mean over the samples as they were presented of the heads' cross-entropies, in nat;
            of a logistic head its columns' mean.
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
    targets: Integers,
    *,
    epochs: int,
    eta: float,
    seed: int = 0,
    batch: int = 100,
) -> Iterator[HpEpoch]:
    """Train the float baseline of a program, an epoch at each step of the iterator.

    Args:
        program: gives wiring, sizes and neuron functions. Frozen layers have its cells' weights.
        data: encoded inputs; their probabilities enter, t / 65536.
        targets: int32 [N, target_width] as executors take them; labels [N] of a single softmax.
        epochs: how many.
        eta: learning rate, of the mean gradient of a batch.
        seed: key of initial weights and of the order of samples.
        batch: samples of a batch.
    """
    network = HpNetwork(program, seed)
    rows = targets.reshape(len(data), -1)
    for epoch in range(epochs):
        order = epoch_order(seed, epoch, len(data))
        start = time.perf_counter()
        loss = 0.0
        # One thread: a second one saves little on a free core and costs tenfold on a busy one.
        with threadpool_limits(limits=1, user_api="blas"):
            for first in range(0, len(order), batch):
                chosen = order[first : first + batch]
                loss += network.learn(probabilities_of(data, chosen), rows[chosen], eta)
        seconds = time.perf_counter() - start
        yield HpEpoch(epoch + 1, loss / len(order), seconds, len(order), network.weights)


def tune_eta(
    program: Program,
    data: EncodedData,
    labels: Integers,
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
        program: gives sizes and neuron functions; its one head is a softmax.
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
    """The model's sums y of the float network, float32 [N, sum_width]."""
    network = HpNetwork(program, weights=weights)
    result = np.empty((len(data), program.sum_width), np.float32)
    for start in range(0, len(data), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(data)))
        sums = network.sums(probabilities_of(data, rows))
        for first, head in zip(program.sum_starts, program.heads, strict=True):
            gain = np.float32(program.reads[head.read].gain)
            result[rows, first : first + head.columns] = sums[head.read] * gain
    return result


def hp_accuracy(program: Program, weights: Weights, data: EncodedData, labels: Integers) -> float:
    """Share of right answers of a float network with one head, 0 to 1."""
    return correct(hp_logits(program, weights, data), labels.reshape(-1)) / len(labels)


def hp_marks(program: Program, weights: Weights, data: EncodedData, targets: Targets) -> Marks:
    """How well the outputs of the float network answer."""
    logits = hp_logits(program, weights, data)
    scores = tuple(
        HeadScores(logits[:, first : first + head.columns], 1.0)
        for first, head in zip(program.sum_starts, program.heads, strict=True)
    )
    return mark(program, scores, targets)


def probabilities_of(data: EncodedData, rows: npt.NDArray[np.int64]) -> Floats:
    """Probabilities of some samples, float32 [len(rows), K]."""
    values = data.values[rows]
    if values.dtype == np.uint8:
        table = data.levels.astype(np.float32) / np.float32(65536)
        return np.asarray(table[values], np.float32)
    return values.astype(np.float32) / np.float32(65536)


def learns(program: Program) -> bool:
    """Whether the baseline can learn: as on a chip, not where a softmax has a single column."""
    asked = [head for head in program.heads if head.readout is not Readout.NONE]
    single = any(head.readout is Readout.SOFTMAX and head.columns == 1 for head in asked)
    frozen = all(program.frozen(number) for number in range(len(program.arrays)))
    return bool(asked) and not single and not frozen
