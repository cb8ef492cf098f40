"""The verifier's rules of operands: whatever an instruction names is there and fits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bsc.diag import DiagnosticError, render_all
from bsc.isa.verify import verify_image
from bsc.isa.words import encode_word
from bsc.testing.verified_images import CoreText, assembled

VECTORS = """
l kind=level length=8 base=0
l4 kind=level length=4 base=8
x kind=bit length=8 base=0
x4 kind=bit length=4 base=8
z kind=bit length=4 base=16
d kind=bit length=4 base=20
late kind=bit length=4 base=24 first=4
y kind=sum length=4 base=0
y8 kind=sum length=8 base=8
y.head of=y8 base=0 length=4
y.tail of=y8 base=4 length=4 first=4
y.mid of=y8 base=2 length=4
b kind=sum length=8 base=16
b7 kind=sum length=7 base=24
s kind=sum length=4 base=32
over kind=sum length=4 base=34
big kind=sum length=16 base=64
three kind=sum length=3 base=48
lateness kind=sum length=4 base=52 first=4
away kind=bit length=8 base=32 first=8
e kind=sign length=4 base=0
f kind=sign length=4 base=4
elate kind=sign length=4 base=8 first=1
e3 kind=sign length=3 base=16
c kind=label length=1 base=0
cc kind=label length=2 base=2
c4 kind=label length=4 base=4
c.late of=c4 base=1 length=3 first=1
a kind=count length=4 base=0
a2 kind=count length=2 base=8
"""

WRITTEN = """
in l
encode x, l, layer 0
clear y
clear y8
clear b
clear s
clear big
clear lateness
sample.half z, y, n
sample.half d, y, n
sample.half late, lateness, n
sign e, y, z
sign f, y, z
label c
fetch a, tile 0, row 0
"""


def image_of(code, cores=1):
    other = CoreText("y kind=sum length=4 base=0\n", "halt")
    return assembled([CoreText(VECTORS, WRITTEN + code), *[other] * (cores - 1)])


def accepted(code):
    verify_image(image_of(code), "<test>")


def refused(image):
    with pytest.raises(DiagnosticError) as caught:
        verify_image(image, "<test>")
    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {"BSC5234"}
    return render_all(caught.value.diagnostics)


@pytest.mark.parametrize(
    "code",
    [
        "read y, x, [0-2]",
        "read.add y, x, [0 2]",
        "read big, x, [1]",
        "read s, z, [3 4]",
        "readt b, e, [0-1]",
        "readt s, e, [5]",
        "readt.add b, e, [1]",
        "count x, e, [0-2]",
        "count z, e, [3]",
        "carry u, [0-2]",
        "carry v, [3-4]",
        "refresh u, [0]",
        "step w, [5]",
        "fetch a, tile 0, row 3",
        "fetch a2, tile 3, row 0",
        "place a, tile 2, row 0",
        "load y, 0xf8",
        "store x, 0xff",
        "store e, 255",
        "load a, 252",
        "sample z, y, n",
        "sample z, y, plain",
        "sample.gate z, d, y, n",
        "sample.half z, y, bare",
        "readout z, y, o",
        "error e, z, c",
        "sign e, y, z",
        "add y, s",
        "add y, z",
        "copy s, y",
        "copy y.tail, y.head",
        "copy late, z",
        "copy f, e",
        "copy elate, e",
        "readout.logistic z, y, n",
        "readout.logistic z, y, plain",
        "readout.logistic late, lateness, n",
        "add y.head, y.tail",
        "encode x, l, layer 16777215",
        "encode.half x, l",
    ],
)
def test_operands_that_fit(code):
    accepted(code)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        # lengths and places in the layer
        ("encode x4, l, layer 0", "x4 4, l 8"),
        ("encode.half x4, l", "x4 4, l 8"),
        ("sample x, y, n", "x 8, y 4"),
        ("sample late, y, n", "begin with the same element of the layer: late 4, y 0"),
        ("sample.gate z, x, y, n", "z 4, x 8, y 4"),
        ("sample.gate z, late, y, n", "late 4"),
        ("readout z, lateness, o", "lateness 4"),
        ("readout late, lateness, o", "a readout compares all classes, but late has bits 4-7"),
        ("read y, away, [2]", "array a has 8 inputs, but away has bits 8-15"),
        ("error elate, z, c", "elate 1, z 0"),
        ("error e, z, cc", "cc has 2 labels, expected 1"),
        ("label cc", "cc has labels 0-1, but c has labels 0-0 stands in another `label`"),
        ("copy x, z", "x 8, z 4"),
        ("copy y, z", "vectors must be of one kind: y sum, z bit"),
        ("copy e, z", "vectors must be of one kind: e sign, z bit"),
        ("readout.logistic x, y, n", "x 8, y 4"),
        ("readout.logistic late, y, n", "begin with the same element of the layer: late 4, y 0"),
        ("error.target e3, z, c4, n", "e3 3, z 4, c4 4"),
        ("error.target e, z, c, n", "e 4, z 4, c 1"),
        ("error.target elate, z, c4, n", "elate 1, z 0, c4 0"),
        ("sign e, y, late", "late 4"),
        ("sign e3, y, z", "e3 3, y 4, z 4"),
        ("add y, b", "y 4, b 8"),
        # shared memory
        ("add y, y", "share memory"),
        ("add s, over", "share memory"),
        ("add y.head, y.mid", "share memory"),
        ("copy y.head, y.mid", "share memory"),
        ("copy s, over", "share memory"),
        ("sample.gate z, z, y, n", "share memory"),
        # tiles
        ("read y, x, [6]", "there is no tile 6"),
        ("read y, x, [0 7]", "there is no tile 7"),
        ("read y, x, [2-3]", "the tiles are of the arrays a and r, expected one"),
        ("read y, x4, [0-1]", "word lines of tile 1 are 4-7, but x4 has bits 0-3"),
        ("read y, late, [0]", "word lines of tile 0 are 0-3, but late has bits 4-7"),
        ("read three, x, [0]", "bit lines of tile 0 are 0-3, but three has sums 0-2"),
        ("read lateness, x, [0]", "bit lines of tile 0 are 0-3, but lateness has sums 4-7"),
        ("readt b, e, [0-2]", "tile 2 has no word line that carries an input"),
        ("readt b7, e, [1]", "word lines of tile 1 are 4-7, but b7 has sums 0-6"),
        ("readt b, elate, [0]", "bit lines of tile 0 are 0-3, but elate has signs 1-4"),
        ("count x4, e, [1]", "word lines of tile 1 are 4-7, but x4 has bits 0-3"),
        ("count x, e3, [0]", "bit lines of tile 0 are 0-3, but e3 has signs 0-2"),
        # updates
        ("carry v, [0]", "update v is of layer 1, array a of layer 0"),
        ("carry w, [5]", "array m is of style direct, its weights take no pulses"),
        ("step u, [0]", "array a is of style pair-down, not direct"),
        ("refresh v, [3]", "array r is of style reference, only pairs are refreshed"),
        ("carry u, [2-3]", "the tiles are of the arrays a and r"),
        # rows of tiles, backing memory
        ("fetch a, tile 6, row 0", "there is no tile 6"),
        ("fetch a, tile 0, row 4", "tile 0 has 4 word lines, there is no row 4"),
        ("fetch a2, tile 0, row 0", "a2 has 2 elements, tile 0 has 4 bit lines"),
        ("place a, tile 3, row 0", "a has 4 elements, tile 3 has 2 bit lines"),
        ("load y, 0xf9", "takes backing memory up to 257, the chip has 256 words"),
        ("store y, 0xffffffff", "takes backing memory up to 4294967303"),
        ("store x, 256", "takes backing memory up to 257"),
        # neurons
        ("sample z, y, bare", "neuron bare has no table threshold"),
        ("sample.gate z, d, y, plain", "neuron plain has no tables low and high"),
        ("readout.logistic z, y, bare", "neuron bare has no table threshold"),
        # cores
        ("send y, core 0", "a core has no channel to itself"),
        ("send y, core 1", "there is no core 1"),
        ("receive y, core 255", "there is no core 255"),
    ],
)
def test_operands_that_do_not_fit(code, found):
    text = refused(image_of(code))
    assert found in text
    assert f": {code.split()[0]} " in text  # the word is named


@pytest.mark.parametrize(
    ("word", "found"),
    [
        (encode_word("clear", sum=4095), "there is no vector 4095"),
        (encode_word("clear", sum=0), "sum l is of kind level, expected sum"),
        (encode_word("add", sum=7, term=0), "term l is of kind level, expected sum or bit"),
        (encode_word("load", vector=0, address=0), "vector l is of kind level"),
        (encode_word("sample", bits=4, sum=7, neuron=3), "there is no neuron 3"),
        (encode_word("readout", bits=4, sum=7, readout=1), "there is no readout 1"),
        (encode_word("carry", update=4095, tiles=1 << 16), "there is no update 4095"),
        (encode_word("read", sum=7, bits=2, tiles=0xFFFF | 1 << 16), "there is no tile 65535"),
    ],
)
def test_numbers_that_name_nothing(word, found):
    image = image_of("trace 1")
    core = image.cores[0]
    code = (*core.code[:-2], word, core.code[-1])
    assert found in refused(replace(image, cores=(replace(core, code=code),)))


@pytest.mark.parametrize(
    ("change", "code", "found"),
    [
        ({"threshold": 0}, "carry u, [0]", "threshold is 0, expected 1 or more"),
        ({"pulses": 0}, "carry u, [0]", "pulses is 0, expected 1 or more"),
        ({"step_down": 0xFFFF}, "carry u, [0]", "lacks the table step_down, array a is pair-down"),
        ({"step_up": 4}, "carry u, [0]", "has the table step_up, array a is pair-down"),
        ({"every": 0}, "refresh u, [0]", "every is 0, expected 1 or more"),
    ],
)
def test_updates_that_lack_a_number(change, code, found):
    image = image_of(code)
    update = replace(image.updates[0], **change)
    if change == {"step_up": 4}:  # with fractions of a code this table would need noise
        update = replace(update, noise_up=6)
    assert found in refused(replace(image, updates=(update, *image.updates[1:])))


def test_a_step_with_a_threshold_is_refused():
    """A record has one number for both in the machine: a threshold would be taken as the rate."""
    image = image_of("step w, [5]")
    verify_image(image, "<test>")
    update = replace(image.updates[2], threshold=1)
    text = refused(replace(image, updates=(*image.updates[:2], update)))
    assert "update w has a threshold, so it is for carry" in text


def test_rows_that_the_host_hands_out_are_alike():
    accepted("in l")
    text = refused(image_of("in l4"))
    assert "l4 has levels 0-3, but l has levels 0-7 stands in another `in` of the same run" in text
    accepted("out y\nout s")
    assert "stands in another `out`" in refused(image_of("out y\nout lateness"))
    assert "stands in another `out`" in refused(image_of("out y\nout b"))


def test_a_sample_has_several_labels():
    code = WRITTEN.replace("label c\n", "label c4\n")
    vectors = VECTORS + "c4.one of=c4 base=2 length=1\nz.late of=z base=1 length=3 first=1\n"
    vectors += "e.late of=e base=1 length=3 first=1\n"
    for more in (
        "error.target e, z, c4, bare\nerror e, z, c4.one",
        "error.target e.late, z.late, c.late, n",
    ):
        verify_image(assembled([CoreText(vectors, code + more)]), "<test>")
    text = refused(assembled([CoreText(vectors, code + "error.target e, z, c.late, n")]))
    assert "e 4, z 4, c.late 3" in text
    text = refused(assembled([CoreText(vectors, code + "error.target e.late, z.late, c4, n")]))
    assert "e.late 3, z.late 3, c4 4" in text


def test_problems_of_all_words_are_told_together():
    text = refused(image_of("add y, y\nread y, x, [9]\nerror e, z, cc"))
    assert text.count("BSC5234") == 3
