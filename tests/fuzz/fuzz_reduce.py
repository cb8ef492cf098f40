"""A failing image made smaller: entries, instructions and loops go while the fault stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import fuzz_outcomes as outcomes
from fuzz_programs import NOWHERE, spliced

from bsc.diag import DiagnosticError
from bsc.isa.binary import decode, encode
from bsc.isa.image import Image
from bsc.isa.words import decode_word


def fault(data: bytes) -> str:
    """What goes wrong with a file, empty where nothing does."""
    try:
        outcomes.of_bytes(data)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def reduced(data: bytes) -> bytes:
    """A smaller file with the same fault; registers follow from the file, so it may get away."""
    wanted = fault(data)
    try:
        image = decode(data, "<fuzz>")
    except DiagnosticError:
        return data
    smaller = True
    while smaller and wanted:
        smaller = False
        for other in _smaller(image):
            try:
                made = encode(other)
            except NOWHERE:
                continue
            if fault(made) == wanted:
                image, data, smaller = other, made, True
                break
    return data


def _smaller(image: Image) -> Iterator[Image]:
    for kind in image.kinds():
        if len(image.kinds()) > 1:
            yield _without(image, kind)
    for number, core in enumerate(image.cores):
        if core.origins:
            yield _core(image, number, origins=())
        opened: list[int] = []
        for address, word in enumerate(core.code):
            name = decode_word(word).name
            if name in ("loop", "chunks"):
                opened.append(address)
            elif name == "end" and opened:
                start = opened.pop()
                yield spliced(image, number, start, address + 1, [])
                yield spliced(image, number, start, address + 1, [*core.code[start + 1 : address]])
            elif name != "halt":
                yield spliced(image, number, address, address + 1, [])
    if image.state is not None:
        yield replace(image, state=None)


def _core(image: Image, number: int, **changes: object) -> Image:
    cores = [*image.cores]
    cores[number] = replace(cores[number], **changes)
    return replace(image, cores=tuple(cores))


def _without(image: Image, kind: object) -> Image:
    """The image without an entry and its code."""
    for number, core in enumerate(image.cores):
        start = image.start(kind, number)  # type: ignore[arg-type]
        later = [e.address for e in image.entries if e.core == number and e.address > start]
        kept = tuple(e for e in image.entries if (e.kind, e.core) != (kind, number))
        image = replace(image, entries=kept)
        image = spliced(image, number, start, min(later, default=len(core.code)), [])
    return image
