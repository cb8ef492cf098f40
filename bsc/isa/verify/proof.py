"""What the verifier proved, and what follows from it for registers as the host will write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bsc.isa.image import Image
from bsc.isa.kinds import EntryKind
from bsc.isa.verify.bounds import Durations, Tally, control_cycles, tally
from bsc.isa.verify.magnitudes import Magnitudes
from bsc.isa.verify.trees import Trees, host_registers

_NARROW = (1 << 31) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """A verified image's proof.

    Attributes:
        image: the image.
        trees: for each core its code as trees of loops, by entry.
        durations: for each entry the cycles of all cores together.
        magnitudes: for each entry how sums grow.
    """

    image: Image = field(repr=False)
    trees: tuple[Trees, ...] = field(repr=False)
    durations: Mapping[EntryKind, tuple[Tally, ...]] = field(repr=False)
    magnitudes: Mapping[EntryKind, Magnitudes] = field(repr=False)

    @classmethod
    def of(cls, image: Image, trees: tuple[Trees, ...]) -> Proof:
        """The proof of an image that breaks no rule."""
        durations: dict[EntryKind, tuple[Tally, ...]] = {}
        for kind in image.kinds():
            durations[kind] = tuple(
                tally(of_core[kind], Durations(image, core).of, control_cycles(image))
                for core, of_core in enumerate(trees)
            )
        magnitudes = {kind: Magnitudes(image, kind, trees) for kind in image.kinds()}
        return cls(image, trees, durations, magnitudes)

    def cycles(self, kind: EntryKind, *, samples: int, batch: int, repeats: int, reads: int) -> int:
        """An upper bound of the cycles of a run: as if nothing ever happened side by side.

        Args:
            kind: the entry.
            samples: what the host writes into the register SAMPLES, at least 1.
            batch: into BATCH.
            repeats: into REPEATS.
            reads: into READS.

        Raises:
            KeyError: the image has no such entry.
            ValueError: a register is below 1.
        """
        registers = host_registers(samples, batch, repeats, reads)
        return sum(of_core.total(dict(registers)) for of_core in self.durations[kind])

    def instructions(
        self, kind: EntryKind, *, samples: int, batch: int, repeats: int, reads: int
    ) -> int:
        """How many instructions all cores execute in a run: exact, unless the run is trapped.

        Arguments and errors are those of `cycles`.
        """
        registers = host_registers(samples, batch, repeats, reads)
        counted = (tally(trees[kind], lambda _: 1, passing=1) for trees in self.trees)
        return sum(tree.total(dict(registers)) for tree in counted)

    def wide_sums(
        self,
        kind: EntryKind,
        *,
        samples: int,
        batch: int,
        repeats: int,
        reads: int,
        backing: bool = False,
    ) -> bool:
        """Whether a sum might exceed 32 bits in a run.

        Args:
            kind: the entry.
            samples: what the host writes into the register SAMPLES, at least 1.
            batch: into BATCH.
            repeats: into REPEATS.
            reads: into READS.
            backing: whether the host fills backing memory before the run: then sums that are
                loaded from it have no bound.

        Raises:
            KeyError: the image has no such entry.
            ValueError: a register is below 1.
        """
        registers = host_registers(samples, batch, repeats, reads)
        return self.magnitudes[kind].most(registers, backing) > _NARROW

    def executed(
        self,
        kind: EntryKind,
        core: int,
        name: str,
        *,
        samples: int,
        batch: int,
        repeats: int,
        reads: int,
    ) -> int:
        """How often a core executes an instruction in a run: exact, unless the run is trapped.

        A host that hands out rows of a matrix knows by it whether it has enough of them.

        Args:
            kind: the entry.
            core: the core.
            name: the mnemonic, but not `loop`, `chunks` or `end`.
            samples: what the host writes into the register SAMPLES, at least 1.
            batch: into BATCH.
            repeats: into REPEATS.
            reads: into READS.

        Raises:
            KeyError: the image has no such entry.
            ValueError: a register is below 1.
        """
        registers = host_registers(samples, batch, repeats, reads)
        return tally(self.trees[core][kind], lambda i: int(i.name == name)).total(registers)
