"""Training speed beside PyTorch's float SGD and aihwkit's analog training, in one run.

The machine of the instruction set is measured beside the simulator, which needs no peer.

    python benchmarks/training.py --peers FOLDER

FOLDER holds virtual environments: `ml` with torch, `aihwkit` with aihwkit. Peers that are not there
are left out by name. Ours is what `Session.train` reports over whole epochs from the initial state,
the slowest ones: early samples have the most errors.
"""

from __future__ import annotations

from typing import Any

from rounds import ROOT, Contestant, Goal, arguments, contest, machine, peer

PAPER = ROOT / "samples" / "mnist_mlp.onnx"  # 784-500-200-10
SMALL = ROOT / "samples" / "models" / "mlp2.onnx"  # 784-256-10
DRAWING = ROOT / "samples" / "language" / "autoencoder.bsc"  # 784-128-64-128-784, logistic readout


def main() -> None:
    """Measure all."""
    options = arguments(__doc__)
    machine(options.threads)

    import bsc
    from bsc_runtime import Session
    from bsc_runtime.data.load import load_data

    data = load_data("mnist")

    def ours(
        name: str,
        model: object,
        target: str,
        rule: str,
        epochs: int,
        executor: str = "simulator",
        y: Any = data.y,
    ) -> Contestant:
        program = bsc.compile(model, target, weights="random", rule=rule)
        seeds = iter(range(1_000))

        def run() -> float:
            chip = Session(program, seed=next(seeds), threads=options.threads, executor=executor)
            chip.train(data.x[:640], y[:640])  # compiles, and warms the caches
            chip = Session(program, seed=next(seeds), threads=options.threads, executor=executor)
            history = chip.train(data.x, y, epochs=epochs, x_test=data.x[:64], y_test=y[:64])
            return history.samples_per_second

        return Contestant(name, run)

    steps, words = "bsc oxram-128, carry", "the same by words, on the machine"
    contest(
        "784-500-200-10, batch 64",
        [
            ours(steps, PAPER, "oxram-128", "carry", 3),
            ours(words, PAPER, "oxram-128", "carry", 3, "machine"),
            peer(
                options,
                "PyTorch float SGD",
                "ml",
                "torch",
                "torch_training.py",
                "--sizes=784-500-200-10",
                "--batch=64",
            ),
        ],
        [Goal(steps, "PyTorch float SGD", 2.5), Goal(words, steps, 0.5)],
        options.rounds,
    )
    contest(
        "784-128-64-128-784 with a logistic readout of all pixels, batch 64",
        [
            ours(steps, DRAWING, "oxram-128", "carry", 1, y=data.x),
            ours(words, DRAWING, "oxram-128", "carry", 1, "machine", y=data.x),
        ],
        [Goal(words, steps, 0.5)],
        options.rounds,
    )
    small = ("--sizes=784-256-10", "--batch=1")
    user, tiles = "aihwkit AnalogSGD, batch 1", "aihwkit tiles alone, batch 1"
    own = "bsc ideal-fine-128, online"
    contest(
        "784-256-10, sample by sample",
        [
            ours(own, SMALL, "ideal-fine-128", "online", 2),
            peer(options, user, "aihwkit", "aihwkit", "aihwkit_training.py", *small),
            peer(options, tiles, "aihwkit", "aihwkit", "aihwkit_tiles.py", *small),
        ],
        [Goal(own, user, 60), Goal(own, tiles, 10)],
        options.rounds,
    )


if __name__ == "__main__":
    main()
