"""Code generation for the instruction set: the text, its size, where vectors and layers go."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import bsc
from bsc.backend.isa import emit_image
from bsc.diag import DiagnosticError
from bsc.hw.registry import resolve
from bsc.hw.spec import ArrayGeometry, Periphery
from bsc.ir.builder import GraphBuilder
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.isa.assemble import assemble
from bsc.isa.binary import decode, encode
from bsc.isa.binary_frame import read_frame
from bsc.isa.disassemble import disassemble
from bsc.isa.kinds import EntryKind, VectorKind, tiles_of
from bsc.isa.records import SectionKind
from bsc.isa.verify import verify_image
from bsc.isa.words import decode_word
from bsc.ops import OPS
from bsc.testing.networks import dense_network
from bsc_runtime.samples import samples_folder

GOLDENS = Path(__file__).parent / "goldens"
DEVICES = ("ideal", "oxram", "pcmo", "pcm", "ecram")


def _target(device="oxram", tile=(128, 128), noise_bits=12, **chip):
    target = resolve(f"{device}-128")
    return target.model_copy(
        update={
            "array": ArrayGeometry(rows=tile[0], columns=tile[1]),
            "periphery": Periphery(noise_bits=noise_bits),
            "chip": target.chip.model_copy(update=chip),
        }
    )


def _emitted(sizes, target, **plan):
    return emit_image(bsc.compile(dense_network(sizes), target, weights="random", **plan))


def _names(image, core, kind):
    """Mnemonics of an entry's code."""
    start = image.start(kind, core)
    words = [decode_word(word).name for word in image.cores[core].code[start:]]
    return words[: words.index("halt") + 1]


# the text


@pytest.mark.parametrize("cores", [1, 2])
def test_assembly_of_a_small_network(cores, update_golden):
    """All of it: vectors and their places, code of every entry, tables."""
    target = _target("ideal", tile=(4, 4), noise_bits=4, cores=cores)
    text = disassemble(_emitted((6, 5, 3), target, batch=4, threshold=3).image)
    path = GOLDENS / f"tiny_{cores}_core.s"
    if update_golden:
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("cores", [1, 3, 16])
@pytest.mark.parametrize("device", DEVICES)
def test_what_is_generated_is_an_image(device, cores):
    """It is verified, and file and text say the same as it does."""
    for sizes, tile in (((6, 5, 3), (4, 4)), ((20, 40, 30, 10), (7, 5)), ((9, 2), (3, 1))):
        image = _emitted(sizes, _target(device, tile, cores=cores)).image
        verify_image(image, "<generated>")
        assert decode(encode(image), "<file>") == image
        assert assemble(disassemble(image), "<text>") == image


def test_any_name_of_a_layer_is_written():
    """Models call layers what they like; a line of assembly does not hold all of it."""
    origins = [
        "/a b/Gemm",
        "/a_b/Gemm",
        "/lay\ner/Gemm",
        "\0",
        "\u2028",
        "\ud800",
        'q"\\;',
        "",
        "1",
    ]
    origins += ["/" + "q" * 70_000, "/" + "q" * 70_000 + "r"]
    builder = GraphBuilder("named", Stage.SOURCE, OPS)
    value = builder.input("x", TensorType(Encoding.F32, ("N", 3)))
    for number, origin in enumerate(origins):
        weights = builder.constant(f"w{number}", np.eye(3, dtype=np.float32))
        value = builder.add("dense", [value, weights], origin=origin)
        if number < len(origins) - 1:
            value = builder.add("sigmoid", [value])
    builder.output(builder.add("softmax", [value], name="y"))
    image = emit_image(bsc.compile(builder.build(), "oxram-64", weights="random")).image
    assert decode(encode(image), "<file>") == image
    assert assemble(disassemble(image), "<text>") == image
    assert len({array.name for array in image.arrays}) == len(origins)
    found = {origin.text for origin in image.cores[0].origins}
    assert {"/a b/Gemm", "/lay\ufffder/Gemm", "\ufffd", 'q"\\;', "1"} <= found


# size


def _section_bytes(image):
    """Bytes of each kind of section, and of header and directory."""
    data = encode(image)
    found = dict.fromkeys(SectionKind, 0)
    for (kind, _), section in read_frame(memoryview(data), "<file>").sections.items():
        found[kind] += len(section.content)
    return found, len(data) - sum(found.values())


def test_the_papers_network_takes_4_kib_beside_its_tables():
    """784-500-200-10, training and inference: 8 KiB were asked for; equal tables stand once."""
    program = bsc.compile(samples_folder() / "mnist_mlp.onnx", "oxram-128", weights="random")
    image = emit_image(program).image
    sections, frame = _section_bytes(image)
    assert sections[SectionKind.STATE] == 0
    beside = frame + sum(sections.values()) - sections[SectionKind.TABLE_DATA]
    assert beside <= 4 << 10
    assert sections[SectionKind.CODE] <= 1200
    hidden = image.neurons
    assert len(hidden) == 2
    assert len({(n.threshold, n.low, n.high) for n in hidden}) == 1
    assert len({u.step_down for u in image.updates}) == 1
    entries = sum(len(table.values) for table in image.tables)
    assert sections[SectionKind.TABLE_DATA] == 4 * entries == 147_456


def test_four_cores_of_the_papers_network_take_8_kib_beside_the_tables():
    program = bsc.compile(samples_folder() / "mnist_mlp.onnx", _target(cores=4), weights="random")
    sections, frame = _section_bytes(emit_image(program).image)
    assert frame + sum(sections.values()) - sections[SectionKind.TABLE_DATA] <= 8 << 10


@pytest.mark.parametrize("cores", [1, 4])
def test_code_has_the_length_of_the_network_not_of_its_work(cores):
    """Batches, thresholds and elements within a tile change no word's number."""

    def words(sizes, **plan):
        image = _emitted(sizes, _target(cores=cores), **plan).image
        return [core.code for core in image.cores]

    code = words((20, 30, 10), batch=1)
    assert words((20, 30, 10), batch=1 << 20) == code
    assert words((20, 30, 10), batch=64, threshold=7, pulses=3) == code
    assert [len(core) for core in words((120, 128, 100))] == [len(core) for core in code]


def test_samples_in_flight_change_only_the_size_of_blocks():
    sizes = {
        flight: [len(c.code) for c in _emitted((9, 7, 3), _target(samples_in_flight=flight)).image
                 .cores]
        for flight in (1, 16, 64)
    }  # fmt: skip
    assert len(set(map(tuple, sizes.values()))) == 1


# placement


def _cores_of(image):
    """For each array the cores that have tiles of it."""
    return [
        [number for number, core in enumerate(image.cores) if any(t.array == a for t in core.tiles)]
        for a in range(len(image.arrays))
    ]


@pytest.mark.parametrize("cores", [1, 2, 3, 4, 7, 16])
def test_layers_stand_on_the_cores_that_the_remarks_name(cores):
    """Neighbouring layers on neighbouring cores, whole columns of tiles, nothing twice."""
    emitted = _emitted((30, 40, 20, 10), _target(tile=(8, 8), cores=cores))
    image = emitted.image
    found = _cores_of(image)
    assert len(image.cores) == cores
    used = sorted({core for layer in found for core in layer})
    assert used == list(range(len(used)))
    assert [core for layer in found for core in layer] == sorted(
        core for layer in found for core in layer
    )
    assert len(found[-1]) == 1  # its readout compares all sums
    for array, layer in enumerate(found):
        named = ", ".join(map(str, layer))
        s = "s" if len(layer) > 1 else ""
        tiles = sum(t.array == array for core in image.cores for t in core.tiles)
        remark = f"isa: layer{array}: {tiles} tiles on core{s} {named}"
        assert remark in emitted.remarks
    idle = [r for r in emitted.remarks if "have nothing to do" in r]
    assert len(idle) == (len(used) < cores)
    for remark in idle:
        assert remark.startswith(f"isa: {cores - len(used)} of {cores} cores")
    for core in range(len(used), cores):
        for kind in EntryKind:
            assert _names(image, core, kind) == ["barrier", "halt"]


def test_the_papers_network_on_seven_cores():
    """500 and 200 columns of 128 are 4 and 2 strips, and the last layer is on one core."""
    program = bsc.compile(samples_folder() / "mnist_mlp.onnx", _target(cores=8), weights="random")
    assert _cores_of(emit_image(program).image) == [[0, 1, 2, 3], [4, 5], [6]]


# the debug map


@pytest.mark.parametrize("cores", [1, 2, 16])
def test_every_word_knows_its_layer(cores):
    image = _emitted((20, 40, 30, 10), _target(tile=(8, 8), cores=cores)).image
    for number, core in enumerate(image.cores):
        depth = 0
        for address, word in enumerate(core.code):
            decoded, origin = decode_word(word), core.origin(address)
            if "tiles" in decoded.operands:
                (array,) = {core.tiles[t].array for t in tiles_of(decoded.operands["tiles"])}
                assert origin == f"/layer{array}/Gemm", (number, address)
            if decoded.name in ("barrier", "halt", "advance", "tick", "chunks"):
                assert origin == "", (number, address)
            if decoded.name in ("encode", "encode.half"):
                assert origin == "/layer0/Gemm"
            if decoded.name in ("readout", "error", "label", "add"):
                assert origin == "/layer2/Gemm"
            depth += (decoded.name in ("loop", "chunks")) - (decoded.name == "end")
        assert depth == 0


def test_a_loop_belongs_to_one_layer_from_its_first_word_to_its_last():
    image = _emitted((20, 40, 30, 10), _target()).image
    core = image.cores[0]
    opened: list[str] = []
    for address in range(len(core.code)):
        name, origin = decode_word(core.code[address]).name, core.origin(address)
        if name in ("loop", "chunks"):
            opened.append(origin)
        elif name == "end":
            assert opened.pop() == origin, address
    start = image.start(EntryKind.TRAIN, 0)
    length = len(_names(image, 0, EntryKind.TRAIN))
    train = [core.origin(a) for a in range(start, start + length)]
    order = [origin.strip("/").removesuffix("/Gemm") for origin, _ in itertools.groupby(train)]
    forward, backward = ["layer0", "layer1", "layer2"], ["layer1", "layer0"]
    assert order == ["", *forward, *backward, "", *forward, ""]


# memory


def test_too_little_memory_halves_the_samples_in_flight():
    full = _emitted((13, 7, 3), _target())
    assert not [r for r in full.remarks if "only" in r]
    room = max(v.base + v.length * v.slots for v in full.image.cores[0].vectors
               if v.kind is VectorKind.BIT)  # fmt: skip
    small = _emitted((13, 7, 3), _target(bits=room - 1))
    assert [r for r in small.remarks if "only 8 of 16 samples are in flight" in r]
    verify_image(small.image, "<small>")
    assert max(v.slots for v in small.image.cores[0].vectors) == 8


def test_memory_for_no_sample_at_all_is_refused():
    for memory in ("bits", "signs", "sums", "levels"):
        with pytest.raises(DiagnosticError, match=f"BSC5250: core 0: .* of {memory[:-1]} vectors"):
            _emitted((13, 7, 3), _target(**{memory: 4}))


def test_memory_that_is_just_enough():
    """As many elements as one sample in flight takes are taken, one less is refused."""
    one = _emitted((13, 7, 3), _target(samples_in_flight=1)).image.cores[0]
    room = max(v.base + v.length * v.slots for v in one.vectors if v.kind is VectorKind.SUM)
    verify_image(_emitted((13, 7, 3), _target(sums=room)).image, "<just enough>")
    with pytest.raises(DiagnosticError, match="BSC5250"):
        _emitted((13, 7, 3), _target(sums=room - 1))
