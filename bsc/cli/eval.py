"""`bsc eval`: how well a program answers."""

from __future__ import annotations

from bsc.cli import options as o


def evaluate(
    program: o.ProgramFile,
    data: o.Data,
    mode: o.Mode = "analog",
    repeats: o.Repeats = 1,
    reads: o.Reads = 1,
    seed: o.Seed = 0,
    threads: o.Threads = None,
    executor: o.Executor = None,
    json: o.Json = False,
) -> None:
    """Measure accuracy on the test samples of a data set, or on all where it has no test set."""
    from bsc.cli.output import Output
    from bsc.cli.sessions import open_session
    from bsc_runtime import load_data

    output = Output(json)
    session = open_session(program, output, threads=threads, executor=executor)
    x, y, part = load_data(data).evaluation(session.program.input)
    found = session.evaluate(x, y, mode=mode, repeats=repeats, reads=reads, seed=seed)
    drawn = (
        f", {repeats} repeats, {reads} reads, seed {seed}" if mode in ("stochastic", "vote") else ""
    )
    output.line(
        f"accuracy {100 * found.accuracy:.2f} % ({found.correct} of {found.samples} {part} samples)"
    )
    output.line(f"mode {mode}{drawn}; {found.samples / max(found.seconds, 1e-9):,.0f} samples/s")
    output.result(
        {
            "accuracy": found.accuracy,
            "mode": found.mode,
            "repeats": found.repeats,
            "reads": found.reads,
            "samples": found.samples,
            "seconds": found.seconds,
            "seed": found.seed,
        }
    )
