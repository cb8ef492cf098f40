"""The train plan: which rule moves the weights, and with which numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
class TrainPlan:
    """Numbers of a training run.

    Attributes:
        rule: what moves the weights.
        batch: samples between two checks of the counters.
        threshold: T, counts that make a pulse.
        pulses: P, at most so many pulses for a cell at one check.
        eta: learning rate of `sgd` and `hp`; the others have none.
        refresh_every: checks between two refreshes of one-way pairs; 0 is never.
    """

    rule: Rule = Rule.CARRY
    batch: int = 64
    threshold: int = 64
    pulses: int = 1
    eta: float = 0.1
    refresh_every: int = 0
