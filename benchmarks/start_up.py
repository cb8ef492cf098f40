"""How long a person waits for the command line: `bsc --help` over a Python that does nothing.

    python benchmarks/start_up.py

All are started in rounds, one after the other, so that a busy minute meets all of them. Figures are
of the time that passes, and of the processor's time of the process, which a busy computer changes
less; ratios are of the latter. Where it goes says
`python -X importtime -c "from bsc.cli.guard import run; run(['--help'])"`.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time

from rounds import machine

COMMANDS = {
    "python -c pass": "pass",
    "bsc --help": "from bsc.cli.guard import run; run(['--help'])",
    "bsc explain BSC2001": "from bsc.cli.guard import run; run(['explain', 'BSC2001'])",
    "bsc opt --list": "from bsc.cli.guard import run; run(['opt', '--list'])",
}
LEAST = "python -c pass"


def started(code: str) -> tuple[float, float]:
    """Seconds that pass and seconds of the processor, of a Python that runs some code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
    passed = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return passed, used


def main() -> None:
    """Measure in rounds, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    machine(1)
    for code in COMMANDS.values():
        started(code)  # the first one compiles modules and fills the system's caches
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, code in COMMANDS.items():
            found[name].append(started(code))
    for name, times in found.items():
        passed, used = (statistics.median(column) for column in zip(*times, strict=True))
        # Both sides of a ratio are of one round.
        pairs = zip(times, found[LEAST], strict=True)
        ratio = statistics.median(ours[1] / least[1] for ours, least in pairs)
        print(f"{name:20s} {passed:6.3f} s, processor {used:6.3f} s, {ratio:5.1f} times {LEAST}")


if __name__ == "__main__":
    main()
