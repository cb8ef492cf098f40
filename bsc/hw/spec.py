"""The chip: array, device, periphery, the rules it can train with. Read from TOML, checked whole.

pydantic, because it reports every wrong field of a file at once, each with its place.
"""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bsc.numerics.state import CODE_MAX, CellStyle

_Number = Annotated[float, Field(strict=True)]
"""No text and no truth value becomes a number."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ExponentialPulse(_Spec):
    """Saturating pulse: dG = (Gmax-Gmin) (1/(1-exp(-a)) - x) (1-exp(-a/N)), x the way gone.

    Attributes:
        pulses: N, pulses over the range.
        curvature: a, how strongly the step depends on the state.
        gamma: relative spread from pulse to pulse.
    """

    model: Literal["exponential"]
    pulses: Annotated[_Number, Field(gt=0)]
    curvature: Annotated[_Number, Field(ge=1e-3, le=1e3)]
    gamma: Annotated[_Number, Field(ge=0, le=16)] = 0.0


class LinearPulse(_Spec):
    """Equal steps: `step_codes` codes each (whole codes make rounding, and so its draw, void)."""

    model: Literal["linear"]
    step_codes: Annotated[int, Field(gt=0, le=16383, strict=True)]
    gamma: Annotated[_Number, Field(ge=0, le=16)] = 0.0


class MeasuredPulse(_Spec):
    """Your own device: mean change of conductance at given conductances, interpolated linearly.

    Attributes:
        g_siemens: conductances, ascending.
        dg_siemens: magnitude of the mean change at each.
        gamma: relative spread from pulse to pulse.
    """

    model: Literal["measured"]
    g_siemens: Annotated[tuple[_Number, ...], Field(min_length=2)]
    dg_siemens: Annotated[tuple[_Number, ...], Field(min_length=2)]
    gamma: Annotated[_Number, Field(ge=0, le=16)] = 0.0

    @model_validator(mode="after")
    def _check(self) -> MeasuredPulse:
        if len(self.g_siemens) != len(self.dg_siemens):
            raise ValueError("g_siemens and dg_siemens differ in length")
        if any(b <= a for a, b in zip(self.g_siemens, self.g_siemens[1:], strict=False)):
            raise ValueError("g_siemens must ascend")
        if any(d < 0 for d in self.dg_siemens):
            raise ValueError("dg_siemens holds magnitudes: no negative number")
        return self


Pulse = Annotated[ExponentialPulse | LinearPulse | MeasuredPulse, Field(discriminator="model")]


class Spread(_Spec):
    """Mean and standard deviation of codes before training, in codes or in siemens."""

    mean_codes: Annotated[_Number, Field(ge=-CODE_MAX, le=2 * CODE_MAX)] | None = None
    sd_codes: Annotated[_Number, Field(ge=0, le=CODE_MAX)] | None = None
    mean_siemens: _Number | None = None
    sd_siemens: Annotated[_Number, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Spread:
        codes = (self.mean_codes is not None, self.sd_codes is not None)
        siemens = (self.mean_siemens is not None, self.sd_siemens is not None)
        if not ((all(codes) and not any(siemens)) or (all(siemens) and not any(codes))):
            raise ValueError("give mean_codes and sd_codes, or mean_siemens and sd_siemens")
        return self


class DeviceSpec(_Spec):
    """The memristive cell.

    Attributes:
        name: what it is called.
        source: where its numbers come from.
        style: how a weight is made of cells.
        g_min_siemens: conductance of code 0.
        g_max_siemens: conductance of code 16383.
        v_read_volt: read voltage.
        initial: codes before training; for one-way pairs of both cells.
        reference: codes of the reference cells; `reference` style only.
        potentiation: pulse that raises a code, absent where the device has none.
        depression: pulse that lowers a code, absent where the device has none.
    """

    name: str
    source: str = ""
    style: Literal[CellStyle.REFERENCE, CellStyle.PAIR_DOWN, CellStyle.PAIR_UP]
    g_min_siemens: Annotated[_Number, Field(ge=0)]
    g_max_siemens: Annotated[_Number, Field(gt=0)]
    v_read_volt: Annotated[_Number, Field(gt=0)] = 0.1
    initial: Spread
    reference: Spread | None = None
    potentiation: Pulse | None = None
    depression: Pulse | None = None

    @model_validator(mode="after")
    def _check(self) -> DeviceSpec:
        if self.g_max_siemens <= self.g_min_siemens:
            raise ValueError("g_max_siemens must be above g_min_siemens")
        if not isfinite(CODE_MAX / (self.g_max_siemens - self.g_min_siemens)):
            raise ValueError("Gmax - Gmin is too small to be divided into codes")
        if self.style is CellStyle.REFERENCE and self.reference is None:
            raise ValueError("style reference needs [device.reference]")
        if self.style is not CellStyle.REFERENCE and self.reference is not None:
            raise ValueError("only style reference has [device.reference]")
        needs_up = self.style in (CellStyle.REFERENCE, CellStyle.PAIR_UP)
        needs_down = self.style in (CellStyle.REFERENCE, CellStyle.PAIR_DOWN)
        if needs_up and self.potentiation is None:
            raise ValueError(f"style {self.style} needs [device.potentiation]")
        if needs_down and self.depression is None:
            raise ValueError(f"style {self.style} needs [device.depression]")
        span = self.g_max_siemens - self.g_min_siemens
        for key, start in (("initial", self.initial), ("reference", self.reference)):
            if start is None or start.mean_siemens is None or start.sd_siemens is None:
                continue
            away = max(
                self.g_min_siemens - start.mean_siemens, start.mean_siemens - self.g_max_siemens
            )
            if away > span or start.sd_siemens > span:
                raise ValueError(f"{key} lies more than the device's range outside Gmin and Gmax")
        for key, pulse in (("potentiation", self.potentiation), ("depression", self.depression)):
            if isinstance(pulse, MeasuredPulse) and max(pulse.dg_siemens) > span:
                raise ValueError(f"{key}: dg_siemens holds a step larger than Gmax - Gmin")
        return self


class ArrayGeometry(_Spec):
    """Word and bit lines of one tile; up to 1024, single precision sums are exact."""

    rows: Annotated[int, Field(ge=1, le=1024, strict=True)]
    columns: Annotated[int, Field(ge=1, le=1024, strict=True)]


class Periphery(_Spec):
    """What stands around the arrays.

    Attributes:
        partial_sums: how the sums of several row tiles meet; only `joined` bit lines and `digital`
            adders, which are exact, are built so far.
        noise_bits: b, resolution of the comparators' random thresholds.
    """

    partial_sums: Literal["joined", "digital"] = "joined"
    noise_bits: Annotated[int, Field(ge=4, le=12, strict=True)] = 12


class Training(_Spec):
    """Which rules learn on this chip.

    Attributes:
        rules: rules that were seen to learn.
        unfit: rules that run but do not learn, with the reason the user is shown.
    """

    rules: tuple[Literal["carry", "online", "sgd", "hp"], ...] = ("carry", "sgd", "hp")
    unfit: dict[str, str] = {}


_Memory = Annotated[int, Field(ge=1, lt=1 << 32, strict=True)]
_Cycles = Annotated[int, Field(ge=1, lt=1 << 16, strict=True)]


class ChipSpec(_Spec):
    """The cores around the arrays, for the instruction set (docs/isa.md).

    Nothing here changes a result. Memories are elements of each core.

    Attributes:
        cores: cores that tiles are spread over.
        samples_in_flight: samples whose vectors a core holds at a time.
        channel_depth: messages that a channel between two cores holds.
        clock_hertz: cycles a second.
        bits: elements of the memory of bit vectors.
        signs: of sign vectors.
        sums: of sums.
        levels: of inputs.
        labels: of labels.
        counts: of counters that are moved.
        backing: 32-bit words of backing memory.
    """

    cores: Annotated[int, Field(ge=1, le=256, strict=True)] = 1
    samples_in_flight: Annotated[int, Field(ge=1, le=1024, strict=True)] = 16
    channel_depth: Annotated[int, Field(ge=1, le=255, strict=True)] = 2
    clock_hertz: Annotated[_Number, Field(gt=0)] = 1e9
    bits: _Memory = 1 << 22
    signs: _Memory = 1 << 22
    sums: _Memory = 1 << 20
    levels: _Memory = 1 << 20
    labels: _Memory = 1 << 12
    counts: _Memory = 1 << 12
    backing: _Memory = 1 << 16


class TimingSpec(_Spec):
    """Cycles, lanes and widths of a core's units (docs/isa.md has the formulas).

    The numbers are those of `bsc.isa.records.Timing`. The defaults are assumptions, at 1 GHz: a
    read of 10 ns and a pulse of 50 ns are within what is reported for such arrays; lanes and
    widths are round numbers of a small core.
    """

    issue: _Cycles = 1
    host_bits: _Cycles = 512
    encode_lanes: _Cycles = 128
    read: _Cycles = 10
    neuron_lanes: _Cycles = 128
    readout: _Cycles = 16
    counter_lanes: _Cycles = 64
    pulse: _Cycles = 50
    pulse_lanes: _Cycles = 128
    link_bits: _Cycles = 64
    link_latency: _Cycles = 8
    queue: Annotated[int, Field(ge=1, le=64, strict=True)] = 8


class TargetSpec(_Spec):
    """A chip description (docs/targets.md)."""

    name: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    description: str = ""
    array: ArrayGeometry
    device: DeviceSpec
    periphery: Periphery = Periphery()
    chip: ChipSpec = ChipSpec()
    timing: TimingSpec = TimingSpec()
    training: Training = Training()
