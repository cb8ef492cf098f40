"""Directives of assembly that are records: their keys come from the records' own fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

from bsc.isa.kinds import VectorKind
from bsc.isa.records import (
    LAYOUTS,
    NO_PARENT,
    NONE_16,
    ChipLimits,
    LogicalArray,
    Neuron,
    Readout,
    TableEntry,
    TilePlace,
    Timing,
    Update,
    Vector,
)
from bsc.isa.wellformed import TABLE_FIELDS
from bsc.numerics.state import CellStyle


class Form(Enum):
    """How the value of a key is written."""

    NUMBER = auto()
    TABLE = auto()  # name of a table, `-` for none
    ARRAY = auto()  # name of an array
    VECTOR = auto()  # name of a vector of the core
    STYLE = auto()
    KIND = auto()  # of a vector
    LINES = auto()  # first-last


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a directive.

    Attributes:
        name: in text.
        form: of its value.
        fields: of the record: one, or start and stop of lines.
        least, most: numbers that fit.
        default: what the record has where the key is left out; None where it must be there.
    """

    name: str
    form: Form
    fields: tuple[str, ...]
    least: int
    most: int
    default: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Names that values of a record stand for."""

    tables: Sequence[str] = ()
    arrays: Sequence[str] = ()
    vectors: Sequence[str] = ()


DIRECTIVES: Mapping[str, type[Any]] = MappingProxyType(
    {
        ".chip": ChipLimits,
        ".timing": Timing,
        ".array": LogicalArray,
        ".table": TableEntry,
        ".neuron": Neuron,
        ".readout": Readout,
        ".update": Update,
        ".vector": Vector,
        ".tile": TilePlace,
    }
)
"""Directives that are a record each."""

FROM_PARENT = ("kind", "slots")
"""Keys that a view does not have."""

_RENAMED = {"parent": "of"}
_LINES = {"row_start": "rows", "column_start": "columns"}
_NOT_WRITTEN = ("name", "offset", "row_stop", "column_stop")


def _keys(record: type[Any]) -> tuple[Key, ...]:
    bounds = {field.name: field for field in LAYOUTS[record].fields}
    found: list[Key] = []
    for field in fields(record):
        name = field.name
        if name in _NOT_WRITTEN:
            continue
        default = None if field.default is MISSING else int(field.default)
        form = Form.NUMBER
        written: tuple[str, ...] = (name,)
        if name in TABLE_FIELDS.get(record, ()):
            form, default = Form.TABLE, NONE_16
        elif name in _LINES:
            form, written = Form.LINES, (name, name.replace("start", "stop"))
        elif name == "style":
            form = Form.STYLE
        elif name == "kind":
            form = Form.KIND
        elif name == "parent":
            form = Form.VECTOR
        elif name == "array":
            form = Form.ARRAY
        shown = _LINES.get(name) or _RENAMED.get(name, name)
        most = 1 if name == "wear" else bounds[name].most
        key = Key(shown, form, written, bounds[name].least, most, default)
        found.insert(0 if form is Form.VECTOR else len(found), key)
    return tuple(found)


KEYS: Mapping[type[Any], tuple[Key, ...]] = MappingProxyType(
    {record: _keys(record) for record in DIRECTIVES.values()}
)
"""Keys of each record in the order in which they are written."""


def keys_text(record: Any, known: Known) -> str:
    """The keys of a record with their values; defaults are left out."""
    view = isinstance(record, Vector) and record.parent != NO_PARENT
    written: list[str] = []
    for key in KEYS[type(record)]:
        values = [getattr(record, field) for field in key.fields]
        if (view and key.name in FROM_PARENT) or values[0] == key.default:
            continue
        written.append(f"{key.name}={_value(key.form, values, known)}")
    return " ".join(written)


def _value(form: Form, values: Sequence[Any], known: Known) -> str:
    value = values[0]
    match form:
        case Form.NUMBER:
            return str(value)
        case Form.TABLE:
            return known.tables[int(value)]
        case Form.ARRAY:
            return known.arrays[int(value)]
        case Form.VECTOR:
            return known.vectors[int(value)]
        case Form.STYLE:
            return str(CellStyle(value))
        case Form.KIND:
            return VectorKind(value).name.lower()
        case Form.LINES:
            return f"{value}-{values[1] - 1}"
