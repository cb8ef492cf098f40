"""The verifier of images: what it accepts, a machine may execute without looking again.

Machines index memory by the numbers of an image; images come from anywhere. So whatever a machine
relies on is proved here, before anything is executed: that code is nested loops, that operands are
in range and fit each other, that nothing is read before it is written, that cores do not wait for
each other for ever. Problems are reported together, each with its word.
"""

from bsc.isa.verify.proof import Proof
from bsc.isa.verify.trees import Count, Instr, Loop, Node, Trees, instructions
from bsc.isa.verify.verifier import verify_image

__all__ = [
    "Count",
    "Instr",
    "Loop",
    "Node",
    "Proof",
    "Trees",
    "instructions",
    "verify_image",
]
