"""The sections train and target: what a program asks of training and of the chip, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bsc.frontend.dsl.ast import Place


@dataclass(frozen=True, slots=True)
class LayerOverride:
    """What is different for one layer; None is what all have.

    Attributes:
        frozen: whether it learns nothing.
        device: name of its device.
        threshold: T, counts that make a pulse.
        pulses: P, at most so many pulses for a cell at one check.
    """

    frozen: bool | None = None
    device: str | None = None
    threshold: int | None = None
    pulses: int | None = None


@dataclass(frozen=True, slots=True)
class TrainSection:
    """A train section; None is what was not said. A flag of the command line wins.

    Attributes:
        rule: what moves the weights.
        batch: samples between two checks of the counters.
        threshold: T, counts that make a pulse.
        pulses: P, at most so many pulses for a cell at one check.
        eta: learning rate.
        refresh_every: checks between two refreshes.
        epochs: times through the data.
        seed: key of the draws.
        weights: `keep` or `random`.
        readouts: how outputs are read while learning, `softmax`, `logistic` or `none`, by
            output.
        layers: what is different for a layer, by its path; the path of a block speaks of all layers
            in it, a name that several have of all of them (`layer_paths`).
        places: where each key stands: `batch`, `readout y`, `layer enc.hidden`,
            `layer enc.hidden.frozen`; the section itself is ``.
    """

    rule: str | None = None
    batch: int | None = None
    threshold: int | None = None
    pulses: int | None = None
    eta: float | None = None
    refresh_every: int | None = None
    epochs: int | None = None
    seed: int | None = None
    weights: str | None = None
    readouts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    layers: Mapping[str, LayerOverride] = field(default_factory=lambda: MappingProxyType({}))
    places: Mapping[str, Place] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class TargetSection:
    """A target section.

    Attributes:
        name: name of a target, or path of a TOML file.
        settings: what differs from it, as nested tables of numbers, texts, truths and lists.
        places: where each key stands, by its parts joined with dots; the name itself is ``.
    """

    name: str
    settings: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    places: Mapping[str, Place] = field(default_factory=lambda: MappingProxyType({}))
