"""`bsc export`: a program as Python source, as words, as what each cell conducts, as ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bsc.cli import options as o

if TYPE_CHECKING:
    from bsc.cli.output import Output
    from bsc.program.model import Program


def export(
    program: o.ProgramFile,
    python: Annotated[
        Path | None,
        typer.Option("--python", metavar="OUT.py", help="Readable source that runs by itself."),
    ] = None,
    conductances: Annotated[
        Path | None,
        typer.Option(
            "--conductances", metavar="OUT.npz", help="Siemens of each cell, tile by tile."
        ),
    ] = None,
    asm: Annotated[
        Path | None,
        typer.Option("--asm", metavar="OUT.s", help="Assembly of the instruction set."),
    ] = None,
    binary: Annotated[
        Path | None,
        typer.Option("--bin", metavar="OUT.bin", help="Image of the instruction set."),
    ] = None,
    onnx: Annotated[
        Path | None,
        typer.Option(
            "--onnx", metavar="OUT.onnx", help="Float model of what the cells compute in the mean."
        ),
    ] = None,
    bsc_text: Annotated[
        Path | None,
        typer.Option(
            "--bsc",
            metavar="OUT.bsc",
            help="The model and its plan in the language, weights in a .safetensors beside it.",
        ),
    ] = None,
    state: Annotated[
        bool,
        typer.Option(
            "--state/--no-state",
            help="Put the cells of a trained program into assembly and image.",
        ),
    ] = True,
    seed: o.Seed = 0,
    remarks: o.Remarks = False,
    json: o.Json = False,
) -> None:
    """Write a program in other forms."""
    import os

    import bsc
    from bsc.cli.files import keep_inputs, write_arrays, write_text
    from bsc.cli.output import Output

    output = Output(json, remarks=remarks)
    if not any((python, conductances, asm, binary, onnx, bsc_text)):
        raise typer.BadParameter(
            "say what to write: --python OUT.py, --asm OUT.s, --bin OUT.bin, "
            "--conductances OUT.npz, --onnx OUT.onnx, --bsc OUT.bsc"
        )
    tensors = None
    if bsc_text is not None:
        from bsc.backend.dsl_tensors import tensor_path

        if bsc_text.is_dir():  # told before the weights of the text are written
            raise typer.BadParameter(f"{bsc_text} is a folder; --bsc takes the name of a file")
        tensors = tensor_path(bsc_text)
    every = (python, conductances, asm, binary, onnx, bsc_text, tensors)
    outs = [out for out in every if out is not None]
    if len(set(map(os.path.realpath, outs))) < len(outs):
        raise typer.BadParameter("two outputs have the same name; one of them would be lost")
    for out in outs:
        keep_inputs(out, program)
    loaded = bsc.load(program)
    written: dict[str, str] = {}
    if python is not None:
        from bsc.backend.python import emit

        beside = Path(os.path.relpath(program.resolve(), python.resolve().parent)).as_posix()
        write_text(python, emit(loaded, beside))
        written["python"] = str(python)
    if conductances is not None:
        from bsc_runtime import Session

        write_arrays(conductances, Session(loaded, seed=seed).conductances())
        written["conductances"] = str(conductances)
    if asm is not None or binary is not None:
        written |= _write_image(loaded, asm, binary, state, output)
    if onnx is not None:
        from bsc.backend.onnx import to_onnx
        from bsc.cli.files import write_bytes
        from bsc_runtime.chip import starting_state

        model = to_onnx(loaded, starting_state(loaded, seed if loaded.state is None else None))
        write_bytes(onnx, model.SerializeToString())
        written["onnx"] = str(onnx)
    if bsc_text is not None and tensors is not None:
        written |= _write_language(loaded, program, bsc_text, tensors, output)
    for path in written.values():
        output.line(f"wrote {path}")
    output.result(written)


def _write_language(
    program: Program, file: Path, text: Path, tensors: Path, output: Output
) -> dict[str, str]:
    """Write the model inside a program, as folded, with its plan and target."""
    from bsc.backend.dsl_program import program_as_bsc
    from bsc.cli.files import write_bytes, write_text
    from bsc.diag import Diagnostic, Severity

    made = program_as_bsc(program, text, tensors.name, (file.parent, Path()))
    notes = list(made.notes)
    usual = text.with_suffix(tensors.suffix)
    if made.tensors and tensors != usual:
        notes.append(f"the weights are in {tensors}: {usual} was there and is not written over")
    for note in notes:
        output.say(Diagnostic("BSC3000", note, Severity.NOTE))
    if made.tensors:
        write_bytes(tensors, made.tensors)
    write_text(text, made.text)
    return {"bsc": str(text)} | ({"tensors": str(tensors)} if made.tensors else {})


def _write_image(
    program: Program, asm: Path | None, binary: Path | None, state: bool, output: Output
) -> dict[str, str]:
    """Write the words of a program: its own, or those of the ISA backend."""
    from bsc.backend.isa import emit_image, with_state
    from bsc.cli.files import write_bytes, write_text
    from bsc.diag import Diagnostic, Severity
    from bsc.isa.binary import encode
    from bsc.isa.disassemble import disassemble
    from bsc.program.image import check_image

    if program.image:
        image = check_image(program, f"<image of {program.name}>")
    else:
        made = emit_image(program)
        image = made.image
        for remark in made.remarks:
            output.remark(remark)
    if state and program.state is not None:
        image = with_state(image, program.state)
    if any((*spec.low, *spec.high) != (0.0, 1.0) for spec in program.inputs):
        output.say(
            Diagnostic(
                "BSC3000",
                "an image takes levels: that the input's range is not 0 to 1 is not in it; "
                "whoever runs it has to know (`bsc machine --input-range`)",
                Severity.NOTE,
            )
        )
    written: dict[str, str] = {}
    if asm is not None:
        write_text(asm, disassemble(image))
        written["asm"] = str(asm)
    if binary is not None:
        write_bytes(binary, encode(image))
        written["bin"] = str(binary)
    return written
