"""The instruction set from the command line: compile, train, export, run and trace words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bsc as package
from bsc.isa.binary import decode
from bsc.isa.kinds import EntryKind
from bsc.numerics.digest import digest
from bsc.program.file import save
from bsc.testing.net import Net, twins
from bsc.testing.networks import dense_network

MACHINE_KEYS = {
    "image",
    "entry",
    "samples",
    "cycles",
    "seconds",
    "accuracy",
    "squared_error",
    "outputs",
    "busy",
    "events",
    "executed",
    "critical_path",
    "digest",
    "trace",
}


@pytest.fixture
def words(bsc: Callable, net: Path) -> Path:
    ran = bsc("compile", net, "--backend", "isa", "--weights", "random", "-o", "w.bsp", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["backend"] == "isa"
    return Path("w.bsp")


def test_words_learn_what_steps_learn(bsc: Callable, net: Path, data: Path) -> None:
    train = ("train", net, "--data", data, "--epochs", 2, "--seed", 5, "-o", "t.bsp", "--json")
    digests = {
        bsc(*train, *more).json["digest"]
        for more in (
            (),
            ("--backend", "isa"),
            ("--backend", "isa", "--cores", 3, "--target", "oxram-64"),
            ("--executor", "machine"),
            ("--backend", "isa", "--executor", "simulator"),
        )
    }
    assert len(digests) == 1
    modes = ("--mode", "stochastic", "--repeats", 4, "--reads", 2, "--seed", 9, "--json")
    accuracies = {
        bsc("eval", "t.bsp", "--data", data, *modes, "--executor", name).json["accuracy"]
        for name in ("machine", "simulator", "reference")
    }
    assert len(accuracies) == 1
    np.save("x.npy", np.linspace(0, 1, 32, dtype=np.float32).reshape(2, 16))
    outputs = []
    for name in ("machine", "simulator"):
        ran = bsc("run", "t.bsp", "--input", "x.npy", "-o", f"{name}.npy", "--executor", name)
        assert ran.code == 0, ran.err
        outputs.append(np.load(f"{name}.npy"))
    np.testing.assert_array_equal(*outputs)


def test_a_program_keeps_its_words(words: Path, bsc: Callable, data: Path) -> None:
    program = package.load(words)
    assert program.options.backend == "isa"
    image = decode(program.image, "words")
    assert image.kinds() == tuple(EntryKind)
    ran = bsc("train", words, "--data", data, "--epochs", 1, "-o", "t.bsp", "--json")
    assert ran.code == 0, ran.err
    assert package.load("t.bsp").image == program.image
    # another backend is another compilation, and the cells move along
    ran = bsc("train", "t.bsp", "--data", data, "--epochs", 0, "--backend", "python", "-o", "p.bsp")
    assert "compiling tiny again for another backend" in ran.err
    python = package.load("p.bsp")
    assert python.image == b""
    assert python.state is not None
    assert python.state.samples == 512
    ran = bsc("train", "p.bsp", "--data", data, "--epochs", 0, "--cores", 2, "-o", "c.bsp")
    assert "again for another target" in ran.err
    state = package.load("c.bsp").state
    assert state is not None
    assert state.samples == 512


def test_a_run_on_one_executor_resumes_on_the_other(bsc: Callable, net: Path, data: Path) -> None:
    common = ("train", net, "--data", data, "-o", "a.bsp", "--json")
    whole = bsc(*common, "--epochs", 3).json["digest"]
    for first, second in (("machine", "simulator"), ("simulator", "machine")):
        folder = f"c-{first}"
        ran = bsc(*common, "--epochs", 2, "--checkpoint", folder, "--executor", first)
        assert ran.code == 0, ran.err
        more = ("--epochs", 3, "--checkpoint", folder, "--resume", "--executor", second)
        assert bsc(*common, *more).json["digest"] == whole


def test_export_asm_dis(words: Path, bsc: Callable, data: Path) -> None:
    ran = bsc("export", words, "--asm", "w.s", "--bin", "w.bin", "--json")
    assert ran.json == {"asm": "w.s", "bin": "w.bin"}
    assert Path("w.bin").read_bytes() == package.load(words).image
    ran = bsc("asm", "w.s", "-o", "again.bin", "--json")
    assert ran.code == 0, ran.err
    assert Path("again.bin").read_bytes() == Path("w.bin").read_bytes()
    assert bsc("dis", "w.bin", "-o", "w2.s").code == 0
    assert Path("w2.s").read_text(encoding="utf-8") == Path("w.s").read_text(encoding="utf-8")
    # trained cells go along, unless they are not wanted
    assert bsc("train", words, "--data", data, "--epochs", 1, "-o", "t.bsp").code == 0
    assert bsc("export", "t.bsp", "--bin", "t.bin", "--asm", "t.s").code == 0
    assert decode(Path("t.bin").read_bytes(), "t").state is not None
    assert bsc("export", "t.bsp", "--bin", "bare.bin", "--no-state").code == 0
    assert Path("bare.bin").read_bytes() == Path("w.bin").read_bytes()
    assert bsc("asm", "t.s", "-o", "t2.bin").code == 0
    assert Path("t2.bin").read_bytes() == Path("t.bin").read_bytes()


def test_export_makes_words_of_programs_that_have_none(bsc: Callable, net: Path) -> None:
    assert bsc("compile", net, "-o", "p.bsp", "--weights", "random").code == 0
    ran = bsc("export", "p.bsp", "--bin", "p.bin", "--remarks")
    assert ran.code == 0
    assert "isa: " in ran.err
    assert decode(Path("p.bin").read_bytes(), "p").kinds() == tuple(EntryKind)


def test_remarks_say_what_does_not_overlap(bsc: Callable, net: Path) -> None:
    ran = bsc("compile", net, "--backend", "isa", "--cores", 9, "-o", "w.bsp", "--remarks")
    assert ran.code == 0
    assert "isa: 7 of 9 cores have nothing to do" in ran.err
    assert "pulses are not overlapped" in ran.err


def test_the_machine_runs_and_traces(words: Path, bsc: Callable, data: Path) -> None:
    assert bsc("train", words, "--data", data, "--epochs", 3, "-o", "t.bsp").code == 0
    ran = bsc("machine", "t.bsp", "--data", data, "--trace", "t.json", "--json")
    assert ran.code == 0, ran.err
    assert set(ran.json) == MACHINE_KEYS
    state = package.load("t.bsp").state
    assert state is not None
    assert ran.json["digest"] == digest(state)  # inference changes nothing
    evaluated = bsc("eval", "t.bsp", "--data", data, "--mode", "stochastic", "--json")
    assert ran.json["accuracy"] == evaluated.json["accuracy"]
    events = [e for e in json.loads(Path("t.json").read_text())["traceEvents"] if e["ph"] == "X"]
    assert len(events) == sum(ran.json["events"]["instructions"])
    assert sum(part["cycles"] for part in ran.json["critical_path"]) == ran.json["cycles"]
    assert bsc("export", "t.bsp", "--bin", "t.bin").code == 0
    train = ("--data", data, "--entry", "train", "--samples", 128, "--json")
    ran = bsc("machine", "t.bin", *train, "--trace", "t.txt")
    assert ran.code == 0, ran.err
    assert ran.json["accuracy"] is None
    table = Path("t.txt").read_text(encoding="utf-8").splitlines()
    assert len(table) == sum(ran.json["events"]["instructions"]) + 1
    assert ran.json["digest"] == bsc("machine", "t.bsp", *train).json["digest"]
    for entry in ("vote", "binary"):
        ran = bsc("machine", "t.bin", "--data", data, "--entry", entry)
        assert ran.code == 0, ran.err
        assert "cycles" in ran.out


def test_an_epoch_on_the_machine_is_an_epoch_of_training(
    words: Path, bsc: Callable, data: Path
) -> None:
    one, two = (
        bsc("train", words, "--data", data, "--epochs", n, "-o", f"{n}.bsp", "--json").json
        for n in (1, 2)
    )
    run = ("--data", data, "--entry", "train", "--samples", 512, "--json")
    assert bsc("machine", words, *run).json["digest"] == one["digest"]
    assert bsc("machine", "1.bsp", *run).json["digest"] == two["digest"]


def test_a_regressor_runs_without_labels(bsc: Callable, data: Path) -> None:
    save(package.compile(dense_network((16, 6, 1)), backend="isa"), "one.bsp")
    ran = bsc("machine", "one.bsp", "--data", data, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["accuracy"] is None
    ran = bsc("machine", "one.bsp", "--data", data, "--entry", "train")
    assert "no entry train; the image has infer, binary" in ran.err


def test_an_image_does_not_know_its_inputs_range(bsc: Callable, net: Path, data: Path) -> None:
    range_ = ("--input-range", "0:2")
    assert bsc("compile", net, "--backend", "isa", *range_, "-o", "w.bsp").code == 0
    ran = bsc("export", "w.bsp", "--bin", "w.bin")
    assert "the input's range is not 0 to 1 is not in it" in ran.err
    one, other = (
        bsc("machine", name, "--data", data, "--json", *more).json
        for name, more in (("w.bsp", ()), ("w.bin", range_))
    )
    assert one["events"] == other["events"]
    assert one["accuracy"] == other["accuracy"]
    assert bsc("machine", "w.bin", "--data", data, "--json").json["events"] != one["events"]
    assert bsc("machine", "w.bsp", "--data", data, *range_).code == 2


def test_mixed_up_files_are_told_from_each_other(words: Path, bsc: Callable, data: Path) -> None:
    assert bsc("export", words, "--bin", "w.bin").code == 0
    assert "`bsc dis` writes it as assembly" in bsc("asm", "w.bin", "-o", "x.bin").err
    assert "`bsc machine` runs it" in bsc("eval", "w.bin", "--data", data).err
    words.rename("w.dat")
    assert "--bin OUT.bin` writes its image" in bsc("machine", "w.dat", "--data", data).err


def test_two_outputs_have_two_names(words: Path, bsc: Callable) -> None:
    ran = bsc("export", words, "--asm", "same", "--bin", "./same")
    assert ran.code == 2
    assert "same name" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--entry", "trian"), 2, "did you mean train?"),
        (("--max-cycles", 10), 1, "BSC5253"),
        (("--data", "digits"), 1, "BSC6009"),
        (("--trace", "w.bin"), 1, "BSC7010"),
        (("--repeats", 40000, "--reads", 40000), 1, "BSC5252"),
    ],
)
def test_a_run_that_cannot_be(
    words: Path, bsc: Callable, data: Path, arguments: tuple[object, ...], code: int, said: str
) -> None:
    assert bsc("export", words, "--bin", "w.bin").code == 0
    given = () if "--data" in arguments else ("--data", data)
    ran = bsc("machine", "w.bin", *given, *arguments)
    assert ran.code == code
    assert said in ran.err


def test_no_image_runs_that_is_damaged(words: Path, bsc: Callable, data: Path) -> None:
    assert bsc("export", words, "--bin", "w.bin").code == 0
    good = Path("w.bin").read_bytes()
    for place in (3, 40, 100, len(good) // 2, len(good) - 9):
        Path("bad.bin").write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
        ran = bsc("machine", "bad.bin", "--data", data)
        assert ran.code == 1
        assert "error[BSC52" in ran.err
    Path("bad.bin").write_bytes(good[:-8])
    assert "error[BSC52" in bsc("machine", "bad.bin", "--data", data).err


def test_words_of_another_program_are_refused(words: Path, bsc: Callable, net: Path) -> None:
    assert bsc("compile", net, "--backend", "isa", "--target", "pcm-64", "-o", "o.bsp").code == 0
    mixed = replace(package.load(words), image=package.load("o.bsp").image)
    save(mixed, "mixed.bsp")
    ran = bsc("inspect", "mixed.bsp")
    assert ran.code == 1
    assert "BSC5256" in ran.err
    save(replace(mixed, image=b""), "none.bsp")
    assert "BSC5006" in bsc("inspect", "none.bsp").err
    save(replace(mixed, image=b"nonsense"), "nonsense.bsp")
    assert "error[BSC52" in bsc("inspect", "nonsense.bsp").err


BARE = f"""\
.isa 1.0
.target {"0" * 64}
.chip noise_bits=4 channel_depth=1 batch=1 bits=8 signs=0 sums=8 levels=0 labels=0 counts=0 \
backing=4
.timing issue=1 host_bits=64 encode_lanes=8 read=10 neuron_lanes=8 readout=8 counter_lanes=8 \
pulse=9 pulse_lanes=4 link_bits=64 link_latency=4 queue=8
.core 0
.vector y kind=sum length=3 base=0
.vector x kind=bit length=3 base=0
.entry infer
clear y
  add y, x
out y
halt
"""


def test_assembly_is_proved_line_by_line(bsc: Callable, tmp_path: Path) -> None:
    Path("bare.s").write_text(BARE, encoding="utf-8")
    ran = bsc("asm", "bare.s")
    assert ran.code == 1
    assert "BSC5235" in ran.err
    assert "--> bare.s:10:3\n  10 |   add y, x\n         ^^^^^^^^\n" in ran.err
    assert not Path("bare.bin").exists()
    assert bsc("asm", "bare.s", "--no-verify").code == 0
    ran = bsc("machine", "bare.bin")
    assert ran.code == 1
    assert "bare.bin [core 0 at 1: add y, x]" in ran.err


def test_an_image_without_inputs_needs_no_data(bsc: Callable) -> None:
    Path("bare.s").write_text(BARE.replace("  add y, x\n", ""), encoding="utf-8")
    assert bsc("asm", "bare.s").code == 0
    ran = bsc("machine", "bare.bin", "--samples", 1, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["accuracy"], ran.json["events"]["output_bits"]) == (None, [192])


def test_a_network_takes_inputs_and_targets_by_name(bsc: Callable, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    x = {name: random.integers(0, 256, (60, 6)).astype(np.uint8) for name in ("left", "right")}
    y = {"p": random.integers(0, 3, 60), "q": random.random((60, 4), np.float32)}
    np.savez("twins.npz", **x, **y)
    save(package.compile(twins(), batch=8, threshold=2, backend="isa"), "t.bsp")
    assert bsc("train", "t.bsp", "--data", "twins.npz", "--epochs", 1, "-o", "one.bsp").code == 0
    run = ("--data", "twins.npz", "--samples", 60, "--json")
    trained = bsc("machine", "t.bsp", "--entry", "train", *run)
    assert trained.code == 0, trained.err
    state = package.load("one.bsp").state
    assert state is not None
    assert trained.json["digest"] == digest(state)
    asked = bsc("machine", "one.bsp", *run).json
    evaluated = bsc("eval", "one.bsp", "--data", "twins.npz", "--mode", "stochastic", "--json")
    assert asked["outputs"] == evaluated.json["outputs"]
    # An image knows no names: one row of levels, one of labels.
    assert bsc("export", "t.bsp", "--bin", "t.bin").code == 0
    joined = np.concatenate([x["left"], x["right"]], axis=1)
    wanted = np.floor(65536 * y["q"].astype(np.float64) + 0.5).astype(np.int64)
    np.savez("rows.npz", x=joined, y=np.concatenate([y["p"][:, None], wanted], axis=1))
    run = ("--data", "rows.npz", "--samples", 60, "--entry", "train", "--json")
    assert bsc("machine", "t.bin", *run).json["digest"] == trained.json["digest"]
    np.savez("few.npz", x=joined, y=y["p"])
    run = ("--data", "few.npz", "--samples", 60, "--entry", "train")
    assert "the image takes 5 labels a sample, y is [60]" in bsc("machine", "t.bin", *run).err
    np.savez("floats.npz", x=joined, y=np.random.default_rng(0).random((60, 5)))
    run = ("--data", "floats.npz", "--samples", 60, "--entry", "train")
    assert "whole numbers: classes, and 65536 times" in bsc("machine", "t.bin", *run).err
    assert bsc("machine", "t.bin", *run, "--answer", "p=y").code == 2


def test_an_autoencoder_answers_its_input(bsc: Callable, data: Path) -> None:
    net = Net("auto", x=(16,))
    hidden = net.op("sigmoid", net.dense("x", 5, "narrow"))
    net.op("sigmoid", net.dense(hidden, 16, "wide"), name="again")
    program = package.compile(net.graph("again"), threshold=4, backend="isa")
    save(program, "auto.bsp")
    run = ("--data", data, "--answer", "again=x", "--samples", 64, "--json")
    ran = bsc("machine", "auto.bsp", *run)
    assert ran.code == 0, ran.err
    assert 0 < ran.json["squared_error"] < 1
    assert ran.json["accuracy"] is None
    assert bsc("machine", "auto.bsp", "--entry", "train", *run).code == 0
    assert bsc("export", "auto.bsp", "--bin", "auto.bin").code == 0
    x = np.random.default_rng(0).random((20, 16), np.float32)
    np.savez("self.npz", x=x, y=x)
    train = ("--data", "self.npz", "--entry", "train", "--json")
    plain, named = (
        bsc("machine", "auto.bin", *train),
        bsc("machine", "auto.bsp", *train, "--answer", "again=y"),
    )
    assert plain.code == 0, plain.err
    assert plain.json["digest"] == named.json["digest"]
