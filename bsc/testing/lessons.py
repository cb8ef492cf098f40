"""Data, targets and calls for any program: what tests hold one executor against another with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.hw.plan import Readout
from bsc.numerics import tables
from bsc.numerics.digest import digest
from bsc.program.executor import EncodedData, Executor
from bsc.program.model import Program

MODES: tuple[tuple[str, dict[str, int]], ...] = (
    ("stochastic", {}),
    ("stochastic", {"repeats": 2, "reads": 3, "seed": 1 << 63, "first_index": (1 << 40) + 5}),
    ("vote", {"repeats": 3}),
    ("vote", {"repeats": 2, "reads": 2}),
    ("binary", {}),
    ("analog", {}),
)
"""Ways to infer, with options."""


def random_data(
    program: Program, samples: int, seed: int = 0, *, real: bool = False, zero: int = 0
) -> EncodedData:
    """Inputs of which 60 % are 0.

    Args:
        program: whose inputs.
        samples: how many.
        seed: of the numbers.
        real: thresholds in place of pixels.
        zero: least threshold of a pixel.
    """
    random = np.random.default_rng(seed)
    shape = (samples, program.input_size)
    some = random.random(shape) < 0.4
    if real:
        thresholds = random.integers(0, 65537, shape) * some
        return EncodedData(thresholds.astype(np.int32), np.zeros(0, np.int32))
    levels = np.maximum(tables.pixel_levels(), zero).astype(np.int32)
    return EncodedData((random.integers(0, 256, shape) * some).astype(np.uint8), levels)


def random_targets(program: Program, samples: int, seed: int = 0) -> npt.NDArray[np.int32]:
    """Targets of all heads, int32 [samples, program.target_width]."""
    random = np.random.default_rng(seed)
    parts = [np.zeros((samples, 0), np.int64)]
    for head in program.heads:
        most = head.columns if head.readout is Readout.SOFTMAX else 65537
        parts.append(random.integers(0, most, (samples, head.width)))
    return np.concatenate(parts, axis=1).astype(np.int32)


def compare(
    program: Program,
    reference: Executor,
    others: Sequence[tuple[Executor, int]],
    data: EncodedData,
    targets: npt.NDArray[np.int32],
    *,
    batch: int = 0,
    seed: int = 0,
) -> None:
    """Train two epochs and infer in every mode: digests, counts and sums are the reference's.

    Args:
        program: what all of them run, on the same state.
        reference: trains an epoch in one call.
        others: executors, and samples of one of their calls for training, rounded up to whole
            batches.
        data: inputs.
        targets: of each input.
        batch: samples of a batch, the plan's where it is 0.
        seed: of the order of samples.
    """
    batch = batch or program.plan.batch
    random = np.random.default_rng(seed)
    if program.training:
        for _ in range(2):  # the second call goes on where the first one stopped
            order = random.permutation(len(data)).astype(np.int64)
            expected = reference.train(data, targets, order, batch)
            for executor, call in others:
                _train(executor, expected, data, targets, order, batch, call)
    state = reference.state()
    for executor, _ in others:
        _same("the digest", digest(executor.state()), digest(state))
        _same("pulses", executor.state().pulses, state.pulses)
    votes = bool(program.training) and all(h.readout is not Readout.NONE for h in program.heads)
    for mode, options in MODES:
        if mode == "vote" and not votes:
            continue
        sums = reference.infer(data, mode, **options)
        _same("the shape of sums", sums.shape, (len(data), program.sum_width))
        for executor, _ in others:
            found = executor.infer(data, mode, **options)
            np.testing.assert_array_equal(found, sums, err_msg=f"{mode} {options}")


def _train(
    executor: Executor,
    expected: Any,
    data: EncodedData,
    targets: npt.NDArray[np.int32],
    order: npt.NDArray[np.int64],
    batch: int,
    call: int,
) -> None:
    call = -(-call // batch) * batch
    counts = [
        executor.train(data, targets, order[start : start + call], batch)
        for start in range(0, len(order), call)
    ]
    for name in ("samples", "checks", "pulses"):
        found = sum(getattr(each, name) for each in counts)
        _same(name, found, getattr(expected, name))


def _same(what: str, found: object, expected: object) -> None:
    """What a test asserts, also where Python drops assertions."""
    if found != expected:
        raise AssertionError(f"{what}: {found}, expected {expected}")
