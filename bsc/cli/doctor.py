"""`bsc doctor`: is this installation healthy?"""

from __future__ import annotations

from typing import Annotated

import typer

from bsc.cli import options as o


def doctor(
    test: Annotated[bool, typer.Option(help="Train a tiny network on all executors.")] = True,
    json: o.Json = False,
) -> None:
    """Print versions, threads and plug-ins, and run a self-test."""
    from bsc.cli.output import Output
    from bsc.cli.sessions import available_threads
    from bsc.cli.versions import versions
    from bsc.diag import fail
    from bsc.hw.plugins import target_rows
    from bsc_runtime.executors import names as executors
    from bsc_runtime.samples import samples_folder

    output = Output(json)
    rows = versions()
    packages: dict[str, int] = {}
    for row in target_rows().values():
        packages[row.package] = packages.get(row.package, 0) + 1
    output.table(("version", ""), list(rows.items()))
    facts = [
        ("threads", str(available_threads())),
        ("executors", ", ".join(executors())),
        *(("targets", f"{count} of {package}") for package, count in sorted(packages.items())),
        ("samples", str(samples_folder())),
    ]
    output.table(("found", ""), facts)
    report = {
        "versions": rows,
        "threads": available_threads(),
        "executors": list(executors()),
        "targets": packages,
        "samples": str(samples_folder()),
        "self_test": None,
    }
    if test:
        from bsc_runtime.selftest import self_test

        output.progress("self-test: training on the simulator, the reference and the machine")
        found = self_test()
        if not found.passed:
            raise fail(
                "BSC7005",
                f"the simulator ends at {found.simulator[:16]}, the reference at "
                f"{found.reference[:16]}, the machine at {found.machine[:16]}",
            )
        output.line(f"self-test passed in {found.seconds:.1f} s: digests agree")
        report["self_test"] = {"passed": True, "digest": found.simulator, "seconds": found.seconds}
    output.result(report)
