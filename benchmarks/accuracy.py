"""Accuracy on MNIST, as docs/results.md reports it: last epoch, several seeds, intervals.

    python benchmarks/accuracy.py devices -o results.jsonl
    python benchmarks/accuracy.py table -o results.jsonl

Each line of the file is one run; a run that is there already is not repeated, so a stopped
benchmark goes on. `table` prints means with 95 % intervals (Student's t over the seeds).
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
PAPER = SAMPLES / "mnist_mlp.onnx"  # 784-500-200-10
SMALL = SAMPLES / "models" / "mlp2.onnx"  # 784-256-10

DEVICES = [
    ("oxram-128", "carry", PAPER, 15),
    ("ideal-128", "carry", PAPER, 15),
    ("pcmo-128", "carry", PAPER, 15),
    ("ecram-128", "carry", PAPER, 15),
    ("pcm-128", "carry", PAPER, 15),
    ("ideal-fine-128", "online", SMALL, 15),
]


def main() -> None:
    """Run a suite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", choices=["devices", "sgd", "hp", "perceptrons", "table"])
    parser.add_argument("-o", "--output", type=Path, default=Path("accuracy.jsonl"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="in place of the suite's own")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    suites = {"devices": devices, "sgd": sgd, "hp": hp, "perceptrons": perceptrons}
    if options.suite == "table":
        table(options.output)
    else:
        suites[options.suite](Ledger(options.output), options)


class Ledger:
    """The runs so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = path.read_text() if path.exists() else ""
        self.rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]

    def has(self, **keys: Any) -> bool:
        """Whether a run with these keys is there."""
        return any(all(row.get(k) == v for k, v in keys.items()) for row in self.rows)

    def add(self, **row: Any) -> None:
        """Note a run."""
        self.rows.append(row)
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        sys.stderr.write(json.dumps(row) + "\n")


def mnist() -> Any:
    """The data."""
    from bsc_runtime.data import load_data

    return load_data("mnist")


def train(
    ledger: Ledger, model: Path, target: str, rule: str, epochs: int, seed: int, threads: int
) -> None:
    """Train one chip from its device's start and evaluate it in every mode."""
    import bsc
    from bsc_runtime import Session

    keys = {"target": target, "rule": rule, "model": model.stem, "epochs": epochs, "seed": seed}
    if ledger.has(**keys):
        return
    data = mnist()
    program = bsc.compile(model, target, weights="random", rule=rule)
    chip = Session(program, seed=seed, threads=threads)
    start = time.perf_counter()
    history = chip.train(data.x, data.y, epochs=epochs, x_test=data.x_test, y_test=data.y_test)
    found = {"analog": history.accuracy}
    for repeats in (1, 5, 25):
        found[f"stochastic {repeats}"] = chip.evaluate(
            data.x_test, data.y_test, mode="stochastic", repeats=repeats
        ).accuracy
    found["binary"] = chip.evaluate(data.x_test, data.y_test, mode="binary").accuracy
    last = history.records[-1]
    ledger.add(
        **keys,
        accuracy=found,
        pulses_per_weight=last.pulses_per_weight,
        saturated=last.saturated,
        curve=[record.accuracy for record in history.records],
        digest=chip.digest(),
        seconds=round(time.perf_counter() - start, 1),
    )


def devices(ledger: Ledger, options: argparse.Namespace) -> None:
    """Built-in devices with the rule they are meant for."""
    for seed, (target, rule, model, epochs) in itertools.product(range(options.seeds), DEVICES):
        train(ledger, model, target, rule, options.epochs or epochs, seed, options.threads)


def sgd(ledger: Ledger, options: argparse.Namespace) -> None:
    """The software experiment of the paper."""
    for seed in range(options.seeds):
        train(ledger, PAPER, "ideal-128", "sgd", options.epochs or 30, seed, options.threads)


def hp(ledger: Ledger, options: argparse.Namespace) -> None:
    """The float baseline: eta tuned on held-back training images, and at 0.1."""
    import bsc
    from bsc_runtime.data.encode import encode
    from bsc_runtime.notes import Notes
    from bsc_runtime.train.hp import hp_accuracy, train_hp, tune_eta

    epochs = options.epochs or 30
    data = mnist()
    program = bsc.compile(PAPER, "ideal-128", weights="random", rule="hp")
    quiet = Notes(lambda note: None)
    shown = encode(program.inputs[0], data.x.reshape(-1, 784), quiet)
    asked = encode(program.inputs[0], data.x_test.reshape(-1, 784), quiet)
    labels, answers = data.y.astype(np.int32), data.y_test.astype(np.int32)
    keys = {"rule": "hp", "model": PAPER.stem, "epochs": epochs}
    if not ledger.has(**keys, tuned=True):
        best, trials = tune_eta(program, shown, labels, epochs=epochs, seed=0)
        ledger.add(**keys, tuned=True, eta=best, trials={str(k): v for k, v in trials.items()})
    best = next(r["eta"] for r in ledger.rows if r.get("tuned") and r["epochs"] == epochs)
    for seed, eta in itertools.product(range(options.seeds), sorted({0.1, best})):
        if ledger.has(**keys, eta=eta, seed=seed):
            continue
        start = time.perf_counter()
        weights: Any = []
        for state in train_hp(program, shown, labels, epochs=epochs, eta=eta, seed=seed):
            weights = state.weights
        accuracy = hp_accuracy(program, weights, asked, answers)
        seconds = round(time.perf_counter() - start, 1)
        ledger.add(
            **keys, target="host", eta=eta, seed=seed, accuracy={"float": accuracy}, seconds=seconds
        )


def perceptrons(ledger: Ledger, options: argparse.Namespace) -> None:
    """Imported networks with kept weights on `ideal-128`, beside onnxruntime."""
    import onnxruntime

    import bsc
    from bsc_runtime import Session
    from bsc_runtime.data import load_data

    for path in sorted((SAMPLES / "models").glob("*.onnx")):
        if ledger.has(model=path.stem, target="ideal-128", weights="keep"):
            continue
        data = load_data("digits" if path.stem.startswith("sk_") else "mnist")
        x, y = np.asarray(data.x_test, np.float32), np.asarray(data.y_test)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        given = session.get_inputs()[0]
        if data.name == "mnist":
            x = x / np.float32(255)
        shaped = x.reshape(-1, *[d for d in given.shape[1:]])
        outputs = [o.name for o in session.get_outputs()]
        expected = dict(zip(outputs, session.run(None, {given.name: shaped}), strict=True))
        name = "probabilities" if "probabilities" in expected else outputs[0]
        program = bsc.compile(path, "ideal-128", weights="keep")
        chip = Session(program, seed=0)
        found = chip.infer(shaped)[name]
        error = np.abs(found - expected[name]).max() / np.ptp(expected[name])
        accuracy = {
            "onnxruntime": float((expected[name].argmax(1) == y).mean()),
            "analog": float((found.argmax(1) == y).mean()),
        }
        calibrate = np.asarray(data.x, np.float32).reshape(-1, *shaped.shape[1:])[:10000]
        if data.name == "mnist":
            calibrate = calibrate / np.float32(255)
        program = bsc.compile(path, "ideal-128", weights="keep", calibrate=calibrate)
        chip = Session(program, seed=0)
        for repeats in (1, 25, 100):
            accuracy[f"stochastic {repeats}"] = chip.evaluate(
                shaped, y, mode="stochastic", repeats=repeats
            ).accuracy
        ledger.add(
            model=path.stem,
            target="ideal-128",
            weights="keep",
            accuracy=accuracy,
            largest_error=float(error),
        )


def table(path: Path) -> None:
    """Means and intervals as Markdown."""
    from scipy.stats import t

    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in Ledger(path).rows:
        if "accuracy" in row:
            key = [str(row.get(k, "")) for k in ("model", "target", "rule", "eta", "epochs")]
            groups.setdefault(tuple(key), []).append(row["accuracy"])
    out = sys.stdout.write
    out("| model | target | rule | eta | epochs | mode | seeds | accuracy, % |\n")
    out("|---|---|---|---|---|---|---|---|\n")
    for key, runs in groups.items():
        for mode in runs[0]:
            values = 100 * np.array([run[mode] for run in runs])
            text = f"{values.mean():.2f}"
            if len(values) > 1:
                reach = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
                text += f" ± {reach:.2f}"
            out(f"| {' | '.join(key)} | {mode} | {len(values)} | {text} |\n")


if __name__ == "__main__":
    main()
