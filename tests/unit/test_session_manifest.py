"""Manifests of checkpoints: what is of a wrong type or range is damage and reaches no run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bsc.diag import DiagnosticError
from bsc.driver import compile_model
from bsc.testing.networks import dense_network
from bsc_runtime import Session
from bsc_runtime.train.checkpoint import read_checkpoint


def kept(folder: Path) -> Path:
    """The checkpoint of one epoch."""
    program = compile_model(dense_network((12, 9, 3)), target="oxram-64", weights="random")
    x = np.random.default_rng(3).random((24, 12), np.float32)
    y = np.arange(24) % 3
    Session(program, executor="reference", seed=5).train(x, y, epochs=1, checkpoint=folder)
    return sorted(folder.iterdir())[-1]


def forge(path: Path, **changes: object) -> None:
    manifest = path / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"plan": []}, "plan"),
        ({"plan": {"rule": []}}, "plan"),
        ({"first_epoch": float("inf")}, "first_epoch"),
        ({"first_epoch": -5}, "first_epoch"),
        ({"first_epoch": 2}, "the run began after 2 epochs, 1 are done"),
        ({"history": [{"epoch": "1", "accuracy": "x"}]}, "history.0.epoch"),
        ({"arrays": {}}, "arrays"),
        ({"data": 7}, "data"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_manifests_of_wrong_types_or_ranges_are_damaged(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    path = kept(tmp_path)
    forge(path, **changes)
    with pytest.raises(DiagnosticError) as error:
        read_checkpoint(path)
    assert [d.code for d in error.value.diagnostics] == ["BSC6102"]
    assert said in error.value.diagnostics[0].message


def test_records_of_a_later_version_keep_what_is_known(tmp_path: Path) -> None:
    path = kept(tmp_path)
    (row,) = read_checkpoint(path).history.to_json()
    forge(path, history=[row | {"of_later": 1}])
    assert read_checkpoint(path).history.to_json() == [row]
