"""Fuzzes decoder, verifier, assembler and machine, for a minute in tests and for hours by hand.

    python tests/fuzz/fuzz_images.py --seconds 36000 --corpus FOLDER
    python tests/fuzz/fuzz_images.py --repeat FILE
    python tests/fuzz/fuzz_images.py --reduce FILE

Inputs are mutations of what is known so far; those that reach something new are kept in the corpus.
The work is done by a process of its own, which writes each input to a file before it touches it: so
that one which kills the process, or never ends, is known too. Failures go to FOLDER/failures.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

HANGS_SECONDS = 300
"""No input may take longer: the engine's first compilation is among them."""

ALIKE_MOST = 3
"""Inputs that are kept of one fault."""


# The process that watches.


def watch(seconds: float, corpus: Path, seed: int) -> int:
    """Let workers run for so long, one after the other where one dies; returns failures."""
    failures, present = corpus / "failures", corpus / "present"
    failures.mkdir(parents=True, exist_ok=True)
    before = set(failures.iterdir())
    deadline = time.monotonic() + seconds
    crashes = 0
    while (left := deadline - time.monotonic()) > 0:
        command = [sys.executable, __file__, "--worker", "--corpus", str(corpus)]
        command += ["--seconds", str(left), "--seed", str(seed + crashes)]
        present.write_bytes(b"")
        worker = subprocess.Popen(command)
        while worker.poll() is None:
            time.sleep(0.2)
            if time.time() - present.stat().st_mtime > HANGS_SECONDS:
                worker.kill()
        if worker.returncode == 0:
            break
        crashes += 1
        data = present.read_bytes()
        kept = failures / f"crash-{hashlib.sha256(data).hexdigest()[:12]}{suffix(data)}"
        kept.write_bytes(data)
        say(f"the worker ended with {worker.returncode}; its last input: {kept}")
        if crashes > 20:
            break
    found = sorted(set(failures.iterdir()) - before)
    for path in found:
        if not path.name.endswith(".txt"):
            say(f"repeat: {sys.executable} {__file__} --repeat {path}")
    return len(found)


def suffix(data: bytes) -> str:
    """Texts begin with a directive or a comment, files do not."""
    return ".s" if data.lstrip()[:1] in (b".", b";") else ".bin"


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# The process that works.


@dataclass
class Fuzzer:
    """The loop: what is known, and what was reached so far.

    Attributes:
        inputs: files that reached something new.
        alive: those of them that the verifier accepts.
        texts: texts that reached something new.
    """

    corpus: Path
    draw: Random
    inputs: list[bytes] = field(default_factory=list)
    alive: list[bytes] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    reached: set[object] = field(default_factory=set)
    faults: dict[str, int] = field(default_factory=dict)
    tried: int = 0

    def attempt(self, made: bytes | str) -> bool:
        """Try one input; keep it where it reaches something new."""
        import fuzz_outcomes as outcomes

        data = made if isinstance(made, bytes) else made.encode("utf-8", "replace")
        (self.corpus / "present").write_bytes(data)
        self.tried += 1
        try:
            if isinstance(made, bytes):
                found = outcomes.of_bytes(made)
            else:
                found = outcomes.of_text(made)
        except Exception as error:
            self.fault(data, error)
            return False
        if found <= self.reached:
            return False
        self.reached |= found
        if isinstance(made, str):
            self.texts.append(made)
        else:
            self.inputs.append(made)
            if "verified" in found:
                self.alive.append(made)
        name = f"{hashlib.sha256(data).hexdigest()[:16]}{'.bin' if made is data else '.s'}"
        (self.corpus / name).write_bytes(data)
        return True

    def fault(self, data: bytes, error: Exception) -> None:
        """Note an input that went wrong, a few of each sort."""
        frame = traceback.extract_tb(error.__traceback__)[-1]
        sort = f"{type(error).__name__}-{Path(frame.filename).stem}-{frame.lineno}"
        if type(error).__name__ == "Wrong":
            sort = str(error).replace(" ", "-").replace(":", "").replace(",", "")
        self.faults[sort] = self.faults.get(sort, 0) + 1
        if self.faults[sort] > ALIKE_MOST:
            return
        stem = f"{sort}-{hashlib.sha256(data).hexdigest()[:12]}"
        path = self.corpus / "failures" / f"{stem}{suffix(data)}"
        path.write_bytes(data)
        path.with_suffix(".txt").write_text("".join(traceback.format_exception(error)))
        say(f"{type(error).__name__}: {error}\n  {path}")

    def next_input(self) -> bytes | str:
        """A mutation, or several on top of each other, of something known."""
        import fuzz_bytes
        from fuzz_programs import NOWHERE, mutated_image

        from bsc.diag import DiagnosticError
        from bsc.isa.binary import decode, encode
        from bsc.isa.verify import verify_image
        from bsc.testing.images import random_image

        draw = self.draw
        choice = draw.random()
        if choice < 0.12:
            text = draw.choice(self.texts)
            for _ in range(draw.choice((1, 1, 2, 4))):
                text = fuzz_bytes.mutated_text(draw, text, draw.choice(self.texts))
            return text
        if choice < 0.15:
            return encode(random_image(draw))
        # parents that the verifier accepts have children that it accepts, young ones new children
        pool = self.alive if draw.random() < 0.9 else self.inputs
        data = draw.choice(pool[-64:] if draw.random() < 0.5 else pool)
        other = draw.choice(self.inputs)
        if choice < 0.3:
            for _ in range(draw.choice((1, 1, 2, 4))):
                data = fuzz_bytes.mutated_bytes(draw, data, other)
            return data
        try:
            image, of_other = decode(data, "<fuzz>"), decode(other, "<fuzz>")
        except DiagnosticError:
            return fuzz_bytes.mutated_bytes(draw, data, other)
        climbs = choice > 0.65  # far away from what is known, through images that are all accepted
        for _ in range(12 if climbs else draw.choice((1, 1, 2, 3, 5))):
            try:
                changed = mutated_image(draw, image, of_other)
                if climbs:
                    verify_image(changed, "<fuzz>")
                image = changed
            except (*NOWHERE, DiagnosticError):
                continue
        try:
            return encode(image)
        except ValueError:  # what no file can say
            return fuzz_bytes.mutated_bytes(draw, data, other)


def work(seconds: float, corpus: Path, seed: int) -> int:
    """The loop of a worker."""
    from fuzz_seeds import seeds

    faulthandler.enable()
    fuzzer = Fuzzer(corpus, Random(seed))
    files = [p for p in sorted(corpus.iterdir()) if p.suffix in (".bin", ".s")]
    for made in (*seeds(), *(_read(path) for path in files)):
        if not fuzzer.attempt(made) and isinstance(made, str) and len(fuzzer.texts) < 8:
            fuzzer.texts.append(made)
    say(f"{fuzzer.tried} inputs to begin with, {len(fuzzer.reached)} things reached")
    deadline, shown = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < deadline:
        fuzzer.attempt(fuzzer.next_input())
        if time.monotonic() - shown > 60:
            shown = time.monotonic()
            say(f"{fuzzer.tried} inputs, {len(fuzzer.reached)} things, {fuzzer.faults}")
    say(f"{fuzzer.tried} inputs, {len(fuzzer.inputs)} files and {len(fuzzer.texts)} texts kept, "
        f"{len(fuzzer.reached)} things reached, {sum(fuzzer.faults.values())} faults")  # fmt: skip
    return 0


def _read(path: Path) -> bytes | str:
    data = path.read_bytes()
    return data if path.suffix == ".bin" else data.decode("utf-8", "replace")


def repeat(path: Path) -> int:
    """One input once more, with its traceback."""
    import fuzz_outcomes as outcomes

    faulthandler.enable()
    made = _read(path)
    found = outcomes.of_bytes(made) if isinstance(made, bytes) else outcomes.of_text(made)
    for thing in sorted(map(str, found)):
        say(thing)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--corpus", type=Path, help="kept from run to run; else a folder that goes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=Path, help="one input once more")
    parser.add_argument("--reduce", type=Path, help="make a failing file smaller, in place")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.repeat:
        return repeat(given.repeat)
    if given.reduce:
        from fuzz_reduce import reduced

        given.reduce.write_bytes(reduced(given.reduce.read_bytes()))
        return 0
    if given.worker:
        return work(given.seconds, given.corpus, given.seed)
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix="fuzz-images-"))
    corpus.mkdir(parents=True, exist_ok=True)
    found = watch(given.seconds, corpus, given.seed)
    if not found and not given.corpus:
        shutil.rmtree(corpus)
    return int(found > 0)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main())
