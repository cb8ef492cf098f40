"""Flows: values through operators, blocks and layers, repeats written out, into the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bsc.frontend.dsl.ast import (
    Binary,
    Block,
    Call,
    Expr,
    Flow,
    Input,
    LayerDef,
    Name,
    Place,
    Repeat,
    Stage,
    Unary,
)
from bsc.frontend.dsl.meaning import bodies
from bsc.frontend.dsl.meaning.arguments import Arguments, bind
from bsc.frontend.dsl.meaning.block_calls import block_arguments, define_parameters
from bsc.frontend.dsl.meaning.blocks import BlockCosts, cost_beside
from bsc.frontend.dsl.meaning.building import MAX_STEPS, Building, origin_of
from bsc.frontend.dsl.meaning.expressions import Evaluator
from bsc.frontend.dsl.meaning.inputs import input_type
from bsc.frontend.dsl.meaning.occurrence import Occurrence
from bsc.frontend.dsl.meaning.operators import OPERATORS, SYMBOLS, Operator
from bsc.frontend.dsl.meaning.plain import LOWER
from bsc.frontend.dsl.meaning.problems import Abandoned, Problems
from bsc.frontend.dsl.meaning.scope import Frame, Label, Scope, suggestion
from bsc.frontend.dsl.meaning.tensors import as_tensor
from bsc.frontend.dsl.meaning.values import (
    BlockValue,
    LayerValue,
    Listed,
    Live,
    Several,
    Tensor,
    Value,
    shown,
)
from bsc.frontend.dsl.meaning.walk import callee
from bsc.ir.types import Encoding, TensorType

MOST_BLOCKS = 32
"""Blocks within blocks."""

_Flowing = tuple["Live | Tensor | int | float", ...]


@dataclass(slots=True)
class Flows:
    """Makes the nodes of a model; the evaluator asks it for each flow.

    Attributes:
        building: the graph being made.
        problems: where problems go.
        file_scope: names of the file, around every block.
        costs: of the blocks.
        folder: where weights are looked for; None where the program is no file.
        evaluator: evaluates arguments and starts of flows.
        wanted: the expression whose value must have a name, and that name.
    """

    building: Building
    problems: Problems
    file_scope: Scope
    costs: BlockCosts
    folder: Path | None = None
    evaluator: Evaluator = field(init=False)
    wanted: tuple[Expr, str] | None = None

    def __post_init__(self) -> None:
        self.evaluator = Evaluator(self.problems, self)

    def declared_type(self, statement: Input, scope: Scope) -> TensorType:
        """The type that an input declares, the batch in front.

        Raises:
            Abandoned: it is none; recorded.
        """
        return input_type(statement, scope, self.evaluator)

    # what the evaluator asks for

    def flow(self, expr: Flow, scope: Scope) -> Value:
        """The value of `x -> ..`, or the group that the last stage makes."""
        name = self._name_for(expr)
        try:
            values = self._started(self.evaluator.value(expr.start, scope), expr.start.at)
        except Abandoned:
            self._look_over(expr.stages, scope)
            raise
        return self._through(expr.stages, values, scope, name)

    def arithmetic(
        self, operator: str, left: Value, right: Value, expr: Binary, scope: Scope
    ) -> Value:
        """+ - * / with at least one value of the graph."""
        op = SYMBOLS.get(operator)
        if op is None:
            raise self.problems.error(
                "BSC2305",
                f"{operator} is for numbers; values of the graph know + - * /",
                expr.operator_at,
                others=[(v.at, str(v.type)) for v in (left, right) if isinstance(v, Live)],
            )
        return self._operation(op, (left, right), expr, scope)

    def negated(self, value: Live, expr: Unary, scope: Scope) -> Value:
        """-x, as a product with -1: the clean-up folds it into weights."""
        return self._operation("mul", (value, -1), expr, scope)

    def _operation(
        self, op: str, operands: tuple[Value, Value], expr: Binary | Unary, scope: Scope
    ) -> Live:
        name = self._name_for(expr)
        self.building.step(expr.at)
        label = scope.frame.label(op, numbered=True).path
        like = next((v.type.encoding for v in operands if isinstance(v, Live)), Encoding.F32)
        given: list[Live] = []
        for value in operands:
            if isinstance(value, Live):
                given.append(value)
            elif isinstance(value, Tensor):
                given.append(self.building.place(value, f"{label}.constant"))
            elif isinstance(value, int | float):
                hint = f"{label}.constant"
                given.append(self.building.number(value, like, expr.at, hint))
        before = next(v for v in operands if isinstance(v, Live))
        return self.building.emit(
            op,
            given,
            None,
            name=name or self.building.fresh(label),
            origin=origin_of(self.building.source, expr.at, label),
            at=expr.at,
            made_by=expr,
            before=before,
            others=[(v.at, str(v.type)) for v in given if v.at != expr.at][:2],
        )

    def _name_for(self, expr: Expr) -> str | None:
        """The name that an expression's value must have; asked for once."""
        if self.wanted is None or self.wanted[0] is not expr:
            return None
        name = self.wanted[1]
        self.wanted = None
        return name

    # flows

    def _started(self, value: Value, at: Place) -> _Flowing:
        if isinstance(value, Listed):
            value = as_tensor(value, None, self.problems)
        if isinstance(value, Several):
            return value.items
        if isinstance(value, Live | Tensor):
            return (value,)
        help = None
        if isinstance(value, int | float) and not isinstance(value, bool):
            help = "f32(..) makes a tensor of a number"
        raise self.problems.error(
            "BSC2204", f"a flow begins with a value, found {shown(value)}", at, help=help
        )

    def _through(
        self,
        given: tuple[Stage | Repeat, ...],
        values: _Flowing,
        scope: Scope,
        name: str | None = None,
    ) -> Value:
        for number, stage in enumerate(given, start=1):
            try:
                values = self._stage(stage, values, scope, name if number == len(given) else None)
            except Abandoned:
                self._look_over(given[number:], scope)
                raise
        return values[0] if len(values) == 1 else Several(values, given[-1].at)

    def _look_over(self, given: tuple[Stage | Repeat, ...], scope: Scope) -> None:
        """Check names and arguments of stages that no value reaches because one failed before."""
        for stage in given:
            if isinstance(stage, Repeat):
                inner = Scope(self.problems, scope.facts, scope.frame, scope)
                if stage.index is not None:
                    inner.define(stage.index, "constant", None)
                self._look_over(stage.stages, inner)
                continue
            called = callee(stage.what)
            row = OPERATORS.get(called.name)
            try:
                if row is not None:
                    bind(row, stage.what, scope, self.evaluator)
                    continue
                entry = scope.find(called.name)
                if entry is None:
                    raise self._unknown(called, scope)
                if isinstance(entry.value, BlockValue):
                    block_arguments(entry.value.block, stage.what, scope, self.evaluator)
            except Abandoned:
                continue

    def _stage(
        self, stage: Stage | Repeat, values: _Flowing, scope: Scope, name: str | None
    ) -> _Flowing:
        if isinstance(stage, Repeat):
            return self._repeat(stage, values, scope)
        called = callee(stage.what)
        row = OPERATORS.get(called.name)
        if row is not None:
            return (self._operator(row, stage, values, scope, name),)
        entry = scope.find(called.name)
        if entry is None:
            raise self._unknown(called, scope)
        value = scope.use(called)
        if isinstance(value, BlockValue):
            return self._block(value.block, stage, values, scope)
        if isinstance(value, LayerValue):
            return self._layer(value, stage, values, scope, name)
        raise self.problems.error(
            "BSC2204",
            f"{called.name} is {shown(value)}, no layer: a flow goes into operators, blocks and "
            "layers",
            called.at,
            others=[(entry.at, f"a {entry.kind}")],
            help=f"write (x, {called.name}) -> add, or x + {called.name}, to join two values"
            if isinstance(value, Live)
            else None,
        )

    def _unknown(self, called: Name, scope: Scope) -> Abandoned:
        return self.problems.error(
            "BSC2203",
            f"there is no operator, block or layer {called.name}",
            called.at,
            "not defined",
            help=lambda: (
                suggestion(called.name, [*OPERATORS, *scope.names("block", "layer")], "operators")
                or "operators are listed in docs/language.md; blocks and layers are the file's own"
            ),
        )

    def _operator(
        self, row: Operator, stage: Stage, values: _Flowing, scope: Scope, name: str | None
    ) -> Live:
        self.building.step(stage.at)
        arguments = bind(row, stage.what, scope, self.evaluator)
        frame = scope.frame
        if stage.label is None:
            label = frame.label(row.short or row.name, numbered=True)
        else:
            label = frame.label(stage.label.name, numbered=False)
        made = LOWER[row.name](
            Occurrence(self.building, row, stage.what, stage.at, values, arguments, label.path,
                       label.given, frame, name)
        )  # fmt: skip
        scope.facts.note(callee(stage.what).at, row.name, "operator", made, None, row.doc)
        if stage.label is not None:
            scope.facts.note(stage.label.at, stage.label.name, "layer", made, stage.label.at)
        return made

    def _repeat(self, repeat: Repeat, values: _Flowing, scope: Scope) -> _Flowing:
        count = self.evaluator.constant(repeat.count, scope, "the count of a repeat")
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise self.problems.error(
                "BSC2309",
                f"the count of a repeat is {shown(count)}, expected a whole number from 0",
                repeat.count.at,
            )
        beside = cost_beside(repeat.stages)
        least = max(1, self.costs.of(repeat.stages) + beside)
        self.building.room(repeat.count.at, min(count, MAX_STEPS + 1) * least)
        self.evaluator.enter(repeat.at)
        try:
            for index in range(count):
                before, inner = self.building.steps, scope
                if repeat.index is not None:
                    inner = Scope(self.problems, scope.facts, scope.frame, scope)
                    inner.define(repeat.index, "constant", index)
                made = self._through(repeat.stages, values, inner)
                values = made.items if isinstance(made, Several) else self._started(made, repeat.at)
                made_none = self.building.steps == before  # a round takes time though
                self.building.step(repeat.at, max(beside, int(made_none)))
        finally:
            self.evaluator.leave()
        return values

    # blocks and layers

    def _block(self, block: Block, stage: Stage, values: _Flowing, scope: Scope) -> _Flowing:
        bound = block_arguments(block, stage.what, scope, self.evaluator)
        frame = scope.frame
        wanted = stage.label.name if stage.label is not None else block.name.name
        label = frame.label(wanted, numbered=False)
        inner = Frame(label, self.costs.named[block.name.name], store=frame.store, root=frame.root)
        made = self._called(block, stage, values, bound, inner)
        if stage.label is not None:
            scope.facts.note(stage.label.at, stage.label.name, "layer", made[0] if len(made) == 1
                             and isinstance(made[0], Live) else None, stage.label.at)  # fmt: skip
        return made

    def _called(
        self,
        block: Block,
        stage: Stage,
        values: _Flowing,
        bound: Mapping[str, Value],
        frame: Frame,
    ) -> _Flowing:
        name, at = block.name.name, stage.at
        if len(self.problems.calls) >= MOST_BLOCKS:
            raise self.problems.error(
                "BSC2209", f"blocks are nested more than {MOST_BLOCKS} deep", at,
                help="write the inner ones out",
            )  # fmt: skip
        self.building.room(at, self.costs.steps.get(name, 1))
        self.building.step(at, 1 + self.costs.body.get(name, 0))
        scope = Scope(self.problems, self.file_scope.facts, frame, self.file_scope, block.body)
        self.problems.calls.append((at, f"in this call of {name}"))
        try:
            define_parameters(block, bound, scope, self.evaluator)
            return bodies.run_block(block, at, values, scope, self)
        finally:
            self.problems.calls.pop()

    def define_layer(self, statement: LayerDef, scope: Scope) -> LayerValue:
        """The value of a `layer` statement: its arguments are evaluated here, once.

        Raises:
            Abandoned: it is none; recorded.
        """
        called = callee(statement.what)
        label = scope.frame.label(statement.name.name, numbered=False)
        path, given = label.path, label.given
        row = OPERATORS.get(called.name)
        if row is not None:
            arguments = bind(row, statement.what, scope, self.evaluator)
            scope.facts.note(called.at, row.name, "operator", None, None, row.doc)
            return LayerValue(path, given, statement.what, statement.name.at, arguments, None)
        if scope.find(called.name) is None:
            raise self._unknown(called, scope)
        value = scope.use(called)
        if isinstance(value, BlockValue):
            bound = block_arguments(value.block, statement.what, scope, self.evaluator)
            at = statement.name.at
            return LayerValue(path, given, statement.what, at, bound, value.block)
        raise self.problems.error(
            "BSC2204",
            f"{called.name} is {shown(value)}; a layer is an operator or a block with its weights",
            called.at,
        )

    def _layer(
        self, layer: LayerValue, stage: Stage, values: _Flowing, scope: Scope, name: str | None
    ) -> _Flowing:
        called = callee(stage.what)
        if isinstance(stage.what, Call) and stage.what.arguments:
            raise self.problems.error(
                "BSC2206",
                f"{called.name} is a layer and has its arguments already",
                stage.what.at,
                others=[(layer.at, "given where it is defined")],
                help=f"write -> {called.name}",
            )
        if stage.label is not None:
            raise self.problems.error(
                "BSC2204",
                f"the layer {called.name} has a name already; `as` names what has none",
                stage.label.at,
                others=[(layer.at, "named here")],
            )
        around = scope.frame
        inside = around.store is not None
        store = around.store if inside else layer.constants
        root = around.root if inside else layer.path
        if layer.block is not None and not isinstance(layer.bound, Arguments):
            label = Label(layer.path, layer.given)
            frame = Frame(label, self.costs.named[layer.block.name.name], store=store, root=root)
            bound: Mapping[str, Value] = layer.bound  # type: ignore[assignment]
            return self._called(layer.block, stage, values, bound, frame)
        if not isinstance(layer.bound, Arguments):
            raise TypeError("a layer of an operator has arguments of an operator")
        self.building.step(stage.at)
        frame = Frame(around.around, around.named, around.counts, store, root)
        row = OPERATORS[callee(layer.what).name]
        return (
            LOWER[row.name](
                Occurrence(self.building, row, layer.what, stage.at, values, layer.bound,
                           layer.path, layer.given, frame, name)
            ),
        )  # fmt: skip
