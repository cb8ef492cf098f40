"""BSC23xx: values, shapes and arithmetic of `.bsc` programs."""

from __future__ import annotations

from bsc.diag.page import CodePage

LANGUAGE_SHAPES: dict[str, CodePage] = {
    "BSC2301": CodePage(
        "shapes that do not fit",
        "A layer cannot read what flows into it. The message shows both shapes, and the chain of "
        "layers that led there; N is the batch.",
        "model m {\n  input x: f32[28, 28]\n  output y = x -> dense(10)\n}",
        "model m {\n  input x: f32[28, 28]\n  output y = x -> flatten -> dense(10)\n}",
    ),
    "BSC2302": CodePage(
        "encodings that do not fit",
        "Layers compute with f32; operands of arithmetic are of one encoding. cast converts.",
        "model m {\n  input x: u8[784]\n  output y = x -> dense(10)\n}",
        "model m {\n  input x: u8[784]\n  output y = x -> cast(f32) -> dense(10)\n}",
    ),
    "BSC2303": CodePage(
        "something that is no shape",
        "The shape of an input is that of one sample, without the batch: whole numbers from 1, in"
        " 15 dimensions at most.",
        "model m {\n  input x: f32[0, 784]\n  output y = x\n}",
        "model m {\n  input x: f32[784]\n  output y = x\n}",
    ),
    "BSC2304": CodePage(
        "arithmetic that has no result",
        "A division by zero, a root of a number below zero, a whole number beyond 2^53, or one "
        "beyond double precision. Whole numbers stay whole, but for / and powers below zero.",
        "let a = 2 ** 1000\nmodel m {\n  input x: f32[4]\n  output y = x\n}",
        "let a = 2.0 ** 1000\nmodel m {\n  input x: f32[4]\n  output y = x\n}",
    ),
    "BSC2305": CodePage(
        "arithmetic of something that is no number",
        "+ - * / are for numbers, tensors and values, // % ** for numbers alone.",
        'let a = "4" * 2\nmodel m {\n  input x: f32[4]\n  output y = x\n}',
        "let a = 4 * 2\nmodel m {\n  input x: f32[4]\n  output y = x\n}",
    ),
    "BSC2306": CodePage(
        "a tensor that is too large",
        "Inputs and weights have at most 2^31 elements. Of weights that are drawn and of tensors "
        "that are computed a program has 2^28 elements in all, of arrays that become tensors 2^22, "
        "of groups within groups 2^20 members. It is refused before memory is taken.",
        "model m {\n  input x: f32[4]\n  output y = x -> dense(10 ** 10)\n}",
        "model m {\n  input x: f32[4]\n  output y = x -> dense(1000)\n}",
    ),
    "BSC2307": CodePage(
        "an argument that is out of its bounds",
        "The message says which numbers the argument takes. Axes count the dimensions of a sample"
        " from 0, or from the end as -1.",
        "model m {\n  input x: f32[4]\n  output y = x -> softmax(axis = 1)\n}",
        "model m {\n  input x: f32[4]\n  output y = x -> softmax(axis = 0)\n}",
    ),
    "BSC2308": CodePage(
        "a range that is none",
        "`in LOW..HIGH` says which numbers of an input are p = 0 and p = 1: two numbers at a "
        "finite distance, the lower one first. Inputs of blocks have none.",
        "model m {\n  input x: u8[784] in 255..0\n  output y = x\n}",
        "model m {\n  input x: u8[784] in 0..255\n  output y = x\n}",
    ),
    "BSC2309": CodePage(
        "a count or index that is out of bounds",
        "repeat takes a whole number from 0; indices count from 0, or from the end as -1.",
        "let last = [1, 2, 3][3]\nmodel m {\n  input x: f32[4]\n  output y = x\n}",
        "let last = [1, 2, 3][-1]\nmodel m {\n  input x: f32[4]\n  output y = x\n}",
    ),
}
