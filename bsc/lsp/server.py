"""The language server of one editor: its open texts, and what is known of them.

Texts are checked in a thread of their own, one after the other, and compiled in another one. The
server never stops over a text: what goes wrong is logged, shown, and the next request is answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from bsc.frontend.dsl.meaning.kept_files import KeptFiles
from bsc.lsp.analysis import Analysis, analyse
from bsc.lsp.layouts import Layouts, lay_out
from bsc.lsp.protocol import as_diagnostic
from bsc.lsp.text import Text, Units

DELAY_SECONDS = 0.2
"""A text is checked when nothing was typed for so long."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Open:
    """A text that an editor has open, and what is known of it.

    Attributes:
        analysis: of its last state that was asked about.
        layouts: of that state, once asked for.
        task: what will check it.
    """

    analysis: Analysis | None = None
    layouts: Layouts | None = None
    task: asyncio.Task[None] | None = None


class Server(LanguageServer):
    """The server of one editor."""

    def __init__(self) -> None:
        # Whole texts: they are small, and line ends that only some count cannot put them out of
        # step.
        super().__init__("bsc", _version(), lsp.TextDocumentSyncKind.Full)
        self.open: dict[str, Open] = {}
        self.was_shut_down = False
        self._kept = KeptFiles()
        self._checker = ThreadPoolExecutor(1, "check")
        self._compiler = ThreadPoolExecutor(1, "compile")
        self._shown = ""

    def watch(self, uri: str, delay: float, *, compiled: bool) -> None:
        """Check a text after a while, unless it changes again before.

        Args:
            uri: of the text.
            delay: seconds.
            compiled: whether it is compiled too, for what the language alone cannot tell.
        """
        opened = self.open.setdefault(uri, Open())
        if opened.task is not None:
            opened.task.cancel()
        opened.task = asyncio.create_task(self._guarded(self._check(uri, opened, delay, compiled)))

    def watch_anew(self, uri: str, delay: float) -> None:
        """Check and compile a text after a while, although it may be the same: files are not."""
        opened = self.open.get(uri)
        if opened is None:
            return  # an editor may tell what it saved without opening it
        opened.analysis = None
        self.watch(uri, delay, compiled=True)

    def forget(self, uri: str) -> None:
        """Drop a text, and what was said about it."""
        opened = self.open.pop(uri, None)
        if opened is not None and opened.task is not None:
            opened.task.cancel()
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))

    async def analysis(self, uri: str) -> Analysis | None:
        """What is known of a text as it is now; None where it is not open."""
        opened = self.open.get(uri)
        if opened is None:
            return None
        text = self.workspace.get_text_document(uri).source
        if opened.analysis is None or opened.analysis.text.text != text:
            agreed = self.workspace.position_encoding or Units.UTF16
            units = Units(getattr(agreed, "value", agreed))
            opened.analysis = await self._run(self._checker, self._analyse, uri, text, units)
            opened.layouts = None
        return opened.analysis

    async def layouts(self, uri: str, analysis: Analysis) -> Layouts:
        """How its layers lie on the chip."""
        opened = self.open.get(uri)
        if opened is not None and opened.analysis is analysis and opened.layouts is not None:
            return opened.layouts
        made = await self._run(self._compiler, lay_out, analysis, self._kept)
        if opened is not None and opened.analysis is analysis:
            opened.layouts = made
        return made

    def show(self, error: Exception) -> None:
        """Log what went wrong in the server, and show it once."""
        _log.error("the language server goes on after an error", exc_info=error)
        message = f"bsc: internal error: {type(error).__name__}: {error}"
        if message != self._shown:
            self._shown = message
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Error, message))

    def stop(self) -> None:
        """End the threads; what they do not have begun is dropped."""
        for pool in (self._checker, self._compiler):
            pool.shutdown(wait=False, cancel_futures=True)

    def _analyse(self, uri: str, text: str, units: Units) -> Analysis:
        found = to_fs_path(uri)
        name = uri.rpartition("/")[2] or uri
        return analyse(Text(text, units), Path(found) if found else None, name, self._kept)

    async def _check(self, uri: str, opened: Open, delay: float, compiled: bool) -> None:
        await asyncio.sleep(delay)
        document = self.workspace.get_text_document(uri)
        now = document.version
        analysis = await self.analysis(uri)
        if analysis is None or document.version != now:
            return
        found = [as_diagnostic(d, analysis, uri) for d in analysis.diagnostics]
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, now))
        if not compiled or not analysis.whole:
            return
        more = (await self.layouts(uri, analysis)).diagnostics
        new = [d for d in more if d not in analysis.diagnostics]
        if new and document.version == now and self.open.get(uri) is opened:
            found += [as_diagnostic(d, analysis, uri) for d in new]
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, now))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # nobody waits for it: shown, and the server goes on
            self.show(error)

    async def _run(self, pool: ThreadPoolExecutor, call: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, call, *given)


def _version() -> str:
    try:
        return version("bsc-toolchain")
    except PackageNotFoundError:
        return "unknown"
