"""README and docs say what is so: commands, operators, options, keys of files."""

from __future__ import annotations

import re
from pathlib import Path

from bsc.frontend.onnx import support_table
from bsc.hw.registry import names
from bsc.hw.spec import (
    ArrayGeometry,
    ChipSpec,
    DeviceSpec,
    ExponentialPulse,
    LinearPulse,
    MeasuredPulse,
    Periphery,
    Spread,
    TargetSpec,
    TimingSpec,
    Training,
)

TOP = Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text(encoding="utf-8")
TARGETS = (TOP / "docs" / "targets.md").read_text(encoding="utf-8")
INTERFACE = (TOP / "docs" / "interface.md").read_text(encoding="utf-8")

_OPERATOR_ROWS = (
    "layers",
    "activations",
    "arithmetic around them",
    "tails, computed beside the array",
    "moving elements",
    "plumbing",
    "folded while importing",
)


def test_the_operators_of_the_readme_are_those_of_the_importer() -> None:
    listed = []
    for row in _OPERATOR_ROWS:
        found = re.search(rf"^\| {re.escape(row)} \| (.*) \|$", README, re.MULTILINE)
        assert found is not None, row
        listed += [re.sub(r" \(.*?\)", "", name) for name in found[1].split(", ")]
    assert sorted(listed) == sorted({row.operator for row in support_table()})


def test_the_readme_has_two_commands_one_for_the_main_job_and_one_for_the_tests() -> None:
    block = README.split("<!-- the two commands -->\n```\n")[1].split("\n```")[0]
    start = "python3 -m venv .venv && .venv/bin/pip install "
    assert block.splitlines() == [
        f"{start}. && .venv/bin/bsc demo",
        f"{start}'.[test]' && .venv/bin/pytest",
    ]


def test_links_lead_somewhere() -> None:
    for document in [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]:
        text = document.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)", text):
            if not link.startswith("http"):
                assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_every_key_of_a_target_is_explained() -> None:
    specs = (TargetSpec, ArrayGeometry, DeviceSpec, Spread, Periphery, Training)
    cores = (ChipSpec, TimingSpec)
    pulses = (ExponentialPulse, LinearPulse, MeasuredPulse)
    for spec in (*specs, *cores, *pulses):
        for key in spec.model_fields:
            assert re.search(rf"`{key}\b|[.\[]{key}\]", TARGETS), f"{spec.__name__}.{key}"


def test_every_target_is_named_in_the_docs() -> None:
    for name in names():
        device = name.removesuffix(f"-{name.rpartition('-')[2]}") if name[-1].isdigit() else name
        assert f"`{device}" in TARGETS
        assert f"`{device}`" in README


def test_every_command_and_option_is_in_the_interface() -> None:
    """The shared options live in one file; each stands in the document under its own name."""
    text = (TOP / "bsc" / "cli" / "options.py").read_text(encoding="utf-8")
    for option in re.findall(r'"(--[a-z-]+)"', text):
        assert option in INTERFACE, option
    app = (TOP / "bsc" / "cli" / "app.py").read_text(encoding="utf-8")
    for command in re.findall(r'^    "([a-z]+)": ', app, re.MULTILINE):
        assert re.search(rf"\b{command}\b", INTERFACE), command
