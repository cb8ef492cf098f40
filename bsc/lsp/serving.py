"""Runs the language server over the pipes of its process, or over a port."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Callable

from lsprotocol import types as lsp

from bsc.lsp import answers
from bsc.lsp.server import Server


def make_server() -> Server:
    """A server with all that it answers."""
    server = Server()
    for method, answer, options in (
        (lsp.INITIALIZED, answers.initialized, None),
        (lsp.TEXT_DOCUMENT_DID_OPEN, answers.did_open, None),
        (lsp.TEXT_DOCUMENT_DID_CHANGE, answers.did_change, None),
        (lsp.TEXT_DOCUMENT_DID_SAVE, answers.did_save, None),
        (lsp.TEXT_DOCUMENT_DID_CLOSE, answers.did_close, None),
        (lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, answers.files_changed, None),
        (lsp.TEXT_DOCUMENT_HOVER, answers.hover, None),
        (lsp.TEXT_DOCUMENT_DEFINITION, answers.definition, None),
        (lsp.TEXT_DOCUMENT_DOCUMENT_LINK, answers.links, None),
        (lsp.TEXT_DOCUMENT_FORMATTING, answers.formatting, None),
        (lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL, answers.symbols, None),
        (lsp.TEXT_DOCUMENT_COMPLETION, answers.completion, lsp.CompletionOptions([">", ".", '"'])),
        (lsp.SHUTDOWN, answers.shut_down, None),
    ):
        server.feature(method, options)(answer)
    return server


def serve_stdio() -> bool:
    """Serve the editor that started this process; whether it said goodbye before it left.

    Standard output is the editor's alone: what anything else would print goes to standard error.
    """
    reading = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    writing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        return _serve(lambda server: server.start_io(reading, writing))
    finally:
        sys.stdout = out


def serve_tcp(port: int) -> bool:
    """Serve the first editor that comes to a port of this machine, until it leaves."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        connection, _ = listening.accept()
    with connection, connection.makefile("rb") as reading, connection.makefile("wb") as writing:
        return _serve(lambda server: server.start_io(reading, writing))


def _serve(start: Callable[[Server], None]) -> bool:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    server = make_server()
    try:
        start(server)
    except ConnectionError:
        pass  # the editor is gone without a word
    finally:
        server.stop()
    return server.was_shut_down
