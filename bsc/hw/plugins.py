"""Targets that installed packages offer, found through entry points; the built-in ones too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from bsc.diag import Diagnostic, DiagnosticError, Sink, did_you_mean, fail
from bsc.hw.spec import TargetSpec

GROUP = "bsc.targets"
"""Entry point group: each point is a function that returns a mapping of names to loaders."""

Loader = Callable[[], TargetSpec]


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One target on offer.

    Attributes:
        name: what the user calls it.
        package: the distribution that brought it.
        loader: reads it when it is wanted.
    """

    name: str
    package: str
    loader: Loader


def target_rows() -> dict[str, TargetRow]:
    """Every target on offer, by name.

    Raises:
        DiagnosticError: BSC4008 for each plug-in that fails to load or takes a name twice.
    """
    sink = Sink()
    rows: dict[str, TargetRow] = {}
    points = sorted(entry_points(group=GROUP), key=lambda p: (_package(p), p.name))
    for point in points:
        for name, loader in _load(point, sink).items():
            if name in rows:
                sink.add(
                    "BSC4008",
                    f"target {name} is offered by {rows[name].package} and by {_package(point)}",
                    help="uninstall one of the two packages",
                )
                continue
            rows[name] = TargetRow(name, _package(point), loader)
    sink.raise_if_errors()
    return rows


def named_target(name: str) -> TargetSpec:
    """The target of this name.

    Raises:
        DiagnosticError: BSC4007 where nobody offers it, BSC4008 where its plug-in is broken.
    """
    rows = target_rows()
    row = rows.get(name)
    if row is None:
        raise fail(
            "BSC4007",
            f"unknown target {name}",
            help=did_you_mean(name, rows, "known targets"),
        )
    try:
        spec = row.loader()
    except DiagnosticError:
        raise
    except Exception as error:  # a plug-in may raise anything
        raise _broken(row.package, f"its target {name}: {_said(error)}") from error
    if not isinstance(spec, TargetSpec):
        raise _broken(row.package, f"its target {name} is a {type(spec).__name__}, no TargetSpec")
    return spec


def _load(point: EntryPoint, sink: Sink) -> Mapping[str, Loader]:
    try:
        rows = point.load()()
    except Exception as error:  # a plug-in may raise anything
        sink.extend(_broken(_package(point), f"{point.value}: {_said(error)}").diagnostics)
        return {}
    if not isinstance(rows, Mapping) or not all(
        isinstance(k, str) and callable(v) for k, v in rows.items()
    ):
        found = f"{point.value} returned {type(rows).__name__}, not a mapping of names to loaders"
        sink.extend(_broken(_package(point), found).diagnostics)
        return {}
    return rows


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _broken(package: str, what: str) -> DiagnosticError:
    return DiagnosticError(
        [
            Diagnostic(
                "BSC4008",
                f"the target plug-in of package {package} fails: {what}",
                help=f"mend or uninstall {package}",
            )
        ]
    )
