"""The code of a core, entry by entry: one loop over samples in flight for each of its layers.

A batch is cut into blocks of samples in flight. In a block each layer goes forward over all its
samples, then, from the last layer to the first, backward. Within a loop the units work on
neighbouring samples side by side; between the loops of a block only bits and signs are kept. Reads
of a batch see the cells at its start, so nothing else is ordered before the batch ends.
"""

from __future__ import annotations

from collections.abc import Sequence

from bsc.backend.isa.chain import LayerSteps
from bsc.backend.isa.code import Area, Code, Tiles, immediate
from bsc.backend.isa.placement import Placement, Share
from bsc.isa.kinds import Counter, EntryKind, Register, VectorKind
from bsc.tiling.plan import StepOp

_UPDATES = {StepOp.CARRY: "carry", StepOp.SGD_STEP: "step", StepOp.REFRESH: "refresh"}
_PASSING = 2
"""Slots of a vector that lives for one pass of a loop: the next sample's is made meanwhile."""


class CoreGenerator:
    """Writes the entries of one core.

    Args:
        layers: the chain.
        placement: where layers are.
        core: which core.
        flight: samples in flight.
        updates: numbers of the update records, by layer and place in its updates.
        encode_layer: ordinal of the input's draws.
    """

    def __init__(
        self,
        layers: Sequence[LayerSteps],
        placement: Placement,
        core: int,
        flight: int,
        updates: dict[tuple[int, int], int],
        encode_layer: int,
    ) -> None:
        self._layers, self._placement, self._core = layers, placement, core
        self._flight, self._updates, self._encode_layer = flight, updates, encode_layer
        self._own = placement.layers_of(core)
        self._last = len(layers) - 1
        self._tiles: dict[int, tuple[int, ...]] = {}
        at = 0
        for number in self._own:
            count = len(self._share(number).tiles)
            self._tiles[number] = tuple(range(at, at + count))
            at += count
        self._code = Code()
        self._areas: dict[str, Area] = {}

    def write(self, kind: EntryKind) -> Code:
        """Code of an entry."""
        self._code, self._areas = Code(), {}
        if self._own:
            match kind:
                case EntryKind.TRAIN:
                    self._train()
                case EntryKind.INFER | EntryKind.VOTE:
                    self._infer(vote=kind is EntryKind.VOTE)
                case EntryKind.BINARY:
                    self._binary()
        self._code.op("barrier")
        self._code.op("halt")
        return self._code

    # training

    def _train(self) -> None:
        code = self._code
        with code.chunks(Register.B0, Register.SAMPLES, Register.BATCH):
            with code.chunks(Register.B1, Register.B0, immediate(self._flight)):
                for number in self._own:
                    with code.from_layer(self._layers[number].origin):
                        self._forward(number)
                for number in reversed(self._own):
                    with code.from_layer(self._layers[number].origin):
                        self._backward(number)
                code.op("advance", register=Register.B1)
            for number in self._own:
                with code.from_layer(self._layers[number].origin):
                    self._update(number)
            code.op("tick")

    def _forward(self, number: int) -> None:
        code = self._code
        with code.loop(Counter.SLOT, Register.B1):
            if number == 0:
                levels = self._area("levels", 0, VectorKind.LEVEL, self._inputs(0), _PASSING)
                bits = self._area("input", 0, VectorKind.BIT, self._inputs(0), self._flight)
                code.op("in", level=levels)
                code.op("encode", bits=bits, level=levels, layer=self._encode_layer)
            else:
                bits = self._bits_into(number, self._flight)
            sums = self._own_sums("sums", number, _PASSING)
            code.op("read", sum=sums, bits=bits, tiles=self._all(number))
            if number == self._last:
                chosen = self._own_bits("readout", number, _PASSING)
                label = self._area("label", number, VectorKind.LABEL, 1, _PASSING)
                code.op("readout", bits=chosen, sum=sums, readout=0)
                code.op("label", label=label)
                code.op("error", signs=self._errors(number), bits=chosen, label=label)
                return
            local = self._next_is_here(number)
            fired = self._own_bits("bits", number, self._flight if local else _PASSING)
            gate = self._own_bits("gate", number, self._flight)
            code.op("sample.gate", bits=fired, gate=gate, sum=sums, neuron=number)
            self._send_bits(number, fired)

    def _backward(self, number: int) -> None:
        code = self._code
        with code.loop(Counter.SLOT, Register.B1):
            errors = self._errors(number)
            if number < self._last and not self._next_is_here(number):
                back = self._own_sums("back", number, _PASSING)
                for place, share in enumerate(self._placement.shares[number + 1]):
                    if place == 0:
                        code.op("receive", vector=back, core=share.core)
                    else:
                        code.op("receive.add", sum=back, core=share.core)
                code.op("sign", signs=errors, sum=back, gate=self._gate(number))
            if number > 0:
                turned = self._area(
                    "turned", number, VectorKind.SUM, self._inputs(number), _PASSING
                )
                code.op("readt", sum=turned, signs=errors, tiles=self._driven(number))
                if self._before_is_here(number):
                    code.op(
                        "sign",
                        signs=self._errors(number - 1),
                        sum=turned,
                        gate=self._gate(number - 1),
                    )
                else:
                    for share in self._placement.shares[number - 1]:
                        code.op("send", vector=self._part(turned, share), core=share.core)
            code.op("count", bits=self._input_of(number), signs=errors, tiles=self._all(number))

    def _update(self, number: int) -> None:
        for place, step in enumerate(self._layers[number].updates):
            self._code.op(
                _UPDATES[step.op],
                update=self._updates[number, place],
                tiles=self._all(number),
            )

    # inference

    def _infer(self, *, vote: bool) -> None:
        code = self._code
        last = self._last in self._own
        with code.chunks(Register.B0, Register.SAMPLES, immediate(self._flight)):
            if 0 in self._own or last:
                with code.loop(Counter.SLOT, Register.B0):
                    if 0 in self._own:
                        code.op("in", level=self._levels_kept())
                    if last:
                        code.op("clear", sum=self._result())
            with code.loop(Counter.REPEAT, Register.REPEATS):
                for number in self._own:
                    with code.from_layer(self._layers[number].origin):
                        self._pass(number, vote)
            if last:
                with code.loop(Counter.SLOT, Register.B0):
                    code.op("out", sum=self._result())
            code.op("advance", register=Register.B0)

    def _pass(self, number: int, vote: bool) -> None:
        """One layer of one repeat: sums over its reads."""
        code = self._code
        local = number < self._last and self._next_is_here(number)
        with code.loop(Counter.SLOT, Register.B0):
            sums = self._own_sums("sums", number, self._flight if local else _PASSING)
            code.op("clear", sum=sums)
            with code.loop(Counter.READ, Register.READS):
                if number == 0:
                    bits = self._area("input", 0, VectorKind.BIT, self._inputs(0), _PASSING)
                    code.op(
                        "encode", bits=bits, level=self._levels_kept(), layer=self._encode_layer
                    )
                elif self._before_is_here(number):
                    bits = self._own_bits("bits", number - 1, _PASSING)
                    before = self._own_sums("sums", number - 1, self._flight)
                    code.op("sample", bits=bits, sum=before, neuron=number - 1)
                else:
                    bits = self._bits_into(number, _PASSING)
                code.op("read.add", sum=sums, bits=bits, tiles=self._all(number))
            if number == self._last:
                result: Area = sums
                if vote:
                    result = self._own_bits("readout", number, _PASSING)
                    code.op("readout", bits=result, sum=sums, readout=0)
                code.op("add", sum=self._result(), term=result)
            elif not local:
                with code.loop(Counter.READ, Register.READS):
                    fired = self._own_bits("bits", number, _PASSING)
                    code.op("sample", bits=fired, sum=sums, neuron=number)
                    self._send_bits(number, fired)

    def _binary(self) -> None:
        code = self._code
        with code.chunks(Register.B0, Register.SAMPLES, immediate(self._flight)):
            for number in self._own:
                with (
                    code.from_layer(self._layers[number].origin),
                    code.loop(Counter.SLOT, Register.B0),
                ):
                    self._decide(number)
            code.op("advance", register=Register.B0)

    def _decide(self, number: int) -> None:
        """One layer of mode binary."""
        code = self._code
        if number == 0:
            levels = self._area("levels", 0, VectorKind.LEVEL, self._inputs(0), _PASSING)
            bits = self._area("input", 0, VectorKind.BIT, self._inputs(0), _PASSING)
            code.op("in", level=levels)
            code.op("encode.half", bits=bits, level=levels)
        else:
            bits = self._bits_into(number, _PASSING)
        sums = self._own_sums("sums", number, _PASSING)
        code.op("read", sum=sums, bits=bits, tiles=self._all(number))
        if number == self._last:
            code.op("out", sum=sums)
            return
        local = self._next_is_here(number)
        fired = self._own_bits("bits", number, self._flight if local else _PASSING)
        code.op("sample.half", bits=fired, sum=sums, neuron=number)
        self._send_bits(number, fired)

    # vectors and neighbours

    def _share(self, number: int) -> Share:
        return self._placement.share(number, self._core)

    def _inputs(self, number: int) -> int:
        return self._layers[number].spec.inputs

    def _next_is_here(self, number: int) -> bool:
        return self._placement.local(number, number + 1)

    def _before_is_here(self, number: int) -> bool:
        return self._placement.local(number - 1, number)

    def _all(self, number: int) -> Tiles:
        return Tiles(self._tiles[number])

    def _driven(self, number: int) -> Tiles:
        """Tiles that are read backward: those of always-on lines alone are not."""
        inputs = self._inputs(number)
        kept = zip(self._tiles[number], self._share(number).tiles, strict=True)
        return Tiles(tuple(n for n, tile in kept if tile.row_start < inputs))

    def _area(
        self, what: str, number: int, kind: VectorKind, length: int, slots: int, first: int = 0
    ) -> Area:
        name = f"{self._layers[number].spec.name}.{what}"
        if name not in self._areas:
            self._areas[name] = Area(name, kind, length, first, slots)
        return self._areas[name]

    def _own_bits(self, what: str, number: int, slots: int) -> Area:
        share = self._share(number)
        return self._area(what, number, VectorKind.BIT, share.columns, slots, share.column_start)

    def _own_sums(self, what: str, number: int, slots: int) -> Area:
        share = self._share(number)
        return self._area(what, number, VectorKind.SUM, share.columns, slots, share.column_start)

    def _gate(self, number: int) -> Area:
        return self._own_bits("gate", number, self._flight)

    def _errors(self, number: int) -> Area:
        """Errors of a layer: kept for the block where another loop makes them."""
        share = self._share(number)
        made_here = number < self._last and not self._next_is_here(number)
        slots = _PASSING if made_here else self._flight
        return self._area(
            "error", number, VectorKind.SIGN, share.columns, slots, share.column_start
        )

    def _levels_kept(self) -> Area:
        return self._area("levels", 0, VectorKind.LEVEL, self._inputs(0), self._flight)

    def _result(self) -> Area:
        return self._own_sums("result", self._last, self._flight)

    def _input_of(self, number: int) -> Area:
        """The bits that drove a layer in this block."""
        if number == 0:
            return self._areas[f"{self._layers[0].spec.name}.input"]
        if self._before_is_here(number):
            return self._own_bits("bits", number - 1, self._flight)
        return self._areas[f"{self._layers[number].spec.name}.input"]

    def _bits_into(self, number: int, slots: int) -> Area:
        """Bits of the layer before: already here, or received from all who have a share of it."""
        if self._before_is_here(number):
            return self._areas[f"{self._layers[number - 1].spec.name}.bits"]
        bits = self._area("input", number, VectorKind.BIT, self._inputs(number), slots)
        for share in self._placement.shares[number - 1]:
            self._code.op("receive", vector=self._part(bits, share), core=share.core)
        return bits

    def _send_bits(self, number: int, fired: Area) -> None:
        if not self._next_is_here(number):
            for share in self._placement.shares[number + 1]:
                self._code.op("send", vector=fired, core=share.core)

    def _part(self, whole: Area, share: Share) -> Area:
        """The elements of a vector that belong to a share of the layer before."""
        if share.columns == whole.length:
            return whole
        name = f"{whole.name}.{share.column_start}"
        if name not in self._areas:
            self._areas[name] = Area(
                name,
                whole.kind,
                share.columns,
                share.column_start,
                whole.slots,
                whole,
                share.column_start - whole.first,
            )
        return self._areas[name]
