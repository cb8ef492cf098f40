"""The float network of the baseline: reads in order, errors backward, one step of SGD a batch."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bsc.hw.plan import Readout
from bsc.numerics.cells import forward_weights
from bsc.numerics.draws import Purpose, lane_draws
from bsc.program.model import Program
from bsc.program.wiring import Part, wiring
from bsc_runtime.chip import initial_state
from bsc_runtime.train.neurons import Neuron, neuron_of

Floats: TypeAlias = npt.NDArray[np.float32]
Weights: TypeAlias = list[tuple[Floats, Floats]]
"""W [inputs, outputs] and b [outputs] of each array, reading probabilities.

The bias of an array without bias lines is 0 and stays so.
"""


class HpNetwork:
    """Weights of the float network, learned batch by batch.

    Args:
        program: gives wiring, sizes and neuron functions.
        seed: key of the initial weights.
        weights: of each array; None draws them, and takes those of frozen arrays from the cells:
            the program's state, else what the seed makes of the device.
    """

    def __init__(self, program: Program, seed: int = 0, weights: Weights | None = None) -> None:
        self._arrays = [read.array for read in program.reads]
        self._parts = wiring(program)
        self._starts = program.input_starts
        self._heads = {head.read: head for head in program.heads}
        self._targets = dict(
            zip((head.read for head in program.heads), program.target_starts, strict=True)
        )
        self._gains = [np.float32(read.gain) for read in program.reads]
        self._neurons: list[Neuron | None] = [
            self._head_neuron(program, number)
            if number in self._heads
            else neuron_of(program.reads[number])
            for number in range(len(program.reads))
        ]
        self._frozen = [program.frozen(number) for number in range(len(program.arrays))]
        self._has_bias = [spec.bias_lines > 0 for spec in program.arrays]
        self.weights: Weights = (
            weights if weights is not None else _first_weights(program, seed, self._slopes(program))
        )

    def sums(self, x: Floats) -> list[Floats]:
        """Sums y of every read, float32 [B, columns]; those of inner reads are overwritten.

        Args:
            x: probabilities, float32 [B, K].
        """
        sums, _, _ = self._forward(x)
        return sums

    def learn(self, x: Floats, targets: npt.NDArray[np.int32], eta: float) -> float:
        """One step of SGD on the mean cross-entropy of a batch.

        Behind a logistic readout the error is p - x, as the rule's is in expectation: the gradient
        of the binary cross-entropy in the function's own argument.

        Args:
            x: probabilities, float32 [B, K].
            targets: int32 [B, target_width].
            eta: learning rate.

        Returns:
            The sum of the batch's cross-entropies before the step, in nat.
        """
        sums, signals, neurons = self._forward(x)
        loss = 0.0
        errors: dict[int, Floats] = {}
        for number, head in self._heads.items():
            if head.width == 0:
                continue
            start = self._targets[number]
            wanted = targets[:, start : start + head.width]
            if head.readout is Readout.SOFTMAX:
                lost, error = _softmax_error(sums[number], wanted[:, 0], self._gains[number])
            else:
                lost, error = self._logistic_error(number, sums[number], wanted)
            loss += lost
            error *= np.float32(-eta / len(targets))  # from here on, errors are steps
            errors[number] = error
        steps: dict[int, tuple[Floats, Floats]] = {}
        for number in range(len(self._arrays) - 1, -1, -1):
            if number not in errors:
                continue
            array, error = self._arrays[number], errors.pop(number)
            matrix, _ = self.weights[array]
            hidden = [part for part in self._parts[number] if part.read >= 0]
            if hidden:
                self._send_back(number, error @ matrix.T, hidden, neurons, errors)
            if not self._frozen[array]:
                step = signals[number].T @ error, error.sum(axis=0)
                if array in steps:  # read in several places: one step for all
                    step = steps[array][0] + step[0], steps[array][1] + step[1]
                steps[array] = step
        for array, (step_of_weights, step_of_bias) in steps.items():
            matrix, bias = self.weights[array]
            matrix += step_of_weights
            if self._has_bias[array]:  # without bias lines it would be lost on the way to the cells
                bias += step_of_bias
        return loss

    def _forward(self, x: Floats) -> tuple[list[Floats], list[Floats], dict[int, Floats]]:
        """Sums and signals of every read, and what the neurons of inner reads hand on."""
        sums: list[Floats] = []
        signals: list[Floats] = []
        neurons: dict[int, Floats] = {}
        for number, parts in enumerate(self._parts):
            given = [neurons[p.read] if p.read >= 0 else self._input(x, p) for p in parts]
            signal = given[0] if len(given) == 1 else np.concatenate(given, axis=1)
            matrix, bias = self.weights[self._arrays[number]]
            y = signal @ matrix
            y += bias
            neuron = self._neurons[number]
            if neuron is not None and number not in self._heads:
                neurons[number] = neuron.forward(y)
            sums.append(y)
            signals.append(signal)
        return sums, signals, neurons

    def _input(self, x: Floats, part: Part) -> Floats:
        start = self._starts[part.input]
        return x[:, start : start + part.signal.size]

    def _send_back(
        self,
        number: int,
        below: Floats,
        hidden: list[Part],
        neurons: dict[int, Floats],
        errors: dict[int, Floats],
    ) -> None:
        """Hand the error on to the reads whose neurons were read, times their slopes."""
        whole = len(self._parts[number]) == 1
        for part in hidden:
            neuron = self._neurons[part.read]
            if neuron is None:
                continue
            error = below if whole else below[:, part.lines].copy()
            error *= neuron.slope_at(neurons[part.read])
            if part.read in errors:
                errors[part.read] += error
            else:
                errors[part.read] = error

    def _logistic_error(
        self, number: int, sums: Floats, wanted: npt.NDArray[np.int32]
    ) -> tuple[float, Floats]:
        neuron = self._neurons[number]
        if neuron is None:
            raise ValueError("a logistic head without a function")
        p = neuron.forward(sums)
        x = wanted.astype(np.float32) / np.float32(65536)
        kept = np.clip(p, np.float32(1e-7), np.float32(1 - 1e-7))
        lost = x * np.log(kept) + (1 - x) * np.log1p(-kept)
        p -= x
        return -float(lost.sum()) / p.shape[1], p

    def _head_neuron(self, program: Program, number: int) -> Neuron | None:
        if self._heads[number].readout is not Readout.LOGISTIC:
            return None
        return neuron_of(program.reads[number])

    def _slopes(self, program: Program) -> list[float]:
        """For each array the slope that its initial weights are divided by.

        It is that of the neurons behind the array's first read; behind a softmax, that of the
        neurons in front of it.
        """
        slopes: dict[int, float] = {}
        for number, array in enumerate(self._arrays):
            if array in slopes:
                continue
            neuron = self._neurons[number]
            before = [self._neurons[p.read] for p in self._parts[number] if p.read >= 0]
            if neuron is None:
                neuron = next((each for each in before if each is not None), None)
            slopes[array] = neuron.slope if neuron is not None else 1.0
        return [slopes[number] for number in range(len(program.arrays))]


def _softmax_error(
    y: Floats, labels: npt.NDArray[np.int32], gain: np.float32
) -> tuple[float, Floats]:
    """Cross-entropy of a batch, summed, and its gradient in y."""
    y *= gain
    y -= y.max(axis=1, keepdims=True)
    error: Floats = np.exp(y)
    total = error.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = float((np.log(total[:, 0]) - y[rows, labels]).sum())
    error /= total
    error[rows, labels] -= 1
    error *= gain
    return loss, error


def _first_weights(program: Program, seed: int, slopes: list[float]) -> Weights:
    frozen = [program.frozen(number) for number in range(len(program.arrays))]
    state = program.state
    if state is None and any(frozen):
        state = initial_state(program, seed)
    made: Weights = []
    for number, (spec, slope) in enumerate(zip(program.arrays, slopes, strict=True)):
        if state is not None and frozen[number]:
            codes = forward_weights(state.arrays[number]).astype(np.float32)
            codes /= np.float32(spec.scale)
            made.append((codes[: spec.inputs], codes[spec.inputs :].sum(axis=0)))
            continue
        weights = _initial(spec.inputs, spec.columns, spec.layer, seed, slope)
        made.append((weights, np.zeros(spec.columns, np.float32)))
    return made


def _initial(inputs: int, outputs: int, layer: int, seed: int, slope: float) -> Floats:
    blocks = np.arange(inputs * outputs, dtype=np.int64)
    low, high = lane_draws(seed, Purpose.FLOAT_INITIAL, layer, blocks)
    u32 = low.astype(np.float64) + 65536.0 * high
    limit = np.sqrt(6.0 / (inputs + outputs)) / slope
    uniform = ((u32 + 0.5) / 2.0**31 - 1.0) * limit
    return np.asarray(uniform.reshape(inputs, outputs), np.float32)
