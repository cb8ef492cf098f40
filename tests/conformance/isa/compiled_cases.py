"""Cases from compiled perceptrons: results and digests come from the reference executor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from case_files import CaseRun

import bsc
from bsc.backend.isa import emit_image, with_state
from bsc.driver import compile_model
from bsc.hw.plan import LayerPlan, Readout
from bsc.hw.registry import resolve
from bsc.hw.spec import (
    ArrayGeometry,
    ChipSpec,
    DeviceSpec,
    LinearPulse,
    MeasuredPulse,
    Periphery,
    TimingSpec,
)
from bsc.ir.graph import Graph
from bsc.isa.image import Image
from bsc.isa.words import decode_word
from bsc.numerics import tables
from bsc.numerics.digest import digest
from bsc.numerics.state import ChipState
from bsc.plans import plan_for
from bsc.program.executor import EncodedData
from bsc.program.model import Program
from bsc.testing.net import Net, twins
from bsc.testing.networks import dense_network
from bsc_runtime.chip import initial_state
from bsc_runtime.reference import ReferenceExecutor

USUAL = TimingSpec()
ODD = TimingSpec(
    issue=2, host_bits=48, encode_lanes=5, read=11, neuron_lanes=3, readout=7, counter_lanes=6,
    pulse=40, pulse_lanes=7, link_bits=24, link_latency=9, queue=3,
)  # fmt: skip
"""Numbers that divide nothing, and queues that are full now and then."""


@dataclass(frozen=True)
class Compiled:
    """How a case is made; `runs` are keyword arguments of `CaseRun` without streams.

    Attributes:
        bytes_in: whether inputs are bytes, with the levels of pixels.
        graph: the network, where it is no perceptron of these sizes.
        wear: whether pulses are counted for each weight.
        start: clocks of the state before the first run.
    """

    about: str
    device: str
    sizes: tuple[int, ...]
    tile: tuple[int, int]
    runs: tuple[dict[str, Any], ...]
    plan: dict[str, Any]
    noise_bits: int = 4
    cores: int = 1
    flight: int = 4
    seed: int = 7
    bytes_in: bool = False
    wear: bool = False
    weights: str = "random"
    activation: str = "sigmoid"
    timing: TimingSpec = USUAL
    start: dict[str, int] | None = None
    change: Callable[[DeviceSpec], DeviceSpec] = lambda device: device
    graph: Callable[[], Graph] | None = None


def _measured(gamma: float) -> Callable[[DeviceSpec], DeviceSpec]:
    """Steps of 3 % of the range with fractions of codes: tables that are short as text."""

    def change(device: DeviceSpec) -> DeviceSpec:
        low, high = device.g_min_siemens, device.g_max_siemens
        span = high - low
        pulse = MeasuredPulse(
            model="measured",
            g_siemens=(low, high),
            dg_siemens=(0.03 * span, 0.03003 * span),
            gamma=gamma,
        )
        return _pulsed(device, pulse)

    return change


def _linear(codes: int, gamma: float) -> Callable[[DeviceSpec], DeviceSpec]:
    return lambda device: _pulsed(
        device, LinearPulse(model="linear", step_codes=codes, gamma=gamma)
    )


def _pulsed(device: DeviceSpec, pulse: LinearPulse | MeasuredPulse) -> DeviceSpec:
    ways = [w for w in ("potentiation", "depression") if getattr(device, w) is not None]
    return device.model_copy(update=dict.fromkeys(ways, pulse))


def _four(samples: int, batch: int) -> tuple[dict[str, Any], ...]:
    """Training, and inference in all modes that a chip has."""
    return (
        {"entry": "train", "samples": samples, "batch": batch},
        {"entry": "infer", "samples": 7, "repeats": 2, "reads": 3, "seed": 11},
        {"entry": "vote", "samples": 7, "repeats": 3, "seed": 12, "first_index": 5},
        {"entry": "binary", "samples": 7},
    )


def _autoencoder() -> Graph:
    """Bits through a narrow layer, and back to where they came from."""
    net = Net("autoencoder", x=(19,))
    hidden = net.op("sigmoid", net.dense("x", 6, "narrow"))
    net.op("sigmoid", net.dense(hidden, 19, "wide"), name="again")
    return net.graph("again")


COMPILED: dict[str, Compiled] = {
    "oxram-carry": Compiled(
        "Pairs that are lowered, rule carry; bytes as inputs, the last batch is short.",
        "oxram", (30, 20, 5), (16, 16), _four(50, 16), {"threshold": 3, "batch": 16},
        bytes_in=True, change=_measured(0.3),
    ),
    "pcm-refresh": Compiled(
        "Pairs that are raised, a refresh after each second check; two cores, odd tiles.",
        "pcm", (19, 13, 6), (7, 5), _four(40, 10),
        {"threshold": 2, "batch": 10, "refresh_every": 2},
        cores=2, timing=ODD, change=_measured(0.3),
    ),
    "pcmo-resumed": Compiled(
        "References, noise that turns pulses round; goes on in the middle: clocks that cross 32 "
        "bits, counters that hold something, a seed of 64 bits.",
        "pcmo", (17, 11, 4), (8, 8),
        (
            {"entry": "train", "samples": 24, "batch": 12},
            {"entry": "train", "samples": 17, "batch": 12},
            {"entry": "infer", "samples": 5, "repeats": 2, "seed": (1 << 64) - 1,
             "first_index": (1 << 40) + 3},
        ),
        {"threshold": 3, "batch": 12}, seed=0xFEDCBA9876543210, change=_measured(1.0),
        start={"samples": (1 << 32) - 20, "checks": (1 << 32) - 1, "epochs": 3},
    ),
    "ecram-pulses": Compiled(
        "References, up to five pulses a check, wear is kept; four cores.",
        "ecram", (21, 18, 9, 4), (8, 8), _four(26, 13),
        {"threshold": 1, "batch": 13, "pulses": 5},
        cores=4, wear=True, timing=ODD, change=_linear(250, 0.3),
    ),
    "ideal-even": Compiled(
        "Equal steps of whole codes: pulses draw nothing; four cores for two layers.",
        "ideal", (26, 14, 5), (9, 4), _four(30, 10), {"threshold": 2, "batch": 10, "pulses": 3},
        cores=4,
    ),
    "ideal-fine-online": Compiled(
        "Rule online: a check after each sample; two cores, two samples in flight.",
        "ideal-fine", (23, 12, 4), (8, 8), _four(20, 1), {"rule": "online"},
        cores=2, flight=2, bytes_in=True,
    ),
    "sgd": Compiled(
        "Master weights, rule sgd; comparators of 10 bits; a layer on each core.",
        "oxram", (20, 11, 4), (8, 6), _four(30, 12), {"rule": "sgd", "batch": 12},
        noise_bits=10, cores=2,
    ),
    "relu-kept": Compiled(
        "A network's own weights and activations, three layers; steps of whole codes, not drawn.",
        "oxram", (15, 12, 9, 4), (6, 6),
        (
            {"entry": "infer", "samples": 6, "repeats": 2, "reads": 4, "seed": 3},
            {"entry": "train", "samples": 9, "batch": 8},
            {"entry": "binary", "samples": 6},
        ),
        {"threshold": 1, "batch": 8}, weights="keep", activation="relu", timing=ODD,
        change=_linear(300, 0.0),
    ),
    "twins": Compiled(
        "Two inputs through one array, a skip, two heads, two devices; three cores.",
        "oxram", (), (5, 4), _four(30, 8),
        {
            "threshold": 2, "batch": 8,
            "layers": [
                LayerPlan("enc", device=_linear(200, 0.3)(resolve("pcm-64").device), pulses=2),
                LayerPlan("mix", threshold=1),
            ],
        },
        cores=3, timing=ODD, change=_linear(300, 0.3), graph=lambda: twins(sizes=(9, 6, 7)),
    ),
    "twins-together": Compiled(
        "The same network on one core, where bits are copied; its encoder is frozen.",
        "oxram", (), (8, 8), _four(26, 13),
        {"threshold": 1, "batch": 13, "layers": [LayerPlan("enc", frozen=True)]},
        flight=3, change=_linear(500, 0.0), graph=lambda: twins(sizes=(9, 6, 7)),
    ),
    "autoencoder": Compiled(
        "A logistic readout of all inputs, spread over two cores; targets are probabilities.",
        "pcm", (), (9, 7), _four(24, 8), {"threshold": 1, "batch": 8, "pulses": 2},
        cores=3, flight=5, bytes_in=True, timing=ODD, change=_linear(100, 0.0),
        graph=_autoencoder,
    ),
}  # fmt: skip


def program_of(case: Compiled) -> Program:
    """The program of a case."""
    target = resolve(f"{case.device}-64")
    rows, columns = case.tile
    target = target.model_copy(
        update={
            "array": ArrayGeometry(rows=rows, columns=columns),
            "device": case.change(target.device),
            "periphery": Periphery(noise_bits=case.noise_bits),
            "chip": ChipSpec(cores=case.cores, samples_in_flight=case.flight),
            "timing": case.timing,
        }
    )
    if case.graph is not None:
        plan = plan_for(**case.plan)
        return compile_model(case.graph(), target=target, plan=plan, weights=case.weights)
    graph = dense_network(case.sizes, case.activation, seed=2)
    return bsc.compile(graph, target, weights=case.weights, **case.plan)


def state_of(case: Compiled, program: Program) -> ChipState:
    """Cells and clocks before the first run."""
    state = initial_state(program, case.seed) if program.state is None else program.state
    for name, value in (case.start or {}).items():
        setattr(state, name, value)
    random = np.random.default_rng(case.seed % 97)
    for array in state.arrays:
        if case.start:
            array.counters[...] = random.integers(-9, 10, array.counters.shape)
        if case.wear:
            array.wear = np.zeros(array.counters.shape, np.int32)
    return state


def made(case: Compiled) -> tuple[Image, list[CaseRun]]:
    """The image with its state, and runs with all but their cycles."""
    program = program_of(case)
    state = state_of(case, program)
    image = with_state(emit_image(program).image, state)
    reference = ReferenceExecutor(program, state)
    random = np.random.default_rng(case.seed % 89)
    entries = tuple(sorted(image.entries, key=lambda entry: (entry.kind, entry.core)))
    runs = list(_runs(case, program, image, reference, random))
    return replace(image, entries=entries), runs


def _targets(program: Program, samples: int, random: np.random.Generator) -> npt.NDArray[np.int32]:
    """Classes, and probabilities of which some are 0 and some 1."""
    parts = []
    for head in program.heads:
        if head.readout is Readout.SOFTMAX:
            parts.append(random.integers(0, head.columns, samples)[:, None])
        elif head.width:
            wanted = random.integers(-20000, 90000, (samples, head.width))
            parts.append(np.clip(wanted, 0, 65536))
    return np.concatenate(parts, axis=1).astype(np.int32)


def _runs(
    case: Compiled,
    program: Program,
    image: Image,
    reference: ReferenceExecutor,
    random: np.random.Generator,
) -> Iterator[CaseRun]:
    for registers in case.runs:
        clocks = reference.state()
        run = CaseRun(**{"batch": image.chip.batch, "check": clocks.checks} | registers)
        shape = (run.samples, program.input_size)
        shown = random.random(shape) < 0.6
        values = random.integers(0, 256, shape) * shown
        levels = np.zeros(0, np.int32)
        if case.bytes_in:
            levels = tables.pixel_levels()
            data = EncodedData(values.astype(np.uint8), levels)
        else:
            values = np.minimum(values * 300, 65536)
            data = EncodedData(values.astype(np.int32), levels)
        run.inputs, run.levels = values.tolist(), levels.tolist()
        if run.entry == "train":
            run.seed, run.first_index = clocks.seed, clocks.samples
            labels = _targets(program, run.samples, random)
            run.labels = (labels if labels.shape[1] > 1 else labels[:, 0]).tolist()
            order = np.arange(run.samples, dtype=np.int64)
            reference.train(data, labels, order, run.batch)
        else:
            mode = {"infer": "stochastic"}.get(run.entry, run.entry)
            sums = reference.infer(
                data, mode, repeats=run.repeats, reads=run.reads, seed=run.seed,
                first_index=run.first_index,
            )  # fmt: skip
            run.expected.outputs = {_giving(image): sums.tolist()}
        after = reference.state()
        run.expected.digest = digest(after)
        run.expected.clocks = {
            name: getattr(after, name) for name in ("samples", "checks", "epochs", "seed")
        }
        yield run


def _giving(image: Image) -> int:
    """The one core that has an output."""
    return next(
        number
        for number, core in enumerate(image.cores)
        if any(decode_word(word).name == "out" for word in core.code)
    )
