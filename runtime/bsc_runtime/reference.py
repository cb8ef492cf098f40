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
from bsc.tiling.plan import Head, Step, StepOp
from bsc_runtime.sim.checks import verify_clocks

Values: TypeAlias = dict[int, npt.NDArray[Any]]
"""What the buffers hold: bits [reads, N, size], sums and signs [N, size], by buffer number."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Samples worked on together.

    Attributes:
        thresholds: int32 [N, K] of the encoder, all inputs one behind the other.
        targets: int32 [N, W], empty in inference.
        indices: int64 [N], sample indices of the draws.
        inference: whether bit 7 of the purposes is set.
        seed: key of the draws.
        first_pass: pass of the first read.
        reads: s.
    """

    thresholds: npt.NDArray[np.int32]
    targets: npt.NDArray[np.int32]
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
    _heads: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chip = copy.deepcopy(self.chip)
        self._load_weights()
        reads = [step.target for step in self.program.inference if step.op is StepOp.READ]
        self._heads = [reads[head.read] for head in self.program.heads]

    def state(self) -> ChipState:
        """A copy of the chip's state now."""
        return copy.deepcopy(self.chip)

    def train(
        self,
        data: EncodedData,
        targets: npt.NDArray[np.int32],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> TrainCounts:
        """Train on the samples in that order, a check after every `batch` of them."""
        with threadpool_limits(limits=1, user_api="blas"):
            return self._train(data, targets, order, batch)

    def _train(
        self,
        data: EncodedData,
        targets: npt.NDArray[np.int32],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> TrainCounts:
        verify_clocks(self.chip, len(order), batch)
        checks, pulses = self.chip.checks, self.chip.pulses
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            for first in range(0, len(chosen), self.memory_cut):
                part = chosen[first : first + self.memory_cut]
                index = np.arange(len(part), dtype=np.int64) + self.chip.samples
                block = _Block(_thresholds(data, part), targets[part], index, False, self.chip.seed)
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
        """Sums (or votes) of the heads one behind the other, int64 [N, program.sum_width]."""
        sums = np.zeros((len(data), self.program.sum_width), np.int64)
        for start in range(0, len(data), self.memory_cut):
            rows = np.arange(start, min(start + self.memory_cut, len(data)), dtype=np.int64)
            thresholds = _thresholds(data, rows)
            if mode in ("analog", "binary"):
                sums[rows] = self._expected(thresholds, binary=mode == "binary")
                continue
            for repeat in range(repeats):
                block = _Block(
                    thresholds,
                    np.empty((0, 0), np.int32),
                    rows + first_index,
                    True,
                    seed,
                    repeat * reads,
                    reads,
                )
                values = self._run(self.program.inference, block)
                answered = [
                    self._votes(head, values[sum_], block) if mode == "vote" else values[sum_]
                    for head, sum_ in zip(self.program.heads, self._heads, strict=True)
                ]
                sums[rows] += np.concatenate(answered, axis=1)
        return sums

    def _run(self, steps: tuple[Step, ...], block: _Block) -> Values:
        """Run steps on a block; what the buffers hold at its end."""
        values: Values = {}
        for step in steps:
            result = self._step(step, values, block)
            if step.target >= 0:
                values[step.target] = result
        return values

    def _step(self, step: Step, values: Values, block: _Block) -> npt.NDArray[Any]:
        sources = [values[s] for s in step.sources]
        match step.op:
            case StepOp.ENCODE:
                thresholds = block.thresholds[:, self._elements(step.layer)]
                size = thresholds.shape[1]
                return np.stack(
                    [
                        encode.encode_bits(
                            thresholds, block.draws(Purpose.ENCODE, step.layer, size, read)
                        )
                        for read in range(block.reads)
                    ]
                )
            case StepOp.CONCAT:
                return np.concatenate(sources, axis=2)
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
                            encode.noise_bits_of(table),
                            block.reads,
                        )
                        for read in range(block.reads)
                    ]
                )
            case StepOp.DERIVATIVE:
                low, high = self._table(step, "low"), self._table(step, "high")
                drawn = block.draws(Purpose.D, step.layer, sources[0].shape[1])
                return encode.derivative_bits(
                    sources[0], low, high, drawn, encode.noise_bits_of(low)
                )
            case StepOp.READOUT:
                return self._readout(step, sources[0], block)
            case StepOp.LOGISTIC:
                return self._logistic(step, sources[0], block)
            case StepOp.ERROR:
                error = sources[0].astype(np.int8)
                error[np.arange(len(error)), block.targets[:, step.number("target")]] -= 1
                return error
            case StepOp.TARGET_ERROR:
                first, size = step.number("target"), sources[0].shape[1]
                drawn = block.draws(Purpose.TARGET, step.layer, size)
                wanted = encode.encode_bits(block.targets[:, first : first + size], drawn)
                return sources[0].astype(np.int8) - wanted.astype(np.int8)
            case StepOp.READ_TRANSPOSED:
                return _exact(sources[0], self._backward[step.array].T)
            case StepOp.ADD:
                size = self.program.buffers[step.target].size
                starts = [step.number(f"start_{k}") for k in range(len(sources))]
                parts = zip(sources, starts, strict=True)
                return np.asarray(
                    np.sum([sums[:, at : at + size] for sums, at in parts], axis=0), np.int64
                )
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

    def _logistic(
        self, step: Step, sums: npt.NDArray[np.int64], block: _Block
    ) -> npt.NDArray[np.uint8]:
        table = self._table(step, "threshold")
        drawn = block.draws(Purpose.READOUT, step.layer, sums.shape[1])
        return encode.sample_bits(sums, table, drawn, encode.noise_bits_of(table), block.reads)

    def _votes(
        self, head: Head, sums: npt.NDArray[np.int64], block: _Block
    ) -> npt.NDArray[np.uint8]:
        for step in self.program.training:
            if step.op is StepOp.READOUT and step.layer == head.read:
                return self._readout(step, sums, block)
            if step.op is StepOp.LOGISTIC and step.layer == head.read:
                return self._logistic(step, sums, block)
        raise ValueError(f"mode vote needs a readout, and {head.name} has none")

    def _elements(self, number: int) -> slice:
        """Where the elements of an input are in a sample."""
        start = self.program.input_starts[number]
        return slice(start, start + self.program.inputs[number].size)

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
        values: Values = {}
        units: dict[int, int] = {}  # what a bit that is always on counts, by buffer
        for step in self.program.inference:
            given = [values[source] for source in step.sources]
            unit = max((units[source] for source in step.sources), default=1)
            match step.op:
                case StepOp.ENCODE:
                    found = thresholds[:, self._elements(step.layer)].astype(np.int64)
                    unit = 1 if binary else 65536
                    made = (found > 32768).astype(np.int64) if binary else found
                case StepOp.CONCAT:
                    scaled = [
                        value * (unit // units[source])
                        for value, source in zip(given, step.sources, strict=True)
                    ]
                    made = np.concatenate(scaled, axis=1)
                case StepOp.READ:
                    made = self._read(step.array, given[0], unit)
                case StepOp.SAMPLE if binary:
                    made = (given[0] > step.number("binary")).astype(np.int64)
                case StepOp.SAMPLE:
                    table = self._table(step, "threshold")
                    made, unit = encode.analog_levels(given[0], table, unit), len(table)
                case _:
                    raise ValueError(f"step {step.op} does not belong to inference")
            values[step.target], units[step.target] = made, unit
        return np.concatenate([values[sums] for sums in self._heads], axis=1)

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


def _exact(left: npt.NDArray[Any], right: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return (left.astype(np.float64) @ right).astype(np.int64)
