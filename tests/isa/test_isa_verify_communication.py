"""The verifier's proof that cores do not wait for each other for ever."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from bsc.diag import DiagnosticError, render_all
from bsc.isa.image import Image
from bsc.isa.kinds import EntryKind
from bsc.isa.verify import Loop, verify_image
from bsc.isa.verify.communication import check_communication
from bsc.isa.verify.report import Report
from bsc.isa.verify.structure import decode_code, parse
from bsc.isa.verify.trees import host_registers
from bsc.testing.verified_images import CoreText, assembled

VECTORS = """
x kind=bit length=4 base=0
z kind=bit length=8 base=16
y kind=sum length=4 base=0
b kind=sum length=4 base=16
e kind=sign length=4 base=0
"""
WRITTEN = "load x, 0\nload z, 0\nclear y\nclear b\nload e, 0\n"


def image_of(*codes, depth=2):
    cores = [CoreText(VECTORS, WRITTEN + code) for code in codes]
    return assembled(cores, depth=depth, arrays=False)


def accepted(*codes, depth=2):
    verify_image(image_of(*codes, depth=depth), "<test>")


def refused(*codes, depth=2):
    with pytest.raises(DiagnosticError) as caught:
        verify_image(image_of(*codes, depth=depth), "<test>")
    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {"BSC5236"}
    return render_all(caught.value.diagnostics)


def pipeline(cores):
    """A training program's loops: bits forward in one loop, sums backward in the next."""
    codes = []
    for core in range(cores):
        forward = f"receive x, core {core - 1}\n" if core else "load x, 0\n"
        forward += f"send x, core {core + 1}\n" if core < cores - 1 else "load e, 0\n"
        backward = f"receive.add b, core {core + 1}\n" if core < cores - 1 else "clear b\n"
        backward += f"send b, core {core - 1}\n" if core else ""
        codes.append(
            "chunks b0, samples, batch\nchunks b1, b0, 4\n"
            f"loop slot, b1\n{forward}end\nloop slot, b1\n{backward}end\nend\ntick\nend"
        )
    return codes


@pytest.mark.parametrize("cores", [2, 3, 4])
@pytest.mark.parametrize("depth", [1, 2, 255])
def test_pipelines_of_training(cores, depth):
    accepted(*pipeline(cores), depth=depth)


def test_pipelines_of_inference_with_repeats_and_reads():
    loops = "loop none, samples\nloop repeat, repeats\nloop read, reads\n{}\nend\n{}\nend\nend"
    accepted(
        loops.format("send x, core 1", "receive y, core 1"),
        loops.format("receive x, core 0", "send y, core 0"),
    )


def test_straight_messages():
    accepted("send x, core 1\nreceive y, core 1", "receive x, core 0\nsend b, core 0")
    accepted("send x, core 1\nsend y, core 1", "receive x, core 0\nreceive.add b, core 0")


def test_crossed_receives():
    text = refused("receive x, core 1\nsend x, core 1", "receive x, core 0\nsend x, core 0")
    assert text.count("may wait for ever") == 2
    assert "[core 0 at 5: receive x, core 1]" in text
    assert "there is no message from core 1" in text
    inside = "loop none, samples\nreceive x, core {0}\nsend x, core {0}\nend"
    text = refused(inside.format(1), inside.format(0))
    assert "[core 1 at 6: receive x, core 0]" in text


def test_a_missing_receive():
    text = refused("send x, core 1", "trace 1")
    assert "1 messages to core 1 are never received" in text
    text = refused("loop none, 2\nsend x, core 1\nend", "receive x, core 0")
    assert "a pass sends 1 messages more to core 1 than it receives" in text


def test_a_missing_send():
    text = refused("trace 1", "receive x, core 0")
    assert "[core 1 at 5: receive x, core 0]" in text
    assert "in a run train the core may wait for ever: there is no message from core 0" in text


def test_messages_of_another_kind_or_length():
    text = refused("send x, core 1", "receive z, core 0")
    assert "z takes 8 bits, but the message from core 0 has 4 bits" in text
    text = refused("send x, core 1", "receive e, core 0")
    assert "e takes 4 signs, but the message from core 0 has 4 bits" in text
    loops = "loop none, samples\n{}\nend"
    both = refused(
        loops.format("send x, core 1\nsend y, core 1"),
        loops.format("receive y, core 0\nreceive x, core 0"),
    )
    assert "y takes 4 sums, but the message from core 0 has 4 bits" in both


def test_loops_of_unequal_counts():
    one, two = "loop none, {}\nsend x, core 1\nend", "loop none, {}\nreceive x, core 0\nend"
    accepted(one.format("samples"), two.format("samples"))
    accepted(one.format(7), two.format(7))
    for first, second in ((7, 8), ("samples", "batch"), ("samples", 7), ("repeats", "reads")):
        refused(one.format(first), two.format(second))


def test_pieces_are_equal_if_they_are_cut_alike():
    code = "chunks {}, {}, {}\nloop none, {}\n{} x, core {}\nend\nend"
    send = code.format("b0", "samples", "batch", "b0", "send", 1)
    accepted(send, code.format("b3", "samples", "batch", "b3", "receive", 0))
    refused(send, code.format("b0", "samples", 4, "b0", "receive", 0))
    refused(send, code.format("b0", "reads", "batch", "b0", "receive", 0))


def test_sending_more_than_a_channel_holds():
    many = "send x, core 1\n" * 3 + "receive y, core 1"
    few = "send y, core 0\n" + "receive x, core 0\n" * 3
    accepted(many, few)
    waiting = "receive e, core 0\nreceive x, core 0\nreceive x, core 0"
    accepted("send e, core 1\nsend x, core 1\nsend x, core 1", waiting, depth=1)
    text = refused("send x, core 1\n" * 3 + "barrier", "barrier\n" + "receive x, core 0\n" * 3)
    assert "the channel to core 1 is full with 2 messages" in text
    assert "not every core comes to this barrier" in text
    text = refused("loop none, samples\nsend x, core 1\nend\nbarrier", "barrier")
    assert "a pass sends 1 messages more" in text
    exchange = "send x, core {0}\nsend x, core {0}\nreceive x, core {0}\nreceive x, core {0}"
    accepted(exchange.format(1), exchange.format(0), depth=2)
    assert "full with 1 messages" in refused(exchange.format(1), exchange.format(0), depth=1)


def test_a_message_on_the_way_through_all_passes():
    ahead = "send x, core 1\nloop none, samples\nsend x, core 1\nend"
    behind = "loop none, samples\nreceive x, core 0\nend\nreceive x, core 0"
    accepted(ahead, behind)
    accepted(ahead, behind, depth=1)
    other = "send y, core 1\nloop none, samples\nsend x, core 1\nend"
    refused(other, behind)


def test_cores_that_talk_in_pairs_inside_equal_loops():
    loop = "loop none, samples\n{}\nend\n"
    accepted(
        loop.format("send x, core 1"),
        loop.format("send x, core 2\nreceive x, core 2") + loop.format("receive x, core 0"),
        loop.format("receive x, core 1\nsend x, core 1"),
    )
    accepted(
        loop.format("send x, core 1"),
        loop.format("receive x, core 0"),
        loop.format("send x, core 3"),
        loop.format("receive x, core 2"),
    )


@pytest.mark.parametrize(("register", "number"), [("batch", 1), ("repeats", 2), ("reads", 3)])
def test_a_number_is_not_the_register_of_that_number(register, number):
    """Found by fuzzing: `loop read, 3` was taken for `loop read, reads`."""
    refused(
        f"loop none, {register}\nsend x, core 1\nend",
        f"loop none, {number}\nreceive x, core 0\nend",
    )


def test_loops_that_do_not_talk_are_no_hindrance():
    quiet = "loop none, batch\nclear y\nend\n"
    accepted(quiet + "send x, core 1\n" + quiet, "receive x, core 0")


def test_barriers():
    accepted("barrier\nbarrier", "barrier\nbarrier", "barrier\nbarrier")
    loop = "loop none, samples\nbarrier\nend"
    accepted(loop, loop)
    assert "not every core comes to this barrier" in refused("barrier", "trace 1")
    assert "not every core comes to this barrier" in refused("barrier\nbarrier", "barrier")
    assert "not every core comes to this barrier" in refused(loop, loop, "barrier")
    accepted("barrier")


def test_every_entry_is_looked_at():
    one = CoreText(VECTORS, "load x, 0\nsend x, core 1", ("train", "infer"))
    two = CoreText(VECTORS, "receive x, core 0", ("train", "infer"))
    image = assembled([one, two], arrays=False)
    verify_image(image, "<test>")
    with pytest.raises(DiagnosticError) as caught:
        verify_image(assembled([one, CoreText(VECTORS, "halt", one.kinds)], arrays=False), "<t>")
    text = render_all(caught.value.diagnostics)
    assert "in a run train" in text
    assert "in a run infer" in text


def spelled_out(tree, registers):
    """What a core does to channels, loops executed literally."""
    for node in tree:
        if not isinstance(node, Loop):
            if node.name in ("send", "receive", "barrier"):
                yield node
            continue
        passes = [None] * node.count.value(registers)
        if node.piece is not None:
            total, size = registers[node.total], node.count.value(registers)
            passes = [min(size, total - start) for start in range(0, total, size)]
        for piece in passes:
            inner = registers if piece is None else {**registers, node.piece: piece}
            yield from spelled_out(node.body, inner)


def finishes(image: Image, trees, registers) -> bool:
    """Round robin, one instruction at a time: whether all cores halt with empty channels."""
    codes = [list(spelled_out(of_core[EntryKind.TRAIN], registers)) for of_core in trees]
    places, channels = [0] * len(codes), {}
    while True:
        moved = False
        here = [
            code[place] if place < len(code) else None
            for code, place in zip(codes, places, strict=True)
        ]
        if all(node is not None and node.name == "barrier" for node in here):
            places, moved = [place + 1 for place in places], True
        for core, code in enumerate(codes):
            node = code[places[core]] if places[core] < len(code) else None
            if node is None or node.name == "barrier":
                continue
            other = node.decoded.operands["core"]
            vector = image.cores[core].vectors[node.decoded.operands["vector"]]
            if node.name == "send":
                channel = channels.setdefault((core, other), deque())
                if len(channel) < image.chip.channel_depth:
                    channel.append((vector.kind, vector.length))
                    places[core], moved = places[core] + 1, True
            elif channels.get((other, core)):
                if channels[other, core].popleft() != (vector.kind, vector.length):
                    return False
                places[core], moved = places[core] + 1, True
        if not moved:
            done = all(place == len(code) for place, code in zip(places, codes, strict=True))
            return done and not any(channels.values())


@st.composite
def programs(draw):
    """Small programs of cores that mostly fit each other: pieces of a common plan, some changed."""
    cores = draw(st.integers(2, 4))
    codes = [[] for _ in range(cores)]

    def exchange():
        sender = draw(st.integers(0, cores - 1))
        receiver = (sender + draw(st.integers(1, cores - 1))) % cores
        name = draw(st.sampled_from(["x", "y"]))
        codes[sender].append(f"send {name}, core {receiver}")
        codes[receiver].append(f"receive {name}, core {sender}")

    def block(depth):
        for _ in range(draw(st.integers(1, 4))):
            choice = draw(st.integers(0, 9))
            if choice < 5 or depth == 3:
                exchange()
            elif choice == 5:
                for code in codes:
                    code.append("barrier")
            else:
                opening = draw(
                    st.sampled_from(
                        ["loop none, 3", "loop none, reads", f"chunks b{depth}, samples, 2"]
                    )
                )
                inside = set(draw(st.lists(st.integers(0, cores - 1), min_size=1)))
                inside = inside if draw(st.booleans()) else set(range(cores))
                for core in inside:
                    codes[core].append(opening)
                block(depth + 1)
                for core in inside:
                    codes[core].append("end")

    block(0)
    for _ in range(draw(st.integers(0, 3))):
        code = codes[draw(st.integers(0, cores - 1))]
        if len(code) > 1:
            place = draw(st.integers(0, len(code) - 2))
            stop = place + draw(st.integers(2, 5))
            if all(line.split()[0] in ("send", "receive") for line in code[place:stop]):
                code[place:stop] = [*code[place + 1 : stop], code[place]]
    return codes, draw(st.integers(1, 2))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(programs())
def test_programs_that_are_accepted_finish_whatever_the_registers_hold(program):
    codes, depth = program
    image = image_of(*("\n".join(code) for code in codes), depth=depth)
    try:
        trees = verify_image(image, "<test>").trees
    except DiagnosticError as error:
        event("refused: " + error.diagnostics[0].code)
        return
    event("accepted")
    event("accepted, with loops" if any("end" in code for code in codes) else "accepted, without")
    for samples, reads in ((1, 1), (2, 3), (5, 2)):
        assert finishes(image, trees, host_registers(samples, 1, 1, reads))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(programs())
def test_programs_without_loops_are_refused_only_if_they_do_not_finish(program):
    codes, depth = program
    straight = [
        [line for line in code if line.split()[0] in ("send", "receive", "barrier")]
        for code in codes
    ]
    image = image_of(*("\n".join(code) for code in straight), depth=depth)
    report = Report(image, "<test>")
    trees = parse(image, decode_code(image, report), report)
    check_communication(image, trees, report)
    refused = bool(report.sink.diagnostics)
    event("refused" if refused else "accepted")
    assert finishes(image, trees, host_registers(1, 1, 1, 1)) is not refused
