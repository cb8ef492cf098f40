"""The steps of a program as text: one line a step, names in place of numbers."""

from __future__ import annotations

from collections.abc import Iterable

from bsc.program.model import Program
from bsc.tiling.plan import Step, StepOp

_OWNER = {StepOp.ENCODE: "input", StepOp.CARRY: "array"}
"""What the number of a step's draws counts, where it is not the read."""


def steps_text(program: Program) -> str:
    """All steps under their headings; the steps of inference are the first ones of training."""
    parts = []
    if program.training:
        cut = len(program.inference)
        parts.append(_block(program, "each sample, forward", program.training[:cut]))
        parts.append(_block(program, "each training sample, on", program.training[cut:]))
    else:
        parts.append(_block(program, "each sample", program.inference))
    if program.update:
        heading = f"each batch of {program.plan.batch}"
        parts.append(_block(program, heading, program.update))
    return "\n\n".join(parts) + "\n"


def step_text(program: Program, step: Step) -> str:
    """One step, such as `y1: sum[500] = read dense1 (x) on tiles 0-27`."""
    text = step.op.value
    if step.array >= 0:
        text += f" {program.arrays[step.array].name}"
    if step.sources:
        text += f" ({', '.join(program.buffers[b].name for b in step.sources)})"
    if step.target >= 0:
        buffer = program.buffers[step.target]
        text = f"{buffer.name}: {buffer.kind}[{buffer.size}] = {text}"
    details = [f"{role} {name}" for role, name in step.tables]
    details += [f"{role} {number}" for role, number in step.numbers]
    if step.layer >= 0:
        details.append(f"draws of {_OWNER.get(step.op, 'read')} {step.layer}")
    if step.tiles:
        details.append(f"tiles {_ranges(step.tiles)}")
    return f"{text}; {', '.join(details)}" if details else text


def _block(program: Program, heading: str, steps: Iterable[Step]) -> str:
    return "\n".join([f"{heading}:", *(f"  {step_text(program, step)}" for step in steps)])


def _ranges(numbers: tuple[int, ...]) -> str:
    """Ascending numbers with runs joined: 0-27, 30."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
