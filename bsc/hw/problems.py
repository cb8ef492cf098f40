"""What pydantic found wrong with a target, as diagnostics at TOML keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bsc.diag import Diagnostic, Label, Sink, Span, did_you_mean
from bsc.hw.spec import ExponentialPulse, LinearPulse, MeasuredPulse, TargetSpec

_PULSES: Mapping[str, type[BaseModel]] = {
    "exponential": ExponentialPulse,
    "linear": LinearPulse,
    "measured": MeasuredPulse,
}
_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
_UNITS = ("siemens", "volt", "codes")
_QUOTED = re.compile(r"'([^']*)'")
"""The values among those that pydantic expects; of an enumeration it writes the members."""

_BITS_SHOWN = 128
"""Python refuses to write out whole numbers of some thousand digits."""


def collect(document: Mapping[str, Any], source: str) -> TargetSpec:
    """Check a whole document.

    Raises:
        DiagnosticError: one diagnostic for each wrong, missing or unknown key.
    """
    try:
        return TargetSpec.model_validate(document)
    except ValidationError as error:
        sink = Sink()
        sink.extend(_diagnostic(detail, source) for detail in error.errors(include_url=False))
        sink.raise_if_errors()
        raise


def _diagnostic(detail: ErrorDetails, source: str) -> Diagnostic:
    # pydantic puts the discriminator of a pulse into the path; TOML has no such level.
    steps = [s for k, s in enumerate(detail["loc"]) if not (k == 2 and s in _PULSES)]
    path = _path(steps)
    kind = detail["type"]
    found = detail.get("input")
    context = detail.get("ctx", {})
    help: str | None = None
    match kind:
        case "extra_forbidden":
            code, message = "BSC4003", f"unknown key {path}"
            help = did_you_mean(str(steps[-1]), _fields(detail["loc"][:-1]), "keys here")
        case "missing" | "union_tag_not_found":
            if kind == "union_tag_not_found":
                path += ".model"
            code, message = "BSC4004", f"{path} is missing"
            if kind == "union_tag_not_found":
                help = f"a pulse model is one of: {', '.join(_PULSES)}"
            elif steps[0] == "device":
                help = (
                    "who gives device.style describes a device of its own, with all that it needs"
                )
        case "union_tag_invalid":
            tag = str(context.get("tag", ""))
            path += ".model"
            code, message = "BSC4005", f'{path} is "{tag}", which is no pulse model'
            help = did_you_mean(tag, _PULSES, "pulse models")
        case "value_error":
            code, message = "BSC4006", f"{path or 'target'}: {context.get('error', detail['msg'])}"
        case "literal_error" | "enum":
            names = _QUOTED.findall(str(context.get("expected", "")))
            code = "BSC4005"
            message = f"{path} is {show(found)}, expected one of: {', '.join(names)}"
            near = did_you_mean(found if isinstance(found, str) else "", names)
            help = near if near.startswith("did you mean") else None
        case "model_type" | "dict_type" | "model_attributes_type":
            code, message = "BSC4005", f"{path} is {show(found)}, expected a table [{path}]"
        case _ if kind in _BOUNDS:
            key, words = _BOUNDS[kind]
            unit = _unit(steps)
            code = "BSC4005"
            message = f"{path} is {show(found)}{unit}, expected {words} {context[key]}{unit}"
        case _:
            said = detail["msg"].removeprefix("Input should be ")
            said = said.replace("a valid integer", "a whole number").replace("a valid ", "a ")
            code, message = "BSC4005", f"{path} is {show(found)}, expected {said}"
    return Diagnostic(code, message, labels=(Label(Span(source, path=path or None)),), help=help)


def _path(steps: list[int | str]) -> str:
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _unit(steps: list[int | str]) -> str:
    names = [s for s in steps if isinstance(s, str)]
    for unit in _UNITS:
        if names and names[-1].endswith(f"_{unit}"):
            return f" {unit}"
    return ""


def show(value: object) -> str:
    """A value of a file as a message shows it: on one line, short whatever it is."""
    if isinstance(value, int) and value.bit_length() > _BITS_SHOWN:
        return f"a whole number of {value.bit_length()} bits"
    try:
        text = f'"{value}"' if isinstance(value, str) else repr(value)
    except (ValueError, RecursionError):  # a huge number inside, or nested too deep
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _fields(loc: tuple[int | str, ...]) -> list[str]:
    """Keys that the table at a pydantic location may have."""
    model: type[BaseModel] = TargetSpec
    for step in loc:
        if step in _PULSES:
            model = _PULSES[str(step)]
            continue
        field = model.model_fields.get(str(step))
        if field is None:
            return []
        inner = field.annotation
        options = [inner, *getattr(inner, "__args__", ())]
        models = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
        if not models:
            continue
        model = models[0]
    extra = ["extends"] if model is TargetSpec else []
    return [*model.model_fields, *extra]
