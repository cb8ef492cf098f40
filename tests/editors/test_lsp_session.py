"""`bsc lsp` over its pipes, as an editor has it: each answer awaited, none slept for."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bsc.cli.guard import run

pytest.importorskip("pygls")

from bsc.lsp.serving import serve_tcp

GOOD = '''\
"""A perceptron."""

let classes = 10  # 😀 one for each digit

weights w = "net.npz"

model mlp {
  input x: f32[784] in 0..1
  `h 😀` = x -> dense(500) as hidden -> logistic
  output y = `h 😀` -> dense(classes, weights = w["readout"], bias = false) as last -> softmax
}
'''
OPTIONS = {"tabSize": 2, "insertSpaces": True}
BAD = GOOD.replace("-> dense(500) as", "-> dnse(500) as").replace("let", "let classes = 9\nlet", 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A program that is not saved, with its weights beside it."""
    np.savez(tmp_path / "net.npz", readout=np.zeros((500, 10), np.float32))
    return tmp_path / "a net.bsc"


def test_a_session_from_hello_to_goodbye(editor: Any, path: Path) -> None:
    can = editor.start()
    for what in ("hover", "definition", "documentFormatting", "documentSymbol"):
        assert can[f"{what}Provider"], what
    good = editor.open(path, GOOD)
    assert {d["code"] for d in editor.diagnostics(good, 1)} <= {"BSC2409"}

    hover = editor.ask("hover", good, 8, 34)
    assert (
        "hidden: 785 x 500 cells, 28 tiles of 128 x 128 on oxram-128"
        in (hover["contents"]["value"])
    )
    # `h 😀` begins at column 2; two units of UTF-16 for the face, one for each other character.
    assert hover["range"] == _range(8, 30, 36)
    named = editor.ask("hover", good, 9, 14)
    assert named["range"] == _range(9, 13, 19)
    assert "f32[N, 500]" in named["contents"]["value"]
    tensor = editor.ask("hover", good, 9, 54)
    assert "f32[500, 10]" in tensor["contents"]["value"]

    assert editor.ask("definition", good, 9, 14) == {"uri": good, "range": _range(8, 2, 8)}
    assert editor.ask("definition", good, 9, 31)["range"] == _range(2, 4, 11)
    file = editor.ask("definition", good, 4, 15)
    assert file["uri"] == (path.parent / "net.npz").as_uri()
    (link,) = editor.ask("documentLink", good)
    assert link["target"] == file["uri"]

    names = [s["name"] for s in editor.ask("documentSymbol", good)]
    assert names == ["classes", "w", "mlp"]
    offered = [i["label"] for i in editor.ask("completion", good, 8, 18)]
    assert "dense" in offered
    assert editor.ask("formatting", good, options=OPTIONS) == []

    editor.change(good, GOOD.replace("let classes = 10", "let  classes=10"), 2)
    editor.diagnostics(good, 2)
    (edit,) = editor.ask("formatting", good, options=OPTIONS)
    assert edit["newText"] == GOOD

    editor.change(good, BAD, 3)
    found = {d["code"]: d for d in editor.diagnostics(good, 3)}
    assert found["BSC2203"]["severity"] == 1
    assert found["BSC2203"]["range"] == _range(9, 16, 20)
    assert "dense" in found["BSC2203"]["message"]
    (related,) = found["BSC2202"]["relatedInformation"]
    assert related["location"] == {"uri": good, "range": _range(2, 4, 11)}

    editor.change(good, GOOD, 4)
    assert {d["code"] for d in editor.diagnostics(good, 4)} <= {"BSC2409"}
    editor.notify("textDocument/didClose", {"textDocument": {"uri": good}})
    editor.wait(lambda m: m.get("method") == "textDocument/publishDiagnostics")
    assert editor.heard[-1]["params"] == {"uri": good, "diagnostics": []}
    assert editor.leave() == 0


def test_what_only_the_compiler_knows_is_told_too(editor: Any, path: Path) -> None:
    text = "model m {\n  input x: f32[1, 4, 4]\n  output y = x -> max_pool(2) -> flatten\n}\n"
    editor.start()
    uri = editor.open(path, text)
    assert editor.diagnostics(uri, 1) == []
    found = editor.diagnostics(uri, 1)
    assert found[0]["code"].startswith("BSC30")
    assert editor.leave() == 0


def test_weights_that_changed_are_read_again_when_the_text_is_saved(
    editor: Any, path: Path
) -> None:
    editor.start()
    uri = editor.open(path, GOOD)
    assert all(d["severity"] > 1 for d in editor.diagnostics(uri, 1))
    np.savez(path.parent / "net.npz", readout=np.zeros((7, 10), np.float32))
    editor.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    found: list[Any] = []
    while "BSC2404" not in found:  # what was compiled before may be told first
        found = [d["code"] for d in editor.diagnostics(uri, 1)]
    assert editor.leave() == 0


def test_a_text_that_is_saved_and_not_open_is_left_alone(editor: Any, path: Path) -> None:
    editor.start()
    editor.notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})
    other = editor.open(path.with_name("other.bsc"), "let a = 0\n")
    editor.diagnostics(other, 1)
    assert editor.leave() == 0
    assert [m for m in editor.heard if m.get("method") == "window/showMessage"] == []


def test_the_editor_is_asked_to_watch_weights_and_targets(editor: Any, path: Path) -> None:
    watching = {"didChangeWatchedFiles": {"dynamicRegistration": True}}
    editor.start(workspace=watching)
    asked = editor.wait(lambda m: m.get("method") == "client/registerCapability")
    (registered,) = asked["params"]["registrations"]
    assert registered["method"] == "workspace/didChangeWatchedFiles"
    (watcher,) = registered["registerOptions"]["watchers"]
    assert all(kind in watcher["globPattern"] for kind in ("npz", "onnx", "safetensors", "toml"))
    uri = editor.open(path, GOOD)
    editor.diagnostics(uri, 1)
    np.savez(path.parent / "net.npz", readout=np.zeros((7, 10), np.float32))
    changed = {"uri": (path.parent / "net.npz").as_uri(), "type": 2}
    editor.notify("workspace/didChangeWatchedFiles", {"changes": [changed]})
    found: list[Any] = []
    while "BSC2404" not in found:
        found = [d["code"] for d in editor.diagnostics(uri, 1)]
    assert editor.leave() == 0


ODD = (
    "",
    "\ufeff",
    "\x00\u2028\x85\r",
    "{" * 3000,
    '"""' + "😀" * 1000,
    "model m {\n" + "  y = x -> \n" * 500,
    "let a = " + "(" * 60 + "1",
    "\ud800 `\udfff`",
    'weights w = "\\u{0}"\nmodel m { input x: f32[2]; output y = x -> dense(w["a"]) }',
)


def test_no_text_ends_the_server(editor: Any, path: Path) -> None:
    editor.start()
    uri = editor.open(path, GOOD)
    editor.diagnostics(uri, 1)
    for number, text in enumerate(ODD):
        editor.change(uri, text, 2 * number + 2)
        assert editor.diagnostics(uri, 2 * number + 2)
        for what in ("hover", "definition", "documentSymbol", "completion", "documentLink"):
            editor.ask(what, uri, 0, 1)
        editor.ask("hover", uri, 10**6, 10**6)
        editor.ask("formatting", uri, options=OPTIONS)
        editor.change(uri, GOOD, 2 * number + 3)
        assert all(d["severity"] > 1 for d in editor.diagnostics(uri, 2 * number + 3))
    assert not [m for m in editor.heard if m.get("method") == "window/showMessage"]
    assert editor.leave() == 0


def test_messages_that_are_none_do_not_end_the_server(editor: Any, path: Path) -> None:
    editor.start()
    for body in (b"{", b'{"jsonrpc": "2.0", "id": 7, "method": "no/such"}', b"[]"):
        editor.send_raw(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    uri = editor.open(path, GOOD)
    editor.diagnostics(uri, 1)
    assert editor.leave() == 0


@pytest.mark.parametrize(("encodings", "end"), [(["utf-32", "utf-16"], 7), (["utf-8"], 10)])
def test_columns_are_counted_as_the_editor_asks(
    editor: Any, path: Path, encodings: list[str], end: int
) -> None:
    can = editor.start(general={"positionEncodings": encodings})
    assert can["positionEncoding"] == encodings[0]
    uri = editor.open(path, GOOD)
    assert editor.ask("hover", uri, 8, 3)["range"] == _range(8, 2, end)
    assert editor.leave() == 0


def test_without_its_packages_the_command_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert run(["lsp"]) == 1
    said = capsys.readouterr().err
    assert "error[BSC7013]" in said
    assert "pip install 'bsc-toolchain[editors]'" in said


def test_a_port_of_this_machine(path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert run(["lsp", "--tcp", str(port), "--stdio"]) == 2
    seen: list[bool] = []
    server = threading.Thread(target=lambda: seen.append(serve_tcp(port)), daemon=True)
    server.start()
    deadline = time.monotonic() + 60
    while True:
        try:
            stream = socket.create_connection(("127.0.0.1", port), timeout=60)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
    with stream:
        hello = {"method": "initialize", "params": {"capabilities": {}}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, **hello}).encode()
        stream.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        assert stream.recv(15) == b"Content-Length:"
    server.join(60)
    assert seen == [False]


def test_an_editor_that_is_gone_ends_the_server(editor: Any, path: Path) -> None:
    editor.start()
    uri = editor.open(path, GOOD)
    editor.diagnostics(uri, 1)
    assert editor.process.stdin is not None
    editor.process.stdin.close()
    assert editor.process.wait(60) == 1


def _range(line: int, start: int, end: int) -> dict[str, dict[str, int]]:
    return {
        "start": {"line": line, "character": start},
        "end": {"line": line, "character": end},
    }
