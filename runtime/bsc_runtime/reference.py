"""The slow executor: a program's steps in plain numpy, for comparison and for reading.

It follows docs/semantics.md word by word on `bsc.numerics`, without kernels, tiles or threads. The
conformance tests hold every other executor against its digests.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, TypeAlias, assert_never

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from bsc.numerics import cells, encode, readout
from bsc.numerics.draws import Purpose, element_draws
from bsc.numerics.state import ArrayState, CellStyle, ChipState
from bsc.program.executor import EncodedData, TrainCounts
from bsc.program.model import Program
from bsc.tiling.plan import Step, StepOp

Values: TypeAlias = dict[int, npt.NDArray[Any]]
"""What the buffers hold: bits [reads, N, size], sums and signs [N, size], by buffer number."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Samples worked on together.

    Attributes:
        thresholds: int32 [N, K] of the encoder.
        labels: int32 [N], empty in inference.
        indices: int64 [N], sample indices of the draws.
        inference: whether bit 7 of the purposes is set.
        seed: key of the draws.
        first_pass: pass of the first read.
        reads: s.
    """

    thresholds: npt.NDArray[np.int32]
    labels: npt.NDArray[np.int32]
    indices: npt.NDArray[np.int64]
    inference: bool
    seed: int
    first_pass: int = 0
    reads: int = 1

    def draws(
        self, purpose: Purpose, layer: int, elements: int, read: int = 0
    ) -> npt.NDArray[np.uint16]:
        return element_draws(
            self.seed,
            purpose,
            layer,
            self.indices,
            elements,
            pass_=self.first_pass + read,
            inference=self.inference,
        )


@dataclass(slots=True)
class ReferenceExecutor:
    """Runs a program on a chip whose state it owns; implements `bsc.program.executor.Executor`.

    Attributes:
        program: what is run.
        chip: cells, counters, clocks; a copy of the state given.
        threads: taken for the protocol's sake, one is used.
        memory_cut: samples held at once; no result depends on it.
    """

    program: Program
    chip: ChipState
    threads: int = 1
    memory_cut: int = 1024
    _forward: list[npt.NDArray[np.float64]] = field(default_factory=list)
    _backward: list[npt.NDArray[np.float64]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chip = copy.deepcopy(self.chip)
        self._load_weights()

    def state(self) -> ChipState:
        """A copy of the chip's state now."""
        return copy.deepcopy(self.chip)

    def train(
        self,
        data: EncodedData,
        labels: npt.NDArray[np.int32],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> TrainCounts:
        """Train on the samples in that order, a check after every `batch` of them."""
        with threadpool_limits(limits=1, user_api="blas"):
            return self._train(data, labels, order, batch)

    def _train(
        self,
        data: EncodedData,
        labels: npt.NDArray[np.int32],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> TrainCounts:
        checks, pulses = self.chip.checks, self.chip.pulses
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            for first in range(0, len(chosen), self.memory_cut):
                part = chosen[first : first + self.memory_cut]
                index = np.arange(len(part), dtype=np.int64) + self.chip.samples
                block = _Block(_thresholds(data, part), labels[part], index, False, self.chip.seed)
                self._run(self.program.training, block)
                self.chip.samples += len(part)
            self._update()
        return TrainCounts(len(order), self.chip.checks - checks, self.chip.pulses - pulses)

    def infer(
        self,
        data: EncodedData,
        mode: str,
        *,
        repeats: int = 1,
        reads: int = 1,
        seed: int = 0,
        first_index: int = 0,
    ) -> npt.NDArray[np.int64]:
        """Last layer's sums (or votes), int64 [N, classes]."""
        sums = np.zeros((len(data), self.program.arrays[-1].columns), np.int64)
        for start in range(0, len(data), self.memory_cut):
            rows = np.arange(start, min(start + self.memory_cut, len(data)), dtype=np.int64)
            thresholds = _thresholds(data, rows)
            if mode in ("analog", "binary"):
                sums[rows] = self._expected(thresholds, binary=mode == "binary")
                continue
            for repeat in range(repeats):
                block = _Block(
                    thresholds,
                    np.empty(0, np.int32),
                    rows + first_index,
                    True,
                    seed,
                    repeat * reads,
                    reads,
                )
                last = self._run(self.program.inference, block)
                sums[rows] += self._votes(last, block) if mode == "vote" else last
        return sums

    def _run(self, steps: tuple[Step, ...], block: _Block) -> npt.NDArray[np.int64]:
        """Run steps on a block; the sums read last, int64 [N, columns]."""
        values: Values = {}
        last = np.zeros((0, 0), np.int64)
        for step in steps:
            result = self._step(step, values, block)
            if step.op is StepOp.READ:
                last = result
            if step.target >= 0:
                values[step.target] = result
        return last

    def _step(self, step: Step, values: Values, block: _Block) -> npt.NDArray[Any]:
        sources = [values[s] for s in step.sources]
        match step.op:
            case StepOp.ENCODE:
                size = block.thresholds.shape[1]
                return np.stack(
                    [
                        encode.encode_bits(
                            block.thresholds, block.draws(Purpose.ENCODE, step.layer, size, read)
                        )
                        for read in range(block.reads)
                    ]
                )
            case StepOp.READ:
                return self._read(step.array, sources[0].sum(axis=0), block.reads)
            case StepOp.SAMPLE:
                table = self._table(step, "threshold")
                return np.stack(
                    [
                        encode.sample_bits(
                            sources[0],
                            table,
                            block.draws(Purpose.Z, step.layer, sources[0].shape[1], read),
                            _bits_of(table),
                            block.reads,
                        )
                        for read in range(block.reads)
                    ]
                )
            case StepOp.DERIVATIVE:
                low, high = self._table(step, "low"), self._table(step, "high")
                drawn = block.draws(Purpose.D, step.layer, sources[0].shape[1])
                return encode.derivative_bits(sources[0], low, high, drawn, _bits_of(low))
            case StepOp.READOUT:
                return self._readout(step, sources[0], block)
            case StepOp.ERROR:
                error = sources[0].astype(np.int8)
                error[np.arange(len(error)), block.labels] -= 1
                return error
            case StepOp.READ_TRANSPOSED:
                return _exact(sources[0], self._backward[step.array].T)
            case StepOp.SIGN:
                return (np.sign(sources[0]) * sources[1]).astype(np.int8)
            case StepOp.COUNT:
                self._count(step.array, sources[0][0], sources[1])
                return sources[1]
            case StepOp.CARRY | StepOp.SGD_STEP | StepOp.REFRESH:
                raise ValueError(f"step {step.op} belongs to the end of a batch")
            case _:
                assert_never(step.op)

    def _read(self, array: int, total: npt.NDArray[Any], always_on: int) -> npt.NDArray[np.int64]:
        """Sums of a read; bias lines carry `always_on`, what an input that is always on would."""
        inputs = self.program.arrays[array].inputs
        weights = self._forward[array]
        bias = weights[inputs:].sum(axis=0).astype(np.int64)
        return np.asarray(_exact(total, weights[:inputs]) + always_on * bias, np.int64)

    def _readout(
        self, step: Step, sums: npt.NDArray[np.int64], block: _Block
    ) -> npt.NDArray[np.uint8]:
        return readout.readout_bits(
            sums,
            self._table(step, "softmax"),
            step.number("reciprocal"),
            block.draws(Purpose.READOUT, step.layer, sums.shape[1]),
            block.reads,
        )

    def _votes(self, sums: npt.NDArray[np.int64], block: _Block) -> npt.NDArray[np.uint8]:
        for step in self.program.training:
            if step.op is StepOp.READOUT:
                return self._readout(step, sums, block)
        raise ValueError("mode vote needs a readout, and this program has none")

    def _count(self, array: int, bits: npt.NDArray[np.uint8], signs: npt.NDArray[np.int8]) -> None:
        inputs = self.program.arrays[array].inputs
        counters = self.chip.arrays[array].counters
        counters[:inputs] += (bits.T.astype(np.float64) @ signs).astype(np.int32)
        counters[inputs:] += signs.sum(axis=0, dtype=np.int32)

    def _update(self) -> None:
        for step in self.program.update:
            state = self.chip.arrays[step.array]
            match step.op:
                case StepOp.CARRY:
                    self.chip.pulses += cells.check(
                        state,
                        self._pulse_model(step, state),
                        layer=step.layer,
                        seed=self.chip.seed,
                        g=self.chip.checks,
                        threshold=step.number("threshold"),
                        pulses=step.number("pulses"),
                    )
                case StepOp.SGD_STEP:
                    cells.sgd_step(state, step.number("rate"))
                case StepOp.REFRESH:
                    if (self.chip.checks + 1) % step.number("every") == 0:
                        cells.refresh(state)
                case _:
                    raise ValueError(f"step {step.op} does not belong to the end of a batch")
        self.chip.checks += 1
        self._load_weights()

    def _pulse_model(self, step: Step, state: ArrayState) -> cells.PulseModel:
        named = dict(step.tables)
        found = {
            role: self.program.tables[named[role]] if role in named else None
            for role in ("step_up", "step_down", "noise_up", "noise_down")
        }
        return cells.PulseModel(state.style, **found)

    def _expected(
        self, thresholds: npt.NDArray[np.int32], *, binary: bool
    ) -> npt.NDArray[np.int64]:
        """Deterministic passes: expectations of the bits, or bits decided at one half."""
        arrays = self.program.arrays
        values: npt.NDArray[np.int64] = thresholds.astype(np.int64)
        unit = 65536
        if binary:
            values, unit = (values > 32768).astype(np.int64), 1
        for number in range(len(arrays)):
            sums = self._read(number, values, unit)
            if number == len(arrays) - 1:
                return sums
            sampler = self._sampler(number)
            table = self._table(sampler, "threshold")
            if binary:
                values = (sums > sampler.number("binary")).astype(np.int64)
            else:
                values = encode.analog_levels(sums, table, unit)
                unit = len(table)
        raise ValueError("a program needs an array")

    def _sampler(self, array: int) -> Step:
        """The step that samples the sums of an array."""
        steps = self.program.inference
        target = next(s.target for s in steps if s.op is StepOp.READ and s.array == array)
        return next(s for s in steps if s.op is StepOp.SAMPLE and target in s.sources)

    def _table(self, step: Step, role: str) -> npt.NDArray[Any]:
        return self.program.tables[step.table(role)]

    def _load_weights(self) -> None:
        # Float64 sums are exact below 2**53: up to 2**23 rows of codes times 2**16, in any order.
        self._forward = [cells.forward_weights(a).astype(np.float64) for a in self.chip.arrays]
        self._backward = [
            (
                cells.backward_weights(a)[: spec.inputs].astype(np.float64)
                if a.style is CellStyle.REFERENCE
                else forward[: spec.inputs]
            )
            for a, forward, spec in zip(
                self.chip.arrays, self._forward, self.program.arrays, strict=True
            )
        ]


def _thresholds(data: EncodedData, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    values = data.values[rows]
    return data.levels[values] if values.dtype == np.uint8 else values


def _bits_of(table: npt.NDArray[Any]) -> int:
    return len(table).bit_length() - 1


def _exact(left: npt.NDArray[Any], right: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return (left.astype(np.float64) @ right).astype(np.int64)
