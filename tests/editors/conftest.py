"""An editor as small as one can be: it starts the server and speaks the protocol over its pipes."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

PATIENCE_SECONDS = 20
"""A loaded computer may need long for what takes a moment; nothing waits longer than it takes."""

COMMAND = [sys.executable, "-m", "bsc", "lsp"]

Message = dict[str, Any]


class Editor:
    """One session; to be used in a `with`, which ends the process whatever happens."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.heard: list[Message] = []
        self._arrived: queue.Queue[Message | None] = queue.Queue()
        self._number = 0
        self.errors = b""
        self._threads = [threading.Thread(target=t, daemon=True) for t in (self._read, self._drain)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Editor:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    # what it says

    def start(self, **capabilities: Any) -> Message:
        """Say who it is; returns what the server can do."""
        given = {"processId": None, "rootUri": None, "capabilities": capabilities}
        answer: Message = self.request("initialize", given)["capabilities"]
        self.notify("initialized", {})
        return answer

    def open(self, path: Path, text: str) -> str:
        """Open a text, saved or not; returns what the protocol calls it."""
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "bsc", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def change(self, uri: str, text: str, version: int) -> None:
        """Type."""
        self.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": uri, "version": version},
                "contentChanges": [{"text": text}],
            },
        )

    def ask(self, what: str, uri: str, line: int = 0, character: int = 0, **more: Any) -> Any:
        """Ask about a place of a text, lines and columns from 0."""
        place = {"line": line, "character": character}
        return self.request(
            f"textDocument/{what}", {"textDocument": {"uri": uri}, "position": place, **more}
        )

    def leave(self) -> int:
        """Say goodbye; returns the exit code of the server."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(PATIENCE_SECONDS)

    def request(self, method: str, params: Any) -> Any:
        """Ask and wait for the answer."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        answer = self.wait(lambda m: m.get("id") == self._number and "method" not in m)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def notify(self, method: str, params: Any) -> None:
        """Tell."""
        self._send({"method": method, "params": params})

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    # what it hears

    def diagnostics(self, uri: str, version: int) -> list[Message]:
        """What was found in a version of a text."""
        told = self.wait(
            lambda m: (
                m.get("method") == "textDocument/publishDiagnostics"
                and (m["params"]["uri"], m["params"].get("version")) == (uri, version)
            )
        )
        found: list[Message] = told["params"]["diagnostics"]
        return found

    def wait(self, wanted: Any) -> Message:
        """The next message that is wanted; what comes before is kept in `heard`."""
        while True:
            try:
                message = self._arrived.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                raise AssertionError(f"nothing came; stderr: {self.errors!r}") from None
            assert message is not None, f"the server is gone; stderr: {self.errors!r}"
            self.heard.append(message)
            if wanted(message):
                return message

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.send_raw(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (header := stream.readline()).strip():
                if header.lower().startswith(b"content-length:"):
                    length = int(header.partition(b":")[2])
            if not header:
                break
            self._arrived.put(json.loads(stream.read(length)))
        self._arrived.put(None)

    def _drain(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors += line


@pytest.fixture
def editor() -> Iterator[Editor]:
    """An editor whose server runs."""
    with Editor() as made:
        yield made
