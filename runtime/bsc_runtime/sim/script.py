"""What a printed program runs on: it records its steps, and the simulator executes them."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from bsc.diag import DiagnosticError, fail, render_all
from bsc.program.file import load
from bsc.program.model import Program
from bsc.program.system import of_system
from bsc.program.verifier import verify_program
from bsc.tiling.plan import Step, StepOp

_log = logging.getLogger(__name__)


class Steps:
    """Records calls as steps. Each method is one kind of step of docs/semantics.md, section 1.

    Buffers are named when they are written; methods hand out their numbers.
    """

    def __init__(self, program: Program) -> None:
        self._buffers = {buffer.name: i for i, buffer in enumerate(program.buffers)}
        self._arrays = {array.name: i for i, array in enumerate(program.arrays)}
        self._tiles = {
            i: tuple(t.index for t in program.tiles if t.array == i)
            for i in range(len(program.arrays))
        }
        self._program = program
        self.recorded: list[Step] = []

    def buffer(self, name: str) -> int:
        """Number of a buffer."""
        return self._find(name, self._buffers, "buffer")

    def encode(self, target: str, *, layer: int, origin: str = "") -> int:
        """The input of that number to bits."""
        return self._record(StepOp.ENCODE, target, (), layer=layer, origin=origin)

    def concat(self, target: str, *bits: int, origin: str = "") -> int:
        """Bits of several signals, one behind the other."""
        return self._record(StepOp.CONCAT, target, bits, origin=origin)

    def read(self, target: str, array: str, bits: int, *, origin: str = "") -> int:
        """Sums on all bit lines of an array."""
        return self._record(StepOp.READ, target, (bits,), array=array, origin=origin)

    def read_transposed(self, target: str, array: str, signs: int, *, origin: str = "") -> int:
        """Sums on all word lines of an array that carry inputs."""
        return self._record(StepOp.READ_TRANSPOSED, target, (signs,), array=array, origin=origin)

    def sample(
        self,
        target: str,
        sums: int,
        *,
        layer: int,
        threshold: str,
        binary: int,
        origin: str = "",
    ) -> int:
        """Sums to bits z."""
        return self._record(
            StepOp.SAMPLE,
            target,
            (sums,),
            layer=layer,
            tables=(("threshold", threshold),),
            numbers=(("binary", binary),),
            origin=origin,
        )

    def derivative(
        self, target: str, sums: int, *, layer: int, low: str, high: str, origin: str = ""
    ) -> int:
        """Sums to gate bits d."""
        tables = (("low", low), ("high", high))
        return self._record(
            StepOp.DERIVATIVE, target, (sums,), layer=layer, tables=tables, origin=origin
        )

    def readout(
        self,
        target: str,
        sums: int,
        *,
        layer: int,
        softmax: str,
        reciprocal: int,
        origin: str = "",
    ) -> int:
        """Sums of a head to output bits o, each with the probability of its class."""
        return self._record(
            StepOp.READOUT,
            target,
            (sums,),
            layer=layer,
            tables=(("softmax", softmax),),
            numbers=(("reciprocal", reciprocal),),
            origin=origin,
        )

    def logistic(
        self, target: str, sums: int, *, layer: int, threshold: str, origin: str = ""
    ) -> int:
        """Sums of a head to output bits o, each column on its own."""
        tables = (("threshold", threshold),)
        return self._record(
            StepOp.LOGISTIC, target, (sums,), layer=layer, tables=tables, origin=origin
        )

    # `target` of the program text is the first element of the head's targets; the buffer that is
    # written comes first, without a name.
    def error(self, buffer: str, bits: int, /, *, target: int = 0, origin: str = "") -> int:
        """Output bits and the sample's label to signs."""
        numbers = (("target", target),)
        return self._record(StepOp.ERROR, buffer, (bits,), numbers=numbers, origin=origin)

    def target_error(
        self, buffer: str, bits: int, /, *, layer: int, target: int, origin: str = ""
    ) -> int:
        """Output bits and a draw of each target to signs."""
        numbers = (("target", target),)
        return self._record(
            StepOp.TARGET_ERROR, buffer, (bits,), layer=layer, numbers=numbers, origin=origin
        )

    def add(self, target: str, *sums: int, origin: str = "", **starts: int) -> int:
        """Parts of several sums added: of source k the elements from `start_<k>` on."""
        numbers = tuple(starts.items())
        return self._record(StepOp.ADD, target, sums, numbers=numbers, origin=origin)

    def sign(self, target: str, sums: int, gate: int, *, origin: str = "") -> int:
        """Signs of sums where the gate is open."""
        return self._record(StepOp.SIGN, target, (sums, gate), origin=origin)

    def count(self, array: str, bits: int, signs: int, *, origin: str = "") -> None:
        """Outer product of bits and signs onto an array's counters."""
        self._record(StepOp.COUNT, None, (bits, signs), array=array, origin=origin)

    def carry(
        self,
        array: str,
        *,
        layer: int,
        threshold: int,
        pulses: int,
        step_up: str = "",
        step_down: str = "",
        noise_up: str = "",
        noise_down: str = "",
        origin: str = "",
    ) -> None:
        """Counters to pulses, at the end of a batch."""
        roles = {
            "step_up": step_up,
            "step_down": step_down,
            "noise_up": noise_up,
            "noise_down": noise_down,
        }
        self._record(
            StepOp.CARRY,
            None,
            (),
            array=array,
            layer=layer,
            tables=tuple((role, name) for role, name in roles.items() if name),
            numbers=(("threshold", threshold), ("pulses", pulses)),
            origin=origin,
        )

    def sgd_step(self, array: str, *, rate: int, origin: str = "") -> None:
        """Counts onto master weights, at the end of a batch."""
        self._record(
            StepOp.SGD_STEP, None, (), array=array, numbers=(("rate", rate),), origin=origin
        )

    def refresh(self, array: str, *, every: int, origin: str = "") -> None:
        """One-way pairs back to their start, at the end of a batch."""
        self._record(
            StepOp.REFRESH, None, (), array=array, numbers=(("every", every),), origin=origin
        )

    def _record(
        self,
        op: StepOp,
        target: str | None,
        sources: tuple[int, ...],
        *,
        array: str | None = None,
        layer: int = -1,
        tables: tuple[tuple[str, str], ...] = (),
        numbers: tuple[tuple[str, int], ...] = (),
        origin: str = "",
    ) -> int:
        at = -1 if array is None else self._find(array, self._arrays, "array")
        written = -1 if target is None else self.buffer(target)
        tiles: tuple[int, ...] = () if at < 0 else self._working_tiles(op, at)
        self.recorded.append(Step(op, written, sources, at, layer, tables, numbers, tiles, origin))
        return written

    def _working_tiles(self, op: StepOp, array: int) -> tuple[int, ...]:
        """All tiles of an array; a transposed read goes by columns and leaves bias lines out."""
        if op is not StepOp.READ_TRANSPOSED:
            return self._tiles[array]
        tiles = [self._program.tiles[i] for i in self._tiles[array]]
        inputs = self._program.arrays[array].inputs
        driven = [t for t in tiles if t.row_start < inputs]
        return tuple(t.index for t in sorted(driven, key=lambda t: (t.column, t.row)))

    def _find(self, name: str, known: dict[str, int], what: str) -> int:
        if name not in known:
            raise fail(
                "BSC6201",
                f"the program file has no {what} `{name}`",
                help=f"it has: {', '.join(known)}",
            )
        return known[name]


def record(
    program: Program,
    inference: Callable[[Steps], int],
    training: Callable[[Steps], None] | None = None,
    update: Callable[[Steps], None] | None = None,
) -> Program:
    """The program with the steps that the functions record.

    Raises:
        DiagnosticError: the steps do not fit the program's buffers, arrays and tables.
    """
    parts: list[tuple[Step, ...]] = []
    for function in (inference, training, update):
        steps = Steps(program)
        if function is not None:
            function(steps)
        parts.append(tuple(steps.recorded))
    recorded = replace(program, inference=parts[0], training=parts[1], update=parts[2])
    verify_program(recorded)
    return recorded


def main(
    program_file: str,
    inference: Callable[[Steps], int],
    training: Callable[[Steps], None] | None = None,
    update: Callable[[Steps], None] | None = None,
) -> None:
    """Run a printed program from the command line: train, evaluate, print one JSON object."""
    parser = argparse.ArgumentParser(description="Run a program printed by bsc.")
    parser.add_argument("--data", default="mnist", help=".npz, folder of IDX files, or a name")
    parser.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="OUTPUT=ARRAY",
        type=_assigned,
        help="the array that an output should answer, where its name does not say it",
    )
    parser.add_argument("--epochs", type=int, default=1 if training else 0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--program", help=f"the program file; default: {program_file} beside")
    parser.add_argument("-o", "--output", help="write the trained program here")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    path = Path(options.program or Path(sys.argv[0]).resolve().parent / program_file)
    try:
        result = _run(path, options, (inference, training, update))
    except DiagnosticError as error:
        sys.stderr.write(render_all(error.diagnostics) + "\n")
        raise SystemExit(1) from None
    except (OSError, MemoryError) as error:
        sys.stderr.write(render_all(of_system(error).diagnostics) + "\n")
        raise SystemExit(1) from None
    except KeyboardInterrupt as stop:
        sys.stderr.write(f"{str(stop) or 'stopped'}\n")
        raise SystemExit(130) from None
    sys.stdout.write(json.dumps(result) + "\n")


def _assigned(text: str) -> tuple[str, str]:
    output, equals, array = text.partition("=")
    if not (output and equals and array):
        raise argparse.ArgumentTypeError(f"'{text}' is not OUTPUT=ARRAY, such as y=x")
    return output, array


def _run(
    path: Path,
    options: argparse.Namespace,
    functions: tuple[
        Callable[[Steps], int], Callable[[Steps], None] | None, Callable[[Steps], None] | None
    ],
) -> dict[str, object]:
    from bsc_runtime.data import load_data, match
    from bsc_runtime.session import Session

    program = record(load(path), *functions)
    targets = dict(options.answer)
    data = match(load_data(options.data), program, targets=targets)
    chip = Session(program, seed=options.seed, threads=options.threads)
    if options.epochs:
        with data.named():
            chip.train(data.x, data.y, epochs=options.epochs, output=options.output)
    elif options.output:
        chip.save(options.output)
    x, y, part = data.evaluation
    with data.named(part):
        found = chip.evaluate(x, y, mode="analog")
    return {
        "program": options.output or str(path),
        "epochs": options.epochs,
        "seed": options.seed,
        "mode": "analog",
        "accuracy": found.accuracy,
        "squared_error": found.squared_error,
        "outputs": {name: asdict(score) for name, score in found.outputs.items()},
        "digest": chip.digest(),
    }
