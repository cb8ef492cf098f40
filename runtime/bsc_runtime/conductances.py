"""What each physical cell should conduct: the export that a programmer of real chips needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.hw.device import siemens
from bsc.numerics.state import CellStyle, ChipState
from bsc.program.model import Program


def conductances(program: Program, state: ChipState) -> dict[str, npt.NDArray[np.float64]]:
    """Conductances in siemens for each tile.

    Args:
        program: arrays, tiles and devices.
        state: the cells.

    Returns:
        By `<array>/tile_<row>_<column>/<what>`, float64. Pairs have `positive` and `negative`
        [word lines, bit lines]; the reference style has `cell` [word lines, bit lines],
        `row_reference` [word lines] and `column_reference` [bit lines].

    Raises:
        DiagnosticError: BSC6036, master weights of the `sgd` rule are on no device.
    """
    result: dict[str, npt.NDArray[np.float64]] = {}
    for tile in program.tiles:
        array = state.arrays[tile.array]
        device = program.device_of(tile.array)
        if array.style is CellStyle.DIRECT:
            raise fail(
                "BSC6036",
                f"array {array.name} holds master weights of the sgd rule, which are on no cells",
                help="compile the trained program for a rule of a device: --rule carry",
            )
        rows = slice(tile.row_start, tile.row_stop)
        columns = slice(tile.column_start, tile.column_stop)
        prefix = f"{program.arrays[tile.array].name}/tile_{tile.row}_{tile.column}/"
        if array.row_reference is None or array.column_reference is None:
            result[prefix + "positive"] = siemens(array.cells[0, rows, columns], device)
            result[prefix + "negative"] = siemens(array.cells[1, rows, columns], device)
        else:
            result[prefix + "cell"] = siemens(array.cells[rows, columns], device)
            result[prefix + "row_reference"] = siemens(array.row_reference[rows], device)
            result[prefix + "column_reference"] = siemens(array.column_reference[columns], device)
    return result
