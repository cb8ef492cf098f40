"""What a program may make at compile time, counted over all of it, before memory is taken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bound:
    """How much of something a program may make.

    Attributes:
        what: what is counted, in words.
        most: how many there may be.
    """

    what: str
    most: int


MEMBERS = Bound("members of groups", 1 << 20)
"""A group of groups has all their members: a line could double them."""

ARRAYS = Bound("elements of arrays as tensors", 1 << 22)
"""Arrays of arrays that have names grow tenfold with a line of ten of them."""

COMPUTED = Bound("elements of tensors to be computed", 1 << 28)
"""What arithmetic, conversions and reshapes of tensors make: up to 2 GiB."""

SETTINGS = Bound("elements of arrays in settings", 1 << 18)
