"""Errors of the heads: what their bits differ by from labels and targets (semantics, section 1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bsc_runtime.kernels.backward import list_signs
from bsc_runtime.kernels.jit import inner, merged, wide
from bsc_runtime.kernels.layout import Buffer, Int64, Network, Run, Step, Work
from bsc_runtime.kernels.philox import PURPOSE_TARGET, TRAINING_PASS, draw


@merged
def other_errors(network: Network, work: Work, step: Int64, slot: int) -> int:
    """Errors that a sample has at heads before an error step's own; 1 where heads are to come."""
    found = wide(step[Step.LAST] == 0)
    before = step[Step.NUMBER_1]
    while before >= 0:
        target = network.steps[before, Step.TARGET]
        found += work.lengths[target, slot, 0] + work.lengths[target, slot, 1]
        before = network.steps[before, Step.NUMBER_1]
    return found


@merged
def keep_errors(
    network: Network,
    work: Work,
    step: Int64,
    live: npt.NDArray[np.int32],
    target: Int64,
    slot: int,
    at: int,
    alive: int,
) -> int:
    """List a sample's errors, which begin at `at`; returns how many samples of `live` stay.

    Behind the last head, samples without any error leave `live`: nothing later moves them.
    """
    listed = target[Buffer.LIST] + slot * target[Buffer.LIST_STRIDE]
    plus, minus = list_signs(
        work.dense, at, target[Buffer.SIZE], work.lists, listed, target[Buffer.LIST_STRIDE] >> 1
    )
    work.lengths[step[Step.TARGET], slot, 0] = plus
    work.lengths[step[Step.TARGET], slot, 1] = minus
    live[alive] = slot
    stays = plus + minus > 0 or other_errors(network, work, step, slot) > 0
    return alive + 1 if stays else alive


@inner
def error(
    network: Network,
    work: Work,
    step: Int64,
    live: npt.NDArray[np.int32],
    targets: npt.NDArray[np.int32],
    order: Int64,
    place: int,
) -> None:
    """ERROR: e = o - label."""
    target = network.buffers[step[Step.TARGET]]
    source = network.buffers[step[Step.SOURCE]]
    size = target[Buffer.SIZE]
    column = step[Step.NUMBER]
    alive = wide(0)
    for i in range(live[-1]):
        slot = live[i]
        at = target[Buffer.DENSE] + slot * target[Buffer.DENSE_STRIDE]
        bits = source[Buffer.DENSE] + slot * source[Buffer.DENSE_STRIDE]
        for j in range(size):
            work.dense[at + j] = work.dense[bits + j]
        work.dense[at + targets[order[place + slot], column]] -= 1
        alive = keep_errors(network, work, step, live, target, slot, at, alive)
    live[-1] = alive


@inner
def target_error(
    network: Network,
    work: Work,
    step: Int64,
    live: npt.NDArray[np.int32],
    worker: int,
    targets: npt.NDArray[np.int32],
    order: Int64,
    place: int,
    numbers: Int64,
) -> None:
    """TARGET_ERROR: e = o - (u < t)."""
    target = network.buffers[step[Step.TARGET]]
    source = network.buffers[step[Step.SOURCE]]
    size = target[Buffer.SIZE]
    column = step[Step.NUMBER]
    words = work.words[worker]
    halves = words.view(np.uint16)[:size]
    alive = wide(0)
    for i in range(live[-1]):
        slot = live[i]
        draw(
            words,
            work.ascending,
            (size + 7) >> 3,
            PURPOSE_TARGET,
            step[Step.LAYER],
            numbers[Run.FIRST] + place + slot,
            TRAINING_PASS,
            numbers[Run.KEY_0],
            numbers[Run.KEY_1],
        )
        at = target[Buffer.DENSE] + slot * target[Buffer.DENSE_STRIDE]
        origin = source[Buffer.DENSE] + slot * source[Buffer.DENSE_STRIDE]
        errors = work.dense[at : at + size]
        bits = work.dense[origin : origin + size]
        wanted = targets[order[place + slot], column : column + size]
        for j in range(size):
            errors[j] = bits[j] - np.int8(np.int32(halves[j]) < wanted[j])
        alive = keep_errors(network, work, step, live, target, slot, at, alive)
    live[-1] = alive
