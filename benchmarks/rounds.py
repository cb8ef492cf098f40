"""Rounds of measurements: everybody once a round, so that a busy minute meets all of them."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MNIST = ROOT / "samples" / "mnist"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Contestant:
    """Somebody who is measured.

    Attributes:
        name: as printed.
        run: gives samples a second, once; None where a peer is not installed.
    """

    name: str
    run: Callable[[], float] | None


@dataclass(frozen=True)
class Goal:
    """Ours over a peer, and what the ratio must reach."""

    ours: str
    peer: str
    least: float


def arguments(doc: str | None) -> argparse.Namespace:
    """The options of both benchmarks."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--peers", type=Path, help="folder of the peers' virtual environments: ml, aihwkit"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0, help="a peer's time in a round")
    options = parser.parse_args()
    # Ours obeys the same limits as the peers; numpy reads them when it is first imported.
    os.environ.update(dict.fromkeys(THREADS, str(options.threads)))
    return options


def peer(
    options: argparse.Namespace, name: str, environment: str, package: str, script: str, *more: str
) -> Contestant:
    """A peer in a virtual environment of its own; without it, a contestant that does not run."""
    python = options.peers / environment / "bin" / "python" if options.peers else None
    if python is None or not python.exists() or not _imports(python, package):
        return Contestant(name, None)
    command = [
        str(python),
        str(Path(__file__).with_name("peers") / script),
        f"--mnist={MNIST}",
        f"--threads={options.threads}",
        f"--seconds={options.seconds}",
        *more,
    ]

    def run() -> float:
        settings = dict.fromkeys(THREADS, str(options.threads))
        # A peer on several threads must not spin while it waits: that takes its own cores away.
        env = {**os.environ, **settings, "OMP_WAIT_POLICY": "passive", "PYTHONPATH": ""}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        return float(json.loads(done.stdout.splitlines()[-1])["samples_per_second"])

    return Contestant(name, run)


def _imports(python: Path, package: str) -> bool:
    code = f"import {package}"
    env = {**os.environ, "PYTHONPATH": ""}
    return subprocess.run([python, "-c", code], env=env, capture_output=True).returncode == 0


def contest(
    title: str, contestants: Sequence[Contestant], goals: Sequence[Goal], rounds: int
) -> None:
    """Measure everybody in rounds and print medians and ratios."""
    print(f"\n{title}: samples a second, median of {rounds} rounds (least to most)")
    present = [c for c in contestants if c.run is not None]
    found: dict[str, list[float]] = {c.name: [] for c in present}
    for _ in range(rounds):
        for contestant in present:
            if contestant.run is not None:
                found[contestant.name].append(contestant.run())
    for contestant in contestants:
        if contestant.name not in found:
            print(f"  {contestant.name:46s} not installed, left out")
            continue
        speeds = found[contestant.name]
        span = f"({min(speeds):,.0f} to {max(speeds):,.0f})"
        print(f"  {contestant.name:46s} {statistics.median(speeds):>10,.0f}  {span}")
    for goal in goals:
        if goal.peer not in found:
            continue
        # Both sides of a ratio are of one round.
        pairs = zip(found[goal.ours], found[goal.peer], strict=True)
        ratio = statistics.median(a / b for a, b in pairs)
        verdict = "reached" if ratio >= goal.least else "NOT reached"
        wanted = f"at least {goal.least:g} {verdict}"
        print(f"  {goal.ours} / {goal.peer}: {ratio:.2f} ({wanted})")


def machine(threads: int) -> None:
    """Print what the figures were measured on."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load}, "
        f"Python {sys.version.split()[0]}; {threads} thread(s) each"
    )
