"""How fast a program becomes a graph: parsed, checked, lowered and verified, by its length.

    python benchmarks/language_meaning.py [--repeats N] [--json]

Programs of 12.5, 25 and 50 thousand tokens, the best of some runs each, in one process and in
turn: what counts are the ratios between them, which do not depend on the computer.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable

SIZES = (12_500, 25_000, 50_000)


def layers(tokens: int) -> str:
    """A chain of layers, a statement each."""
    count = tokens // 14
    lines = [f"  h{i + 1} = h{i} -> dense(8, bias = false) -> relu" for i in range(count)]
    return _model("h0 = x -> relu", *lines, f"output y = h{count}")


def blocks(tokens: int) -> str:
    """Calls of a block, a value each."""
    count = tokens // 10
    lines = [f"  h{i + 1} = h{i} -> b(8) as part" for i in range(count)]
    block = "block b(n) { input v; output w = v -> dense(n) -> relu }\n"
    return block + _model("h0 = x -> relu", *lines, f"output y = h{count}")


def arithmetic(tokens: int) -> str:
    """Values computed from values."""
    count = tokens // 9
    lines = [f"  h{i + 1} = 0.5 * h{i} + x" for i in range(count)]
    return _model("h0 = x -> relu", *lines, f"output y = h{count}")


def mistakes(tokens: int) -> str:
    """A mistake a line; twenty are told."""
    lines = [f"  h{i} = unknown{i} -> denes(8)" for i in range(tokens // 9)]
    return _model(*lines, "output y = x")


def _model(*lines: str) -> str:
    body = "\n".join(["  input x: f32[8]", *lines])
    return f"model m {{\n{body}\n}}\n"


TEXTS: dict[str, Callable[[int], str]] = {
    "layers": layers,
    "blocks": blocks,
    "arithmetic": arithmetic,
    "mistakes": mistakes,
}


def measure(repeats: int) -> dict[str, dict[int, tuple[float, float]]]:
    """Seconds of parsing and of checking in the best run, by kind of program and tokens."""
    from bsc.frontend.dsl.meaning.model import check
    from bsc.frontend.dsl.syntax.parser import parse

    texts = {(kind, size): make(size) for kind, make in TEXTS.items() for size in SIZES}
    best: dict[str, dict[int, tuple[float, float]]] = {kind: {} for kind in TEXTS}
    for _ in range(repeats):
        for (kind, size), text in texts.items():
            began = time.process_time()  # other processes do not count
            parsed = parse(text)
            between = time.process_time()
            if parsed.file is None:
                raise SystemExit(f"{kind}: {parsed.diagnostics[0].message}")
            check(parsed.file, None)
            seconds = (between - began, time.process_time() - between)
            best[kind][size] = min(seconds, best[kind].get(size, seconds), key=sum)
    return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    best = measure(given.repeats)
    if given.json:
        rows = {
            kind: [{"tokens": n, "parse": p, "check": c} for n, (p, c) in found.items()]
            for kind, found in best.items()
        }
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    for kind, found in best.items():
        for tokens, (parse, check) in found.items():
            print(f"{kind:11} {tokens:6} tokens  parse {parse:.3f} s  check {check:.3f} s")


if __name__ == "__main__":
    main()
