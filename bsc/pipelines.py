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
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from bsc.hw.device import weight_limit
from bsc.hw.plan import Rule, TrainPlan
from bsc.hw.registry import resolve
from bsc.hw.spec import DeviceSpec, TargetSpec
from bsc.ir.pass_manager import Pass
from bsc.ir.pipeline_text import Kinds, OptionKind
from bsc.numerics.cells import DIRECT_SCALE
from bsc.numerics.state import CODE_MAX
from bsc.passes.binarise import Binarise
from bsc.passes.clean_up import CleanUp
from bsc.passes.derive_training import DeriveTraining
from bsc.passes.fold_affine import FoldAffine
from bsc.passes.legalise import LARGEST_WEIGHT, LegaliseActivations
from bsc.passes.ranges import Range
from bsc.passes.sink_shapes import SinkShapes
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


KINDS: Kinds = MappingProxyType(
    {DeviceSpec: OptionKind(lambda device: device.model_dump(exclude_defaults=True), _device)}
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
        DeriveTraining.name: {"device": device},
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
    input_low: tuple[float, ...],
    input_high: tuple[float, ...],
    ranges: dict[str, Range],
) -> tuple[Pass, ...]:
    """From folded dense layers to placed tiles."""
    direct = plan.rule is Rule.SGD
    return (
        LegaliseActivations(
            weights,
            input_low,
            input_high,
            tuple((name, low, high) for name, (low, high) in ranges.items()),
            CODE_MAX / DIRECT_SCALE if direct else LARGEST_WEIGHT,
        ),
        Binarise(
            weights,
            CODE_MAX if direct else weight_limit(target.device),
            DIRECT_SCALE if direct else 0,
            target.periphery.noise_bits,
        ),
        DeriveTraining.of(plan, target.device),
        TileArrays(target.array.rows, target.array.columns),
    )
