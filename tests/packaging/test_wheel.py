"""What is installed is whole: grammar, targets, samples; and the wheel holds nothing else."""

from __future__ import annotations

import zipfile
from importlib.metadata import entry_points, metadata
from importlib.resources import files
from pathlib import Path

import pytest

from bsc_runtime.samples import samples_folder

TOP = Path(__file__).resolve().parents[2]

MNIST = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
SAMPLES = ("mnist_mlp.onnx", "my_device.toml", "digits/digits.npz", "mnist/README.md")


def test_package_data_is_installed() -> None:
    for package in ("bsc.ir", "bsc.frontend.dsl.syntax"):
        assert files(package).joinpath("grammar.lark").is_file()
    for device in ("ideal", "ideal-fine", "oxram", "pcmo", "ecram", "pcm", "pcmo-paper"):
        assert files("bsc_targets").joinpath(f"{device}.toml").is_file(), device


def test_samples_are_installed_with_their_licences() -> None:
    folder = samples_folder()
    for name in (*SAMPLES, *(f"mnist/{n}" for n in MNIST)):
        assert (folder / name).is_file(), name
    assert "CC BY-SA 3.0" in (folder / "mnist" / "README.md").read_text(encoding="utf-8")
    assert "CC BY 4.0" in (folder / "digits" / "README.md").read_text(encoding="utf-8")


def test_the_command_and_the_targets_are_announced() -> None:
    (command,) = entry_points(group="console_scripts", name="bsc")
    assert command.load().__name__ == "main"
    assert any(p.value == "bsc_targets.registry:rows" for p in entry_points(group="bsc.targets"))
    assert metadata("bsc-toolchain")["License-Expression"] == "Apache-2.0"


def test_the_wheel_holds_the_three_packages_and_no_more(tmp_path: Path) -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel")
    (path,) = wheel.WheelBuilder(str(TOP)).build(directory=str(tmp_path))
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {
        "bsc",
        "bsc_runtime",
        "bsc_targets",
    }
    assert not [n for n in names if "__pycache__" in n or n.endswith((".pyc", ".nbi", ".nbc"))]
    grammars = ("bsc/ir/grammar.lark", "bsc/frontend/dsl/syntax/grammar.lark")
    for name in (*grammars, "bsc_targets/oxram.toml", "bsc_runtime/py.typed"):
        assert name in names
    for name in (*SAMPLES, *(f"mnist/{n}" for n in MNIST)):
        assert f"bsc_runtime/samples/{name}" in names
    assert len(names) == len(set(names))
