"""Asks the rules what is wrong at a place."""

from __future__ import annotations

from bsc.frontend.dsl.syntax import (
    mistakes_of_brackets,
    mistakes_of_expressions,
    mistakes_of_sections,
    mistakes_of_statements,
)
from bsc.frontend.dsl.syntax.mistakes import Mistake, unexpected
from bsc.frontend.dsl.syntax.scene import Scene

_RULES = (
    *mistakes_of_brackets.RULES,
    *mistakes_of_sections.RULES,
    *mistakes_of_statements.RULES,
    *mistakes_of_expressions.RULES,
)


def diagnose(scene: Scene) -> Mistake:
    """What is told about a place, and how to go on."""
    for rule in _RULES:
        mistake = rule(scene)
        if mistake is not None:
            return mistake
    return unexpected(scene)
