"""Inference speed beside onnxruntime's float inference of the same model, in one run.

    python benchmarks/inference.py --peers FOLDER

FOLDER holds the virtual environment `ml` with onnxruntime. Ours runs 10,000 images a call, from
uint8 pixels to the sums of the readout.
"""

from __future__ import annotations

import time

from rounds import ROOT, Contestant, Goal, arguments, contest, machine, peer

SMALL = ROOT / "samples" / "models" / "mlp2.onnx"  # 784-256-10


def main() -> None:
    """Measure all."""
    options = arguments(__doc__)
    machine(options.threads)

    import bsc
    from bsc_runtime import Session
    from bsc_runtime.data.load import load_data

    data = load_data("mnist")
    program = bsc.compile(SMALL, "ideal-128", weights="keep")
    chip = Session(program, threads=options.threads)

    def ours(name: str, **request: object) -> Contestant:
        def run() -> float:
            chip.infer(data.x_test[:256], **request)
            done, start = 0, time.perf_counter()
            while time.perf_counter() - start < options.seconds:
                chip.infer(data.x_test, **request)
                done += len(data.x_test)
            return done / (time.perf_counter() - start)

        return Contestant(name, run)

    single, float_model = "bsc stochastic, 1 repeat", "onnxruntime float, batch 256"
    contest(
        "784-256-10",
        [
            ours(single, mode="stochastic"),
            ours("bsc stochastic, 25 repeats", mode="stochastic", repeats=25),
            ours("bsc binary", mode="binary"),
            ours("bsc analog", mode="analog"),
            peer(
                options,
                float_model,
                "ml",
                "onnxruntime",
                "onnxruntime_inference.py",
                f"--model={SMALL}",
                "--batch=256",
            ),
        ],
        [Goal(single, float_model, 0.45)],
        options.rounds,
    )


if __name__ == "__main__":
    main()
