"""Every diagnostic code with its page: what it means and how to mend it.

Ranges, each with a file in `bsc.diag.pages`: 1xxx reading models, 20xx the text IR, 21xx the
syntax of `.bsc`, 22xx its names and calls, 23xx its values and shapes, 24xx its weights, 25xx its
sections, 3xxx mapping to binary stochastic operators, 4xxx targets, 5xxx program files, 52xx images
of the instruction set, 6xxx data, sessions and checkpoints, 7xxx the command line, 9xxx bugs.
"""

from __future__ import annotations

from bsc.diag.page import CodePage
from bsc.diag.pages.bugs import BUGS
from bsc.diag.pages.commands import COMMANDS
from bsc.diag.pages.images import IMAGES
from bsc.diag.pages.language_names import LANGUAGE_NAMES
from bsc.diag.pages.language_sections import LANGUAGE_SECTIONS
from bsc.diag.pages.language_shapes import LANGUAGE_SHAPES
from bsc.diag.pages.language_syntax import LANGUAGE_SYNTAX
from bsc.diag.pages.language_weights import LANGUAGE_WEIGHTS
from bsc.diag.pages.languages import LANGUAGES
from bsc.diag.pages.machines import MACHINES
from bsc.diag.pages.mapping import MAPPING
from bsc.diag.pages.models import MODELS
from bsc.diag.pages.programs import PROGRAMS
from bsc.diag.pages.proofs import PROOFS
from bsc.diag.pages.sessions import SESSIONS
from bsc.diag.pages.targets import TARGETS

CODES: dict[str, CodePage] = {
    **MODELS,
    **LANGUAGES,
    **LANGUAGE_SYNTAX,
    **LANGUAGE_NAMES,
    **LANGUAGE_SHAPES,
    **LANGUAGE_WEIGHTS,
    **LANGUAGE_SECTIONS,
    **MAPPING,
    **TARGETS,
    **PROGRAMS,
    **IMAGES,
    **PROOFS,
    **MACHINES,
    **SESSIONS,
    **COMMANDS,
    **BUGS,
}

__all__ = ["CODES", "CodePage"]
