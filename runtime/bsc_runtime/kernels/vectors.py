"""Vector loops written as LLVM vectors, so that they do not depend on a vectoriser's mood.

LLVM breaks the wide vectors into what the processor has (AVX-512, AVX2, SSE, NEON): nothing here
names an instruction set. All offsets count elements and must be valid: there is no bounds check.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils

from bsc.numerics.state import CODE_MAX
from bsc_runtime.kernels.jit import intrinsic, merged

_I64 = ir.IntType(64)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, offset: Any) -> Any:
    """Address of array[offset]."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [offset])


def _load(builder: Any, pointer: Any, vector: Any, align: int) -> Any:
    return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=align)


def _splat(builder: Any, value: Any, width: int) -> Any:
    """A vector with the value everywhere."""
    none = ir.Constant(ir.VectorType(value.type, 1), ir.Undefined)
    one = builder.insert_element(none, value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)
    return builder.shuffle_vector(one, none, zeros)


def _row_summer(width: int, sign: int) -> Any:
    """Make sums[at : at + width] += or -= the sum of listed rows of codes.

    The sums of all `width` columns stay in registers while the rows go by. Two rows are added in
    16 bits first, which cannot overflow (|code| <= 16383), and widened together: widening is what
    costs most beside loading. Per 32 columns and row: one load, half an add, half a widening and
    add. Measured 60 GB/s of codes out of the second-level cache, about what that cache delivers.
    """

    def add_listed(
        _: Any,
        codes: Any,
        base: Any,
        stride: Any,
        lists: Any,
        start: Any,
        count: Any,
        sums: Any,
        at: Any,
    ) -> Any:
        i = types.int64
        signature = types.void(codes, i, i, lists, i, i, sums, i)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            _, base, stride, _, start, count, _, at = args
            matrix = _pointer(context, builder, sig.args[0], args[0], base)
            listed = _pointer(context, builder, sig.args[3], args[3], start)
            out = _pointer(context, builder, sig.args[6], args[6], at)
            sum_bits = sig.args[6].dtype.bitwidth
            narrow = ir.VectorType(ir.IntType(16), width)
            wide = ir.VectorType(ir.IntType(sum_bits), width)
            combine = builder.add if sign > 0 else builder.sub
            one, two = ir.Constant(_I64, 1), ir.Constant(_I64, 2)

            def row(i: Any) -> Any:
                number = builder.sext(builder.load(builder.gep(listed, [i])), _I64)
                return _load(builder, builder.gep(matrix, [builder.mul(number, stride)]), narrow, 2)

            before = builder.block
            first = _load(builder, out, wide, sum_bits // 8)
            blocks = [
                builder.append_basic_block(n) for n in ("pairs", "pair", "rest", "odd", "end")
            ]
            pairs, pair, rest, odd, end = blocks
            builder.branch(pairs)

            builder.position_at_end(pairs)
            i, total = builder.phi(_I64), builder.phi(wide)
            following = builder.add(i, two)
            builder.cbranch(builder.icmp_signed("<=", following, count), pair, rest)

            builder.position_at_end(pair)
            both = builder.add(row(i), row(builder.add(i, one)))
            i.add_incoming(ir.Constant(_I64, 0), before)
            i.add_incoming(following, pair)
            total.add_incoming(first, before)
            total.add_incoming(combine(total, builder.sext(both, wide)), pair)
            builder.branch(pairs)

            builder.position_at_end(rest)
            builder.cbranch(builder.icmp_signed("<", i, count), odd, end)

            builder.position_at_end(odd)
            with_odd = combine(total, builder.sext(row(i), wide))
            builder.branch(end)

            builder.position_at_end(end)
            result = builder.phi(wide)
            result.add_incoming(total, rest)
            result.add_incoming(with_odd, odd)
            pointer = builder.bitcast(out, wide.as_pointer())
            builder.store(result, pointer, align=sum_bits // 8)
            return context.get_dummy_value()

        return signature, codegen

    return intrinsic(add_listed)


# 128 columns fill eight 512-bit registers with sums: wider spills, narrower reads lists more often.
add_listed_128, add_listed_32, add_listed_16 = (_row_summer(w, 1) for w in (128, 32, 16))
subtract_listed_128, subtract_listed_32, subtract_listed_16 = (
    _row_summer(w, -1) for w in (128, 32, 16)
)


def _accumulator(width: int) -> Any:
    """Make counters[at : at + width] += errors[origin : origin + width] (int8)."""

    def accumulate(_: Any, counters: Any, at: Any, errors: Any, origin: Any) -> Any:
        signature = types.void(counters, types.int64, errors, types.int64)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            bits = sig.args[0].dtype.bitwidth
            out = _pointer(context, builder, sig.args[0], args[0], args[1])
            source = _pointer(context, builder, sig.args[2], args[2], args[3])
            wide = ir.VectorType(ir.IntType(bits), width)
            change = _load(builder, source, ir.VectorType(ir.IntType(8), width), 1)
            if bits > 8:
                change = builder.sext(change, wide)
            result = builder.add(_load(builder, out, wide, bits // 8), change)
            builder.store(result, builder.bitcast(out, wide.as_pointer()), align=bits // 8)
            return context.get_dummy_value()

        return signature, codegen

    return intrinsic(accumulate)


accumulate_64, accumulate_16 = _accumulator(64), _accumulator(16)


def _reach(comparison: str) -> Any:
    """Make a bit mask of which of 64 counters from `at` compare so with a bound."""

    def reach(_: Any, counters: Any, at: Any, bound: Any) -> Any:
        signature = types.uint64(counters, types.int64, types.int64)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            bits = sig.args[0].dtype.bitwidth
            vector = ir.VectorType(ir.IntType(bits), 64)
            source = _pointer(context, builder, sig.args[0], args[0], args[1])
            values = _load(builder, source, vector, bits // 8)
            bounds = _splat(builder, builder.trunc(args[2], ir.IntType(bits)), 64)
            return builder.bitcast(builder.icmp_signed(comparison, values, bounds), _I64)

        return signature, codegen

    return intrinsic(reach)


at_least, at_most = _reach(">="), _reach("<=")


def _cell_mover(width: int) -> Any:
    """Make a step of all cells whose counter is not 0, and the counters 0; returns how many."""

    def move(_: Any, codes: Any, at: Any, counters: Any, origin: Any, up: Any, down: Any) -> Any:
        i = types.int64
        signature = types.int64(codes, i, counters, i, i, i)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            bits = sig.args[2].dtype.bitwidth
            i16 = ir.IntType(16)
            cells, kind = ir.VectorType(i16, width), ir.VectorType(ir.IntType(bits), width)
            out = _pointer(context, builder, sig.args[0], args[0], args[1])
            source = _pointer(context, builder, sig.args[2], args[2], args[3])
            counts, code = _load(builder, source, kind, bits // 8), _load(builder, out, cells, 2)
            none, zero = ir.Constant(kind, None), ir.Constant(cells, None)
            raised = _splat(builder, builder.trunc(args[4], i16), width)
            lowered = _splat(builder, builder.trunc(builder.neg(args[5]), i16), width)
            change = builder.select(builder.icmp_signed("<", counts, none), raised, zero)
            falls = builder.icmp_signed(">", counts, none)
            # A code and a step are at most 16383, so their sum fits 16 bits.
            moved = builder.add(code, builder.select(falls, lowered, change))
            moved = builder.select(builder.icmp_signed("<", moved, zero), zero, moved)
            limit = _splat(builder, ir.Constant(i16, CODE_MAX), width)
            moved = builder.select(builder.icmp_signed(">", moved, limit), limit, moved)
            builder.store(moved, builder.bitcast(out, cells.as_pointer()), align=2)
            builder.store(none, builder.bitcast(source, kind.as_pointer()), align=bits // 8)
            mask = builder.bitcast(builder.icmp_signed("!=", counts, none), ir.IntType(width))
            return builder.zext(builder.ctpop(mask), _I64)

        return signature, codegen

    return intrinsic(move)


move_cells_32, move_cells_16 = _cell_mover(32), _cell_mover(16)


def _places() -> npt.NDArray[np.uint8]:
    """Where the set bits of each byte are, [256 * 8], lowest first."""
    table = np.zeros((256, 8), np.uint8)
    for mask in range(256):
        found = [k for k in range(8) if mask >> k & 1]
        table[mask, : len(found)] = found
    return table.reshape(-1)


PLACES = _places()


def _store_set(_: Any, lists: Any, at: Any, places: Any, mask: Any, first: Any) -> Any:
    """Append first + k for each set bit k < 8 of a mask; returns how many.

    Always eight entries are written, the list goes on behind the valid ones: no branch, and four
    instructions for eight elements.
    """
    signature = types.int64(lists, types.int64, places, types.uint64, types.int64)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        i32 = ir.IntType(32)
        entries = ir.VectorType(i32, 8)
        out = _pointer(context, builder, sig.args[0], args[0], args[1])
        place = builder.shl(args[3], ir.Constant(_I64, 3))
        source = _pointer(context, builder, sig.args[2], args[2], place)
        inside = builder.zext(_load(builder, source, ir.VectorType(ir.IntType(8), 8), 1), entries)
        listed = builder.add(inside, _splat(builder, builder.trunc(args[4], i32), 8))
        builder.store(listed, builder.bitcast(out, entries.as_pointer()), align=4)
        return builder.ctpop(args[3])

    return signature, codegen


store_set = intrinsic(_store_set)


def _lowest_bit(_: Any, mask: Any) -> Any:
    """Position of the lowest set bit of a mask that is not 0."""
    signature = types.int64(types.uint64)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return signature, codegen


lowest_bit = intrinsic(_lowest_bit)


def _prefetch_part(_: Any, data: Any, row: Any, first: Any, count: Any) -> Any:
    """Ask for `count` elements of a row of a two-dimensional array, at most 2 KiB of them."""
    signature = types.void(data, types.int64, types.int64, types.int64)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        array = context.make_array(sig.args[0])(context, builder, args[0])
        i8, i32 = ir.IntType(8), ir.IntType(32)
        stride, width = (
            builder.extract_value(array.strides, 0),
            builder.extract_value(array.strides, 1),
        )
        size = builder.mul(args[3], width)
        offset = builder.add(builder.mul(args[1], stride), builder.mul(args[2], width))
        start = builder.gep(builder.bitcast(array.data, i8.as_pointer()), [offset])
        limit = ir.Constant(_I64, 2048)
        size = builder.select(builder.icmp_signed("<", size, limit), size, limit)
        kind = ir.FunctionType(ir.VoidType(), [i8.as_pointer(), i32, i32, i32])
        name = "llvm.prefetch.p0"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        hint = [ir.Constant(i32, 0), ir.Constant(i32, 3), ir.Constant(i32, 1)]
        with cgutils.for_range_slice(
            builder, ir.Constant(_I64, 0), size, ir.Constant(_I64, 64)
        ) as (
            at,
            _,
        ):
            builder.call(function, [builder.gep(start, [at]), *hint])
        return context.get_dummy_value()

    return signature, codegen


prefetch_part = intrinsic(_prefetch_part)


@merged
def prefetch_row(data: npt.NDArray[Any], row: int) -> None:
    """Ask for a row of a two-dimensional array, at most 2 KiB of it, before it is needed."""
    prefetch_part(data, row, 0, data.shape[1])
