"""Cells and counters: initial codes, weights, pulses, the `sgd` rule (section 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bsc.numerics import tables
from bsc.numerics.draws import Purpose, lane_draws
from bsc.numerics.errors import NumericsError
from bsc.numerics.state import CODE_MAX, ArrayState, CellStyle

MASTER_SHIFT = 12
"""A master weight of the `sgd` rule is a weight code with this many more bits."""

DIRECT_SCALE = 1 << MASTER_SHIFT
"""S of the `sgd` rule: codes in one unit of y."""

MASTER_MAX = CODE_MAX << MASTER_SHIFT
"""Largest magnitude of a master weight, in units of 2**-24."""

PULSES_MAX = 1 << 12
"""Most pulses for a cell at one check: the ordinal has 12 bits of the pass field."""

_DRAWN_CELLS = 1 << 18  # cells initialised at a time, to bound memory


@dataclass(frozen=True, slots=True, eq=False)
class PulseModel:
    """What pulses do to a cell.

    Attributes:
        style: how weights are made of cells.
        step_up: int32 [16384], mean change by a pulse that raises, in 1/256 code, for each code;
            None where the device has no such pulse.
        step_down: the same for a pulse that lowers; its entries are negative.
        noise_up: int32 [4096], N for each u12, in 1/256; None where a pulse needs no draw, because
            gamma is 0 and all steps are whole codes.
        noise_down: the same for a pulse that lowers.
    """

    style: CellStyle
    step_up: npt.NDArray[np.int32] | None
    step_down: npt.NDArray[np.int32] | None
    noise_up: npt.NDArray[np.int32] | None = None
    noise_down: npt.NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        for step, noise in ((self.step_up, self.noise_up), (self.step_down, self.noise_down)):
            if step is not None and noise is None and bool(np.any(step & 0xFF)):
                raise NumericsError("a step of a fraction of a code needs a noise table")


def initial_array(
    name: str,
    style: CellStyle,
    rows: int,
    columns: int,
    layer: int,
    seed: int,
    mean_codes: float,
    sd_codes: float,
    reference_mean_codes: float | None = None,
    reference_sd_codes: float | None = None,
) -> ArrayState:
    """Cells as the device leaves the fab, counters at 0.

    Args:
        name: the model's layer.
        style: REFERENCE, PAIR_DOWN or PAIR_UP.
        rows: word lines, bias lines included.
        columns: bit lines.
        layer: the array's ordinal.
        seed: 64-bit key.
        mean_codes: mean code of a cell; both cells of a pair have the same.
        sd_codes: standard deviation in codes, 0 for trimmed cells.
        reference_mean_codes: mean code of the reference cells, REFERENCE only.
        reference_sd_codes: their standard deviation, REFERENCE only.
    """
    if style is CellStyle.DIRECT:
        raise NumericsError("style direct has no cells: use initial_direct")
    planes = 1 if style is CellStyle.REFERENCE else 2
    cells = np.empty((planes, rows * columns), dtype=np.int16)
    for start in range(0, rows * columns, _DRAWN_CELLS):
        stop = min(start + _DRAWN_CELLS, rows * columns)
        lanes = lane_draws(seed, Purpose.INITIAL, layer, np.arange(start, stop))
        for plane in range(planes):
            cells[plane, start:stop] = _initial_codes(mean_codes, sd_codes, lanes[plane])
    reference = None
    if style is CellStyle.REFERENCE:
        if reference_mean_codes is None or reference_sd_codes is None:
            raise NumericsError("style reference needs mean and spread of the reference cells")
        reference = (reference_mean_codes, reference_sd_codes)
    return blank_array(name, style, rows, columns, layer, seed, reference, cells)


def blank_array(
    name: str,
    style: CellStyle,
    rows: int,
    columns: int,
    layer: int,
    seed: int,
    reference: tuple[float, float] | None = None,
    cells: npt.NDArray[np.int16] | None = None,
) -> ArrayState:
    """An array with given cells, or all at 0; references drawn, counters at 0.

    Args:
        name: the model's layer.
        style: how weights are made of cells.
        rows: word lines, bias lines included.
        columns: bit lines.
        layer: the array's ordinal.
        seed: 64-bit key.
        reference: mean and standard deviation of the reference cells in codes, REFERENCE only.
        cells: int16 codes of the right size, reshaped but not copied.
    """
    planes = 2 if style in (CellStyle.PAIR_DOWN, CellStyle.PAIR_UP) else 1
    shape = (rows, columns) if planes == 1 else (2, rows, columns)
    if cells is None:
        cells = np.zeros(shape, np.int32 if style is CellStyle.DIRECT else np.int16)
    row_reference = column_reference = None
    if style is CellStyle.REFERENCE:
        if reference is None:
            raise NumericsError("style reference needs mean and spread of the reference cells")
        lane, _ = lane_draws(seed, Purpose.ROW_REFERENCE, layer, np.arange(rows))
        row_reference = _initial_codes(*reference, lane)
        lane, _ = lane_draws(seed, Purpose.COLUMN_REFERENCE, layer, np.arange(columns))
        column_reference = _initial_codes(*reference, lane)
    counters = np.zeros((rows, columns), dtype=np.int32)
    return ArrayState(name, style, cells.reshape(shape), row_reference, column_reference, counters)


def _initial_codes(
    mean_codes: float, sd_codes: float, u16: npt.NDArray[np.uint16]
) -> npt.NDArray[np.int16]:
    mean, sd = round(256 * mean_codes), round(256 * sd_codes)
    drawn = sd * tables.gaussian().astype(np.int64)[u16 >> 4]
    codes = (256 * mean + drawn + 32768) >> 16
    return np.asarray(np.clip(codes, 0, CODE_MAX), dtype=np.int16)


def initial_direct(
    name: str, rows: int, columns: int, inputs: int, layer: int, seed: int
) -> ArrayState:
    """Master weights of the `sgd` rule: Gaussian with variance 2 / inputs, in units of 2**-24."""
    deviation = round(65536 * float(np.sqrt(2 / inputs)))
    cells = np.empty(rows * columns, dtype=np.int32)
    for start in range(0, rows * columns, _DRAWN_CELLS):
        stop = min(start + _DRAWN_CELLS, rows * columns)
        lane, _ = lane_draws(seed, Purpose.FLOAT_INITIAL, layer, np.arange(start, stop))
        drawn = deviation * tables.gaussian().astype(np.int64)[lane >> 4]
        cells[start:stop] = np.clip(drawn, -MASTER_MAX, MASTER_MAX)
    counters = np.zeros((rows, columns), dtype=np.int32)
    return ArrayState(name, CellStyle.DIRECT, cells.reshape(rows, columns), None, None, counters)


def forward_weights(state: ArrayState) -> npt.NDArray[np.int32]:
    """Weights in codes as a forward read meets them, int32 [K, M]: "the weight" of reports."""
    return _weights(state, forward=True)


def backward_weights(state: ArrayState) -> npt.NDArray[np.int32]:
    """Weights in codes as a transposed read meets them, int32 [K, M]."""
    return _weights(state, forward=False)


def _weights(state: ArrayState, *, forward: bool) -> npt.NDArray[np.int32]:
    cells = state.cells.astype(np.int32)
    match state.style:
        case CellStyle.PAIR_DOWN | CellStyle.PAIR_UP:
            return np.asarray(cells[0] - cells[1])
        case CellStyle.DIRECT:
            return np.asarray(np.clip((cells + 2048) >> MASTER_SHIFT, -CODE_MAX, CODE_MAX))
        case CellStyle.REFERENCE:
            if state.row_reference is None or state.column_reference is None:
                raise NumericsError(f"array {state.name} has no references")
            if forward:
                return cells - state.row_reference.astype(np.int32)[:, None]
            return cells - state.column_reference.astype(np.int32)[None, :]


def check(
    state: ArrayState,
    model: PulseModel,
    *,
    layer: int,
    seed: int,
    g: int,
    threshold: int,
    pulses: int,
) -> int:
    """End of a batch: counters of T and more give pulses and keep the remainder.

    Args:
        state: cells and counters, changed in place.
        model: what a pulse does.
        layer: the array's ordinal.
        seed: 64-bit key.
        g: number of this check.
        threshold: T.
        pulses: P, at most so many pulses for a cell; what is left of k is dropped.

    Returns:
        pulses given.
    """
    if threshold < 1 or not 1 <= pulses <= PULSES_MAX:
        raise NumericsError(f"threshold {threshold} and {pulses} pulses: T >= 1, P in 1..4096")
    if model.style is not state.style:
        raise NumericsError(f"pulses for style {model.style}, cells of style {state.style}")
    counts = state.counters.astype(np.int64)
    k = np.sign(counts) * (np.abs(counts) // threshold)
    state.counters[...] = counts - k * threshold
    given = np.minimum(np.abs(k), pulses)
    planes = state.cells.reshape(-1, *state.counters.shape)  # a view: [1 or 2, K, M]
    for sign in (1, -1):
        device, up = _pulsed(state.style, sign)
        step, noise = (model.step_up, model.noise_up) if up else (model.step_down, model.noise_down)
        for ordinal in range(int(given.max(initial=0))):
            rows, columns = np.nonzero((np.sign(k) == sign) & (given > ordinal))
            if rows.size == 0:
                break
            if step is None:
                raise NumericsError(f"the device has no pulse that {'raises' if up else 'lowers'}")
            blocks = rows * state.counters.shape[1] + columns
            codes = planes[device, rows, columns].astype(np.int64)
            if noise is None:
                change = step.astype(np.int64)[codes] >> 8
            else:
                lane0, lane1 = lane_draws(
                    seed, Purpose.PULSE, layer, blocks, index=g, pass_=device << 12 | ordinal
                )
                # int64 and arithmetic shift: N may be negative, and floor rounds down.
                product = step.astype(np.int64)[codes] * noise.astype(np.int64)[lane0 >> 4]
                change = (product + lane1) >> 16
            planes[device, rows, columns] = np.clip(codes + change, 0, CODE_MAX)
    if state.wear is not None:
        state.wear += given.astype(np.int32)
    return int(given.sum())


def _pulsed(style: CellStyle, sign: int) -> tuple[int, bool]:
    """Which cell of a weight k of this sign goes to (0 is c or c+, 1 is c-), and whether up."""
    match style:
        case CellStyle.REFERENCE:
            return 0, sign < 0
        case CellStyle.PAIR_DOWN:
            return (0, False) if sign > 0 else (1, False)
        case CellStyle.PAIR_UP:
            return (1, True) if sign > 0 else (0, True)
        case CellStyle.DIRECT:
            raise NumericsError("master weights take no pulses: use sgd_step")


def sgd_step(state: ArrayState, rate: int) -> None:
    """End of a batch of the `sgd` rule: M -= K g, clipped; counts are cleared, nothing is carried.

    Args:
        state: master weights and counts, changed in place.
        rate: K = RN(eta 2**24 / B).
    """
    if state.style is not CellStyle.DIRECT:
        raise NumericsError(f"sgd_step needs master weights, not style {state.style}")
    moved = state.cells.astype(np.int64) - rate * state.counters.astype(np.int64)
    state.cells[...] = np.clip(moved, -MASTER_MAX, MASTER_MAX)
    state.counters[...] = 0


def refresh(state: ArrayState) -> None:
    """Move both cells of each one-way pair back towards the start by the same number of codes.

    Pair, down only: up until the larger is 16383. Pair, up only: down until the smaller is 0. The
    difference, the weight, is untouched; counters and wear too.
    """
    cells = state.cells
    match state.style:
        case CellStyle.PAIR_DOWN:
            cells += (CODE_MAX - cells.max(axis=0)).astype(cells.dtype)
        case CellStyle.PAIR_UP:
            cells -= cells.min(axis=0)
        case _:
            raise NumericsError(f"only one-way pairs are refreshed, not style {state.style}")


def saturated_share(state: ArrayState) -> float:
    """Share of cells at a limit that pulses push them to, 0 to 1.

    Pair, down only: code 0; pair, up only: code 16383 (such a cell is used up until a refresh);
    reference: either limit (pulses of one sign are lost); master weights: at either clip.
    """
    cells = state.cells
    if cells.size == 0:
        return 0.0
    match state.style:
        case CellStyle.PAIR_DOWN:
            stuck = cells == 0
        case CellStyle.PAIR_UP:
            stuck = cells == CODE_MAX
        case CellStyle.REFERENCE:
            stuck = (cells == 0) | (cells == CODE_MAX)
        case CellStyle.DIRECT:
            stuck = np.abs(cells) == MASTER_MAX
    return int(np.count_nonzero(stuck)) / cells.size


def keep_codes(weights: npt.NDArray[np.int32], style: CellStyle, state: ArrayState) -> int:
    """Write given weights into the cells (`--weights keep`, section 7).

    Pair, down only: the larger cell is 16383; up only: the smaller is 0; reference: c = rc + w;
    master weights: M = w 2**12.

    Args:
        weights: signed weight codes, int32 [K, M].
        style: how weights are made of cells; the state's own.
        state: a template with references where the style has them; its cells are overwritten.

    Returns:
        how many weights did not fit and were clipped.
    """
    if style is not state.style or weights.shape != state.counters.shape:
        raise NumericsError(f"weights {weights.shape}, {style} do not fit array {state.name}")
    w = weights.astype(np.int64)
    fitting = np.clip(w, -CODE_MAX, CODE_MAX)
    match style:
        case CellStyle.PAIR_DOWN:
            state.cells[0] = CODE_MAX + np.minimum(fitting, 0)
            state.cells[1] = CODE_MAX - np.maximum(fitting, 0)
        case CellStyle.PAIR_UP:
            state.cells[0] = np.maximum(fitting, 0)
            state.cells[1] = -np.minimum(fitting, 0)
        case CellStyle.REFERENCE:
            if state.row_reference is None:
                raise NumericsError(f"array {state.name} has no references")
            reference = state.row_reference.astype(np.int64)[:, None]
            fitting = np.clip(reference + w, 0, CODE_MAX) - reference
            state.cells[...] = reference + fitting
        case CellStyle.DIRECT:
            state.cells[...] = fitting << MASTER_SHIFT
    return int(np.count_nonzero(fitting != w))
