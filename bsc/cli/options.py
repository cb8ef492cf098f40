"""Options that several commands share, each written once."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from bsc.diag import did_you_mean

SEED_MAX = (1 << 64) - 1
"""As `bsc.numerics.draws` has it, which takes long to import."""

_PLAN = "Plan"
_SEEING = "Seeing inside"


def one_of(*choices: str) -> Callable[[str | None], str | None]:
    """A check of an option's value; a wrong one is told the nearest choice."""

    def checked(value: str | None) -> str | None:
        if value is None or value in choices:
            return value
        hint = did_you_mean(value, choices)
        raise typer.BadParameter(f"'{value}' is not one of {', '.join(choices)}; {hint}")

    return checked


def parse_ranges(texts: list[str]) -> tuple[float, float] | dict[str, tuple[float, float]]:
    """Each `[NAME=]lo:hi`: one range for all inputs, or ranges of single ones by name."""
    named: dict[str, tuple[float, float]] = {}
    for text in texts:
        name, equals, bounds = text.rpartition("=")
        if not equals and len(texts) == 1:
            return parse_range(text)
        if not equals:
            raise typer.BadParameter(
                f"'{text}' has no name; write NAME=lo:hi for each input, or one range for all"
            )
        if name in named:
            raise typer.BadParameter(f"input {name} has two ranges")
        named[name] = parse_range(bounds)
    return named


def _ranges(values: list[str] | None) -> list[str] | None:
    if values:
        parse_ranges(values)
    return values or None


def parse_pairs(texts: list[str], sign: str, default: str | None = None) -> dict[str, str]:
    """Each `NAME=value`; without a name it belongs to `default`, where there is one."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals and default is not None:
            name = default
        if not name or not value:
            raise typer.BadParameter(f"'{text}' is not {sign}")
        if name in pairs:
            what = "is given twice" if name == default else f"is given twice for {name}"
            raise typer.BadParameter(f"{sign} {what}")
        pairs[name] = value
    return pairs


def _readouts(values: list[str] | None) -> list[str] | None:
    check = one_of("softmax", "logistic", "none")
    for readout in parse_pairs(values or [], "[OUTPUT=]READOUT", "*").values():
        check(readout)
    return values or None


def _answers(values: list[str] | None) -> list[str] | None:
    parse_pairs(values or [], "OUTPUT=ARRAY")
    return values or None


def parse_range(text: str) -> tuple[float, float]:
    """`lo:hi` as two numbers."""
    low, colon, high = text.partition(":")
    try:
        if not colon:
            raise ValueError
        bounds = float(low), float(high)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is no range; write lo:hi, such as 0:255") from error
    if not bounds[0] < bounds[1] or not math.isfinite(bounds[1] - bounds[0]):
        raise typer.BadParameter(f"'{text}' is empty or has no finite width; lo must be below hi")
    return bounds


Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="One JSON object as the last line of stdout.")
]
Model: TypeAlias = Annotated[Path, typer.Argument(metavar="MODEL", help="An ONNX file, or a .bsc.")]
ProgramFile: TypeAlias = Annotated[
    Path, typer.Argument(metavar="PROGRAM", help="A compiled program, .bsp.")
]
Data: TypeAlias = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="DATA",
        help="A .npz with x and y (or arrays named as the model's inputs and outputs), a folder of "
        "IDX files, or mnist, digits, fashion-mnist.",
    ),
]
Answers: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        metavar="OUTPUT=ARRAY",
        callback=_answers,
        help="The array that an output shall answer, where its name does not say it; an "
        "autoencoder's is --answer y=x. Repeatable.",
    ),
]
Seed: TypeAlias = Annotated[
    int, typer.Option("--seed", min=0, max=SEED_MAX, help="Key of all random draws.")
]
Threads: TypeAlias = Annotated[
    int | None,
    typer.Option("--threads", min=1, help="Threads of the simulator; results do not depend on it."),
]
Target: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="NAME|FILE.toml",
        help="The chip; `bsc targets list` has the names. Default: the model's own, or oxram-128.",
        rich_help_panel=_PLAN,
    ),
]
Backend: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="python|isa",
        callback=one_of("python", "isa"),
        help="Steps for the simulator, or words for the machine. Default: python.",
        rich_help_panel=_PLAN,
    ),
]
Weights: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="keep|random",
        callback=one_of("keep", "random"),
        help="Map the model's weights to codes, or start from the device. Default: keep; random "
        "for `train` of an ONNX model.",
        rich_help_panel=_PLAN,
    ),
]
Calibrate: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--calibrate",
        metavar="DATA",
        help="Data whose ranges scale inputs and activations that are no probabilities.",
        rich_help_panel=_PLAN,
    ),
]
InputRange: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--input-range",
        metavar="[NAME=]LO:HI",
        callback=_ranges,
        help="The range of all inputs, or of one, mapped to [0, 1]. Repeatable. Default: 0:1.",
        rich_help_panel=_PLAN,
    ),
]
RuleName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--rule",
        metavar="carry|online|sgd|hp",
        callback=one_of("carry", "online", "sgd", "hp"),
        help="How the weights learn. Default: carry.",
        rich_help_panel=_PLAN,
    ),
]
Readouts: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--readout",
        metavar="[OUTPUT=]softmax|logistic|none",
        callback=_readouts,
        help="How outputs are read while learning: classes, numbers from 0 to 1, or not at all. "
        "Repeatable. Default: logistic behind a sigmoid, else softmax.",
        rich_help_panel=_PLAN,
    ),
]
Freeze: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--freeze",
        metavar="LAYER",
        help="Keep a layer's weights as they are, beside those frozen already; `none` frees these. "
        "A name of a text's layer, or of an array (`bsc inspect`). Repeatable.",
        rich_help_panel=_PLAN,
    ),
]
Batch: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--batch",
        min=1,
        help="Samples between two checks of the counters. Default: 64; online 1; sgd, hp 100.",
        rich_help_panel=_PLAN,
    ),
]
Threshold: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--threshold",
        min=1,
        help="Counts that make a pulse. Default: 64; online 1.",
        rich_help_panel=_PLAN,
    ),
]
Pulses: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--pulses",
        min=1,
        max=4096,
        help="At most so many pulses for a cell at one check. Default: 1.",
        rich_help_panel=_PLAN,
    ),
]
Eta: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--eta",
        min=0.0,
        help="Learning rate of sgd and hp. Default: 0.1.",
        rich_help_panel=_PLAN,
    ),
]
RefreshEvery: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--refresh-every",
        min=0,
        help="Checks between two refreshes of one-way pairs; 0 is never. Default: 0.",
        rich_help_panel=_PLAN,
    ),
]
NoiseBits: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--noise-bits",
        min=4,
        max=12,
        help="Resolution of the comparators' random thresholds. Default: the target's.",
        rich_help_panel=_PLAN,
    ),
]
Cores: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--cores",
        min=1,
        max=256,
        help="Cores of the chip, for the ISA backend. Default: the target's.",
        rich_help_panel=_PLAN,
    ),
]
Executor: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="NAME",
        help="Who runs the program: simulator, machine, reference, or a plug-in. No result "
        "depends on it. Default: machine for --backend isa, else simulator.",
    ),
]
Mode: TypeAlias = Annotated[
    str,
    typer.Option(
        "--mode",
        metavar="analog|binary|stochastic|vote",
        callback=one_of("analog", "binary", "stochastic", "vote"),
        help="How the array infers.",
    ),
]
Repeats: TypeAlias = Annotated[
    int, typer.Option("--repeats", min=1, max=65535, help="Passes whose sums are added.")
]
Reads: TypeAlias = Annotated[
    int, typer.Option("--reads", min=1, max=65535, help="Bit vectors a layer sends in one pass.")
]
PrintBefore: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--print-ir-before",
        metavar="PASS|all",
        help="Print the graph that a pass was given, to stderr.",
        rich_help_panel=_SEEING,
    ),
]
PrintAfter: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--print-ir-after",
        metavar="PASS|all",
        help="Print the graph after a pass, to stderr.",
        rich_help_panel=_SEEING,
    ),
]
PrintChanged: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--print-ir-after-change",
        help="Print the graph after each pass that changed it, to stderr.",
        rich_help_panel=_SEEING,
    ),
]
DumpDir: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--dump-dir",
        metavar="FOLDER",
        help="Write the graph after each pass into a folder, as 03-name.bsir. A folder that holds "
        "such files already is refused.",
        rich_help_panel=_SEEING,
    ),
]
TimePasses: TypeAlias = Annotated[
    bool,
    typer.Option("--time-passes", help="Print how long each pass took.", rich_help_panel=_SEEING),
]
Remarks: TypeAlias = Annotated[
    bool,
    typer.Option("--remarks", help="Print what was decided and why.", rich_help_panel=_SEEING),
]
