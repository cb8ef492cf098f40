"""Files that users hand over and get back; none is half written, nothing in them is executed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

    from bsc.diag import Span
    from bsc.program.model import Program

    Array = npt.NDArray[Any]


def keep_inputs(out: Path, *inputs: Path) -> None:
    """Refuse to write over what is read.

    Raises:
        DiagnosticError: BSC7010, the output is one of the inputs, by whatever name.
    """
    from bsc.diag import Span, fail

    for given in inputs:
        if out.exists() and given.exists() and out.samefile(given):
            raise fail(
                "BSC7010",
                f"{out} is what the command reads; it would be lost",
                at=Span(str(out)),
                help="give the output another name",
            )


def named_files(options: Mapping[str, Any]) -> list[Path]:
    """The files that options name to be read: `data`, `calibrate` and `target`, where given."""
    from bsc.hw.registry import names_file
    from bsc_runtime.data import data_files

    sets = [options[name] for name in ("data", "calibrate") if name in options]
    files = [path for spec in sets for path in data_files(spec)]
    if names_file(options.get("target", "")):
        files.append(Path(options["target"]))
    return files


def read_inputs(
    texts: Sequence[str], names: Sequence[str]
) -> tuple[dict[str, Array], dict[str, Span]]:
    """The arrays of all `[NAME=]X.npy` and `X.npz`, and where they stand, by the program's inputs.

    Args:
        texts: what the user typed.
        names: the program's inputs.

    Raises:
        DiagnosticError: BSC7007 for other names, no name, or too few, BSC7008 for a file that is
            no array, BSC6xxx for an archive that cannot be read.
    """
    from bsc.diag import fail

    found: dict[str, Array] = {}
    places: dict[str, Span] = {}
    for text in texts:
        for name, array, place in _read_input(text, names):
            if name in found:
                raise fail("BSC7007", f"input {name} is given twice")
            found[name], places[name] = array, place
    missing = [name for name in names if name not in found]
    if missing:
        raise fail(
            "BSC7007",
            f"input {', '.join(missing)} is missing",
            help=f"--input {missing[0]}=X.npy",
        )
    return found, places


def _read_input(text: str, names: Sequence[str]) -> list[tuple[str, Array, Span]]:
    """Names, arrays and places of one option's file."""
    from bsc.diag import Span, did_you_mean, fail

    name, equals, path = text.rpartition("=")
    if equals and not Path(text).exists():
        if name not in names:
            raise fail(
                "BSC7007",
                f"the program has no input {name}",
                help=did_you_mean(name, names, "inputs"),
            )
        return [(name, _read_array(path), Span(path))]
    if Path(text).suffix == ".npz":
        return _read_archive(text, names)
    if len(names) > 1:
        raise fail(
            "BSC7007",
            f"the program has {len(names)} inputs, and {text} does not say which it is",
            help=f"--input {' --input '.join(f'{name}=X.npy' for name in names)}, or one .npz "
            "with arrays of these names",
        )
    return [(names[0], _read_array(text), Span(text))]


def _read_archive(path: str, names: Sequence[str]) -> list[tuple[str, Array, Span]]:
    """Arrays of an .npz that inputs are named as; others are not read."""
    from bsc.diag import Span, fail
    from bsc_runtime.data.npz import read_npz

    arrays = read_npz(Path(path), only=names)
    if not arrays:
        raise fail(
            "BSC7007",
            "no array of the archive has the name of an input",
            at=Span(path),
            help=f"inputs: {', '.join(names)}",
        )
    return [(name, array, Span(path, path=name)) for name, array in arrays.items()]


def one_output(path: Path, program: Program, mode: str) -> None:
    """Refuse to write several outputs into a file that holds one.

    Raises:
        DiagnosticError: BSC7011.
    """
    from bsc.diag import Span, fail

    names = list(program.tail.outputs)
    if mode == "vote":
        names = [head.name for head in program.heads]
    if len(names) > 1:
        raise fail(
            "BSC7011",
            f"the program has {len(names)} outputs ({', '.join(names)}), a .npy file holds one",
            at=Span(str(path)),
            help=f"write all of them: -o {path.with_suffix('.npz')}",
        )


def _read_array(path: str) -> Array:
    from bsc.diag import Span, fail
    from bsc.frontend.npz import Damaged, read_npy

    at = Span(path)
    try:
        return read_npy(Path(path))
    except FileNotFoundError:
        raise fail("BSC7008", f"there is no file {path}", at=at) from None
    except OSError as error:
        raise fail("BSC7008", f"cannot be read: {error.strerror or error}", at=at) from None
    except Damaged as error:
        if not zipfile.is_zipfile(path):
            message = f"not an array that numpy.save wrote: the file {error}"
            raise fail("BSC7008", message, at=at) from None
    raise fail(
        "BSC7008",
        "an archive of arrays, expected one array",
        at=at,
        help="numpy.save(FILE, x) writes one; without a name, --input takes the arrays of an "
        ".npz that are named as the program's inputs",
    )


def write_outputs(path: Path, outputs: Mapping[str, Array]) -> dict[str, list[int]]:
    """Write the outputs: all of them to an .npz, the only one to an .npy; returns their shapes."""
    import numpy as np

    written = dict(outputs)
    if path.suffix == ".npz":
        write_arrays(path, written)
    else:
        first = next(iter(written))
        written = {first: written[first]}
        buffer = io.BytesIO()
        np.save(buffer, written[first], allow_pickle=False)
        write_bytes(path, buffer.getvalue())
    return {name: list(array.shape) for name, array in written.items()}


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays by name to an .npz; `/` in a name stays as it is."""
    import numpy as np

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        # numpy.savez cannot take a name that is also one of its own arguments, such as `file`
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=False)
            archive.writestr(f"{name}.npy", member.getvalue())
    write_bytes(path, buffer.getvalue())


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; a pipe or a terminal is written to as it is."""
    from bsc.program.archive import replacing

    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(data)
        return
    with replacing(path) as stream:
        stream.write(data)
