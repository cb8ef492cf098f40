"""The generated parts of docs/isa.md: what the tables of this package say, in Markdown."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bsc.isa import page_meanings as say
from bsc.isa import timing
from bsc.isa.directives import DIRECTIVES, KEYS, Form, Key
from bsc.isa.fields import WORD, Layout
from bsc.isa.header import DIRECTORY, HEADER, ITEMS_MAX
from bsc.isa.instruction import Instruction
from bsc.isa.instructions import RESERVED, TABLE
from bsc.isa.kinds import (
    ELEMENT_BITS,
    OPERAND_BITS,
    Counter,
    EntryKind,
    OperandKind,
    Register,
    Unit,
    VectorKind,
)
from bsc.isa.records import LAYOUTS, OF_A_CORE, SECTIONS, STYLES, TEXTS, SectionKind, Timing
from bsc.isa.version import version_text

_MEMORIES = ("bits", "signs", "sums", "levels", "labels", "counts")
_BLOCK = re.compile(r"<!-- generated: (\S+) -->\n(.*?)<!-- end -->", re.DOTALL)
_MARK = re.compile(r"<!-- (?:generated: \S+|end) -->")


def refresh(text: str) -> str:
    """The page with every generated part made anew; what stands around them is kept.

    A part stands between `<!-- generated: NAME -->` and `<!-- end -->`, NAME one of `PARTS`.

    Raises:
        ValueError: a part's name is unknown, or a marker has no partner.
    """
    unknown = sorted({m[1] for m in _BLOCK.finditer(text)} - PARTS.keys())
    if unknown:
        raise ValueError(f"there is no generated part {unknown[0]!r}")
    marks = [m[0].split()[1] for m in _MARK.finditer(text)]
    if marks != ["generated:", "end"] * (len(marks) // 2):
        raise ValueError("a marker of a generated part has no partner")
    return _BLOCK.sub(lambda m: f"<!-- generated: {m[1]} -->\n{PARTS[m[1]]()}\n<!-- end -->", text)


def syntax(instruction: Instruction) -> str:
    """How an instruction is written, operands by the names of their fields."""
    words = {OperandKind.LAYER, OperandKind.CORE, OperandKind.TILE, OperandKind.ROW}
    bracketed = {OperandKind.TILES, OperandKind.UNITS}
    shown = []
    for operand in instruction.operands:
        name = f"<{operand.name}>"
        if operand.kind in words:
            name = f"{operand.kind} {name}"
        elif operand.kind in bracketed:
            name = f"[{name}]"
        shown.append(name)
    return f"{instruction.name} {', '.join(shown)}".strip()


def _table(head: Sequence[str], rows: Iterator[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in rows:
        cells = (str(cell).replace("|", "\\|") for cell in row)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _bits(low: int, bits: int) -> str:
    return str(low) if bits == 1 else f"{low}-{low + bits - 1}"


def _fields(
    layout: Layout, meaning: Callable[[str], str], *, numbered: bool
) -> Iterator[tuple[object, ...]]:
    """Rows of an encoding: places, names and meanings, and which bits stay zero."""
    for word in range(layout.words):
        here = [f for f in layout.fields if f.word == word]
        rows: list[tuple[object, ...]] = [
            (_bits(f.low, f.bits), f.name, meaning(f.name) + (", signed" if f.signed else ""))
            for f in here
        ]
        used = here[-1].low + here[-1].bits
        if used < WORD:
            rows.append((_bits(used, WORD - used), "", "0"))
        yield from ((word, *row) if numbered else row for row in rows)


def _opcodes() -> str:
    rows = (
        (
            f"`{row.opcode:#04x}`",
            f"[`{row.name}`](#{_anchor(row.name)})",
            ", ".join(operand.name for operand in row.operands),
            row.unit.name.lower(),
            version_text(row.since),
            row.summary,
        )
        for row in sorted(TABLE, key=lambda row: row.opcode)
    )
    return _table(("opcode", "mnemonic", "operands", "unit", "since", "summary"), rows)


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9 _-]", "", heading).replace(" ", "-")


def _instructions() -> str:
    return "\n\n".join(_instruction(row) for row in TABLE)


def _instruction(row: Instruction) -> str:
    kinds = {operand.name: _operand(row, operand.name) for operand in row.operands}
    kinds["opcode"] = f"`{row.opcode:#04x}`"
    encoding = _table(
        ("bits", "field", "kind"), _fields(row.layout, kinds.__getitem__, numbered=False)
    )
    return "\n\n".join(
        (
            f"#### {row.name}",
            f"{row.summary[0].upper()}{row.summary[1:]}: `{syntax(row)}`",
            encoding,
            row.meaning,
            f"Unit: {row.unit.name.lower()}. Cycles: {row.cycles}.",
            _example(row),
        )
    )


def _operand(row: Instruction, name: str) -> str:
    (operand,) = (o for o in row.operands if o.name == name)
    if operand.kind is not OperandKind.VECTOR:
        return str(operand.kind)
    kinds = " or ".join(kind.name.lower() for kind in operand.vectors)
    ways = "read and written" if operand.reads and operand.writes else None
    return f"vector of {kinds}, {ways or ('written' if operand.writes else 'read')}"


def _example(row: Instruction) -> str:
    shown = row.example
    lines = [*shown.code.splitlines()]
    if shown.other:
        lines += ["; and on core 1", *shown.other.splitlines()]
    for title, vectors in (("given", shown.given), ("found", shown.found)):
        lines += [f"; {title} {name} = {_elements(v)}" for name, v in vectors.items()]
    return "\n".join(("```", *lines, "```"))


def _elements(values: Sequence[int]) -> str:
    return " ".join(str(value) for value in values)


def _operands() -> str:
    rows = ((k, OPERAND_BITS[k], *say.OPERANDS[k]) for k in OperandKind)
    return _table(("kind", "bits", "written as", "field"), rows)


def _registers() -> str:
    rows = ((r.value, f"`{r.name.lower()}`", say.REGISTERS[r]) for r in Register)
    return _table(("number", "name", "meaning"), rows)


def _counters() -> str:
    rows = ((c.value, f"`{c.name.lower()}`", say.COUNTERS[c]) for c in Counter)
    return _table(("number", "name", "meaning"), rows)


def _vectors() -> str:
    rows = (
        (k.value, f"`{k.name.lower()}`", ELEMENT_BITS[k], f"`{_MEMORIES[k]}`", say.VECTORS[k])
        for k in VectorKind
    )
    return _table(("number", "name", "bits an element", "memory in CHIP", "elements"), rows)


def _units() -> str:
    rows = (
        (
            u.value,
            f"`{u.name.lower()}`",
            say.UNITS[u],
            ", ".join(f"`{row.name}`" for row in TABLE if row.unit is u),
        )
        for u in Unit
    )
    return _table(("number", "name", "work", "instructions"), rows)


def _entries() -> str:
    rows = ((k.value, f"`{k.name.lower()}`", *say.ENTRIES[k]) for k in EntryKind)
    return _table(("number", "name", "mode", "MODE", "output streams"), rows)


def _styles() -> str:
    return _table(("number", "style"), ((k, f"`{style}`") for k, style in enumerate(STYLES)))


def _sections() -> str:
    rows = ((k.value, k.name, *_section(k), say.SECTIONS[k]) for k in SectionKind)
    return _table(("kind", "name", "of", "words a record", "most items", "content"), rows)


def _section(kind: SectionKind) -> tuple[object, ...]:
    whose = "each core" if kind in OF_A_CORE else "the image"
    words = LAYOUTS[SECTIONS[kind]].words if kind in SECTIONS else ""
    return whose, words, ITEMS_MAX.get(kind, "")


def _frame(layout: Layout) -> str:
    meanings = {field.name: field.meaning for field in layout.fields}
    rows = _fields(layout, meanings.__getitem__, numbered=True)
    return _table(("word", "bits", "field", "meaning"), rows)


def _records() -> str:
    parts: list[str] = []
    for kind, record in SECTIONS.items():
        layout, meanings = LAYOUTS[record], _meanings(record)
        rows = _fields(layout, meanings.__getitem__, numbered=True)
        parts.append(f"**{kind.name}**, records {record.__name__}")
        parts.append(_table(("word", "bits", "field", "meaning"), rows))
    return "\n\n".join(parts)


def _meanings(record: type[Any]) -> dict[str, str]:
    """What each field of a record says."""
    meanings = {"name": "the name", **_attributes(record), **say.FIELDS.get(record, {})}
    texts = {name: f"number of a string: {meanings[name]}" for name in TEXTS if name in meanings}
    return meanings | texts


def _attributes(record: type[Any]) -> dict[str, str]:
    """What a docstring says of each attribute; several may share a line."""
    _, _, text = (inspect.getdoc(record) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=    \w)", text.rstrip()):
        names, _, meaning = entry.partition(": ")
        for name in names.split(","):
            found[name.strip()] = " ".join(meaning.split()).rstrip(".")
    return found


def _directives() -> str:
    rows = (
        (f"`{name}`", record.__name__, ", ".join(_key(key) for key in KEYS[record]))
        for name, record in DIRECTIVES.items()
    )
    return _table(("directive", "record", "keys"), rows)


def _key(key: Key) -> str:
    """A key, what its value is unless a number, and its default unless it must be there."""
    form = "" if key.form is Form.NUMBER else f" ({key.form.name.lower()})"
    if key.default is None:
        return f"`{key.name}`{form}"
    absent = key.form in (Form.TABLE, Form.VECTOR)
    return f"`{key.name}`{form} = {'none' if absent else key.default}"


def _timing() -> str:
    meanings = _attributes(Timing)
    rows = ((f"`{name}`", meanings[name]) for name in (f.name for f in LAYOUTS[Timing].fields))
    return _table(("number", "meaning"), rows)


def _formulas() -> str:
    tree = ast.parse(inspect.getsource(timing))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    rows = (_formula(f) for f in functions if f.name != timing.numbers.__name__)
    return _table(("cycles", "formula", "of"), rows)


def _formula(function: ast.FunctionDef) -> tuple[str, str, str]:
    """How a function is called, what it computes, what for; it is one expression."""
    _, computed = function.body
    if not isinstance(computed, ast.Return) or computed.value is None:
        raise ValueError(f"{function.name} is more than a formula")
    takes = ", ".join(a.arg for a in function.args.args if a.arg != "t")
    value = ast.unparse(_Named().visit(computed.value))
    said = " ".join((ast.get_docstring(function) or "").split())
    return f"`{function.name}({takes})`", f"`{value}`", said.rstrip(".")


class _Named(ast.NodeTransformer):
    """A formula with the names of timing numbers for places in their tuple."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return ast.Name(ast.unparse(node.slice).partition(".")[2].lower())

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "int":
            return node.args[0]
        return node


def _reserved() -> str:
    rows = ((f"`{first:#04x}` to `{last:#04x}`", what) for first, last, what in RESERVED)
    return _table(("opcodes", "for"), rows)


PARTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "opcodes": _opcodes,
        "instructions": _instructions,
        "operands": _operands,
        "registers": _registers,
        "counters": _counters,
        "vectors": _vectors,
        "units": _units,
        "entries": _entries,
        "styles": _styles,
        "header": lambda: _frame(HEADER),
        "directory": lambda: _frame(DIRECTORY),
        "sections": _sections,
        "records": _records,
        "directives": _directives,
        "timing": _timing,
        "formulas": _formulas,
        "reserved": _reserved,
    }
)
"""Generated parts by the name in their marker."""
