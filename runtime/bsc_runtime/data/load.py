"""`--data DATA`: a file, a folder or a name becomes a DataSet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy.typing as npt

from bsc.diag import Span, did_you_mean, fail
from bsc.diag.arguments import checked_path
from bsc_runtime.data.dataset import DataSet
from bsc_runtime.data.idx import find_idx, read_idx
from bsc_runtime.data.npz import read_npz
from bsc_runtime.samples import samples_folder

NAMES = ("digits", "fashion-mnist", "mnist")
"""Data sets that go by a name."""

_DEBIAN = Path("/usr/share/datasets")
_ALIASES = {"x_train": "x", "y_train": "y"}
"""How Keras names the parts of its own archives."""


def load_data(spec: str | Path) -> DataSet:
    """Load a data set.

    Args:
        spec: a `.npz` file, a folder of IDX files, or one of `NAMES`. A name wins over a folder of
            the same name; write `./mnist` for the folder.

    Returns:
        The arrays as stored; `fit_input` and `encode` turn them into what an array takes.

    Raises:
        DiagnosticError: BSC6001 to BSC6013, for whatever is wrong with the files.
    """
    path, name = checked_path("BSC6001", "the data set", spec), str(spec)
    if name in NAMES:
        return _load_named(name)
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except OSError as error:  # such as a name that is too long
        message = f"cannot read the data file: {error.strerror or error}"
        raise fail("BSC6001", message, at=Span(name[:200])) from None
    if is_folder:
        return _load_folder(path, name)
    if is_file:
        return _load_file(path, name)
    looks_like_path = path.suffix or os.sep in name
    if looks_like_path:
        raise fail("BSC6001", f"there is no data file or folder {name}", at=Span(name))
    raise fail(
        "BSC6002",
        f"`{name}` is no data set that bsc knows, and no file or folder has that name",
        help=did_you_mean(name, NAMES, "data sets by name"),
    )


def data_files(spec: str | Path) -> tuple[Path, ...]:
    """The files that `load_data` reads; none for a name, whose files no user wrote."""
    path = Path(spec)
    if str(spec) in NAMES:
        return ()
    return tuple(find_idx(path).values()) if path.is_dir() else (path,)


def _load_named(name: str) -> DataSet:
    if name == "mnist":
        return _load_folder(samples_folder() / "mnist", name)
    if name == "digits":
        return _load_file(samples_folder() / "digits" / "digits.npz", name)
    given = os.environ.get("BSC_DATA")
    places = [Path(given) / name, Path(given)] if given else []
    places.append(_DEBIAN / name)
    for place in places:
        if place.is_dir() and find_idx(place):
            return _load_folder(place, name)
    raise fail(
        "BSC6001",
        f"{name} is not on this machine; looked for IDX files in "
        + ", ".join(str(p) for p in places),
        help="point the environment variable BSC_DATA at the folder that holds its four files, or "
        "install Debian's package dataset-fashion-mnist",
    )


def _load_folder(folder: Path, name: str) -> DataSet:
    if not folder.is_dir():
        raise fail("BSC6001", f"the folder of data set {name} is missing", at=Span(str(folder)))
    files = find_idx(folder)
    if "x" not in files:
        found = sorted(p.name for p in folder.iterdir())
        raise fail(
            "BSC6006",
            "the folder holds no IDX file of training images (train-images-idx3-ubyte, plain or "
            f".gz); it holds {', '.join(found[:6]) or 'nothing'}"
            + (f" and {len(found) - 6} more" if len(found) > 6 else ""),
            at=Span(str(folder)),
            help="give a .npz file by its own path",
        )
    return _make(name, {role: read_idx(path) for role, path in files.items()})


def _load_file(path: Path, name: str) -> DataSet:
    return _make(name, read_npz(path))


def _make(name: str, arrays: dict[str, npt.NDArray[Any]]) -> DataSet:
    parts = {_ALIASES.get(key, key): array for key, array in arrays.items()}
    # An array that tests nothing has such a name by chance.
    tests = {k for k in parts if k.endswith("_test") and k.removesuffix("_test") in parts}
    if "y_test" in parts:
        tests.add("y_test")
    training = {k: v for k, v in parts.items() if k not in tests}
    if not training.keys() - {"y"}:
        found = ", ".join(sorted(arrays)) or "none"
        raise fail(
            "BSC6006",
            f"the data set lacks an array `x` of inputs; its arrays are: {found}",
            at=Span(name),
            help="numpy.savez(FILE, x=..., y=..., x_test=..., y_test=...)",
        )
    for suffix in ("", "_test"):
        _check_lengths(name, parts.get(f"x{suffix}"), parts.get(f"y{suffix}"), suffix)
    return DataSet(name, training, {k.removesuffix("_test"): parts[k] for k in sorted(tests)})


def _check_lengths(
    name: str, x: npt.NDArray[Any] | None, y: npt.NDArray[Any] | None, suffix: str
) -> None:
    """What can be said before a program is known: `x` has samples, and `y` as many."""
    if x is None:
        return
    place = Span(name, path=f"x{suffix}")
    if x.ndim == 0 or len(x) == 0:
        raise fail("BSC6007", f"the array has no samples: its shape is {x.shape}", at=place)
    if y is not None and (y.ndim == 0 or len(y) != len(x)):
        count = len(y) if y.ndim else "one"
        raise fail(
            "BSC6011",
            f"{len(x)} samples in `x{suffix}` {list(x.shape)} but {count} labels in `y{suffix}` "
            f"{list(y.shape)}: each needs one",
            at=place,
        )
