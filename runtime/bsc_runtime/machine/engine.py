"""The compiled engine: fetches decoded words and executes them, core by core.

A core runs until it has to wait for another one, then it is the next core's turn; which core runs
when changes no result and no cycle, because times travel with the messages. The clock of an
instruction: it is issued to its unit's queue, and starts there when the unit is free, its sources
are written and its outputs' earlier readers and writers are done (docs/isa.md, times).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bsc.isa.timing
from bsc.isa.instructions import BY_NAME
from bsc.isa.kinds import Unit
from bsc.isa.timing import T
from bsc_runtime.kernels.jit import entry, sources_digest, wide
from bsc_runtime.kernels.layout import Int64, Memory, Network, Work
from bsc_runtime.kernels.philox import PURPOSE_READOUT, PURPOSE_Z
from bsc_runtime.machine import arrays, gates, moving, neurons
from bsc_runtime.machine.clocks import (
    later,
    note_operands,
    put_in_trace,
    wait_for_cells,
    wait_for_operands,
)
from bsc_runtime.machine.layout import (
    Channel,
    Control,
    Event,
    Fabric,
    Host,
    Message,
    Reg,
    State,
    Status,
    Stop,
    Store,
    Why,
    Word,
)
from bsc_runtime.machine.loops import close_pass, open_loop, register_of

TRAP, HALT = BY_NAME["trap"].opcode, BY_NAME["halt"].opcode
LOOP, CHUNKS, END = (BY_NAME[name].opcode for name in ("loop", "chunks", "end"))
ADVANCE, TICK, WAIT = (BY_NAME[name].opcode for name in ("advance", "tick", "wait"))
BARRIER, MARK = BY_NAME["barrier"].opcode, BY_NAME["trace"].opcode
IN, LABEL, OUT = (BY_NAME[name].opcode for name in ("in", "label", "out"))
LOAD, STORE = BY_NAME["load"].opcode, BY_NAME["store"].opcode
FETCH, PLACE = BY_NAME["fetch"].opcode, BY_NAME["place"].opcode
SEND, RECEIVE = BY_NAME["send"].opcode, BY_NAME["receive"].opcode
RECEIVE_ADD = BY_NAME["receive.add"].opcode
CLEAR, ADD = BY_NAME["clear"].opcode, BY_NAME["add"].opcode
ENCODE, ENCODE_HALF = BY_NAME["encode"].opcode, BY_NAME["encode.half"].opcode
READ, READ_ADD = BY_NAME["read"].opcode, BY_NAME["read.add"].opcode
READT, READT_ADD = BY_NAME["readt"].opcode, BY_NAME["readt.add"].opcode
SAMPLE, SAMPLE_GATE = BY_NAME["sample"].opcode, BY_NAME["sample.gate"].opcode
SAMPLE_HALF = BY_NAME["sample.half"].opcode
READOUT, ERROR, SIGN = (BY_NAME[name].opcode for name in ("readout", "error", "sign"))
READOUT_LOGISTIC = BY_NAME["readout.logistic"].opcode
ERROR_TARGET, COPY = BY_NAME["error.target"].opcode, BY_NAME["copy"].opcode
COUNT, CARRY = BY_NAME["count"].opcode, BY_NAME["carry"].opcode
STEP, REFRESH = BY_NAME["step"].opcode, BY_NAME["refresh"].opcode

_UNITS = len(Unit)
_ALL_UNITS = (1 << _UNITS) - 1
_CONTROL = int(Unit.CONTROL)

# Constants as 64-bit integers: an enumeration's members would each be a type of their own.
_DONE, _LIMIT, _BREAKPOINT = wide(Stop.DONE), wide(Stop.LIMIT), wide(Stop.BREAKPOINT)
_TRACE_FULL, _TRAP, _STUCK = wide(Stop.TRACE_FULL), wide(Stop.TRAP), wide(Stop.STUCK)
_BY_ISSUE, _BY_UNIT = wide(Why.ISSUE), wide(Why.UNIT)
_BY_MESSAGE, _BY_CHANNEL = wide(Why.MESSAGE), wide(Why.CHANNEL)


def _compile(sources: str) -> Callable[..., int]:
    @entry
    def run(
        fabric: Fabric,
        state: State,
        store: Store,
        network: Network,
        memory: Memory,
        work: Work,
        host: Host,
        numbers: Int64,
        limit: int,
    ) -> int:
        """Execute at most `limit` instructions; returns why it came back, a `Stop`."""
        sources  # noqa: B018  part of the cache's key, see jit.sources_digest
        cores = state.registers.shape[0]
        timing = fabric.timing
        known = work.gate  # start of the instruction in hand, its cause, the reason
        executed = wide(0)
        while executed < limit:
            core = state.control[Control.CORE]
            if state.registers[core, Reg.STATUS] != Status.RUNNING:
                state.control[Control.BLOCKED] += 1
                state.control[Control.CORE] = (core + 1) % cores
                if state.control[Control.BLOCKED] <= cores:
                    continue
                halted, waiting = wide(0), wide(0)
                for other in range(cores):
                    halted += state.registers[other, Reg.STATUS] == Status.HALTED
                    waiting += state.registers[other, Reg.STATUS] == Status.BARRIER
                if halted == cores:
                    return _DONE
                if halted + waiting < cores or halted > 0:
                    return _STUCK
                # All are at the barrier: they go on together.
                latest, last = wide(0), wide(0)
                for other in range(cores):
                    if state.registers[other, Reg.BARRIER] >= latest:
                        latest, last = state.registers[other, Reg.BARRIER], wide(other)
                row = state.registers[last, Reg.ROW]
                for other in range(cores):
                    state.registers[other, Reg.STATUS] = Status.RUNNING
                    state.registers[other, Reg.ISSUE] = latest
                    state.registers[other, Reg.ROW] = row
                state.control[Control.BLOCKED] = 0
                continue
            pc = state.registers[core, Reg.PC]
            if state.breaks[pc] != 0 and state.registers[core, Reg.PASSED] == 0:
                state.registers[core, Reg.PASSED] = 1
                return _BREAKPOINT
            if state.trace.shape[0] > 0 and (
                state.control[Control.TRACED] - state.control[Control.FLUSHED]
                == state.trace.shape[0]
            ):
                return _TRACE_FULL
            op, unit, slot = (
                fabric.code[pc, Word.OP],
                fabric.code[pc, Word.UNIT],
                state.registers[core, Reg.SLOT],
            )

            # A unit holds so many instructions that have not started: else issue waits.
            oldest = state.issued[core, unit] % state.queued.shape[2]
            if state.queued[core, unit, oldest, 0] > state.registers[core, Reg.ISSUE]:
                state.registers[core, Reg.ISSUE] = state.queued[core, unit, oldest, 0]
                state.registers[core, Reg.ROW] = state.queued[core, unit, oldest, 1]
            known[0], known[2] = state.registers[core, Reg.ISSUE], _BY_ISSUE
            known[1] = state.registers[core, Reg.ROW]
            later(state, state.units[core, unit], state.unit_rows[core, unit], _BY_UNIT, known)
            wait_for_operands(fabric, state, pc, slot, known)
            wait_for_cells(state, core, unit, known)
            duration = wide(1)
            place = wide(0)
            if op == SEND:
                channel = fabric.code[pc, Word.NUMBER]
                if (
                    state.channels[channel, Channel.SENT] - state.channels[channel, Channel.TAKEN]
                    == state.channels[channel, Channel.DEPTH]
                ):
                    op = wide(-1)
                else:
                    ring = (
                        state.channels[channel, Channel.SENT]
                        % state.channels[channel, Channel.DEPTH]
                    )
                    place = state.channels[channel, Channel.FIRST] + ring
                    later(
                        state,
                        state.messages[place, Message.FREED],
                        state.messages[place, Message.ROW],
                        _BY_CHANNEL,
                        known,
                    )
                    duration, full = moving.send(fabric, state, store, pc, core, slot, ring)
                    state.messages[place, Message.FULL] = full
                    state.messages[place, Message.ARRIVAL] = (
                        known[0] + duration + timing[T.LINK_LATENCY]
                    )
                    state.channels[channel, Channel.SENT] += 1
            elif op == RECEIVE or op == RECEIVE_ADD:
                channel = fabric.code[pc, Word.NUMBER]
                if state.channels[channel, Channel.SENT] == state.channels[channel, Channel.TAKEN]:
                    op = wide(-1)
                else:
                    ring = (
                        state.channels[channel, Channel.TAKEN]
                        % state.channels[channel, Channel.DEPTH]
                    )
                    place = state.channels[channel, Channel.FIRST] + ring
                    later(
                        state,
                        state.messages[place, Message.ARRIVAL],
                        state.messages[place, Message.ROW],
                        _BY_MESSAGE,
                        known,
                    )
                    duration = moving.receive(
                        fabric,
                        state,
                        store,
                        pc,
                        slot,
                        ring,
                        state.messages[place, Message.FULL] != 0,
                        op == RECEIVE_ADD,
                    )
                    state.messages[place, Message.FREED] = known[0] + duration
                    state.channels[channel, Channel.TAKEN] += 1
            elif op == READ or op == READ_ADD:
                duration = arrays.read(
                    fabric,
                    state,
                    store,
                    network,
                    memory,
                    work,
                    pc,
                    core,
                    slot,
                    op == READ_ADD,
                )
            elif op == READT or op == READT_ADD:
                duration = arrays.read_transposed(
                    fabric,
                    state,
                    store,
                    network,
                    memory,
                    work,
                    pc,
                    core,
                    slot,
                    op == READT_ADD,
                )
            elif op == COUNT:
                duration = arrays.count(fabric, state, store, network, memory, work, pc, core, slot)
            elif op == SAMPLE or op == SAMPLE_GATE or op == READOUT_LOGISTIC:
                sums_at = wide(Word.C) if op == SAMPLE_GATE else wide(Word.B)
                purpose = wide(PURPOSE_READOUT if op == READOUT_LOGISTIC else PURPOSE_Z)
                duration = neurons.sample(
                    fabric, state, store, memory, work, numbers, pc, core, slot, sums_at, purpose
                )
                if op == SAMPLE_GATE:
                    gates.gate(fabric, state, store, memory, work, numbers, pc, core, slot)
            elif op == ENCODE:
                duration = neurons.encode(fabric, state, store, work, host, numbers, pc, core, slot)
            elif op == IN:
                duration = moving.take_input(fabric, state, store, host, pc, core, slot)
            elif op == LABEL:
                duration = moving.take_label(fabric, state, store, host, pc, core, slot)
            elif op == SIGN:
                duration = gates.sign(fabric, state, store, memory, work, numbers, pc, slot)
            elif op == READOUT:
                duration = neurons.readout(
                    fabric, state, store, memory, work, numbers, pc, core, slot
                )
            elif op == ERROR:
                duration = neurons.error(fabric, state, store, pc, slot)
            elif op == ERROR_TARGET:
                duration = neurons.error_target(fabric, state, store, work, numbers, pc, core, slot)
            elif op == COPY:
                duration = moving.copy(fabric, state, store, pc, slot)
            elif op == CLEAR:
                duration = neurons.clear(fabric, state, store, pc, slot)
            elif op == ADD:
                duration = neurons.add(fabric, state, store, pc, slot)
            elif op == OUT:
                duration = moving.give_output(fabric, state, store, host, pc, core, slot)
            elif op == CARRY or op == STEP or op == REFRESH:
                duration = arrays.end_batch(
                    fabric,
                    state,
                    network,
                    memory,
                    work,
                    numbers,
                    pc,
                    core,
                    op - CARRY,
                )
            elif op == ENCODE_HALF:
                duration = neurons.encode_half(fabric, state, store, host, pc, core, slot)
            elif op == SAMPLE_HALF:
                duration = neurons.sample_half(fabric, state, store, pc, core, slot)
            elif op == LOAD:
                duration = moving.from_backing(fabric, state, store, pc, core, slot)
            elif op == STORE:
                duration = moving.to_backing(fabric, state, store, pc, core, slot)
            elif op == FETCH:
                duration = moving.fetch(fabric, store, network, memory, pc, slot)
            elif op == PLACE:
                duration = moving.put_counters(fabric, store, network, memory, pc, slot)

            if op < 0:  # a channel is full or empty: another core's turn
                state.control[Control.BLOCKED] += 1
                state.control[Control.CORE] = (core + 1) % cores
                if state.control[Control.BLOCKED] > cores:
                    return _STUCK
                continue
            state.control[Control.BLOCKED] = 0
            if op == WAIT or op == BARRIER:
                units = fabric.code[pc, Word.NUMBER] if op == WAIT else _ALL_UNITS
                for other in range(_UNITS):
                    if units >> other & 1:
                        row = state.unit_rows[core, other]
                        later(state, state.units[core, other], row, _BY_UNIT, known)
            end = known[0] + duration
            index = (
                state.registers[core, Reg.BASE] + slot
                if op != MARK
                else fabric.code[pc, Word.NUMBER]
            )
            row = put_in_trace(state, core, pc, known, end, slot, index)
            if op == SEND or op == RECEIVE or op == RECEIVE_ADD:
                state.messages[place, Message.ROW] = row
            state.units[core, unit], state.unit_rows[core, unit] = end, row
            state.busy[core, unit] += duration
            queued = state.issued[core, unit] % state.queued.shape[2]
            state.queued[core, unit, queued, 0], state.queued[core, unit, queued, 1] = known[0], row
            state.issued[core, unit] += 1
            note_operands(fabric, state, pc, slot, end, row)
            if unit == _CONTROL:  # what steers the core holds up what follows
                state.registers[core, Reg.ISSUE] = known[0]
                state.registers[core, Reg.ROW] = row
            state.registers[core, Reg.ISSUE] += timing[T.ISSUE]
            state.registers[core, Reg.PASSED] = 0
            state.events[core, Event.INSTRUCTIONS] += 1
            state.executed[op] += 1
            executed += 1
            if op == END:
                close_pass(fabric, state, pc, core)
            elif op == LOOP or op == CHUNKS:
                open_loop(fabric, state, pc, core)
            elif op == ADVANCE:
                state.registers[core, Reg.BASE] += state.registers[
                    core, register_of(fabric.code[pc, Word.NUMBER])
                ]
            elif op == TICK:
                state.registers[core, Reg.CHECK] += 1
            elif op == HALT:
                state.registers[core, Reg.STATUS] = Status.HALTED
            elif op == BARRIER:
                state.registers[core, Reg.STATUS] = Status.BARRIER
                state.registers[core, Reg.BARRIER] = end
            elif op == TRAP:
                state.control[Control.TRAP] = fabric.code[pc, Word.NUMBER]
                return _TRAP
            state.registers[core, Reg.PC] += 1
        return _LIMIT

    return run


run = _compile(sources_digest(*Path(__file__).parent.glob("*.py"), Path(bsc.isa.timing.__file__)))
