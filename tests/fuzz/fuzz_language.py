"""Lets random and changed texts of the language at parser and checker for as long as asked.

    python tests/fuzz/fuzz_language.py --seconds 3600 --corpus FOLDER

Each text makes a tree or a report, never anything else, in bounded time and memory; the text of a
tree is read as the same tree, and a tree makes a model or a report. What goes wrong is kept in
FOLDER/failures, `--repeat FILE` tries it once more. Texts that reach a new report are kept in
FOLDER and changed further.
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
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fuzz_sentences import sentences

from bsc.diag import CODES, Diagnostic, Severity, render_all
from bsc.frontend.dsl.ast import File
from bsc.frontend.dsl.meaning.model import check
from bsc.frontend.dsl.syntax.formatter import format_file
from bsc.frontend.dsl.syntax.parser import parse
from bsc.frontend.dsl.syntax.tables import tables

CASES = Path(__file__).parents[1] / "errors"
ALIKE_MOST = 5
SECONDS_MOST = 2.0
SECONDS_MEANT = 20.0
"""Of a model of as many layers as may be; one that asks for more is refused before it is made."""
LONGEST = 20_000
MOST_BYTES = 4 << 30
"""Memory of this process: a text that asks for more makes a MemoryError."""


class Wrong(Exception):
    """Something that must not happen, in words that are alike for the same fault."""


def reached(text: str) -> set[str]:
    """Try one text; what it reached.

    Raises:
        Wrong: it is read as something that it does not say.
        Exception: anything that parser, formatter and rendering raise.
    """
    began = time.process_time()
    parsed = parse(text, "<fuzz>")
    if time.process_time() - began > SECONDS_MOST:
        raise Wrong("it takes too long")
    render_all(parsed.diagnostics, {"<fuzz>": text})
    if (parsed.file is None) != bool(parsed.diagnostics):
        raise Wrong("neither a tree nor a report, or both")
    if len(parsed.diagnostics) > 21:
        raise Wrong("too many are told")
    if parsed.file is None:
        return {_template(diagnostic) for diagnostic in parsed.diagnostics}
    written = format_file(parsed.file)
    again = parse(written, "<fuzz>").file
    if again != parsed.file:
        raise Wrong("the text of the tree is another tree")
    if format_file(again) != written:
        raise Wrong("the text of the tree is not its own form")
    return {type(item).__name__ for item in parsed.file.items} | _meant(parsed.file, text)


def _meant(file: File, text: str) -> set[str]:
    """What a tree means, or why it means nothing."""
    with _ended_after(SECONDS_MEANT):
        found = check(file, None, draw=False)
    render_all(found.diagnostics, {"<fuzz>": text})
    failed = any(d.severity is Severity.ERROR for d in found.diagnostics)
    if failed != (found.model is None):
        raise Wrong("neither a model nor an error, or both")
    if len(found.diagnostics) > 21 and failed:
        raise Wrong("too many are told")
    if found.model is not None:
        layers = [found.model.layers[path].origin for path in found.model.layers]
        if len(set(layers)) < len(layers):
            raise Wrong("two layers of one origin")
    return {"a model"} if found.model else {_template(d) for d in found.diagnostics}


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """Within it, what takes longer goes wrong, though it would never end."""

    def end(number: int, frame: object) -> None:
        raise Wrong("its meaning takes too long")

    signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _template(diagnostic: Diagnostic) -> str:
    """What is told, without names and numbers of the text."""
    said = f"{diagnostic.message} {diagnostic.help}"
    return diagnostic.code + re.sub(r"`[^`]*`|\"[^\"]*\"|\d+|[^\x20-\x7e]+", "?", said)[:100]


def seeds() -> list[str]:
    """Texts to begin with: the cases of the tests and the examples of the pages."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(CASES.glob("dsl_*/*.txt"))]
    pages = [page for code, page in sorted(CODES.items()) if code.startswith("BSC2")]
    examples = [text for page in pages for text in (page.example, page.mended) if text]
    return [text.partition("\n----\n")[0] + "\n" for text in texts] + examples


@dataclass
class Fuzzer:
    """The loop: texts that reached something new, and what was reached."""

    corpus: Path
    draw: Random
    texts: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    faults: dict[str, int] = field(default_factory=dict)
    tried: int = 0

    def attempt(self, text: str) -> None:
        """Try a text; keep it where it reaches something new, or goes wrong."""
        self.tried += 1
        try:
            found = reached(text)
        except Exception as error:
            self._fault(text, error)
            return
        if not found <= self.known:
            self.known |= found
            self.texts.append(text)
            self._keep(self.corpus, text)

    def changed(self) -> str:
        """A text that is known, changed in a few places."""
        draw, text = self.draw, self.draw.choice(self.texts)
        words = [*tables().words, "x", "3", '"s"', '"""d"""', "`q`", "#c\n", "\n", ";", "=>", "“",
                 "inf", "nan", "10 ** 12", "f32(", "repeat 0 {"]  # fmt: skip
        for _ in range(draw.choice((1, 1, 1, 2, 3, 6))):
            start = draw.randrange(len(text) + 1)
            stop = min(len(text), start + draw.randrange(1, 16))
            cut, other = text[start:stop], draw.choice(self.texts)
            begin = draw.randrange(len(other) + 1)
            choices = (
                "", draw.choice(words), f" {draw.choice(words)} {cut}", cut * 2, cut[::-1],
                other[begin : begin + draw.randrange(80)], cut * draw.choice((8, 70, 200)),
                draw.choice("(){}[]=->,.:;\n\"`'\\\t \x00\x0c\u2028\u202eé") + cut,
            )  # fmt: skip
            text = (text[:start] + draw.choice(choices) + text[stop:])[:LONGEST]
        return text

    def _fault(self, text: str, error: Exception) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        sort = f"{type(error).__name__}-{Path(frame.filename).stem}-{frame.lineno}"
        if isinstance(error, Wrong):
            sort = str(error).replace(" ", "-").replace(",", "")
        self.faults[sort] = self.faults.get(sort, 0) + 1
        if self.faults[sort] <= ALIKE_MOST:
            path = self._keep(self.corpus / "failures", text, f"{sort}-")
            say(f"{type(error).__name__}: {error}\n  repeat: {sys.executable} {__file__} "
                f"--repeat {path}")  # fmt: skip

    @staticmethod
    def _keep(folder: Path, text: str, prefix: str = "") -> Path:
        data = text.encode("utf-8", "surrogatepass")
        path = folder / f"{prefix}{hashlib.sha256(data).hexdigest()[:12]}.bsc"
        path.write_bytes(data)
        return path


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--corpus", type=Path, help="kept from run to run; else a new folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=Path, help="one text once more")
    given = parser.parse_args()
    if given.repeat:
        found = reached(given.repeat.read_bytes().decode("utf-8", "surrogatepass"))
        say("\n".join(sorted(found)))
        return 0
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix="fuzz-language-"))
    (corpus / "failures").mkdir(parents=True, exist_ok=True)
    fuzzer = Fuzzer(corpus, Random(given.seed))
    kept = (path.read_bytes().decode("utf-8", "replace") for path in sorted(corpus.glob("*.bsc")))
    for text in (*seeds(), *kept):
        fuzzer.attempt(text)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    deadline = time.monotonic() + given.seconds
    while time.monotonic() < deadline:
        fuzzer.attempt(fuzzer.changed())
        fuzzer.attempt(sentences(fuzzer.draw))
    say(f"{fuzzer.tried} texts, {len(fuzzer.known)} things reached, {fuzzer.faults or 'no'} faults")
    return int(bool(fuzzer.faults))


if __name__ == "__main__":
    sys.exit(main())
