"""Parts of arrays, and what the host may ask: cases that a review found wrong."""

from __future__ import annotations

import numpy as np
import pytest

from bsc.diag import DiagnosticError
from bsc.isa.assemble import assemble
from bsc.isa.kinds import EntryKind
from bsc.numerics.state import ArrayState, CellStyle, ChipState
from bsc_runtime.kernels.layout import Run
from bsc_runtime.machine import Machine

HEAD = f"""\
.isa 1.0
.target {"0" * 64}
.chip noise_bits=4 channel_depth=2 batch=64 bits=4096 signs=4096 sums=4096 levels=4096 labels=8 \
counts=0 backing=8
.timing issue=1 host_bits=64 encode_lanes=8 read=10 neuron_lanes=8 readout=4 counter_lanes=8 \
pulse=50 pulse_lanes=8 link_bits=64 link_latency=4 queue=8
"""


def _machine(rows: int, columns: int, code: str, **options: object) -> Machine:
    text = f"{HEAD}.array a layer=0 style=pair-down rows={rows} inputs={rows} columns={columns} "
    image = assemble(f"{text}scale=1\n.core 0\n{code}", "t.s")
    cells = np.zeros((2, rows, columns), np.int16)
    cells[0] = np.arange(1, rows * columns + 1).reshape(rows, columns)
    counters = np.zeros((rows, columns), np.int32)
    array = ArrayState("a", CellStyle.PAIR_DOWN, cells, None, None, counters)
    return Machine(image, ChipState([array]), **options)


@pytest.mark.parametrize(
    ("columns", "cut", "room"), [(32, 8, 40), (16, 3, 24), (32, 16, 40), (32, 31, 64), (64, 1, 80)]
)
def test_a_read_of_tiles_at_odd_places_leaves_the_other_sums_alone(columns, cut, room):
    """The rest of a row is zeros only behind the block's last column."""
    machine = _machine(
        4,
        columns,
        f""".vector l kind=level length=4 base=0
.vector x kind=bit length=4 base=0
.vector r kind=sum length={room} base=0
.tile 0 array=a number=0 rows=0-3 columns=0-{cut - 1}
.tile 1 array=a number=1 rows=0-3 columns={cut}-{columns - 1}
.entry infer
in l
encode.half x, l
read r, x, [1]
out r
halt
""",
    )
    machine.start(EntryKind.INFER, np.array([[65536, 0, 0, 0]], np.int32))
    machine.run()
    wanted = np.zeros(room, np.int64)
    wanted[cut:columns] = np.arange(cut + 1, columns + 1)
    np.testing.assert_array_equal(machine.output(0)[0], wanted)


@pytest.mark.parametrize(("rows", "cut", "room"), [(32, 8, 40), (16, 3, 24), (64, 1, 80)])
def test_a_transposed_read_at_odd_places_leaves_the_other_sums_alone(rows, cut, room):
    machine = _machine(
        rows,
        4,
        f""".vector e kind=sign length=4 base=0
.vector r kind=sum length={room} base=0
.tile 0 array=a number=0 rows=0-{cut - 1} columns=0-3
.tile 1 array=a number=1 rows={cut}-{rows - 1} columns=0-3
.entry infer
load e, 0
readt r, e, [1]
out r
halt
""",
        backing={0: np.array([1], np.uint32)},
    )
    machine.start(EntryKind.INFER, samples=1)
    machine.run()
    wanted = np.zeros(room, np.int64)
    wanted[cut:rows] = 4 * np.arange(cut, rows) + 1
    np.testing.assert_array_equal(machine.output(0)[0], wanted)


LABELLED = """\
.vector c kind=label length=1 base=0
.vector y kind=sum length=2 base=0
.tile 0 array=a number=0 rows=0-1 columns=0-1
.entry train
train:
label c
clear y
out y
halt
"""


def test_an_entry_may_be_given_by_its_number_and_nothing_else():
    machine = _machine(2, 2, LABELLED)
    for kind in (EntryKind.TRAIN, 0):
        machine.start(kind, labels=np.array([1], np.int32))
        assert machine._numbers[Run.MODE] == 0  # the draws of training
        machine.run()
    for kind in ("train", 7, None):
        with pytest.raises(DiagnosticError, match="is no entry"):
            machine.start(kind)  # type: ignore[arg-type]


def test_labels_need_no_inputs():
    machine = _machine(2, 2, LABELLED)
    machine.start(EntryKind.TRAIN, labels=np.array([1], np.int32))
    assert machine.run() == 0
    assert machine.vector(0, "c").tolist() == [1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"labels": np.array([0.5])}, "a whole number"),
        ({"labels": np.array([np.nan])}, "a whole number"),
        ({"labels": np.array([-1])}, "not in 0"),
        ({"labels": np.array([[[1]]])}, "a whole number"),
        ({"labels": np.array([[1, 2]])}, "2 labels a sample, core 0 takes 1 into c"),
        ({"labels": np.array([1]), "order": np.array([0.0])}, "whole numbers"),
        ({"labels": np.array([1]), "order": np.array([1])}, "samples that the inputs do not have"),
        ({"inputs": np.zeros((1, 4), np.uint8)}, "table of 256 levels"),
        ({"labels": np.array([1]), "check": (1 << 48) - 1 + 1}, "check is beyond"),
        ({}, "takes 1 labels, there are 0"),
    ],
)
def test_what_cannot_be_started_says_why(arguments, said):
    with pytest.raises(DiagnosticError, match=said):
        _machine(2, 2, LABELLED).start(EntryKind.TRAIN, **({"samples": 1} | arguments))


def test_there_is_no_core_that_is_not_there():
    machine = _machine(2, 2, LABELLED)
    machine.start(EntryKind.TRAIN, labels=np.array([1]))
    for ask in (machine.registers, machine.output, lambda core: machine.vector(core, "c")):
        for core in (1, -1):
            with pytest.raises(DiagnosticError, match="there is no core"):
                ask(core)
    for backing in ({1: np.zeros(1, np.uint32)}, {0: np.zeros(9, np.uint32)}):
        with pytest.raises(DiagnosticError, match="backing memory of core"):
            _machine(2, 2, LABELLED, backing=backing)


def test_a_queue_has_an_end():
    with pytest.raises(DiagnosticError, match="queue is 65, expected 1 to 64"):
        Machine(
            assemble(HEAD.replace("queue=8", "queue=65") + ".core 0\n.entry infer\nhalt\n", "q")
        )


def test_results_take_the_room_of_results():
    """Many cores and a wide input, but ten sums a sample: what is allocated follows the sums."""
    machine = _machine(2, 2, LABELLED.replace("label c\n", "").replace("train", "infer"))
    machine.start(EntryKind.INFER, samples=1)
    assert machine._host.out.shape == (1, 2)
