"""How fast a text of the language is read: tokens a second, and that time grows with length alone.

    python benchmarks/language.py [--repeats N] [--json]

Texts of 12.5, 25, 50 and 100 thousand tokens are read, the best of some runs each, all in one
process and in turn: what counts are the ratios between them, which do not depend on the computer.
Making the tables of the grammar, once a process, is measured apart.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable

SIZES = (12_500, 25_000, 50_000, 100_000)


def network(tokens: int) -> str:
    """A model of many layers with blocks, constants, comments and docstrings."""
    blocks = []
    lines = ["  input x: f32[28, 28] in 0..1"]
    for number in range(tokens // 125):
        blocks.append(
            f'"""Block {number}."""\nblock b{number}(width, depth = 2 * {number} + 1) {{\n'
            "  input v  # a vector\n\n  # twice\n"
            "  h = v -> dense(width // 2 ** 3, bias = false) as first -> batch_norm\n"
            "    -> repeat depth as i { dense(width) -> relu }\n"
            "  output y = (h, v) -> concat(axis = -1) -> dropout(0.5)\n}\n\n"
            f"let c{number} = [1, 2.5, -3e-2] * ({number} + shape(x)[0])\n"
        )
        lines.append(f"  h{number} = x -> b{number}(64, depth = 3) as part -> logistic")
    return "".join(blocks) + "\nmodel m {\n" + "\n".join(lines) + "\n  output y = x\n}\n"


def array(tokens: int) -> str:
    """One long list."""
    return f"let a = [{', '.join(['0.25'] * (tokens // 2))}]\n"


def flow(tokens: int) -> str:
    """One long flow, a stage a line."""
    return "let a = x" + "\n  -> dense(64)" * (tokens // 6) + "\n"


def brackets(tokens: int) -> str:
    """As many brackets within each other as may be, line by line."""
    line = f"let a = {'(' * 60}1{')' * 60}\n"
    return line * (tokens // 125)


TEXTS: dict[str, Callable[[int], str]] = {
    "network": network,
    "array": array,
    "flow": flow,
    "brackets": brackets,
}


def measure(repeats: int) -> dict[str, dict[int, float]]:
    """Seconds of the best run, by kind of text and number of tokens."""
    from bsc.frontend.dsl.syntax.parser import parse

    texts = {(kind, size): make(size) for kind, make in TEXTS.items() for size in SIZES}
    best: dict[str, dict[int, float]] = {kind: {} for kind in TEXTS}
    for _ in range(repeats):
        for (kind, size), text in texts.items():
            began = time.process_time()  # other processes do not count
            parsed = parse(text)
            seconds = time.process_time() - began
            if parsed.file is None:
                raise SystemExit(f"{kind}: {parsed.diagnostics[0].message}")
            best[kind][size] = min(seconds, best[kind].get(size, seconds))
    return best


def tokens_of(text: str) -> int:
    """How many tokens a text has."""
    from bsc.frontend.dsl.syntax.lexing import cut
    from bsc.frontend.dsl.syntax.slips import Slips
    from bsc.frontend.dsl.syntax.tables import tables

    return len(cut(text, tables(), Slips("<text>")).kinds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    began = time.perf_counter()
    from bsc.frontend.dsl.syntax.tables import tables

    tables()
    start = time.perf_counter() - began
    best = measure(given.repeats)
    rows = {
        kind: [
            {"tokens": tokens_of(TEXTS[kind](size)), "seconds": seconds}
            for size, seconds in found.items()
        ]
        for kind, found in best.items()
    }
    if given.json:
        sys.stdout.write(json.dumps({"start_seconds": start, "texts": rows}) + "\n")
        return
    print(f"tables of the grammar, with all imports: {start:.3f} s")
    for kind, found in rows.items():
        before = None
        for row in found:
            tokens, seconds = row["tokens"], row["seconds"]
            ratio = ""
            if before is not None:
                longer, slower = tokens / before[0], seconds / before[1]
                ratio = f"  {longer:.2f} times as long, {slower:.2f} times the time"
            rate = f"{tokens / seconds:9.0f} a second{ratio}"
            print(f"{kind:9} {tokens:7} tokens {seconds:7.3f} s {rate}")
            before = tokens, seconds


if __name__ == "__main__":
    main()
