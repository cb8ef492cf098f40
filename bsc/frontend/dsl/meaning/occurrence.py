"""One operator where it stands in a flow: what the functions that lower it hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bsc.frontend.dsl.ast import Call, Name, Place
from bsc.frontend.dsl.meaning.arguments import Arguments
from bsc.frontend.dsl.meaning.building import Building, origin_of
from bsc.frontend.dsl.meaning.chains import chain
from bsc.frontend.dsl.meaning.operators import Operator
from bsc.frontend.dsl.meaning.problems import Abandoned, At, Help
from bsc.frontend.dsl.meaning.scope import Frame
from bsc.frontend.dsl.meaning.values import Live, Tensor
from bsc.ir.types import Encoding


@dataclass(slots=True)
class Occurrence:
    """An operator at one place, in one call of the blocks around it.

    Attributes:
        building: the graph being made.
        row: the operator.
        what: the stage as it is written.
        at: its place.
        inputs: what flows in.
        arguments: its arguments.
        label: its path: what it is called, behind the blocks around it.
        given: the same as the text gives it, without numbers.
        frame: the call of the block that it stands in.
        name: what its value must be called; None leaves the choice.
    """

    building: Building
    row: Operator
    what: Name | Call
    at: Place
    inputs: tuple[Live | Tensor | int | float, ...]
    arguments: Arguments
    label: str
    given: str
    frame: Frame
    name: str | None = None

    @property
    def origin(self) -> str:
        """`Node.origin` of its nodes."""
        return origin_of(self.building.source, self.at, self.label)

    def place_of(self, argument: str) -> Place:
        """Where an argument stands, or the stage where it was left out."""
        return self.arguments.places.get(argument, self.at)

    def single(self) -> Live:
        """The one value that flows in.

        Raises:
            Abandoned: there are several; recorded.
        """
        if len(self.inputs) != 1:
            raise self.wrong_count("one value", len(self.inputs))
        return self.live(self.inputs[0])

    def wrong_count(self, expected: str, found: int) -> Abandoned:
        """Record that too many or too few values flow in."""
        return self.building.problems.error(
            "BSC2212",
            f"{self.row.name} takes {expected}; {found} flow{'s' * (found == 1)} in",
            self.at,
            help="a group is joined by a layer such as (a, b) -> concat"
            if found > 1
            else f"write (a, b) -> {self.row.name}",
        )

    def live(
        self, value: Live | Tensor | int | float, like: Encoding = Encoding.F32, hint: str = ""
    ) -> Live:
        """A value of the graph: tensors and numbers become constants."""
        if isinstance(value, Live):
            return value
        hint = hint or f"{self.label}.constant"
        if isinstance(value, Tensor):
            return self.building.place(value, hint)
        return self.building.number(value, like, self.at, hint)

    def emit(
        self,
        op: str,
        inputs: Sequence[Live],
        attrs: Mapping[str, Any] | None = None,
        *,
        inner: bool = False,
        others: Sequence[At] = (),
    ) -> Live:
        """Add a node.

        Args:
            op: an operator of SOURCE.
            inputs: its inputs.
            attrs: its attributes.
            inner: True for a step on the way, whose value takes another name.
            others: places that are shown where it does not fit.
        """
        before = next((v for v in self.inputs if isinstance(v, Live)), None)
        if inner or self.name is None:
            name = self.building.fresh(f"{self.label}.{op}" if inner else self.label)
        else:
            name = self.name
        return self.building.emit(
            op, inputs, attrs, name=name, origin=self.origin, at=self.at, made_by=self.what,
            before=before, others=others,
        )  # fmt: skip

    def refuse(
        self,
        code: str,
        message: str,
        at: Place | None = None,
        label: str = "",
        *,
        others: Sequence[At] = (),
        help: Help = None,
    ) -> Abandoned:
        """Record a problem of this stage, with the chain that led here."""
        notes = [f"it reads {chain(v)}" for v in self.inputs[:4] if isinstance(v, Live)]
        return self.building.problems.error(
            code, message, at or self.at, label, others=others, help=help, notes=notes
        )
