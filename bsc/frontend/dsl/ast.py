"""What a `.bsc` file says, as data: made by the parser, read by the checker and the formatter.

Every node knows its place (`at`), which is no part of equality: trees are equal that say the same.
Comments hang on the item or statement that they stand above (`lead`) or behind (`trail`); those at
the end of a body hang on it. Stages and arguments have some too; others go above their statement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of the text: lines and columns from 1, the end is one past the last character."""

    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Comments:
    """Comments beside a statement, and blank lines worth keeping.

    Attributes:
        lead: whole-line comments above, without `#` and the blank behind it; an empty line of
            comment is "". None stands for one blank line between them.
        trail: the comment behind it on its last line, None for none.
        blank_before: whether a blank line stands before it (before `lead`).
    """

    lead: tuple[str | None, ...] = ()
    trail: str | None = None
    blank_before: bool = False


NO_COMMENTS = Comments()


# Expressions: numbers, words, tensors and flows have one grammar; the checker tells them apart.


@dataclass(frozen=True, slots=True)
class Number:
    """`784`, `1_000`, `0.5`, `1e-3`, `inf`: an int stays an int.

    Attributes:
        value: what it is worth; no part of equality, in which `nan` would not be like itself.
        text: how it was written.
    """

    value: int | float = field(compare=False)
    text: str
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class String:
    """`"mlp.npz"`."""

    value: str
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    value: bool
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A name, plain or in backticks: a constant, a value, a layer, a word such as `carry`."""

    name: str
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """`(a, b)`: several values that flow together. One value in parentheses is no group."""

    items: tuple[Expr, ...]
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Paren:
    """`(a + b)`: kept, so that the formatter prints what was written."""

    inner: Expr
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Array:
    """`[28, 28]`: a shape, or a small tensor (arrays in arrays)."""

    items: tuple[Expr, ...]
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x`."""

    operator: str
    operand: Expr
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """`a + b`: one of + - * / // % **."""

    operator: str
    left: Expr
    right: Expr
    at: Place = field(default=NOWHERE, compare=False, repr=False)
    operator_at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Index:
    """`w["fc1.weight"]`, `shape(x)[0]`."""

    base: Expr
    index: Expr
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call: by place (`name` None) or by name; comments stand beside it."""

    name: str | None
    value: Expr
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)
    name_at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`dense(500, bias = false)`, `sqrt(2)`; without parentheses it is a Name."""

    callee: Name
    arguments: tuple[Argument, ...]
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a flow: a layer, activation, block or named layer, and what it is called.

    `what` is a Name (`-> relu`) or a Call (`-> dense(500)`); `label` is the name behind `as`.
    Comments stand above its `->` or behind it, those at the end of a flow at its statement.
    """

    what: Name | Call
    label: Name | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Repeat:
    """`repeat 3 as i { dense(64) -> relu }`: stages several times over, one behind the other."""

    count: Expr
    index: Name | None
    stages: tuple[Stage | Repeat, ...]
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    end_comments: tuple[str, ...] = ()
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Flow:
    """`x -> dense(500) -> sigmoid`."""

    start: Expr
    stages: tuple[Stage | Repeat, ...]
    at: Place = field(default=NOWHERE, compare=False, repr=False)


Expr: TypeAlias = (
    Number | String | Truth | Name | Group | Paren | Array | Unary | Binary | Index | Call | Flow
)


# Statements of models and blocks.


@dataclass(frozen=True, slots=True)
class Input:
    """`input x: f32[28, 28] in 0..1`; in a block `input v` alone.

    Attributes:
        encoding: a word such as f32, None in blocks.
        shape: extents of one sample.
        low: value that never sets a bit, None where no range is given.
        high: value that always sets it.
    """

    name: Name
    encoding: Name | None = None
    shape: tuple[Expr, ...] = ()
    low: Expr | None = None
    high: Expr | None = None
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Let:
    """`let hidden = 2 * 64`."""

    name: Name
    value: Expr
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Weights:
    """`weights w = "mlp.safetensors"`: tensors of a file, by name."""

    name: Name
    file: String
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LayerDef:
    """`layer enc = encoder(64)`: one set of weights; it may be used in several places."""

    name: Name
    what: Name | Call
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Assign:
    """`h = x -> dense(500)`, `a, b = ...`."""

    names: tuple[Name, ...]
    value: Expr
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Output:
    """`output y`, `output y = h -> softmax`."""

    name: Name
    value: Expr | None = None
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


Statement: TypeAlias = Input | Let | Weights | LayerDef | Assign | Output


# Sections.


@dataclass(frozen=True, slots=True)
class Setting:
    """`batch = 64`, `array.rows = 128`, `device.model.a = 2`.

    Attributes:
        key: the parts between the dots.
    """

    key: tuple[Name, ...]
    value: Expr
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Readout:
    """`readout y = logistic` in a train section: how the output is read while learning."""

    output: Name
    kind: Name
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """`layer hidden { frozen = true }` in a train section: what is different for one layer.

    The path has several parts where the layer stands in a block: `layer enc.hidden { ... }`.
    """

    path: tuple[Name, ...]
    settings: tuple[Setting, ...]
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    end_comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


# Items of a file.


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a block, with its default."""

    name: Name
    default: Expr | None = None
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Block:
    """`block encoder(width, depth = 2) { input v ... output h }`."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    end_comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Model:
    """`model mlp { ... }`."""

    name: Name
    body: tuple[Statement, ...]
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    end_comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Train:
    """`train { rule = carry ... }`."""

    body: tuple[Setting | Readout | LayerPlan, ...]
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    end_comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TargetSection:
    """`target "oxram-128" { array.rows = 64 }`; the braces may be left out."""

    name: String
    settings: tuple[Setting, ...]
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    end_comments: Comments = field(default=NO_COMMENTS, repr=False)
    at: Place = field(default=NOWHERE, compare=False, repr=False)


Item: TypeAlias = Let | Weights | Block | Model | Train | TargetSection


@dataclass(frozen=True, slots=True)
class File:
    """A whole file; `source` is what diagnostics call it.

    `doc` stands at the top with a blank line behind it, or alone; `comments` are those above it.
    """

    items: tuple[Item, ...]
    source: str = field(default="<text>", compare=False)
    doc: str | None = None
    comments: Comments = field(default=NO_COMMENTS, repr=False)
    end_comments: Comments = field(default=NO_COMMENTS, repr=False)
