"""What is known of blocks before one is called: circles among them, and what a call costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bsc.frontend.dsl.ast import Block, Call, Expr, Flow, LayerDef, Name, Repeat, Stage
from bsc.frontend.dsl.meaning.operators import OPERATORS
from bsc.frontend.dsl.meaning.problems import Problems
from bsc.frontend.dsl.meaning.walk import (
    callee,
    expressions,
    layer_names,
    stages,
    statement_expressions,
)

_MOST = 1 << 20
_EXPRESSIONS_A_STEP = 32


@dataclass(frozen=True, slots=True)
class BlockCosts:
    """What a call of each block costs at the least, and what its body names.

    Attributes:
        steps: layers, operators and calls that it makes, itself included.
        body: steps that its expressions count as beside them, where there are very many.
        named: names that its body gives to stages and layers.
    """

    steps: Mapping[str, int]
    body: Mapping[str, int]
    named: Mapping[str, frozenset[str]]

    def of(self, given: tuple[Stage | Repeat, ...]) -> int:
        """What some stages cost at the least."""
        return sum(
            min(times * self.steps.get(callee(stage.what).name, 1), _MOST)
            for stage, times in stages(given)
            if isinstance(stage, Stage)
        )


def find_circles(blocks: Mapping[str, Block], problems: Problems) -> set[str]:
    """Blocks that call themselves, over others or directly.

    Circles are reported, but for those all of whose blocks stand in one that was: a thousand
    blocks may have as many circles as there are atoms.
    """
    calls = {name: _calls(block) for name, block in blocks.items()}
    targets = {
        name: list({t: (t, n) for t, n, _ in reversed(found) if t in blocks}.values())
        for name, found in calls.items()
    }
    state: dict[str, int] = {}  # 1 on the way, 2 done
    circular: set[str] = set()
    for root in blocks:
        path: list[str] = []
        waiting: list[tuple[str, int]] = [(root, 0)]
        while waiting:
            name, turn = waiting.pop()
            if turn == 0:
                if state.get(name):
                    continue
                state[name] = 1
                path.append(name)
            if turn < len(targets[name]):
                target, at = targets[name][turn]
                waiting.append((name, turn + 1))
                if state.get(target) == 1 and not {name, target} <= circular:
                    if problems.enough:
                        circular.add(name)
                        problems.error("BSC2208", "", at.at)  # it is counted
                        continue
                    circle = path[path.index(target) :]
                    circular.update(circle)
                    _report(circle, calls, at, problems)
                elif not state.get(target):
                    waiting.append((target, 0))
                continue
            state[name] = 2
            path.pop()
    return circular


def _report(
    circle: list[str],
    calls: Mapping[str, list[tuple[str, Name, int]]],
    at: Name,
    problems: Problems,
) -> None:
    hops = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    places = []
    for caller, target in hops[:-1]:
        where = next(n for t, n, _ in calls[caller] if t == target)
        places.append((where.at, f"{caller} calls {target}"))
    problems.error(
        "BSC2208",
        f"blocks call each other in a circle: {' -> '.join([*circle, circle[0]])}",
        at.at,
        f"{hops[-1][0]} calls {hops[-1][1]}",
        others=places[:8],
        help="blocks are written out where they are called; use repeat for a number of layers",
    )


def costs(blocks: Mapping[str, Block]) -> BlockCosts:
    """Costs of all blocks; circles must have been found and are taken as they are."""
    steps: dict[str, int] = {}
    body = {name: _expressions(block) // _EXPRESSIONS_A_STEP for name, block in blocks.items()}
    calls = {name: _calls(block) for name, block in blocks.items()}
    entered: set[str] = set()
    for root in blocks:
        waiting = [root]
        while waiting:
            name = waiting[-1]
            if name not in entered:
                entered.add(name)
                waiting.extend(t for t, _, _ in calls[name] if t in blocks and t not in entered)
                continue
            waiting.pop()
            if name in steps:
                continue
            total = 1 + body[name]
            for target, _, times in calls[name]:
                total += times * (steps.get(target, 1) if target in blocks else 1)
            steps[name] = min(total, _MOST)
    return BlockCosts(steps, body, {name: layer_names(b.body) for name, b in blocks.items()})


def _calls(block: Block) -> list[tuple[str, Name, int]]:
    """What a body calls: name, place, how often at the least. Layers count where they are used."""
    layers = {s.name.name: callee(s.what) for s in block.body if isinstance(s, LayerDef)}
    found: list[tuple[str, Name, int]] = []
    for statement in block.body:
        if isinstance(statement, LayerDef) and callee(statement.what).name not in OPERATORS:
            found.append((callee(statement.what).name, callee(statement.what), 0))
        for expr in expressions(*statement_expressions(statement)):
            if not isinstance(expr, Flow):
                continue
            for stage, times in stages(expr.stages):
                if isinstance(stage, Stage):
                    name = callee(stage.what)
                    found.append((layers.get(name.name, name).name, name, times))
    return found


def cost_beside(given: tuple[Stage | Repeat, ...]) -> int:
    """Steps that the expressions in the stages of a repeat count as, where there are very many.

    Those of repeats within it count in their own rounds.
    """
    roots: list[Expr] = []
    for stage in given:
        if isinstance(stage, Repeat):
            roots.append(stage.count)
        elif isinstance(stage.what, Call):
            roots.extend(argument.value for argument in stage.what.arguments)
    return sum(1 for _ in expressions(*roots)) // _EXPRESSIONS_A_STEP


def _expressions(block: Block) -> int:
    return sum(1 for s in block.body for _ in expressions(*statement_expressions(s)))
