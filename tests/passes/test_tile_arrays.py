"""tile-arrays and schedule: every cell in one tile, the same bits whatever the tiles."""

import copy
import itertools

import numpy as np
import pytest

from bsc.hw.plan import Rule, TrainPlan
from bsc.hw.registry import resolve
from bsc.ir.pass_manager import run_passes
from bsc.numerics.cells import initial_array, initial_direct
from bsc.numerics.digest import digest
from bsc.numerics.state import CellStyle, ChipState
from bsc.ops import OPS
from bsc.passes.binarise import Binarise
from bsc.passes.derive_training import DeriveTraining
from bsc.passes.legalise import LegaliseActivations
from bsc.testing.graph_executor import GraphExecutor
from bsc.testing.networks import dense_network
from bsc.tiling.partition import partition
from bsc.tiling.plan import StepOp
from bsc.tiling.schedule import schedule
from bsc.tiling.tile_arrays import TileArrays

SIZES = (20, 13, 7, 4)


def _graph(plan, target="oxram-128", tiles=None):
    device = resolve(target).device
    passes = [
        LegaliseActivations("random"),
        Binarise("random", scale=4096 if plan.rule is Rule.SGD else 0),
        DeriveTraining.of(plan, device),
    ]
    if tiles:
        passes.append(TileArrays(*tiles))
    return run_passes(dense_network(SIZES), passes, OPS, check_changed=True).graph


def _state(style):
    arrays = []
    for i, (k, m) in enumerate(itertools.pairwise(SIZES)):
        if style is CellStyle.DIRECT:
            arrays.append(initial_direct(f"layer{i}", k + 1, m, k, i, 7))
        else:
            reference = (8191.5, 0.0) if style is CellStyle.REFERENCE else (None, None)
            arrays.append(
                initial_array(f"layer{i}", style, k + 1, m, i, 7, 9000.0, 2000.0, *reference)
            )
    return ChipState(arrays, seed=7)


CASES = [
    ("oxram-128", CellStyle.PAIR_DOWN, TrainPlan(Rule.CARRY, 8, 4, 3)),
    ("oxram-128", CellStyle.PAIR_DOWN, TrainPlan(Rule.CARRY, 8, 4, 1, refresh_every=2)),
    ("pcmo-128", CellStyle.REFERENCE, TrainPlan(Rule.ONLINE, 1, 1)),
    ("ideal-128", CellStyle.DIRECT, TrainPlan(Rule.SGD, 10, 64, eta=0.1)),
]


@pytest.mark.parametrize(("target", "style", "plan"), CASES)
def test_training_gives_the_same_digest_at_every_tile_size_and_memory_cut(target, style, plan):
    random = np.random.default_rng(0)
    x = random.random((37, 20)).astype(np.float32)
    labels = random.integers(0, 4, 37, dtype=np.int32)
    order = random.permutation(37)
    start = _state(style)
    digests = set()
    for tiles, cut in [(None, 1000), (None, 3), ((128, 128), 1000), ((8, 4), 5), ((1, 1), 1000)]:
        state = copy.deepcopy(start)
        executor = GraphExecutor(_graph(plan, target, tiles), state, cut)
        executor.train((x, labels), order, plan.batch)
        digests.add((digest(state), executor.sums((x,), repeats=2, seed=1).tobytes()))
        assert state.checks == -(-37 // plan.batch)
    assert len(digests) == 1
    assert digest(start) != next(iter(digests))[0]


@pytest.mark.parametrize("rows", [1, 5, 8, 64, 1024])
@pytest.mark.parametrize("columns", [1, 3, 8, 1024])
def test_tiles_cover_each_cell_once(rows, columns):
    extents = [(21, 13), (14, 7), (8, 4)]
    placed = partition(extents, rows, columns)
    assert [t.index for tiles in placed for t in tiles] == list(range(sum(map(len, placed))))
    for (word_lines, bit_lines), tiles in zip(extents, placed, strict=True):
        seen = np.zeros((word_lines, bit_lines), int)
        for tile in tiles:
            assert 0 < tile.row_stop - tile.row_start <= rows
            assert 0 < tile.column_stop - tile.column_start <= columns
            seen[tile.row_start : tile.row_stop, tile.column_start : tile.column_stop] += 1
        assert (seen == 1).all()


def test_schedule_of_a_perceptron():
    found = schedule(_graph(TrainPlan(), tiles=(8, 8)))
    assert [s.op for s in found.training] == [
        StepOp.ENCODE,
        *[StepOp.READ, StepOp.SAMPLE] * 2,
        StepOp.READ,
        StepOp.READOUT,
        StepOp.ERROR,
        StepOp.COUNT,
        *[StepOp.READ_TRANSPOSED, StepOp.DERIVATIVE, StepOp.SIGN, StepOp.COUNT] * 2,
    ]
    assert found.training[: len(found.inference)] == found.inference
    assert [s.op for s in found.update] == [StepOp.CARRY] * 3
    assert [tile.array for tile in found.tiles] == [0] * 6 + [1] * 2 + [2]


def test_bias_lines_in_a_tile_of_their_own_are_not_read_backward():
    found = schedule(_graph(TrainPlan(), tiles=(13, 8)))
    backward = next(s for s in found.training if s.op is StepOp.READ_TRANSPOSED and s.array == 1)
    counted = next(s for s in found.training if s.op is StepOp.COUNT and s.array == 1)
    assert len(backward.tiles) == 1
    assert len(counted.tiles) == 2
