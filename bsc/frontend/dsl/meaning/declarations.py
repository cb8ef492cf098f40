"""Items of a file: which there may be, and its names, in whatever order they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bsc.frontend.dsl.ast import Block, File, Let, Model, Name, TargetSection, Train, Weights
from bsc.frontend.dsl.meaning.blocks import find_circles
from bsc.frontend.dsl.meaning.expressions import Evaluator
from bsc.frontend.dsl.meaning.operators import OPERATORS
from bsc.frontend.dsl.meaning.problems import Abandoned, Problems
from bsc.frontend.dsl.meaning.scope import Scope
from bsc.frontend.dsl.meaning.values import BlockValue, Value
from bsc.frontend.dsl.meaning.walk import expressions
from bsc.frontend.dsl.meaning.weights import open_weights


@dataclass(slots=True)
class Items:
    """The items of a file, sorted by kind.

    Attributes:
        model: the model, None where there is none.
        train: the train section.
        target: the target section.
        blocks: blocks by name.
        lets: constants.
    """

    model: Model | None = None
    train: Train | None = None
    target: TargetSection | None = None
    blocks: dict[str, Block] = field(default_factory=dict)
    lets: list[Let] = field(default_factory=list)


def sort_items(file: File, problems: Problems) -> Items:
    """The items by kind; a second model or section is reported."""
    items = Items()
    for item in file.items:
        match item:
            case Model():
                if items.model is not None:
                    problems.error(
                        "BSC2213", "the file has a second model", item.name.at,
                        f"model {item.name.name}",
                        others=[(items.model.name.at, f"model {items.model.name.name}")],
                        help="a file holds one model; make a block of what both share",
                    )  # fmt: skip
                    continue
                items.model = item
            case Train():
                if items.train is not None:
                    problems.error(
                        "BSC2501", "the file has a second train section", item.at,
                        others=[(items.train.at, "the first one")],
                        help="join the two",
                    )  # fmt: skip
                    continue
                items.train = item
            case TargetSection():
                if items.target is not None:
                    problems.error(
                        "BSC2501", "the file has a second target section", item.at,
                        others=[(items.target.at, "the first one")],
                        help="a file is for one target; --target of the command line wins",
                    )  # fmt: skip
                    continue
                items.target = item
            case Block():
                items.blocks.setdefault(item.name.name, item)
            case Let():
                items.lets.append(item)
            case Weights():
                pass  # opened in the order of the file, by `declare`
    if items.model is None:
        at = file.items[0].at if file.items else None
        if at is None:
            problems.error(
                "BSC2213", "the file is empty: it has no model", _START,
                help="write model NAME { input x: f32[784] ... output y = .. }",
            )  # fmt: skip
        else:
            problems.error(
                "BSC2213", "the file has no model", at, "the first item",
                help="write model NAME { input x: f32[784] ... output y = .. }",
            )  # fmt: skip
    return items


_START = Name("").at


def declare(
    file: File, items: Items, scope: Scope, evaluator: Evaluator, folder: Path | None
) -> None:
    """Give the names of the file: weights and blocks, then constants, each behind what it needs."""
    problems = scope.problems
    circular = find_circles(items.blocks, problems)
    for item in file.items:
        if isinstance(item, Weights):
            opened: Value | None = None
            try:
                opened = open_weights(item, folder, problems)
            except Abandoned:
                pass
            scope.define(item.name, "weights", opened, item.doc)
        elif isinstance(item, Block):
            _declare_block(item, items, circular, scope)
    ordered, in_circles = _in_order(items.lets, problems)
    for let in in_circles:
        scope.define(let.name, "constant", None, let.doc)
    for let in ordered:
        value: Value | None = None
        if let.name.name not in scope.entries:
            try:
                what = f"the constant {let.name.name}"
                value = evaluator.constant(let.value, scope, what)
            except Abandoned:
                pass
        scope.define(let.name, "constant", value, let.doc)


def _declare_block(block: Block, items: Items, circular: set[str], scope: Scope) -> None:
    name = block.name
    if name.name in OPERATORS:
        scope.problems.error(
            "BSC2202",
            f"the block {name.name} has the name of an operator",
            name.at,
            help=f"-> {name.name} would mean the operator; give the block another name",
        )
        return
    known = items.blocks[name.name] is block and name.name not in circular
    scope.define(name, "block", BlockValue(block) if known else None, block.doc)
    seen: dict[str, Name] = {}
    for parameter in block.parameters:
        first = seen.setdefault(parameter.name.name, parameter.name)
        if first is not parameter.name:
            scope.problems.error(
                "BSC2202", f"the parameter {parameter.name.name} of {name.name} is given twice",
                parameter.name.at, "given again here", others=[(first.at, "first given here")],
            )  # fmt: skip


def _in_order(lets: Sequence[Let], problems: Problems) -> tuple[list[Let], list[Let]]:
    """Constants, each behind those that it names; apart those in circles, which are reported."""
    by_name = {let.name.name: let for let in reversed(lets)}
    needs = {
        id(let): [
            expr.name
            for expr in expressions(let.value)
            if isinstance(expr, Name) and expr.name in by_name
        ]
        for let in lets
    }
    state: dict[int, int] = {}
    ordered: list[Let] = []
    circular: dict[int, Let] = {}
    told: set[int] = set()  # one circle is told at each place: another one is not looked for
    for root in lets:
        waiting: list[tuple[Let, int]] = [(root, 0)]
        path: list[Let] = []
        while waiting:
            let, turn = waiting.pop()
            if turn == 0:
                if state.get(id(let)):
                    continue
                state[id(let)] = 1
                path.append(let)
            targets = needs[id(let)]
            if turn < len(targets):
                target = by_name[targets[turn]]
                waiting.append((let, turn + 1))
                if state.get(id(target)) == 1:
                    circular[id(let)] = let
                    if id(target) not in told and not problems.enough:
                        told.add(id(target))
                        circle = next(path[n:] for n, on_it in enumerate(path) if on_it is target)
                        circular.update((id(member), member) for member in circle)
                        _report_circle(circle, problems)
                elif not state.get(id(target)):
                    waiting.append((target, 0))
                continue
            state[id(let)] = 2
            path.pop()
            ordered.append(let)
    return [let for let in ordered if id(let) not in circular], [*circular.values()]


def _report_circle(circle: list[Let], problems: Problems) -> None:
    names = " -> ".join([*(let.name.name for let in circle), circle[0].name.name])
    problems.error(
        "BSC2211",
        f"constants need each other in a circle: {names}",
        circle[0].name.at,
        others=[(let.name.at, "needed on the way") for let in circle[1:6]],
    )
