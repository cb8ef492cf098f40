"""The machine itself: running, stepping, stopping and looking; what it refuses to start."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bsc.diag import DiagnosticError
from bsc.isa.assemble import assemble
from bsc.isa.kinds import EntryKind
from bsc.numerics import tables
from bsc.numerics.digest import digest
from bsc.numerics.state import CODE_MAX, ChipState
from bsc.program.executor import EncodedData
from bsc.testing.verified_images import DATA, HEAD, CoreText, assembled
from bsc_runtime.machine import Executed, Machine, Stop
from bsc_runtime.machine import host as host_module
from bsc_runtime.machine import machine as machine_module
from bsc_runtime.machine.memories import blank_state

TRAIN, INFER, VOTE, BINARY = EntryKind
VECTORS = """l kind=level length=8 base=0 slots=2
x kind=bit length=8 base=0 slots=2
z kind=bit length=4 base=64 slots=2
y kind=sum length=4 base=0 slots=2
w kind=sum length=4 base=16"""
CODE = """clear w
chunks b0, samples, 2
  loop slot, b0
    in l
    encode.half x, l
    read y, x, [0-2]
    sample.half z, y, n
    add w, y
    out y
  end
  advance b0
end
store w, 4
tick
halt"""
LENGTH = len(CODE.splitlines())
INPUTS = np.zeros((3, 8), np.int32)
INPUTS[0, 0] = INPUTS[1, 1] = INPUTS[1, 2] = 65536


def _chip(image):
    """Weights of array `a`: 4 x word line + bit line; the ninth line is always on."""
    state = blank_state(image)
    state.arrays[0].cells[0] = CODE_MAX
    state.arrays[0].cells[1] = CODE_MAX - np.arange(36).reshape(9, 4)
    return state


def _made(code=CODE, vectors=VECTORS, kinds=("infer",), **options):
    image = assembled([CoreText(vectors, code, kinds)])
    return Machine(image, _chip(image), **options)


def _started(**options):
    machine = _made(**options)
    machine.start(INFER, INPUTS, first_index=100, check=7)
    return machine


def test_a_run_computed_by_hand():
    """Three samples, two in flight: word lines 0; 1 and 2; none. Line 8 is 32 33 34 35."""
    machine = _started()
    assert machine.running
    assert machine.run() is Stop.DONE
    assert not machine.running
    assert machine.halted(0)
    sums = [[32, 34, 36, 38], [44, 47, 50, 53], [32, 33, 34, 35]]
    assert machine.output(0).tolist() == sums
    assert machine.vector(0, "w").tolist() == [108, 114, 120, 126]
    assert machine.vector(0, "y", 1).tolist() == sums[1]
    assert machine.vector(0, "y").tolist() == sums[2]  # slot 0 holds the third sample
    assert machine.vector(0, "z", 1).tolist() == [1, 1, 1, 1]
    assert machine.vector(0, "l", 1).tolist() == INPUTS[1].tolist()
    assert machine.backing(0)[:14].tolist() == [0] * 4 + [108, 0, 114, 0, 120, 0, 126, 0, 0, 0]
    assert machine.registers(0) == {
        "pc": LENGTH, "samples": 3, "batch": 4, "repeats": 1, "reads": 1,
        "b0": 1, "b1": 0, "b2": 0, "b3": 0,
        "slot": 0, "repeat": 0, "read": 0, "position": 0, "base": 103, "check": 8,
    }  # fmt: skip
    assert machine.executed() == {
        "clear": 1, "chunks": 1, "loop": 2, "in": 3, "encode.half": 3, "read": 3, "sample.half": 3,
        "add": 3, "out": 3, "end": 5, "advance": 2, "store": 1, "tick": 1, "halt": 1,
    }  # fmt: skip
    assert {name: n for name, (n,) in machine.events().items() if n} == {
        "instructions": 32,
        "input_bits": 3 * 8 * 32,
        "output_bits": 3 * 4 * 64,
        "encoded": 24,
        "reads": 9,  # three tiles a sample
        "active_lines": 2 + 3 + 1,
        "comparisons": 12,
    }
    assert machine.busy() == {
        "control": [12], "host": [12 + 12 + 4], "encoder": [3], "array": [30], "neuron": [7],
        "counter": [0], "pulse": [0], "link": [0],
    }  # fmt: skip


def test_a_run_in_its_middle():
    machine = _started()
    assert machine.run(9) is Stop.LIMIT  # up to the first sample's result
    registers = machine.registers(0)
    assert (registers["pc"], registers["slot"], registers["b0"], registers["base"]) == (
        9,
        0,
        2,
        100,
    )
    assert machine.output(0).tolist() == [[32, 34, 36, 38]]
    machine.run(2)
    registers = machine.registers(0)
    assert (registers["pc"], registers["slot"]) == (4, 1)
    assert machine.vector(0, "l").tolist() == INPUTS[1].tolist()
    assert machine.running
    assert not machine.halted(0)
    assert machine.run(0) is Stop.LIMIT
    assert machine.run() is Stop.DONE
    assert machine.run() is Stop.DONE  # there is nothing more
    assert machine.registers(0)["pc"] == LENGTH


def test_a_machine_runs_again_and_again():
    """A run begins with registers, channels and clocks anew; cells and backing memory stay."""
    machine = _started()
    machine.run(11)
    machine.start(INFER, INPUTS[1:2])
    machine.run()
    assert machine.output(0).tolist() == [[44, 47, 50, 53]]
    assert machine.registers(0)["base"] == 1
    assert machine.backing(0)[4] == 44
    machine.backing(0)[4] = 5
    machine.start(INFER, INPUTS[1:2])
    assert machine.backing(0)[4] == 5
    assert machine.cycles == 0
    assert machine.executed() == {}


TWO = [
    CoreText(
        "x kind=bit length=8 base=0\ny kind=sum length=8 base=0 slots=2",
        """load x, 0
        loop slot, 2
          send x, core 1
          receive y, core 1
        end""",
        ("infer",),
    ),
    CoreText(
        "z kind=bit length=8 base=0\nt kind=sum length=8 base=0",
        """clear t
        loop none, 2
          receive z, core 0
          add t, z
          send t, core 0
        end""",
        ("infer",),
    ),
]


def _pair():
    machine = Machine(assembled(TWO, arrays=False), backing={0: np.array([0b101], np.uint32)})
    machine.start(INFER, samples=1)
    return machine


@pytest.mark.parametrize("make", [_started, _pair])
def test_steps_are_the_instructions_of_a_run(make):
    whole, stepped = make(), make()
    whole.tracing = True
    whole.start(INFER, INPUTS, first_index=100, check=7)
    whole.run()
    steps = []
    while (step := stepped.step()) is not None:
        steps.append(step)
    assert steps == [Executed(r.core, r.address, r.text, r.origin) for r in whole.trace()]
    assert stepped.step() is None
    assert digest(ChipState(stepped.arrays())) == digest(ChipState(whole.arrays()))
    assert stepped.cycles == whole.cycles
    assert stepped.events() == whole.events()


def test_a_step_goes_to_the_core_that_can():
    """Core 0 waits for sums that core 1 makes of its bits."""
    machine = _pair()
    steps = [(step.core, step.text.split()[0]) for step in iter(machine.step, None)]
    assert steps[:5] == [(0, "load"), (0, "loop"), (0, "send"), (1, "clear"), (1, "loop")]
    assert machine.vector(0, "y", 0).tolist() == [1, 0, 1, 0, 0, 0, 0, 0]
    assert machine.vector(0, "y", 1).tolist() == [2, 0, 2, 0, 0, 0, 0, 0]


def test_breakpoints():
    """Before the word, again in each pass, for as long as they are there."""
    expected = _started()
    expected.run()
    machine = _started()
    machine.break_at(0, 5)  # read y
    outputs = []
    for _ in range(2):
        assert machine.run() is Stop.BREAKPOINT
        assert machine.registers(0)["pc"] == 5
        outputs.append((machine.executed().get("read", 0), machine.registers(0)["slot"]))
    assert outputs == [(0, 0), (1, 1)]
    machine.break_at(0, 5, on=False)
    assert machine.run() is Stop.DONE
    assert machine.output(0).tolist() == expected.output(0).tolist()
    assert machine.cycles == expected.cycles
    machine.break_at(0, 0)
    machine.start(INFER, INPUTS)
    assert machine.run() is Stop.BREAKPOINT  # breakpoints stay from run to run
    assert machine.executed() == {}
    assert machine.step().text.startswith("clear")
    for core, address in ((1, 0), (-1, 0), (0, LENGTH), (0, -1)):
        with pytest.raises(DiagnosticError, match=r"BSC5252: core .* has no word"):
            machine.break_at(core, address)


def test_a_step_passes_breakpoints_of_every_core():
    """Core 0 stops at its `receive` and cannot go on; core 1 has a breakpoint too."""
    machine = _pair()
    machine.run(3)
    machine.break_at(0, 3)
    machine.break_at(1, 0)
    assert machine.step() == Executed(1, 0, "clear t", "")


# what is refused


def test_looking_before_a_run():
    machine = _made()
    for look in (machine.step, machine.run, machine.events, lambda: machine.registers(0)):
        with pytest.raises(DiagnosticError, match="BSC5252: no run has been started"):
            look()
    machine.start(INFER, INPUTS)
    with pytest.raises(DiagnosticError, match="BSC5252: core 0 has no vector 'q'"):
        machine.vector(0, "q")


LEARNING = """in l
encode x, l, layer 0
label c
clear w
"""
LEARNS = f"{VECTORS}\nc kind=label length=1 base=0"
BYTES = np.zeros((3, 8), np.uint8)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (VOTE, {}, "no entry vote; the image has train, infer, binary"),
        (INFER, {"samples": 0}, "samples is 0, expected 1 to 281474976710656"),
        (INFER, {"inputs": INPUTS[:0]}, "samples is 0"),
        (TRAIN, {"batch": 0}, "batch is 0"),
        (INFER, {"repeats": 0}, "repeats is 0, expected 1 to 65536"),
        (INFER, {"reads": 65537}, "reads is 65537"),
        (INFER, {"reads": 257, "repeats": 256}, "65792 passes, repeats times reads is at most"),
        (TRAIN, {"repeats": 2}, "train has one repeat of one read"),
        (BINARY, {"reads": 2}, "binary has one repeat of one read"),
        (INFER, {"seed": -1}, r"the seed -1 is not in 0..2\^64-1"),
        (INFER, {"seed": 1 << 64}, "the seed 18446744073709551616 is not"),
        (INFER, {"first_index": -1}, "a sample index is beyond"),
        (INFER, {"first_index": (1 << 48) - 2}, "a sample index is beyond"),
        (TRAIN, {"check": 1 << 48}, "a check is beyond"),
        (INFER, {"inputs": INPUTS[:, :7]}, r"inputs of shape \[3, 7\], core 0 takes 8 elements"),
        (INFER, {"inputs": None, "samples": 1}, r"inputs of shape \[0, 0\], core 0 takes 8"),
        (INFER, {"inputs": INPUTS + 65535}, "whole levels in 0..65536"),
        (INFER, {"inputs": INPUTS - 1}, "whole levels in 0..65536"),
        (INFER, {"inputs": INPUTS / 2}, "whole levels in 0..65536"),
        (INFER, {"inputs": INPUTS[0]}, "whole levels in 0..65536"),
        (INFER, {"inputs": EncodedData(BYTES, np.zeros(0, np.int32))}, "bytes with 256 levels"),
        (INFER, {"inputs": EncodedData(BYTES, np.zeros(9, np.int32))}, "bytes with 256 levels"),
        (INFER, {"inputs": EncodedData(INPUTS, tables.pixel_levels())}, "bytes with 256 levels"),
        (TRAIN, {"labels": None}, "a label for each of 3 samples"),
        (TRAIN, {"labels": np.zeros(2, np.int32)}, "a label for each of 3 samples"),
        (TRAIN, {"labels": np.array([0, -1, 2])}, "a label is not in"),
        (TRAIN, {"labels": np.array([0, 1 << 31, 2])}, "a label is not in"),
        (INFER, {"order": np.array([0, 3])}, "the order names samples"),
        (INFER, {"order": np.array([-1])}, "the order names samples"),
        (INFER, {"samples": 4}, "core 0 takes 4 inputs, there are 3"),
        (TRAIN, {"samples": 3, "order": np.arange(2)}, "core 0 takes 3 inputs, there are 2"),
    ],
)
def test_runs_that_are_not_started(kind, options, message):
    """What code takes is known before it runs; a refused start leaves the machine as it was."""
    loop = f"loop none, samples\n{LEARNING}end"
    machine = _made(loop, LEARNS, ("train", "binary", "infer"))
    given = {"inputs": INPUTS, "labels": np.zeros(3, np.int32), **options}
    with pytest.raises(DiagnosticError, match=f"BSC5252: .*{message}"):
        machine.start(kind, **given)
    assert not machine.running
    machine.start(kind if kind is not VOTE else INFER, INPUTS, np.zeros(3, np.int32))
    assert machine.run() is Stop.DONE


def test_counters_of_32_bits_do_not_overflow():
    code = "load x, 0\nload e, 1\nloop none, samples\ncount x, e, [0-2]\nend\nhalt"
    vectors = "x kind=bit length=8 base=0\ne kind=sign length=4 base=0"
    image = assembled([CoreText(vectors, code)])
    state = blank_state(image)
    state.arrays[0].counters[3, 1] = -(1 << 31) + 1
    machine = Machine(image, state)
    with pytest.raises(DiagnosticError, match="BSC5252: a counter may reach 2,147,483,648"):
        machine.start(TRAIN, samples=1)
    state.arrays[0].counters[3, 1] += 1
    machine = Machine(image, state, backing={0: np.array([0b1000, 0b1100], np.uint32)})
    machine.start(TRAIN, samples=1)
    machine.run()
    assert machine.arrays()[0].counters[3].tolist() == [0, -(1 << 31) + 1, 0, 0]


def test_traps_stop_all_cores():
    cores = [TWO[0], CoreText("z kind=bit length=8 base=0", "trap 77", ("infer",))]
    cores[0] = dataclasses.replace(TWO[0], code="load x, 0\nload x, 0")
    machine = Machine(assembled(cores, arrays=False))
    machine.start(INFER, samples=1)
    with pytest.raises(DiagnosticError, match="BSC5254: trap 77") as caught:
        machine.run()
    assert "core 1 at 0: trap" in str(caught.value)
    assert machine.running
    machine.start(INFER, samples=1)  # another run begins anew
    assert machine.run(1) is Stop.LIMIT


def test_runs_that_could_take_too_long():
    """The bound is the verifier's; a run of so many cycles is started, of one more it is not."""
    machine = _made()
    bound = machine.proof.cycles(INFER, samples=3, batch=4, repeats=1, reads=1)
    machine = _made(max_cycles=bound)
    machine.start(INFER, INPUTS)
    machine.run()
    assert machine.cycles <= bound
    machine = _made(max_cycles=bound - 1)
    with pytest.raises(DiagnosticError, match=f"BSC5253: .* could take {bound:,} cycles"):
        machine.start(INFER, INPUTS)


def test_memory_that_is_not_there(monkeypatch):
    huge = HEAD.format(target="0" * 64, depth=2).replace("sums=4096", "sums=4294967295")
    vector = ".core 0\n.vector s kind=sum length=2147483648 base=0\n.entry train\n        halt\n"
    with pytest.raises(DiagnosticError, match="BSC5251: the image's cells, vectors and backing"):
        Machine(assemble(huge + vector, "<huge>"))
    tiles = "".join(
        f".tile {i * 64 + j} array=a number={i * 64 + j} rows={i * 1024}-{i * 1024 + 1023} "
        f"columns={j * 1024}-{j * 1024 + 1023}\n"
        for i in range(64)
        for j in range(64)
    )
    array = ".array a layer=0 style=pair-down rows=65536 inputs=65536 columns=65536 scale=1\n"
    text = f"{HEAD.format(target='0' * 64, depth=2)}{array}.core 0\n{tiles}.entry train\n halt\n"
    with pytest.raises(DiagnosticError, match="BSC5251"):
        Machine(assemble(text, "<wide>"))
    machine = _made()
    monkeypatch.setattr(host_module, "memory_bytes", lambda: 1 << 10)
    with pytest.raises(DiagnosticError, match="BSC5251: the run's results need"):
        machine.start(INFER, np.zeros((1000, 8), np.int32))
    monkeypatch.setattr(machine_module, "memory_bytes", lambda: 1 << 10)
    with pytest.raises(DiagnosticError, match="BSC5251"):
        _made()


def test_a_check_of_more_bit_lines_than_any_vector_has():
    """Five tiles of 1000 side by side are checked at once: scratch is as long as all of them."""
    text = HEAD.format(target="0" * 64, depth=2)
    text += ".array w layer=1 style=reference rows=1 inputs=1 columns=5000 scale=1\n"
    names = (("up", 16384), ("down", 16384), ("noise", 4096))
    text += "".join(f".table {name} entries={entries}\n" for name, entries in names)
    text += ".update w layer=1 threshold=1 pulses=1 step_up=up step_down=down"
    text += " noise_up=noise noise_down=noise\n.core 0\n"
    text += "".join(
        f".tile {n} array=w number={n} rows=0-0 columns={n * 1000}-{n * 1000 + 999}\n"
        for n in range(5)
    )
    text += (
        ".entry train\n        carry w, [0-4]\n        halt\n" + DATA[DATA.index(".data     up") :]
    )
    image = assemble(text, "<wide>")
    state = blank_state(image)
    state.arrays[0].cells[...] = 8000
    state.arrays[0].counters[...] = np.where(np.arange(5000) % 2, 1, -1)
    machine = Machine(image, state)
    machine.start(TRAIN, samples=1)
    machine.run()
    assert machine.events()["pulses"] == [5000]
    moved = machine.arrays()[0].cells[0] - 8000
    assert (moved[::2] >= 1).all()
    assert (moved[1::2] <= -2).all()
    assert not machine.arrays()[0].counters.any()
