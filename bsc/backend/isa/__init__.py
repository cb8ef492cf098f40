"""Steps to an image of the instruction set (docs/isa.md)."""

from bsc.backend.isa.emit import Emitted, emit_image, with_state

__all__ = ["Emitted", "emit_image", "with_state"]
