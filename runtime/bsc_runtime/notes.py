"""What the runtime has to say while it works: diagnostics, each once, to a listener or the log.

Libraries do not print. Whoever holds the terminal (the command line) passes a listener; without one
the messages go to the logger `bsc_runtime`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from bsc.diag import Diagnostic, Severity

Listener: TypeAlias = Callable[[Diagnostic], None]

_LEVELS = {
    Severity.ERROR: logging.ERROR,
    Severity.WARNING: logging.WARNING,
    Severity.NOTE: logging.INFO,
    Severity.REMARK: logging.DEBUG,
}


@dataclass(slots=True)
class Notes:
    """Passes messages on, each distinct one once.

    Attributes:
        listener: receives each diagnostic; None sends them to the logger `bsc_runtime`.
    """

    listener: Listener | None = None
    _said: set[tuple[str, str]] = field(default_factory=set)

    def note(self, code: str, message: str, *, help: str | None = None) -> None:
        """Say something that is worth knowing."""
        self.say(Diagnostic(code, message, Severity.NOTE, help=help))

    def warn(self, code: str, message: str, *, help: str | None = None) -> None:
        """Say something that is probably not wanted."""
        self.say(Diagnostic(code, message, Severity.WARNING, help=help))

    def say(self, diagnostic: Diagnostic) -> None:
        """Pass a diagnostic on, unless the same was said before."""
        key = (diagnostic.code, diagnostic.message)
        if key in self._said:
            return
        self._said.add(key)
        if self.listener is not None:
            self.listener(diagnostic)
            return
        text = f"{diagnostic.code}: {diagnostic.message}"
        if diagnostic.help:
            text += f" ({diagnostic.help})"
        logging.getLogger("bsc_runtime").log(_LEVELS[diagnostic.severity], text)
