"""What this room raises when it is asked for something the contract does not define."""

from __future__ import annotations


class NumericsError(ValueError):
    """A number or function outside docs/semantics.md; callers turn it into a diagnostic."""
