"""The order of the whole compiler on one page.

SOURCE, as imported
  clean-up              constants are folded and no-ops dropped first, so that later passes meet
                        only operators that compute something
  fold-affine           batch norm, scaling and bias join the dense layers: an array has weights
                        and always-on lines, nothing else
  sink-shapes           a reshape or transpose between a layer and its activation moves behind the
                        activation; then
  fold-affine           the next layer takes a transpose into its weights
  clean-up              folding leaves dead nodes behind
SOURCE, folded          calibration runs here: the layers exist, with the model's own numbers
  legalise-activations  signals become probabilities; before codes, because it rescales weights
BINARY
  binarise              weights become codes, signals become bits; draws are numbered here, once,
                        so that nothing later can change a result
  derive-training       backward and update operators; before tiling, so that they are tiled too
TILED
  tile-arrays           last, because everything before is the same for every size of tile
Program
  schedule              steps, buffers and tables
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from bsc.diag import did_you_mean
from bsc.hw.device import weight_limit
from bsc.hw.plan import LayerPlan, Rule, TrainPlan
from bsc.hw.registry import resolve
from bsc.hw.spec import DeviceSpec, TargetSpec
from bsc.ir.pass_manager import Pass
from bsc.ir.pipeline_text import Kinds, OptionKind, value_text
from bsc.numerics.cells import DIRECT_SCALE
from bsc.numerics.state import CODE_MAX
from bsc.passes.binarise import Binarise
from bsc.passes.clean_up import CleanUp
from bsc.passes.derive_training import DeriveTraining
from bsc.passes.fold_affine import FoldAffine
from bsc.passes.legalise import Bounds, LegaliseActivations
from bsc.passes.ranges import Range
from bsc.passes.scaling import LARGEST_WEIGHT
from bsc.passes.sink_shapes import SinkShapes
from bsc.passes.slopes import Slopes
from bsc.tiling.tile_arrays import TileArrays

PASSES: Mapping[str, type[Any]] = MappingProxyType(
    {
        each.name: each
        for each in (
            CleanUp,
            FoldAffine,
            SinkShapes,
            LegaliseActivations,
            Binarise,
            DeriveTraining,
            TileArrays,
        )
    }
)
"""Every pass by name, for pipelines as text."""


def _device(written: Mapping[str, Any] | str) -> DeviceSpec:
    """The device of a target by its name, or of a record as in [device] of a target's file."""
    if isinstance(written, str):
        return resolve(written).device
    try:
        return DeviceSpec.model_validate(written)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the device"
        raise ValueError(f"{where}: {first['msg']}") from None


def _device_record(device: DeviceSpec) -> dict[str, Any]:
    return device.model_dump(exclude_defaults=True)


def _layer_record(plan: LayerPlan) -> dict[str, Any]:
    """What is different for a layer, and its name."""
    record = {each.name: getattr(plan, each.name) for each in fields(plan)}
    if plan.device is not None:
        record["device"] = _device_record(plan.device)
    default = LayerPlan("")
    return {name: value for name, value in record.items() if value != getattr(default, name)}


def _layer(written: Mapping[str, Any] | str) -> LayerPlan:
    if isinstance(written, str) or "name" not in written:
        raise ValueError("a layer's plan is a record with its name: {name=hidden, frozen=true}")
    options = dict(written)
    if options.get("device") is not None:
        options["device"] = _device(options["device"])
    kinds = {"name": str, "frozen": bool, "threshold": int, "pulses": int, "device_of": str}
    known = [each.name for each in fields(LayerPlan)]
    default = LayerPlan("")
    for name, value in options.items():
        if name not in known:
            near = did_you_mean(name, known, "its keys")
            raise ValueError(f"a layer's plan has no `{name}`; {near}")
        if value is None and getattr(default, name) is None:
            continue
        if name in kinds and type(value) is not kinds[name]:
            found = value_text(value) or "a record"
            raise ValueError(f"{name} is {found}, expected {kinds[name].__name__}")
    return LayerPlan(**options)


KINDS: Kinds = MappingProxyType(
    {DeviceSpec: OptionKind(_device_record, _device), LayerPlan: OptionKind(_layer_record, _layer)}
)
"""How pipelines as text write options that are no numbers, words or lists."""


def of_target(target: TargetSpec) -> dict[str, dict[str, Any]]:
    """Options by pass that a target decides: what `bsc opt --target` gives where the text does not.

    The rule `sgd` has no codes of a device; its `binarise` is given its limit and scale as text.
    """
    device = target.device
    return {
        Binarise.name: {
            "limit": weight_limit(device),
            "noise_bits": target.periphery.noise_bits,
        },
        DeriveTraining.name: {"device": device, "noise_bits": target.periphery.noise_bits},
        TileArrays.name: {"rows": target.array.rows, "columns": target.array.columns},
    }


def source_passes() -> tuple[Pass, ...]:
    """From the imported graph to folded dense layers."""
    return CleanUp(), FoldAffine(), SinkShapes(), FoldAffine(), CleanUp()


def chip_passes(
    target: TargetSpec,
    plan: TrainPlan,
    *,
    weights: str,
    inputs: tuple[Bounds, ...],
    ranges: dict[str, Range],
    held: tuple[tuple[str, int, int], ...] = (),
    slopes: Slopes = (),
) -> tuple[Pass, ...]:
    """From folded dense layers to placed tiles."""
    direct = plan.rule is Rule.SGD
    limits = tuple(
        (layer.name, weight_limit(layer.device))
        for layer in plan.layers
        if layer.device is not None
    )
    return (
        LegaliseActivations(
            weights,
            inputs,
            tuple((name, low, high) for name, (low, high) in ranges.items()),
            CODE_MAX / DIRECT_SCALE if direct else LARGEST_WEIGHT,
            plan.readouts,
            slopes,
        ),
        Binarise(
            weights,
            CODE_MAX if direct else weight_limit(target.device),
            DIRECT_SCALE if direct else 0,
            target.periphery.noise_bits,
            () if direct else limits,
            held,
        ),
        DeriveTraining.of(plan, target.device, target.periphery.noise_bits),
        TileArrays(target.array.rows, target.array.columns),
    )
