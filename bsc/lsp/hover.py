"""What an editor shows beside the pointer: types, values, operators, layers on tiles, pages."""

from __future__ import annotations

from bsc.diag import CODES, Diagnostic, DiagnosticError
from bsc.frontend.dsl.ast import Block, Place, TargetSection
from bsc.frontend.dsl.meaning.block_calls import signature
from bsc.frontend.dsl.meaning.facts import Fact
from bsc.frontend.dsl.meaning.operators import FUNCTIONS, OPERATORS
from bsc.frontend.dsl.meaning.section_checks import WORDS
from bsc.frontend.dsl.meaning.walk import place_of
from bsc.frontend.dsl.syntax.strings import string_text
from bsc.hw.registry import resolve
from bsc.lsp.analysis import Analysis
from bsc.lsp.layouts import Layouts

MOST_LAYERS = 8
"""Layers that one hover lists, such as those of a repeat."""


def hover_text(analysis: Analysis, fact: Fact, layouts: Layouts | None = None) -> str:
    """Markdown about a name.

    Args:
        analysis: of the text.
        fact: the name.
        layouts: how the program lies on its chip, for layers with weights; None leaves it out.
    """
    parts = [_headline(analysis, fact), *_details(fact)]
    if layouts is not None:
        parts.append(_on_chip(analysis, fact, layouts))
    return "\n\n".join(part for part in parts if part)


def page_text(diagnostic: Diagnostic) -> str:
    """Markdown of a diagnostic's page, as `bsc explain` prints it."""
    page = CODES[diagnostic.code]
    lines, inside = [f"**{diagnostic.code}: {page.title}**", ""], False
    for line in page.text.split("\n"):
        if line.startswith("    ") is not inside:
            lines.append("```" if inside else "```bsc")
            inside = not inside
        lines.append(line.removeprefix("    "))
    if inside:
        lines.append("```")
    for title, example in (("wrong", page.example), ("right", page.mended)):
        if example is not None:
            lines += ["", f"{title}:", "```bsc", example, "```"]
    return "\n".join(lines)


def _headline(analysis: Analysis, fact: Fact) -> str:
    name, text = fact.name, fact.text
    match fact.kind:
        case "operator":
            line = OPERATORS[name].signature
        case "function":
            line = FUNCTIONS[name].signature
        case "block":
            line = _signature(analysis, name)
        case "constant":
            line = f"let {name} = {text}"
        case "tensor":
            line = f"{string_text(name)}: {text}"
        case "layer":
            line = f"layer {name}" + (f": {text}" if "[" in text else "")
        case "setting":
            line = f"{name} = .."
        case "parameter":
            line = f"{name} = {text or '..'}"
        case "weights":
            line = f"weights {name}"
        case "input" | "output":
            line = f"{fact.kind} {name}" + (f": {text}" if text else "")
        case _:
            line = name + (f": {text}" if text else "")
    return f"```bsc\n{line}\n```"


def _details(fact: Fact) -> list[str]:
    doc = fact.doc or ""
    if fact.kind == "setting" and fact.name in WORDS:
        doc = f"{doc}: {', '.join(WORDS[fact.name])}"
    if fact.kind != "operator":
        return [doc]
    rows = [
        f"- `{p.name}`: {p.doc}" + (f" (default {p.default})" if p.default is not None else "")
        for p in OPERATORS[fact.name].parameters
    ]
    return [doc, "\n".join(rows), f"makes `{fact.text}`" if fact.text else ""]


def _on_chip(analysis: Analysis, fact: Fact, layouts: Layouts) -> str:
    entries = analysis.layers_of(fact)
    if not entries:
        return ""
    if layouts.diagnostics:
        return f"on no chip yet: {layouts.diagnostics[0].message}"
    lines = []
    for entry in entries:
        words = layouts.in_words(entry.origin)
        if words is not None:
            lines.append(f"{entry.path}: {words}")
    shown = lines[:MOST_LAYERS]
    if len(lines) > MOST_LAYERS:
        shown.append(f"and {len(lines) - MOST_LAYERS} more")
    return "  \n".join(shown)


def _signature(analysis: Analysis, name: str) -> str:
    """A block as it is called."""
    items = analysis.file.items if analysis.file is not None else ()
    block = next((i for i in items if isinstance(i, Block) and i.name.name == name), None)
    if block is None:
        return f"block {name}"
    return f"block {signature(block)}"


def target_text(analysis: Analysis, line: int, column: int) -> tuple[str, Place] | None:
    """Markdown about the target, or the key of it that is set, at a place of a target section."""
    items = analysis.file.items if analysis.file is not None else ()
    for section in items:
        if not isinstance(section, TargetSection):
            continue
        if _touches(section.name.at, line, column):
            return _target(analysis, section, ()), section.name.at
        for setting in section.settings:
            whole = place_of(setting.key)
            if _touches(whole, line, column):
                return _target(analysis, section, tuple(k.name for k in setting.key)), whole
    return None


def _target(analysis: Analysis, section: TargetSection, key: tuple[str, ...]) -> str:
    try:
        target = resolve(section.name.value, analysis.folder)
    except DiagnosticError:
        return ""
    if not key:
        array = target.array
        return f"**{target.name}**: {target.description}\n\ntiles of {array.rows} x {array.columns}"
    value: object = target
    for part in key:
        value = getattr(value, part, None)
    return "" if value is None else f"`{'.'.join(key)}` of {target.name} is {value}"


def _touches(at: Place, line: int, column: int) -> bool:
    return (at.line, at.column) <= (line, column) <= (at.end_line, at.end_column)
