"""Updates of programs on pairs of cells: what the verifier lets through, and what not."""

from __future__ import annotations

from dataclasses import replace

import pytest

import bsc
from bsc.diag import DiagnosticError
from bsc.program.model import Program
from bsc.program.verifier import verify_program
from bsc.testing.networks import dense_network
from bsc.testing.twins import twin_network
from bsc.tiling.plan import Step, StepOp


@pytest.fixture(scope="module")
def pairs() -> Program:
    """Pairs that are lowered alone, refreshed every second check."""
    graph = dense_network([6, 20, 3])
    return bsc.compile(graph, "oxram-64", weights="random", refresh_every=2)


def of(program: Program, op: StepOp) -> tuple[Step, ...]:
    return tuple(step for step in program.update if step.op is op)


def test_each_array_is_refreshed_behind_its_pulses(pairs) -> None:
    carries, refreshes = of(pairs, StepOp.CARRY), of(pairs, StepOp.REFRESH)
    for update in (carries, carries + refreshes, carries + refreshes[::-1]):
        verify_program(replace(pairs, update=update))
    alternating = tuple(step for both in zip(carries, refreshes, strict=True) for step in both)
    verify_program(replace(pairs, update=alternating))
    for update, message in (
        (refreshes + carries, "refreshes array 1 before its pulses"),
        (carries + refreshes + refreshes[:1], "refreshes array 0 a second time"),
    ):
        with pytest.raises(DiagnosticError, match=message):
            verify_program(replace(pairs, update=update))


def test_tables_of_pulses_that_the_style_never_gives_are_refused(pairs) -> None:
    carry = pairs.update[0]
    tables = (*carry.tables, ("step_up", carry.table("step_down")))
    update = (replace(carry, tables=tables), *pairs.update[1:])
    with pytest.raises(DiagnosticError, match="table step_up, but pair-down cells get no such"):
        verify_program(replace(pairs, update=update))


def test_master_weights_are_not_refreshed(pairs) -> None:
    """The rule decides: the device has pairs, but no cell of it is used."""
    graph = dense_network([6, 20, 3])
    program = bsc.compile(graph, "oxram-64", weights="random", rule="sgd")
    update = program.update + of(pairs, StepOp.REFRESH)
    with pytest.raises(DiagnosticError, match="the array's are direct"):
        verify_program(replace(program, update=update))


def with_carry(program: Program, **change: object) -> Program:
    """The program with another first step at the end of a batch."""
    return replace(program, update=(replace(program.update[0], **change), *program.update[1:]))


def test_pulses_are_drawn_for_the_array_that_gets_them(pairs) -> None:
    with pytest.raises(DiagnosticError, match="draws for layer 1, array 0 is layer 0"):
        verify_program(with_carry(pairs, layer=1))


def test_steps_of_fractions_of_codes_need_their_noise(pairs) -> None:
    tables = tuple(pair for pair in pairs.update[0].tables if pair[0] == "step_down")
    assert len(tables) == len(pairs.update[0].tables) - 1
    with pytest.raises(DiagnosticError, match="has fractions of a code and so needs the table noi"):
        verify_program(with_carry(pairs, tables=tables))


@pytest.mark.parametrize("batch", [1, 4])
def test_counters_of_a_shared_array_fit_32_bits(batch) -> None:
    """Two reads count into the first array: T - 1 + 2 B is its largest counter."""
    program = bsc.compile(twin_network(), "ideal-64", weights="random", batch=batch)
    largest = 2**31 - 2 * batch
    numbers = (("threshold", largest), ("pulses", 1))
    verify_program(with_carry(program, numbers=numbers))
    numbers = (("threshold", largest + 1), ("pulses", 1))
    with pytest.raises(DiagnosticError, match="array 0 may reach 2147483648, expected 2147483647"):
        verify_program(with_carry(program, numbers=numbers))
