"""`bsc eval`: how well a program answers."""

from __future__ import annotations

from bsc.cli import options as o


def evaluate(
    program: o.ProgramFile,
    data: o.Data,
    answer: o.Answers = None,
    mode: o.Mode = "analog",
    repeats: o.Repeats = 1,
    reads: o.Reads = 1,
    seed: o.Seed = 0,
    threads: o.Threads = None,
    executor: o.Executor = None,
    json: o.Json = False,
) -> None:
    """Measure accuracy or squared error on a data set: on its test samples, if it has some."""
    from dataclasses import asdict

    from bsc.cli.output import Output
    from bsc.cli.sessions import open_session
    from bsc_runtime import load_data
    from bsc_runtime.data import match
    from bsc_runtime.metrics import told
    from bsc_runtime.notes import Notes

    output = Output(json)
    session = open_session(program, output, threads=threads, executor=executor)
    given = match(
        load_data(data),
        session.program,
        targets=o.parse_pairs(answer or [], "OUTPUT=ARRAY"),
        every=False,
        notes=Notes(output.say),
    )
    x, y, part = given.evaluation
    with given.named(part):
        found = session.evaluate(x, y, mode=mode, repeats=repeats, reads=reads, seed=seed)
    drawn = (
        f", {repeats} repeats, {reads} reads, seed {seed}" if mode in ("stochastic", "vote") else ""
    )
    marks = told(found.accuracy, found.squared_error, found.outputs)
    right = f"{found.correct} of " if found.correct is not None else ""
    output.line(f"{marks} ({right}{found.samples} {part} samples)")
    output.line(f"mode {mode}{drawn}; {found.samples / max(found.seconds, 1e-9):,.0f} samples/s")
    output.result(
        {
            "accuracy": found.accuracy,
            "squared_error": found.squared_error,
            "outputs": {name: asdict(score) for name, score in found.outputs.items()},
            "mode": found.mode,
            "repeats": found.repeats,
            "reads": found.reads,
            "samples": found.samples,
            "seconds": found.seconds,
            "seed": found.seed,
        }
    )
