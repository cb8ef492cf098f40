"""The train plan: which rule moves the weights, and with which numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bsc.hw.spec import DeviceSpec


class Rule(StrEnum):
    """How counts become weight changes (docs/semantics.md, sections 1, 6 and 7)."""

    CARRY = "carry"  # counters, a pulse where |A| >= T, remainder kept
    ONLINE = "online"  # carry with T = B = 1
    SGD = "sgd"  # the paper's software experiment: master weights, M -= K g
    HP = "hp"  # float32 baseline on the host


class Readout(StrEnum):
    """How an output is read while learning, and so what its targets are."""

    SOFTMAX = "softmax"  # one class index a sample; o = Bern(softmax(y)), e = o - label
    LOGISTIC = "logistic"  # a number in [0, 1] a column; o = Bern(f(y)), e = o - Bern(target)
    NONE = "none"  # no targets, no error


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """What is different for one layer.

    Attributes:
        name: the array, or another place in the network where it is read: that has the same plan,
            so that it keeps it where it gets an array of its own.
        frozen: its weights do not move.
        device: what its cells are made of, None for the target's device.
        device_of: name of the target whose device that is; empty where it has none.
        threshold: its T, None for the plan's.
        pulses: its P, None for the plan's.
    """

    name: str
    frozen: bool = False
    device: DeviceSpec | None = None
    threshold: int | None = None
    pulses: int | None = None
    device_of: str = ""


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """Numbers of a training run.

    Attributes:
        rule: what moves the weights.
        batch: samples between two checks of the counters.
        threshold: T, counts that make a pulse.
        pulses: P, at most so many pulses for a cell at one check.
        eta: learning rate of `sgd` and `hp`; the others have none.
        refresh_every: checks between two refreshes of one-way pairs; 0 is never.
        readouts: (output, `softmax`, `logistic` or `none`); the output `*` is every other one.
            Outputs that none of them names are read as the model ends: logistic behind a sigmoid,
            else softmax.
        layers: what is different for some layers.
    """

    rule: Rule = Rule.CARRY
    batch: int = 64
    threshold: int = 64
    pulses: int = 1
    eta: float = 0.1
    refresh_every: int = 0
    readouts: tuple[tuple[str, str], ...] = ()
    layers: tuple[LayerPlan, ...] = ()

    def layer(self, name: str) -> LayerPlan:
        """The plan of one layer, with None where nothing is different."""
        return next((each for each in self.layers if each.name == name), LayerPlan(name))
