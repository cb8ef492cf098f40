"""Traces of the machine: what they say, and that looking changes nothing."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from functools import cache

import numpy as np
import pytest

import bsc
from bsc.backend.isa import emit_image
from bsc.diag import DiagnosticError
from bsc.hw.registry import resolve
from bsc.hw.spec import ArrayGeometry
from bsc.isa.kinds import EntryKind, Unit
from bsc.isa.text import line_of
from bsc.isa.words import decode_word
from bsc.numerics import tables
from bsc.numerics.digest import digest
from bsc.numerics.state import ChipState
from bsc.program.executor import EncodedData
from bsc.testing.networks import dense_network
from bsc.testing.verified_images import CoreText, assembled
from bsc_runtime.chip import initial_state
from bsc_runtime.machine import Machine, Stop, as_chrome, as_table, critical_path, host
from bsc_runtime.machine.layout import Control

SAMPLES = 30
KINDS = (EntryKind.TRAIN, EntryKind.VOTE)


@cache
def _program(cores):
    target = resolve("oxram-64")
    chip = target.chip.model_copy(
        update={"cores": cores, "channel_depth": 1, "samples_in_flight": 5}
    )
    update = {"chip": chip, "array": ArrayGeometry(rows=9, columns=5)}
    plan = {"batch": 12, "threshold": 2}
    graph = dense_network((17, 12, 9, 4), seed=1)
    return bsc.compile(graph, target.model_copy(update=update), weights="random", **plan)


def _started(cores, kind, *, trace=True, deferred=False):
    program = _program(cores)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (SAMPLES, 17)).astype(np.uint8)
    data = EncodedData(pixels, tables.pixel_levels())
    labels = random.integers(0, 4, SAMPLES).astype(np.int32)
    image, state = emit_image(program).image, initial_state(program, 1)
    machine = Machine(image, state, trace=trace, deferred=deferred)
    many = {"repeats": 2, "reads": 3} if kind is EntryKind.VOTE else {}
    machine.start(kind, data, labels, first_index=1000, **many)
    return machine


@cache
def _ran(cores, kind):
    machine = _started(cores, kind)
    machine.run()
    return machine, tuple(machine.trace())


def _all(machine):
    """Everything that a run leaves behind."""
    cores = range(len(machine.image.cores))
    return (
        digest(ChipState(machine.arrays())),
        [machine.output(core).tolist() for core in cores],
        [machine.registers(core) for core in cores],
        machine.cycles,
        machine.events(),
        machine.busy(),
        machine.executed(),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cores", [1, 3])
def test_rows_are_the_instructions_in_the_order_of_each_core(cores, kind):
    machine, rows = _ran(cores, kind)
    executed = Counter(row.name for row in rows)
    assert executed == machine.executed()
    for core in range(cores):
        own = [row for row in rows if row.core == core]
        assert machine.events()["instructions"][core] == len(own)
        assert own[0].address == machine.image.start(kind, core)
        assert own[-1].name == "halt"
        for unit in Unit:  # a unit does one thing at a time
            spans = [(r.start, r.end) for r in own if r.unit == unit.name.lower()]
            assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
            assert machine.busy()[unit.name.lower()][core] == sum(b - a for a, b in spans)
        for row in own:
            decoded = decode_word(machine.image.cores[core].code[row.address])
            assert row.text == line_of(decoded, machine.image, core)
            assert row.unit == decoded.instruction.unit.name.lower()
            assert row.origin == machine.image.cores[core].origin(row.address)


@pytest.mark.parametrize("cores", [1, 3])
def test_rows_name_their_sample(cores):
    """Every core's `in` and `read` of its first layer meet the samples in order, from BASE on."""
    _, rows = _ran(cores, EntryKind.TRAIN)
    for core in {row.core for row in rows if row.name == "in"}:
        named = [row.sample for row in rows if (row.core, row.name) == (core, "in")]
        assert named == list(range(1000, 1000 + SAMPLES))
    marks = CoreText("y kind=sum length=4 base=0", "trace 4294967295\nclear y\ntrace 7")
    machine = Machine(assembled([marks]), trace=True)
    machine.start(EntryKind.TRAIN, samples=1)
    machine.run()
    assert [row.sample for row in machine.trace() if row.name == "trace"] == [4294967295, 7]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cores", [1, 3, 16])
def test_causes_go_back_and_explain_the_start(cores, kind):
    machine, rows = _ran(cores, kind)
    timing = machine.image.timing
    reasons = Counter()
    for place, row in enumerate(rows):
        assert -1 <= row.cause < place
        reasons[row.why] += 1
        if row.cause < 0:
            assert (row.why, row.start % timing.issue) == ("issue", 0)
            continue
        cause = rows[row.cause]
        assert cause.start <= row.start
        match row.why:
            case "unit":  # a barrier waits for all units of its core
                assert cause.core == row.core
                assert cause.unit == row.unit or row.name in ("wait", "barrier")
                assert cause.end == row.start
            case "operand" | "cells":
                assert (cause.core, cause.end) == (row.core, row.start)
            case "message":
                assert (cause.name, cause.end + timing.link_latency) == ("send", row.start)
            case "channel":
                assert cause.name in ("receive", "receive.add")
                assert cause.end == row.start
            case "issue":
                assert cause.unit in ("control", row.unit) or cause.core == row.core
            case _:
                pytest.fail(row.why)
    assert {"issue", "unit", "operand"} <= set(reasons)
    assert ("message" in reasons) == (cores > 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cores", [1, 3, 16])
def test_the_critical_path_is_as_long_as_the_run(cores, kind):
    machine, rows = _ran(cores, kind)
    path = critical_path(rows)
    assert sum(part.cycles for part in path) == machine.cycles
    assert [p.cycles for p in path] == sorted((p.cycles for p in path), reverse=True)
    keys = [(p.core, p.unit, p.name, p.origin) for p in path]
    assert len(set(keys)) == len(keys)
    done = {(r.core, r.unit, r.name, r.origin) for r in rows}
    issued = {(r.core, "control", "issue", "") for r in rows}
    assert set(keys) <= done | issued


def test_a_path_that_begins_with_the_third_instruction():
    """It was issued two cycles after the start: these are part of the run's length."""
    code = "load x, 0\nload e, 1\nclear y"
    vectors = "x kind=bit length=8 base=0\ne kind=sign length=4 base=0\n"
    vectors += "y kind=sum length=400 base=0"
    machine = Machine(assembled([CoreText(vectors, code)]), trace=True)
    machine.start(EntryKind.TRAIN, samples=1)
    machine.run()
    assert machine.cycles == 2 + 50
    path = critical_path(machine.trace())
    assert sum(part.cycles for part in path) == machine.cycles
    assert critical_path([]) == ()


def test_a_trace_for_perfetto():
    """One complete event a row, in microseconds; a process a core, a thread a unit."""
    rows = _ran(3, EntryKind.TRAIN)[1]
    found = json.loads(as_chrome(rows, 1e6))
    complete = [e for e in found["traceEvents"] if e["ph"] == "X"]
    assert len(complete) == len(rows)
    for event, row in zip(complete, rows, strict=True):
        assert (event["ts"], event["dur"]) == (row.start, row.end - row.start)
        assert (event["name"], event["pid"]) == (row.text, row.core)
        assert event["tid"] == Unit[row.unit.upper()]
    named = {(e["pid"], e.get("tid"), e["args"]["name"]) for e in found["traceEvents"]
             if e["ph"] == "M"}  # fmt: skip
    assert (2, None, "core 2") in named
    assert (0, int(Unit.PULSE), "pulse") in named
    assert json.loads(as_chrome([], 1e9))["traceEvents"] == []


def test_a_trace_as_a_table():
    rows = _ran(3, EntryKind.TRAIN)[1]
    lines = list(as_table(rows))
    assert len(lines) == 1 + len(rows)
    for line, row in zip(lines[1:], rows, strict=True):
        assert line.split()[:5] == list(
            map(str, (row.start, row.end, row.core, row.unit, row.address))
        )


def test_a_long_trace_is_taken_in_parts():
    """More rows than the engine's buffer of 16,384, one buffer after the other."""
    program, samples = _program(1), 700
    data = EncodedData(np.zeros((samples, 17), np.int32), np.zeros(0, np.int32))
    machine = Machine(emit_image(program).image, initial_state(program, 1), trace=True)
    machine.start(EntryKind.TRAIN, data, np.zeros(samples, np.int32))
    machine.run()
    rows = machine.trace()
    assert len(rows) > 1 << 14
    assert len(rows) == sum(machine.executed().values())
    assert sum(part.cycles for part in critical_path(rows)) == machine.cycles
    assert all(row.cause < place for place, row in enumerate(rows))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cores", [1, 3])
def test_nothing_depends_on_how_a_run_is_cut(cores, kind):
    expected = _all(_ran(cores, kind)[0])
    for limit in (1, 7, 1000, None):
        machine = _started(cores, kind, trace=limit == 7)
        stops = [machine.run(limit)]
        while stops[-1] is not Stop.DONE:
            stops.append(machine.run(limit))
        assert set(stops[:-1]) <= {Stop.LIMIT}
        assert _all(machine) == expected, limit
        if limit == 7:
            assert tuple(machine.trace()) == _ran(cores, kind)[1]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_depends_on_which_core_runs_first(kind):
    """Times travel with the messages: the order of simulation is no part of them."""
    expected, rows = _ran(3, kind)
    spans = sorted((r.core, r.start, r.end, r.address) for r in rows)
    for first in (1, 2):
        machine = _started(3, kind)
        machine._state.control[Control.CORE] = first
        machine.run()
        assert _all(machine) == _all(expected)
        found = machine.trace()
        assert found[0].core == first
        assert sorted((r.core, r.start, r.end, r.address) for r in found) == spans
    machine = _started(3, kind)
    random = np.random.default_rng(2)
    while machine.run(int(random.integers(1, 40))) is not Stop.DONE:
        machine._state.control[Control.CORE] = random.integers(3)
        machine._state.control[Control.BLOCKED] = 0
    assert _all(machine) == _all(expected)


@pytest.mark.parametrize("cores", [1, 3])
def test_deferred_gates_change_neither_results_nor_cycles(cores):
    machine = _started(cores, EntryKind.TRAIN, deferred=True)
    machine.run()
    assert _all(machine) == _all(_ran(cores, EntryKind.TRAIN)[0])
    assert tuple(machine.trace()) == _ran(cores, EntryKind.TRAIN)[1]


def test_a_trace_that_is_too_large_is_refused_before_the_run(monkeypatch):
    whole, _ = _ran(1, EntryKind.TRAIN)
    executed = sum(whole.events()["instructions"])
    monkeypatch.setattr(host, "TRACE_MAX", executed)
    _started(1, EntryKind.TRAIN)
    monkeypatch.setattr(host, "TRACE_MAX", executed - 1)
    with pytest.raises(DiagnosticError, match=f"BSC5251: a trace of {executed:,} instructions"):
        _started(1, EntryKind.TRAIN)
