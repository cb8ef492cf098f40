"""The machine: executes the words of an image, to be run, stepped through and looked into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.diag import Span, fail
from bsc.isa.image import Image
from bsc.isa.kinds import EntryKind, Unit, tiles_of
from bsc.isa.text import line_of
from bsc.isa.verify import Proof, verify_image
from bsc.isa.words import Decoded, decode_word
from bsc.numerics.draws import INFERENCE_BIT
from bsc.numerics.state import ChipState
from bsc.program.executor import EncodedData
from bsc_runtime.kernels.layout import Network, Run
from bsc_runtime.machine.cells import Cells
from bsc_runtime.machine.decode import Tables, decode_image
from bsc_runtime.machine.growth import largest_counter
from bsc_runtime.machine.host import HostCheck, Registers, encoded, samples_of
from bsc_runtime.machine.layout import (
    Control,
    Event,
    Int64,
    Message,
    Reg,
    State,
    Stop,
    Store,
)
from bsc_runtime.machine.memories import (
    blank_state,
    check_state,
    make_scratch,
    make_state,
    make_store,
)
from bsc_runtime.machine.view import View
from bsc_runtime.sim.memory import memory_bytes

CYCLES_MAX = 1 << 48
"""No run may take more cycles unless the user says so: some days of a real chip."""

_FOREVER = (1 << 62) - 1
_TRACE_ROWS = 1 << 14
_CELL_BYTES = 16
"""About so many for a weight: cells and counters of the state, and as kernels have them."""


@dataclass(frozen=True, slots=True)
class Executed:
    """An instruction that was executed.

    Attributes:
        core: which core.
        address: of its word.
        text: its assembly.
        origin: the model's layer that it came from.
    """

    core: int
    address: int
    text: str
    origin: str


class Machine(View):
    """A chip with an image.

    Cells, counters and backing memory last from run to run. A run begins with `start`; `run`,
    `step` and breakpoints go through it.

    Args:
        image: verified before anything else.
        state: cells, counters and clocks; None takes the image's own, or cells and counters of 0
            (references too) where it has none.
        source: what diagnostics call the image.
        trace: whether each instruction is noted; the attribute `tracing` is asked at each start.
        backing: contents of backing memory by core, uint32.
        max_cycles: runs that could take longer are refused.
        deferred: gates that only `sign` asks for are made when it does; faster, no result and no
            cycle depends on it, but such vectors cannot be looked at before.

    Raises:
        DiagnosticError: BSC523x for an image that is not in order, BSC5251 for one that needs more
            memory than there is.
    """

    def __init__(
        self,
        image: Image,
        state: ChipState | None = None,
        *,
        source: str = "<image>",
        trace: bool = False,
        backing: Mapping[int, npt.NDArray[np.uint32]] | None = None,
        max_cycles: int = CYCLES_MAX,
        deferred: bool = False,
    ) -> None:
        self.image, self.source = image, source
        self.proof: Proof = verify_image(image, source)
        self._tables: Tables = decode_image(image, deferred=deferred)
        self._check_memory()
        given = state or image.state or blank_state(image)
        check_state(image, given)
        self._clocks = given
        self._check = HostCheck(image, self.proof, source, max_cycles)
        counted = [a.counters.astype(np.int64) for a in given.arrays]  # -2^31 has no |A| in 32 bits
        rest = max((int(np.abs(counters).max(initial=0)) for counters in counted), default=0)
        largest = min(max(rest, np.iinfo(np.int8).max), np.iinfo(np.int32).max)
        backward = {block for _, block in self._blocks_of("readt", "readt.add")}
        blocks = self._tables.blocks
        self._cells = Cells(image, given.arrays, blocks, backward, self._tables.tables, largest)
        self._cells.mark(self._thresholds())
        self._backing = np.zeros((len(image.cores), image.chip.backing), np.uint32)
        for core, words in (backing or {}).items():
            if not 0 <= core < len(image.cores) or len(words) > image.chip.backing:
                raise fail(
                    "BSC5252",
                    f"{len(words)} words for the backing memory of core {core}; there are "
                    f"{len(image.cores)} cores with {image.chip.backing} words each",
                    at=Span(source),
                )
            self._backing[core, : len(words)] = words
        self._breaks = np.zeros(len(self._tables.fabric.code), np.uint8)
        self.tracing = trace
        self._rows: list[Int64] = []
        self._scratch = make_scratch(self._tables.sizes)
        self._stores: dict[type, Store] = {}
        self._state: State | None = None
        self._stop = Stop.DONE

    # runs

    def start(
        self,
        kind: EntryKind,
        inputs: EncodedData | npt.NDArray[Any] | None = None,
        labels: npt.NDArray[np.int32] | None = None,
        *,
        samples: int | None = None,
        order: npt.NDArray[np.int64] | None = None,
        batch: int | None = None,
        repeats: int = 1,
        reads: int = 1,
        seed: int | None = None,
        first_index: int | None = None,
        check: int | None = None,
        longest: int | None = None,
    ) -> None:
        """Begin a run.

        Args:
            kind: the entry.
            inputs: levels int32 [N, K] in 0..65536, or encoded data; None for code that takes none.
            labels: int32 [N, W], or [N] where a sample has one.
            samples: the register SAMPLES; None is the length of the order, or of the inputs.
            order: rows in the order of the run; None is 0, 1, ...
            batch: the register BATCH; None is the image's.
            repeats: the register REPEATS; 1 for TRAIN and BINARY.
            reads: the register READS; 1 for TRAIN and BINARY.
            seed: key of draws; None is the state's.
            first_index: BASE at the start; None is the state's clock for TRAIN, else 0.
            check: CHECK at the start; None is the state's clock.
            longest: samples of a longer run that is to come; counters and sums become as wide as
                that one needs, for their widths are what the engine is compiled for.

        Raises:
            DiagnosticError: BSC5252 for registers or streams that do not fit, BSC5253 for a run
                that could take more cycles than allowed.
        """
        if kind not in tuple(EntryKind):
            raise fail("BSC5252", f"{kind!r} is no entry; EntryKind has them", at=Span(self.source))
        kind = EntryKind(kind)
        data = encoded(inputs)
        if labels is not None:
            labels = np.asarray(labels)
            labels = labels[:, None] if labels.ndim == 1 else labels
        rows = (
            np.arange(samples_of(data, labels), dtype=np.int64)
            if order is None
            else np.asarray(order)
        )
        trains = kind is EntryKind.TRAIN
        given = Registers(
            samples=len(rows) if samples is None else samples,
            batch=self.image.chip.batch if batch is None else batch,
            repeats=repeats,
            reads=reads,
            first=(self._clocks.samples if trains else 0) if first_index is None else first_index,
            check=self._clocks.checks if check is None else check,
            seed=self._clocks.seed if seed is None else seed,
        )
        self._check.registers(kind, given)
        if self.tracing:
            self._check.trace(kind, given)
        self._check.streams(kind, given, data, labels, rows)
        widest = replace(given, samples=max(given.samples, longest or 0))
        self._prepare_counters(kind, widest)
        wide = self.proof.wide_sums(kind, **widest.counts(), backing=bool(self._backing.any()))
        self._host = self._check.lay_out(kind, given, data, labels, rows.astype(np.int64))
        self._store = self._store_of(np.int64 if wide else np.int32)
        self._numbers = np.zeros(len(Run), np.int64)
        self._numbers[Run.KEY_0] = given.seed & 0xFFFFFFFF
        self._numbers[Run.KEY_1] = given.seed >> 32
        self._numbers[Run.WORKERS] = 1
        self._numbers[Run.SHIFT] = 16 - self.image.chip.noise_bits
        self._numbers[Run.MODE] = 0 if trains else INFERENCE_BIT
        trace_rows = _TRACE_ROWS if self.tracing else 0
        self._state = make_state(self.image, self._tables, kind, given, self._breaks, trace_rows)
        self._rows = []
        self._stop = Stop.LIMIT

    def run(self, limit: int | None = None) -> Stop:
        """Execute until all cores have halted, a breakpoint, or so many instructions.

        Raises:
            DiagnosticError: BSC5254 for a trap, BSC5255 where a core waits for ever or asks for
                more samples than the host gives.
        """
        from bsc_runtime.machine.engine import run

        state = self._running()
        left = _FOREVER if limit is None else limit
        while True:  # once even for a limit of 0: it compiles
            before = int(state.executed.sum())
            self._stop = Stop(
                run(
                    self._tables.fabric,
                    state,
                    self._store,
                    self._network(),
                    self._cells.memory,
                    self._scratch,
                    self._host,
                    self._numbers,
                    left,
                )
            )
            left -= int(state.executed.sum()) - before
            match self._stop:
                case Stop.TRACE_FULL:
                    self._flush()
                case Stop.TRAP | Stop.STUCK:
                    raise self._trouble()
                case _:
                    break
        return self._stop

    def step(self) -> Executed | None:
        """Execute one instruction; None when all cores have halted.

        A core goes on until it waits for another; so the next instruction may be another core's.
        """
        state = self._running()
        before = state.events[:, Event.INSTRUCTIONS].copy()
        places = state.registers[:, Reg.PC].copy()
        while self.run(1) is Stop.BREAKPOINT:  # of each core whose turn it may be
            pass
        moved = np.flatnonzero(state.events[:, Event.INSTRUCTIONS] != before)
        if not moved.size:
            return None
        core = int(moved[0])
        return self._executed(core, int(places[core]) - self._tables.starts[core])

    def break_at(self, core: int, address: int, *, on: bool = True) -> None:
        """Let `run` stop before a word is executed, or no longer."""
        if not 0 <= core < len(self.image.cores) or not 0 <= address < len(
            self.image.cores[core].code
        ):
            raise fail("BSC5252", f"core {core} has no word {address} to stop at")
        self._breaks[self._tables.starts[core] + address] = on

    def _executed(self, core: int, address: int) -> Executed:
        decoded = decode_word(self.image.cores[core].code[address])
        text = line_of(decoded, self.image, core)
        return Executed(core, address, text, self.image.cores[core].origin(address))

    def _network(self) -> Network:
        none = np.zeros((0, 0), np.int64)
        return Network(self._cells.arrays, none, none, self._tables.updates)

    def _blocks_of(self, *names: str) -> Iterator[tuple[Decoded, int]]:
        """Blocks that instructions of these names work on."""
        blocks = self._tables.blocks
        for core, part in enumerate(self.image.cores):
            for decoded in map(decode_word, part.code):
                if decoded.name in names:
                    for number in blocks.named(core, tiles_of(decoded.operands["tiles"])):
                        yield decoded, blocks.rectangles[number].block

    def _thresholds(self) -> dict[int, int]:
        """The least threshold of a check of each block; 1 where nothing else is known."""
        found: dict[int, int] = {}
        for decoded, block in self._blocks_of("carry", "step"):
            update = self.image.updates[decoded.operands["update"]]
            least = update.threshold if decoded.name == "carry" else 1
            found[block] = min(least, found.get(block, least))
        return found

    def _check_memory(self) -> None:
        cores = len(self.image.cores)
        needed = self._tables.sizes.bytes_needed(8) + 4 * cores * self.image.chip.backing
        needed += 16 * cores * len(Unit) * self.image.timing.queue
        messages = len(self._tables.channels) * self.image.chip.channel_depth
        needed += 8 * len(Message) * messages
        needed += _CELL_BYTES * sum(array.rows * array.columns for array in self.image.arrays)
        there = memory_bytes()
        if needed > there:
            raise fail(
                "BSC5251",
                f"the image's cells, vectors and backing memory need {needed >> 20} MiB, this "
                f"machine has {there >> 20} MiB",
                at=Span(self.source),
            )

    def _store_of(self, kind: type) -> Store:
        """Vector memories for sums of a type; only one of them is kept."""
        if kind not in self._stores:
            self._stores = {kind: make_store(self._tables.sizes, kind, self._backing)}
        return self._stores[kind]

    def _prepare_counters(self, kind: EntryKind, given: Registers) -> None:
        """Counters become as wide as this run may need; they never become narrower."""
        kind_now = self._cells.memory.counters.dtype
        rest = self._cells.largest_counter()
        most = largest_counter(self.image, self.proof, kind, rest, given.counts())
        if most > np.iinfo(np.int32).max:
            raise fail(
                "BSC5252",
                f"a counter may reach {most:,} in this run, which 32 bits do not hold",
                at=Span(self.source),
                help="start runs of fewer samples",
            )
        if most > np.iinfo(kind_now).max:
            # Two forms of the engine are enough: counters of bytes, and those that hold anything.
            self._cells.widen(np.int32)

    def _trouble(self) -> Exception:
        state = self._running()
        core = int(state.control[Control.CORE])
        if self._stop is Stop.STUCK:
            core = next(c for c in range(len(self.image.cores)) if not self.halted(c))
        address = int(state.registers[core, Reg.PC]) - self._tables.starts[core]
        at = self._executed(core, address)
        where = Span(self.source, path=f"core {core} at {address}: {at.text}")
        match self._stop:
            case Stop.TRAP:
                number = int(state.control[Control.TRAP])
                return fail("BSC5254", f"trap {number}", at=where)
            case _:
                return fail("BSC5255", "the core waits for ever", at=where)
