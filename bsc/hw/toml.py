"""Target descriptions in TOML: read, merged over what they extend, checked whole.

All problems of a file are reported together, each at its key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bsc.diag import DiagnosticError, Span, fail
from bsc.diag.regular import open_regular
from bsc.hw.plugins import named_target
from bsc.hw.problems import collect, show
from bsc.hw.spec import TargetSpec

MAX_BYTES = 1 << 20
"""A target is a page of numbers; a larger file is a mistake."""

MAX_DEPTH = 8
"""Files in a row that extend each other."""

_WHOLE = {
    ("device", "initial"),
    ("device", "reference"),
    ("device", "potentiation"),
    ("device", "depression"),
    ("training", "unfit"),
}
"""Tables that say one thing and so replace the one extended as a whole."""

_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")


def load_target(path: str | Path) -> TargetSpec:
    """Read and check a target file.

    Args:
        path: the TOML file. Its `extends` names a target on offer, or another file relative to it.

    Raises:
        DiagnosticError: every problem of the file, codes BSC40xx.
    """
    file = Path(path)
    return collect(_merged(file, ()), str(file))


def with_settings(base: TargetSpec, settings: Mapping[str, Any], source: str) -> TargetSpec:
    """A target with some of its keys changed; it keeps its name.

    Args:
        base: the target.
        settings: nested tables, as its TOML has them.
        source: what diagnostics call the settings.

    Raises:
        DiagnosticError: every key that is unknown or wrong, codes BSC40xx.
    """
    own = {"name": base.name, "description": base.description, **settings}
    return collect(merge(base.model_dump(exclude_none=True), own), source)


def settings_over(base: TargetSpec, target: TargetSpec) -> dict[str, Any] | None:
    """What `with_settings` makes a target of: what differs from `base`, name and description aside.

    Args:
        base: the target that the settings change.
        target: the target that they should make of it.

    Returns:
        Nested tables; None where no settings make it, as where something must be taken away.
    """
    above, own = (spec.model_dump(mode="json", exclude_none=True) for spec in (base, target))
    for key in ("name", "description"):
        del above[key], own[key]
    # A device that differs in more than numbers is given whole, with its rules.
    whole = {key: own[key] for key in ("device", "training")}
    for settings in (_difference(above, own, ()), {**_difference(above, own, ()), **whole}):
        try:
            made = with_settings(base, settings, target.name)
        except DiagnosticError:
            continue
        if made == target.model_copy(update={"name": made.name, "description": made.description}):
            return settings
    return None


def _difference(base: dict[str, Any], own: dict[str, Any], at: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for key, value in own.items():
        place, below = (*at, key), base.get(key)
        if value == below:
            continue
        if isinstance(value, dict) and isinstance(below, dict) and place not in _WHOLE:
            found[key] = _difference(below, value, place)
        else:
            found[key] = value
    return found


def _merged(file: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """The file's document over what it extends."""
    chain = (*above, _resolved(file, "BSC4001", Span(str(file))))
    document = _read(file)
    base = document.pop("extends", None)
    if base is None:
        return document
    at = Span(str(file), path="extends")
    if not isinstance(base, str):
        raise fail("BSC4005", f"extends is {show(base)}, expected a name or a .toml file", at=at)
    if not base.endswith(".toml"):
        return merge(named_target(base).model_dump(exclude_none=True), document)
    other = file.parent / base
    place = _resolved(other, "BSC4009", at)
    if place in chain:
        circle = " -> ".join(f.name for f in (*chain, place))
        raise fail("BSC4009", f"targets extend each other in a circle: {circle}", at=at)
    if len(chain) >= MAX_DEPTH:
        raise fail("BSC4009", f"more than {MAX_DEPTH} targets extend each other", at=at)
    if not place.is_file():
        raise fail("BSC4009", f"extends a file that is not there: {base}", at=at)
    return merge(_merged(other, chain), document)


def _resolved(file: Path, code: str, at: Span) -> Path:
    """Where a path leads, if the system can tell."""
    try:
        place = file.resolve()
        place.stat()
    except FileNotFoundError:
        return place
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, a circle of links, too long
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise fail(code, f"cannot look for {file.name[:60]!r}: {reason}", at=at) from None
    return place


def merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A document over the one that it extends.

    Tables are merged key by key, but pulses and start values are replaced as a whole. A document
    that gives `device.style` describes a device of its own: nothing of the other's device is
    taken, nor its list of rules. `name` and `description` are never taken.
    """
    below = {k: v for k, v in base.items() if k not in ("name", "description")}
    device = own.get("device")
    if isinstance(device, dict) and "style" in device:
        below.pop("device", None)
        below.pop("training", None)
    return _merge(below, own, ())


def _merge(base: dict[str, Any], own: dict[str, Any], at: tuple[str, ...]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        place = (*at, key)
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict) and place not in _WHOLE:
            merged[key] = _merge(below, value, place)
        else:
            merged[key] = value
    return merged


def _read(file: Path) -> dict[str, Any]:
    at = Span(str(file))
    try:
        with open_regular(file) as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise fail("BSC4001", f"there is no file {file}", at=at) from error
    except OSError as error:
        raise fail("BSC4001", f"cannot read {file}: {error.strerror}", at=at) from error
    if len(data) > MAX_BYTES:
        raise fail("BSC4001", f"the file is larger than {MAX_BYTES >> 20} MiB", at=at)
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise fail("BSC4001", f"the file is no UTF-8 text (byte {error.start})", at=at) from error
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        if place is not None:
            at = Span(str(file), line=int(place[1]), column=int(place[2]))
        message = _PLACE.sub("", str(error)).strip()
        raise fail("BSC4002", f"not TOML: {message}", at=at) from error
    except ValueError as error:  # not of tomllib: Python reads no number of thousands of digits
        raise fail("BSC4002", f"not TOML that can be read: {error}", at=at) from error
    except RecursionError as error:
        raise fail("BSC4002", "not TOML that can be read: nested too deep", at=at) from error
