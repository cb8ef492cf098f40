"""Text IR: what it looks like, what it refuses and how it says so."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path

import numpy as np
import pytest

from bsc.diag import CODES, DiagnosticError, render_all
from bsc.diag.pages.languages import LANGUAGES
from bsc.ir import parser
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import same_graph
from bsc.ir.parser import parse_graph, read_graph
from bsc.ir.pipeline_text import parse_pipeline
from bsc.ir.printer import print_graph
from bsc.ir.reproducer import pipeline_of
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc.pipelines import KINDS, PASSES

UNCHECKED = ("BSC2010", "BSC2012")
"""Codes of files that no short text shows."""

TEXT = """\
bsir 1
graph "two layers" at source {
  input %x : f32[N, 2]
  constant %W : f32[2, 2] = [1.0, -0.5, 0.1, 1e-45]
  constant %"fc/b:0" : f32[2] = [-0.0, nan:0x7fa00001]
  %h = dense(%x, %W, %"fc/b:0") : f32[N, 2]  @"Gemm \\"fc\\""
  %y = leaky_relu(%h) {alpha = 0.25} : f32[N, 2]
  output %h, %y
}
"""


def wrong(text: str) -> str:
    with pytest.raises(DiagnosticError) as caught:
        parse_graph(text, OPS, source="a.bsir")
    return render_all(caught.value.diagnostics, {"a.bsir": text})


def test_printing_a_read_text_gives_it_back() -> None:
    graph = parse_graph(TEXT, OPS)
    assert print_graph(graph) == TEXT
    assert graph.constants["fc/b:0"].view(np.uint32).tolist() == [0x80000000, 0x7FA00001]
    assert graph.nodes[0].origin == 'Gemm "fc"'


def test_people_may_leave_out_defaults_and_line_ends() -> None:
    text = TEXT.replace(" {alpha = 0.25}", "# a comment\r\n").replace("\n  ", "\r\t")
    assert parse_graph(text, OPS).nodes[1].attrs == {"alpha": 0.01}


def test_constants_of_every_encoding_come_back() -> None:
    b = GraphBuilder("constants", Stage.SOURCE, OPS)
    b.constant("empty", np.zeros((0, 3), np.int32))
    b.constant("scalar", np.array(-(2**63), np.int64))
    b.constant("words", np.array(["a\0", "\ud800", "", "ä\n\u2028"], object))
    b.constant("truth", np.array([[True], [False]]))
    b.constant("doubles", np.array([np.inf, -np.inf, np.nan, 5e-324, 0.1]))
    b.constant("bits", np.array([0x7FF0000000000001, 1 << 63], np.uint64).view(np.float64))
    b.constant("large", np.arange(60, dtype=np.float32).reshape(3, 20).T)
    for encoding, dtype in [
        (Encoding.BIT, np.uint8),
        (Encoding.SIGN, np.int8),
        (Encoding.CODE, np.int16),
        (Encoding.SUM, np.int32),
        (Encoding.COUNT, np.int32),
        (Encoding.LABEL, np.int64),
        (Encoding.CELLS, np.int32),
    ]:
        for size in (2, 40):
            b.constant(f"{encoding}/{size}", np.full(size, -1).astype(dtype), encoding)
    graph = b.build()
    text = print_graph(graph)
    assert "constant %large : f32[20, 3] = zlib" in text
    assert 'constant %"cells/2" : cells[2] as int32 = [-1, -1]' in text
    assert same_graph(parse_graph(text, OPS), graph)


def test_elided_text_is_for_people_only() -> None:
    text = print_graph(parse_graph(TEXT, OPS), elide=2)
    assert 'constant %W : f32[2, 2] = elided "sha256:' in text
    assert wrong(text).startswith(
        "error[BSC2006]: the data of [2, 2] elements was left out when this was printed\n"
        "  --> a.bsir:4:12\n"
    )


def test_external_constants_are_handed_over_as_they_are() -> None:
    graph = parse_graph(TEXT, OPS)
    text = print_graph(graph, external={"W"})
    again = parse_graph(text, OPS, external={"W": graph.constants["W"]})
    assert again.constants["W"] is graph.constants["W"]
    assert "BSC2007" in wrong(text)
    with pytest.raises(DiagnosticError, match=r"int32 \[3\], expected float32 \[2, 2\]"):
        parse_graph(text, OPS, external={"W": np.zeros(3, np.int32)})


@pytest.mark.parametrize(
    ("before", "after", "message", "place"),
    [
        ("bsir 1", "bsir 2", "BSC2009]: the text is of version 2", "1:6"),
        ("at source", "at sauce", "BSC2002]: unknown stage sauce, expected source, b", "2:23"),
        ("x : f32", "x : f33", "BSC2002]: unknown encoding f33, expected f32, f64", "3:14"),
        ("(%x, ", "(%x; ", "BSC2001]: found ';', which starts nothing here", "6:16"),
        ("(%x, ", "(%x ", "BSC2001]: found `%W`, expected `)` or `,`", "6:17"),
        ("}\n", "", "BSC2001]: the text ends here, expected ", "9:1"),
        ("leaky_relu", "relo", "BSC2008]: relo %y: unknown operator", "7:8"),
        ("relu(%h)", "relu(%g)", "BSC2008]: leaky_relu %y: reads %g which nothing", "7:8"),
        ("alpha = 0.25", "alpha = 1", "attribute 'alpha' is 1, expected the kind float", "7:8"),
        ("alpha = 0.25", "alpha = 1e999", "BSC2004]: 1e999 is beyond double", "7:32"),
        ("0.25}", "0.25, alpha = 1.0}", "BSC2003]: attribute alpha is given twice", "7:38"),
        ("} : f32[N, 2]", "} : f32[2]", "%y has type f32[2], inference says f32[N, 2]", "7:8"),
        ("output %h", "output %z", "BSC2008]: output %z is not defined", "8:10"),
        ("input %x", "input %W", "BSC2003]: %W is defined twice", "4:12"),
        ('\\"fc\\"', "\\q", "BSC2004]: unknown escape \\q", "6:47"),
        ('\\"fc\\"', "\\u{ffffff}", "BSC2004]: ", "6:47"),
        ("[-0.0, ", "[", "BSC2005]: 1 elements in the list, shape [2] needs others", "5:12"),
        ("-0.0, ", "1, ", "BSC2005]: element 1 is not written as float32 is", "5:12"),
        ("-0.0, ", "1e39, ", "BSC2005]: element 1e39: 1e39 is beyond single precision", "5:12"),
        ("0x7fa00001", "0x7f800000", "nan:0x7f800000 is no NaN of 32 bits", "5:12"),
        ("f32[2] = ", "u8[2] = ", "BSC2005]: element -0.0 is not written as uint8 is", "5:12"),
        ("f32[2] = ", "f32[2] as int8 = ", "BSC2005]: elements as int8, f32 is kept", "5:12"),
        ("f32[2] = ", "f32[N] = ", "BSC2005]: a constant's extents are numbers", "5:12"),
    ],
)
def test_mistakes_are_named_with_their_place(before, after, message, place) -> None:
    assert before in TEXT
    said = wrong(TEXT.replace(before, after, 1))
    assert message in said
    assert f"--> a.bsir:{place}\n" in said or said.endswith(f"--> a.bsir:{place}")


def test_all_mistakes_are_reported_together() -> None:
    text = TEXT.replace("x : f32", "x : f33").replace("0.25", "1e999").replace("[-0.0, ", "[")
    assert wrong(text).count("error[") == 3


def test_carets_stand_under_the_fault() -> None:
    assert wrong(TEXT.replace("leaky_relu", "relo")) == (
        "error[BSC2008]: relo %y: unknown operator\n"
        "  --> a.bsir:7:8\n"
        "  7 |   %y = relo(%h) {alpha = 0.25} : f32[N, 2]\n"
        "             ^^^^"
    )


def packed(text: str, shape: str, data: bytes) -> str:
    blob = base64.b64encode(data).decode()
    return text.replace("f32[2] = [-0.0, nan:0x7fa00001]", f'{shape} = zlib "{blob}"')


@pytest.mark.parametrize(
    ("shape", "data", "message"),
    [
        ("f32[1000000, 1000000]", zlib.compress(b"x"), "takes more than 1024 GiB"),
        ("f32[100000000]", zlib.compress(bytes(8)), "packed bytes cannot hold 400000000 bytes"),
        ("f32[2]", zlib.compress(bytes(10_000_000)), "does not hold 8 bytes"),
        ("f32[2]", zlib.compress(bytes(8))[:-4], "does not hold 8 bytes"),
        ("f32[2]", zlib.compress(bytes(8)) + b"more", "does not hold 8 bytes"),
        ("f32[2]", b"no zlib", "the packed data is damaged"),
        ("str[2]", zlib.compress(bytes(8)), "strings are written as a list"),
        (f"f32[{'0, ' * 40}1]", zlib.compress(b""), "41 dimensions, at most 32 are possible"),
        (f"f32[0, {10**30}]", zlib.compress(b""), "takes more than 1024 GiB"),
    ],
)
def test_forged_sizes_are_refused_before_memory_is_taken(shape, data, message) -> None:
    assert message in wrong(packed(TEXT, shape, data))


def test_what_is_no_base64_is_refused() -> None:
    text = packed(TEXT, "f32[2]", b"").replace('zlib ""', 'zlib "?"')
    assert "BSC2005]: the data is no base64" in wrong(text)


def test_files_are_read_with_their_name(tmp_path) -> None:
    path = tmp_path / "g.bsir"
    path.write_text(TEXT)
    assert same_graph(read_graph(path, OPS)[0], parse_graph(TEXT, OPS))
    path.write_bytes(b"bsir \xff")
    with pytest.raises(DiagnosticError, match="no UTF-8 at byte 5"):
        read_graph(path, OPS)
    with pytest.raises(DiagnosticError, match="BSC2010: cannot read"):
        read_graph(tmp_path / "none.bsir", OPS)


def test_a_graph_of_very_many_words_is_refused(monkeypatch, tmp_path) -> None:
    """Memory goes with words and signs, not with bytes: packed data of any length is one word."""
    monkeypatch.setattr(parser, "MAX_TOKENS", 100)
    b = GraphBuilder("m", Stage.SOURCE, OPS)
    b.output(b.constant("packed", np.arange(5000)))
    text = print_graph(b.build())
    parse_graph(text, OPS)
    listed = ", ".join(map(str, range(5000)))
    found = wrong(re.sub(r'zlib "[^"]*"', f"[{listed}]", text))
    assert "BSC2012]: more than 100 words and signs" in found
    monkeypatch.setattr(parser, "MAX_FILE_BYTES", 20)
    (tmp_path / "g.bsir").write_text(TEXT)
    with pytest.raises(DiagnosticError, match="BSC2012"):
        read_graph(tmp_path / "g.bsir", OPS)


def test_names_of_extents_and_graphs_may_be_odd() -> None:
    b = GraphBuilder('a "b"\n', Stage.TILED, OPS)
    for place, dim in enumerate(["batch size", "", "10", "ä", "unk__0", "input"]):
        b.output(b.input(f"{place}.{dim}", TensorType(Encoding.F32, (dim, 2))))
    graph = b.build()
    assert same_graph(parse_graph(print_graph(graph), OPS), graph)


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code not in UNCHECKED])
def test_pages_show_the_mistake_and_how_it_is_mended(code: str) -> None:
    page = CODES[code]
    assert page.example is not None
    assert page.mended is not None

    def read(text: str) -> None:
        if code == "BSC2011":
            parse_pipeline(text, PASSES, KINDS)
        else:
            parse_graph(text, OPS)

    with pytest.raises(DiagnosticError) as caught:
        read(page.example)
    assert {d.code for d in caught.value.diagnostics} == {code}
    read(page.mended)


def test_reproducers_of_the_documentation_are_some() -> None:
    page = (Path(__file__).parents[2] / "docs" / "text_ir.md").read_text(encoding="utf-8")
    example = page.split("```bsir\n")[2].split("```")[0]
    parse_graph(example, OPS)
    assert pipeline_of(example) == "binarise{weights=random}"


def test_the_example_of_the_documentation_reads_and_prints_as_written() -> None:
    page = (Path(__file__).parents[2] / "docs" / "text_ir.md").read_text(encoding="utf-8")
    example = page.split("```bsir\n")[1].split("```")[0]
    assert print_graph(parse_graph(example, OPS)) == example
    for encoding in Encoding:
        assert f" {encoding}" in page or f"`{encoding}" in page
