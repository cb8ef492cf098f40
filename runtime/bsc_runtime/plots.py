"""Pictures of a training run, drawn into PNG files without a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

_BLUE = "#1f5fa8"
_GREY = "#9aa3ad"
_SERIES = (_BLUE, "#c8571b", "#3b8a4a", "#7a4fa3")
_INK = "#2b2f33"
_DOTS_PER_INCH = 150


@dataclass(frozen=True, slots=True)
class Curve:
    """Accuracy, or squared error, after each epoch.

    Attributes:
        label: for the legend.
        accuracy: 0 to 1, one for each epoch, the first after epoch 1; in a picture of squared
            errors these.
        dashed: draw it as what others are compared with.
    """

    label: str
    accuracy: Sequence[float]
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class WeightChange:
    """The weights of one array before and after training.

    Attributes:
        name: the array.
        initial: weights in units of Gmax - Gmin, any shape.
        trained: the same after training.
    """

    name: str
    initial: npt.NDArray[Any]
    trained: npt.NDArray[Any]


def learning_curve(
    file: str | Path | IO[bytes],
    curves: Sequence[Curve],
    title: str,
    *,
    squared_error: bool = False,
) -> None:
    """Draw accuracy in percent, or squared error, over epochs.

    Args:
        file: the PNG to write, a path or an open file.
        curves: one line each.
        title: what was trained, on what.
        squared_error: the curves are squared errors.
    """
    figure, (axes,) = _figure(7.2, 4.4, 1, 1)
    for colour, curve in zip(_colours(curves), curves, strict=True):
        epochs = np.arange(1, len(curve.accuracy) + 1)
        shown = np.asarray(curve.accuracy) * (1 if squared_error else 100)
        style: dict[str, Any] = (
            {"linestyle": "--", "linewidth": 1.4} if curve.dashed else {"linewidth": 2.0}
        )
        axes.plot(
            epochs,
            shown,
            color=colour,
            marker="o",
            markersize=3.5,
            label=_legend(curve, squared_error),
            **style,
        )
    axes.set_title(title, loc="left", color=_INK, fontsize=11)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if squared_error:
        axes.set_ylabel("squared error on the test samples")
        axes.set_ylim(bottom=0)
    else:
        axes.set_ylabel("accuracy on the test images (%)")
        axes.set_ylim(_lowest(curves), 100)
    axes.legend(frameon=False, loc="upper right" if squared_error else "lower right", fontsize=9)
    _write(figure, file)


def weight_histograms(
    file: str | Path | IO[bytes], changes: Sequence[WeightChange], title: str
) -> None:
    """Draw for each array how its weights were spread before training and after.

    Args:
        file: the PNG to write, a path or an open file.
        changes: one panel each.
        title: what was trained, on what.
    """
    figure, panels = _figure(3.6 * max(2, len(changes)), 3.7, 1, len(changes))
    for axes, change in zip(panels, changes, strict=True):
        initial, trained = np.ravel(change.initial), np.ravel(change.trained)
        edge = max(float(np.abs(initial).max()), float(np.abs(trained).max()), 1e-6)
        bins = np.linspace(-edge, edge, 81).tolist()
        axes.hist(initial, bins, color=_GREY, alpha=0.75, label="initial", **_shares(initial))
        axes.hist(
            trained,
            bins,
            histtype="step",
            linewidth=1.6,
            color=_BLUE,
            label="trained",
            **_shares(trained),
        )
        axes.set_title(f"{change.name}  ({trained.size:,} weights)", fontsize=10, color=_INK)
        axes.set_xlabel("weight (Gmax - Gmin)")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.legend(frameon=False, fontsize=9)
    panels[0].set_ylabel("share of weights in a bin (%)")
    figure.suptitle(title, x=0.012, ha="left", fontsize=11, color=_INK)
    _write(figure, file)


def _legend(curve: Curve, squared_error: bool) -> str:
    if not len(curve.accuracy):
        return curve.label
    last = curve.accuracy[-1]
    return f"{curve.label}: {last:.4g}" if squared_error else f"{curve.label}: {100 * last:.2f} %"


def _shares(values: npt.NDArray[Any]) -> Mapping[str, Any]:
    return {"weights": np.full(values.size, 100.0 / values.size)}


def _colours(curves: Sequence[Curve]) -> list[str]:
    return [_SERIES[k % len(_SERIES)] for k in range(len(curves))]


def _lowest(curves: Sequence[Curve]) -> float:
    """A lower limit that shows the end of the run and most of its beginning, in percent."""
    values = [100 * float(a) for curve in curves for a in curve.accuracy]
    return max(0.0, 5.0 * ((min(values, default=0.0) - 1) // 5))


def _figure(width: float, height: float, rows: int, columns: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height), dpi=_DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False)
    panels = [axes for row in grid for axes in row]
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(True, color="#e3e6ea", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.tick_params(colors=_INK, labelsize=9)
    return figure, panels


def _write(figure: Figure, file: str | Path | IO[bytes]) -> None:
    # without a date in it, the same run draws the same file
    figure.savefig(file, format="png", metadata={"Software": "bsc"})
