"""Statements of models and blocks, one after the other; each failure poisons its name alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bsc.frontend.dsl.ast import (
    Assign,
    Block,
    Expr,
    Input,
    LayerDef,
    Let,
    Name,
    Output,
    Paren,
    Place,
    Statement,
    Weights,
)
from bsc.frontend.dsl.meaning.problems import Abandoned
from bsc.frontend.dsl.meaning.scope import Scope
from bsc.frontend.dsl.meaning.tensors import as_tensor
from bsc.frontend.dsl.meaning.values import Listed, Live, Several, Tensor, Value, shown
from bsc.frontend.dsl.meaning.weights import open_weights

if TYPE_CHECKING:
    from pathlib import Path

    from bsc.frontend.dsl.meaning.flows import Flows

_Flowing = tuple["Live | Tensor | int | float", ...]


@dataclass(slots=True)
class Body:
    """The statements of one model, or of a block in one call.

    Attributes:
        flows: makes the nodes.
        scope: its names.
        folder: where weights are looked for.
        outputs: what it hands out, None for what failed.
        handed_out: names of outputs so far.
    """

    flows: Flows
    scope: Scope
    folder: Path | None
    outputs: list[tuple[Name, Live | Tensor | int | float | None]] = field(default_factory=list)
    handed_out: dict[str, Name] = field(default_factory=dict)

    def run(self, statement: Statement) -> None:
        """One statement but an input; problems are recorded and do not end the body."""
        match statement:
            case Let():
                self._let(statement)
            case Weights():
                self._weights(statement)
            case LayerDef():
                self._layer(statement)
            case Assign():
                self._assign(statement)
            case Output():
                self._output(statement)
            case _:
                pass

    def _let(self, statement: Let) -> None:
        value: Value | None = None
        try:
            what = f"the constant {statement.name.name}"
            value = self.flows.evaluator.constant(statement.value, self.scope, what)
        except Abandoned:
            pass
        self.scope.define(statement.name, "constant", value, statement.doc)

    def _weights(self, statement: Weights) -> None:
        value: Value | None = None
        try:
            value = open_weights(statement, self.folder, self.scope.problems)
        except Abandoned:
            pass
        self.scope.define(statement.name, "weights", value, statement.doc)

    def _layer(self, statement: LayerDef) -> None:
        value: Value | None = None
        try:
            value = self.flows.define_layer(statement, self.scope)
        except Abandoned:
            pass
        self.scope.define(statement.name, "layer", value, statement.doc)

    def _value(self, expr: Expr, name: str | None) -> Value:
        """A value, whose node takes a name where the expression makes one."""
        inner = expr
        while isinstance(inner, Paren):
            inner = inner.inner
        before = self.flows.wanted  # of a statement that calls this block
        self.flows.wanted = None if name is None else (inner, name)
        try:
            return self.flows.evaluator.value(inner, self.scope)
        finally:
            self.flows.wanted = before

    def _graph_name(self, name: Name) -> str | None:
        """The graph's name for a value of the program; its own in the model, where it is free."""
        if name.name in self.scope.entries:
            return None  # given twice, which is reported
        building, prefix = self.flows.building, self.scope.frame.prefix
        if not prefix and name.name not in building.builder.types:
            return name.name
        made = building.fresh(prefix + name.name)
        building.reserved.add(made)  # for the value alone: stages before it may be called the same
        return made

    def _assign(self, statement: Assign) -> None:
        names = statement.names
        values: list[Value | None] = [None] * len(names)
        try:
            made = self._value(
                statement.value, self._graph_name(names[0]) if len(names) == 1 else None
            )
            values = self._shared_out(made, statement)
        except Abandoned:
            pass
        for name, value in zip(names, values, strict=True):
            self.scope.define(name, "value", value, statement.doc)

    def _shared_out(self, made: Value, statement: Assign) -> list[Value | None]:
        names, at = statement.names, statement.value.at
        if isinstance(made, Listed):
            made = as_tensor(made, None, self.scope.problems)
        if not isinstance(made, Live | Several | Tensor):
            raise self.scope.problems.error(
                "BSC2214",
                f"a value flows through the graph, found {shown(made)}",
                at,
                help=f"write let {names[0].name} = .. for what is known at compile time",
            )
        if len(names) == 1:
            return [made]
        items = made.items if isinstance(made, Several) else (made,)
        if len(items) != len(names):
            raise self.scope.problems.error(
                "BSC2212",
                f"{len(names)} names are given to {len(items)} value{'s' * (len(items) != 1)}",
                names[-1].at,
                others=[(at, shown(made))],
            )
        return list(items)

    def _output(self, statement: Output) -> None:
        name, expr = statement.name, statement.value
        earlier = self.handed_out.setdefault(name.name, name)
        if earlier is not name:
            self.scope.problems.error(
                "BSC2202", f"the output {name.name} is given twice", name.at, "given again here",
                others=[(earlier.at, "first given here")],
            )  # fmt: skip
            return
        value: Value | None = None
        at = name.at
        try:
            if expr is None:
                value = self.scope.use(name)
            else:
                at = expr.at
                value = self._value(expr, self._graph_name(name))
            if isinstance(value, Listed):
                value = as_tensor(value, None, self.scope.problems)
            if not isinstance(value, Live | Tensor):
                raise self._no_output(name, value, at)
        except Abandoned:
            value = None
        if expr is not None:
            entry = self.scope.define(name, "output", value, statement.doc)
            if entry is not None:
                entry.used = True
        made = value if isinstance(value, Live | Tensor) else None
        self.outputs.append((name, made))

    def _no_output(self, name: Name, value: Value, at: Place) -> Abandoned:
        return self.scope.problems.error(
            "BSC2212" if isinstance(value, Several) else "BSC2214",
            f"the output {name.name} is {shown(value)}, expected one value",
            at,
            help="join a group with a layer such as concat, or write one output for each value"
            if isinstance(value, Several)
            else None,
        )

    def note_unused(self, statements: Sequence[Statement]) -> None:
        """A line for each value, layer and constant of the body that nothing reads."""
        for name, what in _defined(statements):
            entry = self.scope.entries.get(name.name)
            if entry is not None and not entry.used and entry.value is not None:
                self.scope.problems.note(
                    "BSC2215", f"the {what} {name.name} is not used", name.at,
                    help="nothing that is handed out depends on it",
                )  # fmt: skip


def _defined(statements: Sequence[Statement]) -> Iterator[tuple[Name, str]]:
    for statement in statements:
        match statement:
            case Assign():
                yield from ((name, "value") for name in statement.names)
            case LayerDef():
                yield statement.name, "layer"
            case Let():
                yield statement.name, "constant"
            case Input():
                yield statement.name, "input"
            case _:
                pass


def run_block(
    block: Block, at: Place, values: _Flowing, scope: Scope, flows: Flows
) -> tuple[Live | Tensor | int | float, ...]:
    """What a block hands out for what flows in.

    Args:
        block: the block.
        at: the stage that calls it.
        values: what flows in.
        scope: of this call; its parameters are defined.
        flows: makes the nodes.

    Raises:
        Abandoned: too few or too many values flow in, or an output failed; recorded.
    """
    body = Body(flows, scope, flows.folder)
    inputs = [s for s in block.body if isinstance(s, Input)]
    outputs = [s for s in block.body if isinstance(s, Output)]
    name = block.name.name
    for found, what in ((inputs, "input"), (outputs, "output")):
        if not found:
            raise scope.problems.error(
                "BSC2213", f"the block {name} has no {what}", block.name.at,
                help=f"write {what} {'x' if what == 'input' else 'y'} in it",
            )  # fmt: skip
    if len(inputs) != len(values):
        s = "s" * (len(inputs) != 1)
        raise scope.problems.error(
            "BSC2212",
            f"{name} has {len(inputs)} input{s}, {len(values)} flow{'s' * (len(values) == 1)} in",
            at,
            f"{len(values)} here",
            others=[(statement.name.at, "an input") for statement in inputs[:4]],
            help="several values flow as a group: (a, b) -> " + name if len(inputs) > 1 else None,
        )
    flowing = iter(values)
    for statement in block.body:
        if isinstance(statement, Input):
            _take(statement, next(flowing), at, body)
        else:
            body.run(statement)
    body.note_unused(block.body)
    made = [value for _, value in body.outputs if value is not None]
    if len(made) < len(outputs):
        raise Abandoned
    return tuple(made)


def look_over(block: Block, scope: Scope, flows: Flows) -> None:
    """Check what can be checked of a block that nothing calls: names, operators, arguments.

    Args:
        block: the block.
        scope: of a call that is none; what flows in and has no default is not known.
        flows: of a graph that is thrown away.
    """
    body = Body(flows, scope, flows.folder)
    for statement in block.body:
        if isinstance(statement, Input):
            scope.define(statement.name, "input", None, statement.doc)
        else:
            body.run(statement)


def _take(statement: Input, value: Live | Tensor | int | float, at: Place, body: Body) -> None:
    """An input of a block: whatever flows in, of the type that it declares where it does."""
    scope = body.scope
    if statement.low is not None:
        scope.problems.error(
            "BSC2308", "a range is for inputs of the model; those of a block have none",
            statement.low.at,
        )  # fmt: skip
    kept: Value | None = value
    if statement.encoding is not None and isinstance(value, Live | Tensor):
        try:
            wanted = body.flows.declared_type(statement, scope)
            if wanted != value.type:
                scope.problems.error(
                    "BSC2301",
                    f"{value.type} flows into the input {statement.name.name}, which is {wanted}",
                    at,
                    str(value.type),
                    others=[(statement.at, f"declared {wanted}")],
                )
                kept = None
        except Abandoned:
            kept = None
    scope.define(statement.name, "input", kept, statement.doc)
