"""Files that users hand over and get back; none is half written, nothing in them is executed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

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


def read_input(text: str, name: str) -> Array:
    """The array of `[NAME=]X.npy`.

    Args:
        text: what the user typed.
        name: the input's name in the program.

    Raises:
        DiagnosticError: BSC7007 for another name, BSC7008 for a file that is no array.
    """
    import numpy as np

    from bsc.diag import Span, did_you_mean, fail

    given, equals, path = text.partition("=")
    if not equals or Path(text).exists():
        path = text
    elif given != name:
        raise fail(
            "BSC7007",
            f"the program has no input {given}",
            help=did_you_mean(given, [name], "inputs"),
        )
    at = Span(path)
    try:
        # Mapped, so that a size that the file does not have is refused before memory is taken.
        loaded = np.load(path, allow_pickle=False, mmap_mode="r")
    except FileNotFoundError as error:
        raise fail("BSC7008", f"there is no file {path}", at=at) from error
    except (ValueError, EOFError, OSError) as error:
        raise fail("BSC7008", f"not an array that numpy.save wrote: {error}", at=at) from error
    if not isinstance(loaded, np.ndarray):
        raise fail(
            "BSC7008",
            f"an archive of arrays ({', '.join(loaded.files)}), expected one array",
            at=at,
            help="numpy.save(FILE, x) writes one",
        )
    return np.array(loaded)


def write_outputs(path: Path, outputs: Mapping[str, Array]) -> dict[str, list[int]]:
    """Write the outputs: all of them to an .npz, the first to an .npy; returns their shapes."""
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
