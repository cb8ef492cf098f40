"""`bsc train`: a model or a program learns from data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bsc.cli import options as o

if TYPE_CHECKING:
    from bsc.cli.output import Output
    from bsc.program.model import Program


def train(
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL|PROGRAM", help="A model (.onnx, .bsc) or a program (.bsp)."),
    ],
    data: o.Data,
    answer: o.Answers = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT.bsp", help="Default: NAME-trained.bsp."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            "--epochs",
            min=0,
            help="Times through the data. Default: what the model's text says, or 10.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            min=0,
            max=o.SEED_MAX,
            help="Key of all draws. Default: that of trained cells, what the model's text says, or "
            "0.",
        ),
    ] = None,
    validation: Annotated[
        int | None,
        typer.Option(
            "--validation",
            min=1,
            metavar="N",
            help="Hold the last N training samples back and measure on them.",
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FOLDER", help="Keep the run's state in a folder."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the newest checkpoint.")
    ] = False,
    threads: o.Threads = None,
    executor: o.Executor = None,
    target: o.Target = None,
    backend: o.Backend = None,
    weights: o.Weights = None,
    calibrate: o.Calibrate = None,
    input_range: o.InputRange = None,
    rule: o.RuleName = None,
    readout: o.Readouts = None,
    freeze: o.Freeze = None,
    batch: o.Batch = None,
    threshold: o.Threshold = None,
    pulses: o.Pulses = None,
    eta: o.Eta = None,
    refresh_every: o.RefreshEvery = None,
    noise_bits: o.NoiseBits = None,
    cores: o.Cores = None,
    remarks: o.Remarks = False,
    json: o.Json = False,
) -> None:
    """Train on the simulated chip and write the trained program."""
    from dataclasses import asdict

    from bsc.cli.files import keep_inputs, named_files
    from bsc.cli.output import Output
    from bsc.cli.plan import typed
    from bsc.cli.progress import TrainProgress
    from bsc.cli.sessions import open_session
    from bsc.diag import Diagnostic, Severity
    from bsc.program.archive import require_writable
    from bsc_runtime import load_data
    from bsc_runtime.data import match
    from bsc_runtime.metrics import pulses_per_weight, saturated
    from bsc_runtime.notes import Notes

    output = Output(json, remarks=remarks)
    path = out if out is not None else Path(f"{model.stem.removesuffix('-trained')}-trained.bsp")
    require_writable(path)
    if resume and checkpoint is None:
        raise typer.BadParameter("--resume needs the folder of checkpoints: --checkpoint FOLDER")
    wanted = typed(
        target=target,
        backend=backend,
        weights=weights,
        calibrate=calibrate,
        input_range=input_range,
        rule=rule,
        readout=readout,
        freeze=freeze,
        batch=batch,
        threshold=threshold,
        pulses=pulses,
        eta=eta,
        refresh_every=refresh_every,
        noise_bits=noise_bits,
        cores=cores,
    )
    keep_inputs(path, *named_files({"data": data} | wanted))
    if model.suffix != ".bsp":
        keep_inputs(path, model)  # a program may be gone on with in place
    program = _program(model, path, wanted, output)
    typed_too = typed(epochs=epochs, seed=seed)
    own = {name: n for name, n in _own(program).items() if name not in typed_too}
    if own and model.suffix == ".bsp":
        said = " and ".join(f"{name} = {number}" for name, number in own.items())
        message = f"{said}, as in the text that {model} was compiled from"
        output.say(Diagnostic("BSC3000", message, Severity.NOTE))
    run = {"epochs": 10, **own, **typed_too}
    epochs, seed = run["epochs"], run.get("seed")
    targets = o.parse_pairs(answer or [], "OUTPUT=ARRAY")
    given = match(load_data(data), program, targets=targets, notes=Notes(output.say))
    session = open_session(program, output, seed=seed, threads=threads, executor=executor)
    plan = program.plan
    output.progress(
        f"{program.name}: {program.weight_count:,} weights on {program.target.name}, rule "
        f"{plan.rule.value}, batch {plan.batch}, {epochs} epoch{'s' if epochs != 1 else ''}"
    )
    with given.named(), TrainProgress(output) as progress:
        history = session.train(
            given.x,
            given.y,
            epochs=epochs,
            validation=validation,
            x_test=given.x_test,
            y_test=given.y_test,
            callbacks=[progress],
            checkpoint=checkpoint,
            resume=resume,
            output=path,
        )
    output.line(f"wrote {path}")
    last = history.records[-1] if history.records else None
    if last is not None and last.marks:
        output.line(f"{last.marks} ({last.accuracy_on}, analog)")
    state = session.state
    output.result(
        {
            "program": str(path),
            "target": program.target.name,
            "rule": plan.rule.value,
            "epochs": len(history.records),
            "seed": session.seed,
            "accuracy": history.accuracy,
            "squared_error": history.squared_error,
            "outputs": {name: asdict(score) for name, score in history.outputs.items()},
            "samples_per_second": history.samples_per_second,
            "pulses_per_weight": pulses_per_weight(state),
            "saturated": saturated(state),
            "digest": session.digest(),
        }
    )


_CHANGES = {
    "target": "another target",
    "plan": "another plan",
    "weights": "another start of its weights",
    "backend": "another backend",
}
"""What changes of `bsc.cli.plan.for_program` are called."""


def _own(program: Program) -> dict[str, int]:
    """Epochs and seed that the text of the model asks for; trained cells go on with their seed."""
    from bsc.cli.plan import typed

    trained = program.state is not None and program.state.samples
    options = program.options
    return typed(epochs=options.epochs, seed=None if trained else options.seed)


def _program(path: Path, out: Path, wanted: dict[str, Any], output: Output) -> Program:
    """The program to train: compiled, loaded, or compiled again."""
    from bsc.cli.plan import for_program, warn

    if path.suffix != ".bsp":
        from bsc.cli.compile import compiled
        from bsc.models import read_source

        source = read_source(path)
        # A text says itself where its weights come from; ONNX holds some in any case.
        start = {"weights": "random"} if source.path is None else {}
        return compiled(source, out, start | wanted, output)
    import bsc
    from bsc import driver

    program = bsc.load(path)
    changes = for_program(program, wanted)
    if changes:
        output.progress(
            f"compiling {program.name} again for {' and '.join(_CHANGES[each] for each in changes)}"
        )
        again: Program = driver.recompile(program, **changes)
        program = again
    warn(program, output)
    return program
