"""docs/isa.md says what the tables say, and its example is an image."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bsc.isa.assemble import assemble
from bsc.isa.disassemble import disassemble
from bsc.isa.instructions import RESERVED, TABLE
from bsc.isa.page import PARTS, refresh, syntax
from bsc.isa.verify import verify_image

PAGE = Path(__file__).resolve().parents[2] / "docs" / "isa.md"
LONGEST = 120


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_page_is_up_to_date(update_golden):
    if update_golden:
        PAGE.write_text(refresh(page()), encoding="utf-8")
    assert page() == refresh(page())


def test_every_part_is_on_the_page_once():
    assert sorted(re.findall(r"<!-- generated: (\S+) -->", page())) == sorted(PARTS)


def test_prose_fits_the_width():
    """Tables and code are free; so is what the tables generate."""
    written = re.sub(r"<!-- generated: .*?<!-- end -->", "", page(), flags=re.DOTALL)
    prose = re.sub(r"```.*?```", "", written, flags=re.DOTALL)
    long = [line for line in prose.splitlines() if len(line) > LONGEST and line[0] != "|"]
    assert long == []


def test_every_instruction_has_a_section_with_syntax_encoding_and_example():
    for row in TABLE:
        section = PARTS["instructions"]().split(f"#### {row.name}\n")[1].split("\n#### ")[0]
        assert f"`{syntax(row)}`" in section
        assert f"| 0-7 | opcode | `{row.opcode:#04x}` |" in section
        assert row.meaning in section
        assert row.example.code in section


def test_links_of_the_opcode_table_lead_to_sections():
    headings = {
        re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", page(), re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", page())) <= headings


def test_reserved_opcodes_are_free():
    taken = {row.opcode for row in TABLE}
    assert not any(taken & set(range(first, last + 1)) for first, last, _ in RESERVED)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!-- generated: nothing -->\n<!-- end -->", "no generated part 'nothing'"),
        ("<!-- generated: units -->\n", "has no partner"),
        ("<!-- end -->", "has no partner"),
    ],
)
def test_markers_that_make_no_sense_are_said(text, said):
    with pytest.raises(ValueError, match=said):
        refresh(text)


def test_text_around_generated_parts_is_kept():
    text = "before\n<!-- generated: styles -->\nold\n<!-- end -->\nafter\n"
    fresh = refresh(text)
    assert fresh.startswith("before\n<!-- generated: styles -->\n| number | style |")
    assert fresh.endswith("<!-- end -->\nafter\n")
    assert refresh(fresh) == fresh


def test_the_example_of_the_page_is_an_image_that_is_verified():
    text = page().split("<!-- example -->\n```\n")[1].split("```")[0]
    image = assemble(text, "docs/isa.md")
    verify_image(image, "docs/isa.md")
    assert [kind.name for kind in image.kinds()] == ["TRAIN", "INFER"]
    normal = disassemble(image)
    assert disassemble(assemble(normal, "normal")) == normal
