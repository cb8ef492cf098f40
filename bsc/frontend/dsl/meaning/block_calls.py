"""Calls of blocks: how a block is called, and the values of its parameters."""

from __future__ import annotations

from collections.abc import Mapping

from bsc.frontend.dsl.ast import Argument, Block, Call, Name
from bsc.frontend.dsl.meaning.arguments import pair_up
from bsc.frontend.dsl.meaning.expressions import Evaluator
from bsc.frontend.dsl.meaning.problems import Abandoned
from bsc.frontend.dsl.meaning.scope import Scope
from bsc.frontend.dsl.meaning.values import Value


def block_arguments(
    block: Block, what: Name | Call, scope: Scope, evaluator: Evaluator
) -> dict[str, Value]:
    """The arguments of a call of a block by parameter; those left out are absent.

    Raises:
        Abandoned: some are wrong or missing; all problems were recorded.
    """
    given: tuple[Argument, ...] = what.arguments if isinstance(what, Call) else ()
    names = [p.name.name for p in block.parameters]
    bound, failed = pair_up(block.name.name, names, given, signature(block), scope)
    values: dict[str, Value] = {}
    for parameter in block.parameters:
        name = parameter.name.name
        argument = bound.get(name)
        if argument is not None:
            try:
                what_ = f"the argument {name} of {block.name.name}"
                value = evaluator.constant(argument.value, scope, what_)
                values[name] = value
            except Abandoned as error:
                failed = error
        elif parameter.default is None and failed is None:
            failed = scope.problems.error(
                "BSC2206",
                f"{block.name.name} lacks its argument {name}",
                what.at,
                others=[(parameter.name.at, "it has no default")],
                help=f"write {signature(block)}",
            )
    if failed is not None:
        raise failed
    return values


def define_parameters(
    block: Block, given: Mapping[str, Value], scope: Scope, evaluator: Evaluator
) -> None:
    """Give the parameters of a call their values, defaults where none was given."""
    for parameter in block.parameters:
        name = parameter.name
        value = given.get(name.name)  # none where nothing calls the block
        if name.name not in given and parameter.default is not None:
            try:
                value = evaluator.constant(parameter.default, scope, f"the default of {name.name}")
            except Abandoned:
                value = None
        scope.define(name, "parameter", value)


def signature(block: Block) -> str:
    """`encoder(width, depth = ..)`."""
    names = [p.name.name if p.default is None else f"{p.name.name} = .." for p in block.parameters]
    return f"{block.name.name}({', '.join(names)})" if names else block.name.name
