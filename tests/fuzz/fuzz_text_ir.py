"""Fuzzes the text form of graphs, for some seconds in tests and for hours by hand.

    python tests/fuzz/fuzz_text_ir.py --seconds 36000 --corpus FOLDER
    python tests/fuzz/fuzz_text_ir.py --repeat FILE

Texts come from the grammar, word by word, and from mutations of graphs of every stage and of what
reached something new. Each is read as a file is: what comes back is a graph, whose text must give
it back, or diagnostics that have a place. Time and memory of each are bounded by the system.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from bsc.diag import DiagnosticError, render_all
from bsc.driver import compile_model
from bsc.ir.graph import same_graph
from bsc.ir.parser import parse_graph, read_graph
from bsc.ir.printer import print_graph
from bsc.ir.types import Encoding
from bsc.ops import OPS
from bsc.plans import plan_for
from bsc.testing.networks import dense_network
from bsc.testing.random_graphs import random_convolutional, random_perceptron

SECONDS_EACH = 10.0
"""Processor time that one text may take: the longest are of some 100,000 words."""

MEMORY_MOST = 4 << 30
MEMORY_GROWN = 1 << 30
"""Address space of the process, and what no single text may add to its resident memory."""

REPETITIONS = (2, 10, 1000, 60_000)

_WORDS = re.compile(r'"(?:[^"\\]|\\.)*"|%[\w.]+|[\w.+-]+|\s+|.', re.DOTALL)
_ODD = (
    *'{}()[]=,:%@_#"\\\n\r\t ;',
    *("bsir", "graph", "input", "constant", "output", "zlib", "external", "elided", "as", "at"),
    *("source", "binary", "tiled", "%x", "%y", '%"a b"', "true", "false", "inf", "-inf", "nan"),
    *("nan:0x0", "nan:0x7fa00001", "nan:0xffffffffffffffffff", "1e400", "-1e-400", "0.1e", "1."),
    *("0", "-1", "-0", "+7", "9" * 39, "9" * 41, "9" * 5000, "1" + "0" * 5000, "1e" + "9" * 400),
    *('""', '"\\u{d800}"', '"\\u{110000}"', '"\\q"', '"\\', '"' + "x" * 5000 + '"', "int32"),
    *("\x00", "\x0c", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800", "\U0001f600", "ä"),
    *("f32[N, 3]", "f32[]", "f32[0]", "f32[-1]", "f32[99999999999999999999]", "cells[2, 2]"),
    *("f32[" + "1, " * 40 + "1]", "# comment\n", "\r\n"),
)


class TookTooLong(Exception):
    """A text used up its time."""


def _late(number: int, frame: FrameType | None) -> None:
    raise TookTooLong


def seeds() -> Iterator[str]:
    """Graphs of every stage, the large ones without the data of their tables."""
    for number in range(20):
        yield print_graph(random_perceptron(number, largest=3))
        yield print_graph(random_convolutional(number))
    graphs = []
    for rule in ("carry", "sgd"):
        compile_model(
            dense_network([6, 5, 2], "relu"),
            target="oxram-64",
            plan=plan_for(rule),
            observer=lambda event: graphs.append(event.result.graph),
        )
    for graph in graphs:
        large = [name for name, data in graph.constants.items() if data.size > 64]
        yield print_graph(graph, external=large)


def from_grammar(draw: Random) -> str:
    """A text that is nearly a graph."""

    def value() -> str:
        return draw.choice(("%x", "%y", "%z", "%0", '%"a\\n"', draw.choice(_ODD)))

    def scalar() -> str:
        return draw.choice(("1", "-2", "0.5", "true", '"relu"', "nan", draw.choice(_ODD)))

    def listed(make: object, most: int = 3) -> str:
        return ", ".join(str(make()) for _ in range(draw.randrange(most + 1)))  # type: ignore[operator]

    def type_() -> str:
        dims = listed(lambda: draw.choice(("N", "0", "1", "2", "3", "16", draw.choice(_ODD))))
        return f"{draw.choice([*Encoding])}[{dims}]"

    def attrs() -> str:
        known = [a.name for op in OPS.values() for a in op.attrs]
        pairs = listed(
            lambda: (
                f"{draw.choice(known)} = {draw.choice((scalar, lambda: f'[{listed(scalar)}]'))()}"
            )
        )
        return f" {{{pairs}}}"

    def statement() -> str:
        match draw.randrange(6):
            case 0:
                return f"input {value()} : {type_()}"
            case 1:
                data = draw.choice(
                    (f"[{listed(scalar, 5)}]", 'zlib "eJw="', "external", 'elided ""')
                )
                kept = draw.choice(("", " as int32", " as float32"))
                return f"constant {value()} : {type_()}{kept} = {data}"
            case 2:
                return f"output {value()}"
            case _:
                results = draw.choice(("", f"{value()} = ", f"{value()}, {value()} = "))
                node = f"{results}{draw.choice([*OPS])}({listed(value)})"
                node += draw.choice(("", attrs()))
                return node + draw.choice(("", f" : {type_()}", f' : {type_()} @"origin"'))

    body = "\n".join(statement() for _ in range(draw.randrange(12)))
    stage = draw.choice(("source", "binary", "tiled"))
    return f'bsir 1\ngraph "g" at {stage} {{\n{body}\n}}\n'


def mutated(draw: Random, text: str, other: str) -> str:
    """One to four mutations of a text."""
    words = _WORDS.findall(text) or [""]
    theirs = _WORDS.findall(other) or [""]
    for _ in range(draw.choice((1, 1, 2, 4))):
        at = draw.randrange(len(words)) if words else 0
        match draw.randrange(9):
            case 0:
                words[at : at + 1] = [draw.choice(_ODD)]
            case 1:
                words.insert(at, draw.choice(_ODD))
            case 2:
                del words[at : at + draw.choice((1, 2, 20))]
            case 3:
                words.insert(at, draw.choice(theirs))
            case 4:
                start = draw.randrange(len(theirs))
                words[at:at] = theirs[start : start + draw.choice((2, 10, 60))]
            case 5:
                words[at:at] = words[at : at + draw.choice((1, 2, 8))] * draw.choice(REPETITIONS)
            case 6:
                words[at:at] = [draw.choice(_ODD)] * draw.choice(REPETITIONS)
            case 7:
                del words[at:]
            case _:
                words = [w.replace("%", draw.choice(("%", "")), 1) for w in words]
    return "".join(words)[: 4 << 20]


def outcome(path: Path) -> set[str]:
    """What a file reached; everything that should not happen is another exception."""
    try:
        graph, _ = read_graph(path, OPS)
    except DiagnosticError as error:
        for diagnostic in error.diagnostics:
            if not diagnostic.labels or diagnostic.labels[0].span.source != str(path):
                raise ValueError(f"no place in the file: {diagnostic}") from error
        if len(render_all(error.diagnostics)) > 1 << 20:
            raise ValueError("more is said than anybody reads") from error
        return {
            d.code + re.sub(r"[`'%][^ ]*|[\d-]+|[^\x20-\x7e]", "?", d.message)[:60]
            for d in error.diagnostics[:20]
        }
    text = print_graph(graph)
    again = parse_graph(text, OPS)
    if not same_graph(again, graph) or print_graph(again) != text:
        raise ValueError("a graph does not come back from its text")
    return {node.op for node in graph.nodes} | {"graph"}


@dataclass
class Fuzzer:
    """The loop: what is known, and what was reached so far."""

    corpus: Path
    draw: Random
    texts: list[str] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    faults: dict[str, Path] = field(default_factory=dict)
    tried: int = 0

    def attempt(self, text: str) -> None:
        """Try one text; keep it where it reaches something new, or should not."""
        self.tried += 1
        path = self.corpus / "present.bsir"
        data = text.encode("utf-8", "surrogatepass" if self.draw.random() < 0.5 else "replace")
        if self.draw.random() < 0.02:
            data = data.replace(b"\n", b"\r\n")
        path.write_bytes(data)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_EACH)
        try:
            found = outcome(path)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
            if grown > MEMORY_GROWN:
                raise MemoryError(f"{grown >> 20} MiB for {len(data)} bytes")
        except Exception as error:
            self.fault(data, error)
            return
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if not found <= self.reached and len(text) < 1 << 16:
            self.texts.append(text)
        self.reached |= found

    def fault(self, data: bytes, error: Exception) -> None:
        """Keep a text that shows a fault, once for each place that it comes from."""
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{type(error).__name__} {frames[-1].filename}:{frames[-1].lineno}"
        if where in self.faults:
            return
        path = self.corpus / f"failure-{hashlib.sha256(data).hexdigest()[:12]}.bsir"
        path.write_bytes(data)
        self.faults[where] = path
        say(f"{path}\n{''.join(traceback.format_exception(error))}")

    def run(self, seconds: float) -> None:
        """Go on until the time is over."""
        end = time.monotonic() + seconds
        for text in self.texts[:]:
            self.attempt(text)
        while time.monotonic() < end:
            if self.draw.random() < 0.3:
                text = from_grammar(self.draw)
            else:
                text = self.draw.choice(self.texts)
            if self.draw.random() < 0.8:
                text = mutated(self.draw, text, self.draw.choice(self.texts))
            self.attempt(text)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Fuzz, or repeat one text; leaves with 1 where something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--corpus", type=Path, default=None)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--repeat", type=Path, default=None)
    options = parser.parse_args()
    signal.signal(signal.SIGVTALRM, _late)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    if options.repeat is not None:
        say("\n".join(sorted(outcome(options.repeat))))
        return 0
    corpus = options.corpus or Path(tempfile.mkdtemp(prefix="bsc-fuzz-"))
    corpus.mkdir(parents=True, exist_ok=True)
    seed = options.seed if options.seed is not None else time.time_ns() & 0xFFFFFFFF
    fuzzer = Fuzzer(corpus, Random(seed), list(seeds()))
    fuzzer.run(options.seconds)
    say(
        f"seed {seed}: {fuzzer.tried} texts, {len(fuzzer.reached)} things reached, "
        f"{len(fuzzer.faults)} faults"
    )
    return 1 if fuzzer.faults else 0


if __name__ == "__main__":
    sys.exit(main())
