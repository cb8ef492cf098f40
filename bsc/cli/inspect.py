"""`bsc inspect`: what a program holds, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bsc.cli import options as o

if TYPE_CHECKING:
    from bsc.cli.output import Output
    from bsc.program.model import Program


def inspect_program(
    program: o.ProgramFile,
    ir: Annotated[bool, typer.Option("--ir", help="The graph that it came from, as text.")] = False,
    tiles: Annotated[bool, typer.Option("--tiles", help="Tiles and how full they are.")] = False,
    steps: Annotated[bool, typer.Option("--steps", help="What happens to a sample.")] = False,
    json: o.Json = False,
) -> None:
    """Show arrays, plan and state of a program; with an option, one thing in full."""
    import bsc
    from bsc.cli.output import Output

    output = Output(json)
    loaded = bsc.load(program)
    if ir:
        from bsc.ir.printer import print_graph

        output.line(print_graph(loaded.source, elide=16).rstrip())
    if tiles:
        _tiles(loaded, output)
    if steps:
        from bsc.program.listing import steps_text

        output.line(steps_text(loaded).rstrip())
    facts = _facts(loaded)
    if not (ir or tiles or steps):
        _summary(loaded, facts, output)
    output.result({"program": str(program), **facts})


def _facts(program: Program) -> dict[str, Any]:
    from bsc.numerics.digest import digest

    state = program.state
    return {
        "name": program.name,
        "target": program.target.name,
        "backend": program.options.backend,
        "rule": program.plan.rule.value,
        "batch": program.plan.batch,
        "threshold": program.plan.threshold,
        "arrays": len(program.arrays),
        "tiles": len(program.tiles),
        "weights": program.weight_count,
        "steps": len(program.training or program.inference) + len(program.update),
        "trainable": bool(program.training),
        **_words(program),
        "epochs": state.epochs if state is not None else 0,
        "samples": state.samples if state is not None else 0,
        "digest": digest(state) if state is not None else None,
    }


def _words(program: Program) -> dict[str, Any]:
    """Cores and bytes of code of a program of the ISA backend; None without."""
    if not program.image:
        return {"cores": None, "code_bytes": None}
    from bsc.isa.binary import decode

    image = decode(program.image, "<image>")
    code = 8 * sum(len(core.code) for core in image.cores)
    return {"cores": len(image.cores), "code_bytes": code}


def _summary(program: Program, facts: dict[str, Any], output: Output) -> None:
    rows = [(name, facts[name]) for name in facts if facts[name] is not None]
    low, high = program.input.low, program.input.high
    span = f"{low[0]:g} to {high[0]:g}" if len(low) == len(high) == 1 else "one for each element"
    rows.append(("input", f"{program.input.name} {list(program.input.shape)}, range {span}"))
    if program.untrainable:
        rows.append(("inference only", program.untrainable))
    output.table(("program", ""), rows)
    output.table(
        ("array", "inputs>", "bias>", "columns>", "scale>", "gain>", "neuron", "from"),
        [
            (
                a.name,
                a.inputs,
                a.bias_lines,
                a.columns,
                a.scale,
                f"{a.gain:g}",
                a.function,
                a.origin,
            )
            for a in program.arrays
        ],
    )


def _tiles(program: Program, output: Output) -> None:
    rows_of_tile, columns_of_tile = program.target.array.rows, program.target.array.columns
    rows = []
    used = 0
    for tile in program.tiles:
        height, width = tile.row_stop - tile.row_start, tile.column_stop - tile.column_start
        used += height * width
        share = height * width / (rows_of_tile * columns_of_tile)
        rows.append(
            (
                tile.index,
                program.arrays[tile.array].name,
                f"{tile.row},{tile.column}",
                f"{tile.row_start}..{tile.row_stop - 1}",
                f"{tile.column_start}..{tile.column_stop - 1}",
                f"{100 * share:.0f} %",
            )
        )
    output.table(("tile>", "array", "place", "word lines", "bit lines", "used>"), rows)
    cells = len(program.tiles) * rows_of_tile * columns_of_tile
    output.line(
        f"{len(program.tiles)} tiles of {rows_of_tile} x {columns_of_tile}, "
        f"{100 * used / cells:.1f} % of their cells used"
    )
