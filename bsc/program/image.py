"""The words inside a program: they must be an image that is in order, and of this program."""

from __future__ import annotations

from bsc.diag import Span, fail
from bsc.hw.digest import target_digest
from bsc.isa.binary import decode
from bsc.isa.image import Image
from bsc.isa.verify import verify_image
from bsc.program.model import Program


def check_image(program: Program, source: str) -> Image:
    """Decode and verify the words of a program of the ISA backend; see `own_image`."""
    image = own_image(program, source)
    verify_image(image, source)
    return image


def own_image(program: Program, source: str) -> Image:
    """Decode the words of a program of the ISA backend, for whoever verifies them anyway.

    Args:
        program: with words.
        source: what diagnostics call them.

    Raises:
        DiagnosticError: BSC52xx, the words are damaged; BSC5256, they are of another program.
    """
    image = decode(program.image, source)
    found = [(a.layer, a.style, a.rows, a.inputs, a.columns) for a in image.arrays]
    wanted = [
        (a.layer, program.style_of(i), a.rows, a.inputs, a.columns)
        for i, a in enumerate(program.arrays)
    ]
    problem = ""
    if image.target.hex() != target_digest(program.target):
        problem = f"made for another target than {program.target.name}"
    elif found != wanted:
        problem = "their arrays are not those of the program"
    if problem:
        raise fail("BSC5256", f"the words are not of this program: {problem}", at=Span(source))
    return image
