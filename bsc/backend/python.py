"""Prints a Program's steps as Python that a person can read, change and run.

The text holds the network's own forward step, training step and update, in the model's names; the
cells, counters and tables stay in the program file beside it. Run, it records the very steps that
it was printed from, and the simulator executes them.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from importlib.metadata import version

from bsc.program.model import Program
from bsc.program.verifier import verify_program
from bsc.tiling.plan import ArraySpec, Step, StepOp

_WIDTH = 96


def emit(program: Program, program_file: str = "program.bsp") -> str:
    """Python source of a program.

    Args:
        program: verified again before anything is printed.
        program_file: name of the program file, looked for beside the source.
    """
    verify_program(program)
    return _Emitter(program, program_file).text()


class _Emitter:
    def __init__(self, program: Program, program_file: str) -> None:
        self.program = program
        self.program_file = program_file
        self.names = _identifiers([b.name for b in program.buffers])

    def text(self) -> str:
        p = self.program
        data = "mnist" if len(p.inputs) == len(p.heads) == 1 else "DATA.npz"
        lines = [
            '"""' + self._title(),
            "",
            f"Printed by bsc {version('bsc-toolchain')}. Run it to train and evaluate:",
            "",
            f"    python THIS_FILE --data {data} --epochs 1",
            "",
            f"Cells, counters and tables are in {_quoted(self.program_file)}, beside this file.",
            "The functions below are the network's own steps: edit them, and the chip obeys.",
            '"""',
            "",
            "from bsc_runtime.sim.script import Steps, main",
            "",
            f"PROGRAM = {_quoted(self.program_file)}",
            "",
            *self._inference(),
        ]
        if p.training:
            lines += [*self._training(), *self._update()]
            functions = "inference, training, update"
        else:
            lines += ["", *_wrapped(f"No training steps: {p.untrainable}.", "# ")]
            functions = "inference"
        lines += ["", 'if __name__ == "__main__":', f"    main(PROGRAM, {functions})", ""]
        return "\n".join(lines)

    def _title(self) -> str:
        p = self.program
        inputs = "+".join(str(spec.size) for spec in p.inputs)
        sizes = [inputs, *(p.arrays[read.array].columns for read in p.reads)]
        plan = p.plan
        how = f"rule {plan.rule}, B = {plan.batch}"
        if plan.rule in ("carry", "online"):
            how += f", T = {plan.threshold}"
        name = p.name.replace("\\", "/").replace('"', "'")
        return f"{name} on {p.target.name}: {'-'.join(map(str, sizes))}, {how}."

    def _inference(self) -> list[str]:
        p = self.program
        last = p.inference[-1].target
        inputs = "input" if len(p.inputs) == 1 else "inputs"
        heads = "last array" if len(p.heads) == 1 else "last head"
        return [
            "",
            "def inference(chip: Steps) -> int:",
            f'    """One sample, from the {inputs} to the sums of the {heads}."""',
            *self._body(p.inference),
            f"    return {self.names[last]}",
            "",
        ]

    def _training(self) -> list[str]:
        p = self.program
        backward = p.training[len(p.inference) :]
        inner = sorted(
            {s for step in backward for s in step.sources}
            & {step.target for step in p.inference[:-1]}
        )
        lines = [
            "",
            "def training(chip: Steps) -> None:",
            '    """One sample: forward, errors backward as signs, and counts."""',
            f"    {self.names[p.inference[-1].target]} = inference(chip)",
        ]
        lines += [f"    {self.names[i]} = chip.buffer({_quoted(p.buffers[i].name)})" for i in inner]
        return [*lines, *self._body(backward), ""]

    def _update(self) -> list[str]:
        return [
            "",
            "def update(chip: Steps) -> None:",
            '    """The end of a batch: what the counters do to the cells."""',
            *self._body(self.program.update),
            "",
        ]

    def _body(self, steps: tuple[Step, ...]) -> list[str]:
        lines: list[str] = []
        for step in steps:
            lines += [*_wrapped(self._comment(step), "    # "), *self._call(step)]
        return lines

    def _call(self, step: Step) -> list[str]:
        p = self.program
        arguments: list[str] = []
        if step.target >= 0:
            arguments.append(_quoted(p.buffers[step.target].name))
        if step.array >= 0:
            arguments.append(_quoted(p.arrays[step.array].name))
        arguments += [self.names[s] for s in step.sources]
        keywords = [f"layer={step.layer}"] if step.layer >= 0 else []
        keywords += [f"{role}={_quoted(name)}" for role, name in step.tables]
        keywords += [f"{role}={number}" for role, number in step.numbers]
        if step.origin:
            keywords.append(f"origin={_quoted(step.origin)}")
        head = f"    {self.names[step.target]} = " if step.target >= 0 else "    "
        return _broken(f"{head}chip.{step.op}(", [*arguments, *keywords])

    def _comment(self, step: Step) -> str:
        array = self.program.arrays[step.array] if step.array >= 0 else None
        size = self.program.buffers[step.target].size if step.target >= 0 else 0
        match step.op:
            case StepOp.ENCODE:
                spec = self.program.inputs[step.layer]
                shape = ", ".join(map(str, spec.shape))
                return f"{spec.name} [{shape}] as {size} bits: 1 with probability p."
            case StepOp.CONCAT:
                sizes = " + ".join(str(self.program.buffers[s].size) for s in step.sources)
                return f"{sizes} bits, one signal behind the other."
            case StepOp.READ:
                return f"{_array(array)}: y = x W on {size} bit lines; {self._tiles(step)}."
            case StepOp.READ_TRANSPOSED:
                return f"{_array(array)} backward: e W^T on {size} word lines; {self._tiles(step)}."
            case StepOp.SAMPLE:
                return f"{size} comparators: z = (y > T[u])."
            case StepOp.READOUT:
                return f"{size} classes, each on its own: o = Bern(softmax(y))."
            case StepOp.LOGISTIC:
                return f"{size} columns, each on its own: o = (y > T[u])."
            case StepOp.ERROR if len(self.program.heads) > 1:
                return "e = o - label."
            case StepOp.ERROR:
                return "e = o - label; a sample without error ends here."
            case StepOp.TARGET_ERROR:
                return "e = o - Bern(target), each column on its own."
            case StepOp.ADD:
                return f"{size} sums of {len(step.sources)} backward reads, added."
            case StepOp.DERIVATIVE:
                return f"{size} gates: d = (lo[u] < y < hi[u]), 1 with probability f'(y)."
            case StepOp.SIGN:
                return "e = sign(sum) d."
            case StepOp.COUNT:
                return f"{_array(array)}: A += x^T e."
            case StepOp.CARRY:
                return (
                    f"{_array(array)}: |A| >= {step.number('threshold')} gives a pulse, "
                    "the remainder stays."
                )
            case StepOp.SGD_STEP:
                return f"{_array(array)}: M -= {step.number('rate')} A, A = 0."
            case StepOp.REFRESH:
                return f"{_array(array)}: every {step.number('every')} checks."

    def _tiles(self, step: Step) -> str:
        geometry = self.program.target.array
        tiles = [self.program.tiles[i] for i in step.tiles]
        rows = 1 + max(t.row for t in tiles)
        columns = 1 + max(t.column for t in tiles)
        first, last = min(step.tiles), max(step.tiles)
        numbers = f"tile {first}" if first == last else f"tiles {first} to {last}"
        return f"{rows} x {columns} tiles of {geometry.rows} x {geometry.columns} ({numbers})"


def _array(array: ArraySpec | None) -> str:
    if array is None:
        return ""
    bias = f" + {array.bias_lines} always on" if array.bias_lines else ""
    return f"{array.name}, {array.inputs}{bias} x {array.columns}, S = {array.scale}"


def _identifiers(names: list[str]) -> list[str]:
    """A Python name for each buffer, alike and unique."""
    made: list[str] = []
    taken: Counter[str] = Counter()
    for name in names:
        stem = re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_") or "v"
        if stem[0].isdigit() or keyword.iskeyword(stem) or stem in ("chip", "main", "steps"):
            stem = f"v_{stem}"
        taken[stem] += 1
        candidate = stem if taken[stem] == 1 else f"{stem}_{taken[stem]}"
        while candidate in made:
            taken[stem] += 1
            candidate = f"{stem}_{taken[stem]}"
        made.append(candidate)
    return made


def _quoted(text: str) -> str:
    """A string literal in double quotes; what is not printable ASCII is escaped."""
    body = ascii(text)[1:-1]
    if ascii(text)[0] == "'":
        body = body.replace('"', '\\"').replace("\\'", "'")
    return f'"{body}"'


def _wrapped(text: str, prefix: str) -> list[str]:
    lines, line = [], ""
    for word in text.replace("\n", " ").split():
        if line and len(prefix) + len(line) + 1 + len(word) > _WIDTH:
            lines.append(prefix + line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, prefix + line]


def _broken(head: str, arguments: list[str]) -> list[str]:
    line = f"{head}{', '.join(arguments)})"
    if len(line) <= _WIDTH:
        return [line]
    return [head, *(f"        {argument}," for argument in arguments), "    )"]
