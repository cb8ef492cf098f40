"""`bsc inspect`: what a program holds, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bsc.cli import options as o

if TYPE_CHECKING:
    from bsc.cli.output import Output
    from bsc.program.model import Program
    from bsc.program.wiring import Part


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
        "reads": len(program.reads),
        "inputs": [{"name": spec.name, "shape": list(spec.shape)} for spec in program.inputs],
        "outputs": [
            {"name": head.name, "readout": head.readout.value, "columns": head.columns}
            for head in program.heads
        ],
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
    from bsc.program.wiring import wiring

    rows = [(k, v) for k, v in facts.items() if v is not None and not isinstance(v, list)]
    for spec in program.inputs:
        low, high = spec.low, spec.high
        same = len(low) == len(high) == 1
        span = f"{low[0]:g} to {high[0]:g}" if same else "one for each element"
        rows.append(("input", f"{spec.name} {list(spec.shape)}, range {span}"))
    if program.untrainable:
        rows.append(("inference only", program.untrainable))
    output.table(("program", ""), rows)
    output.table(
        ("array", "inputs>", "bias>", "columns>", "scale>", "device", "", "from"),
        [
            (
                a.name,
                a.inputs,
                a.bias_lines,
                a.columns,
                a.scale,
                program.device_of(k).name,
                "frozen" if program.frozen(k) else "",
                a.origin,
            )
            for k, a in enumerate(program.arrays)
        ],
    )
    output.table(
        ("read", "array", "word lines driven by", "gain>", "neuron"),
        [
            (
                read.name,
                program.arrays[read.array].name,
                " + ".join(_source(program, part) for part in parts),
                f"{read.gain:g}",
                read.function,
            )
            for read, parts in zip(program.reads, wiring(program), strict=True)
        ],
    )
    output.table(
        ("output", "read", "columns>", "readout", "classes", "also gives"),
        [
            (
                head.name,
                program.reads[head.read].name,
                head.columns,
                head.readout.value,
                _shortened(head.classes),
                ", ".join(head.outputs[1:]),
            )
            for head in program.heads
        ],
    )


def _source(program: Program, part: Part) -> str:
    if part.input >= 0:
        return program.inputs[part.input].name
    return program.reads[part.read].name


def _shortened(classes: tuple[int, ...] | tuple[str, ...]) -> str:
    text = ", ".join(map(str, classes[:6]))
    return text + (", ..." if len(classes) > 6 else "")


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
