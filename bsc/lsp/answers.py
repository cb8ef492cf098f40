"""What editors send, and what they are answered; each is one message of the protocol."""

from __future__ import annotations

from lsprotocol import types as lsp
from pygls.uris import from_fs_path

from bsc.lsp.completion import offers
from bsc.lsp.hover import hover_text, page_text, target_text
from bsc.lsp.outline import outline
from bsc.lsp.protocol import (
    as_item,
    as_range,
    as_symbol,
    diagnostic_range,
    markdown,
    position_of,
)
from bsc.lsp.server import DELAY_SECONDS, Server

_BESIDE = "**/*.{npz,onnx,safetensors,toml}"
"""Files that texts read: weights and targets."""


async def initialized(ls: Server, params: lsp.InitializedParams) -> None:
    """The editor is there: it is asked to tell of files beside the texts, where it can."""
    del params
    workspace = ls.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    if watching is None or not watching.dynamic_registration:
        return
    options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher(_BESIDE)])
    method = lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES
    await ls.client_register_capability_async(
        lsp.RegistrationParams([lsp.Registration("files", method, options)])
    )


async def did_open(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    """A text was opened."""
    ls.watch(params.text_document.uri, 0, compiled=True)


async def did_change(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    """A text was changed."""
    ls.watch(params.text_document.uri, DELAY_SECONDS, compiled=False)


async def did_save(ls: Server, params: lsp.DidSaveTextDocumentParams) -> None:
    """A text was saved; what it reads may have changed since it was checked."""
    ls.watch_anew(params.text_document.uri, 0)


async def did_close(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    """A text was closed."""
    ls.forget(params.text_document.uri)


async def files_changed(ls: Server, params: lsp.DidChangeWatchedFilesParams) -> None:
    """Files beside the texts changed: weights, targets."""
    del params
    for uri in ls.open:
        ls.watch_anew(uri, DELAY_SECONDS)


async def hover(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    """What is at a position; and the page of what is wrong there."""
    uri, position = params.text_document.uri, position_of(params.position)
    analysis = await ls.analysis(uri)
    if analysis is None:
        return None
    line, column = analysis.text.place(position)
    fact = analysis.fact_at(line, column)
    wrong = [
        (d, at)
        for d in analysis.diagnostics
        if d.labels
        and d.labels[0].span.line is not None
        and (at := diagnostic_range(d, analysis)).start <= position <= at.end
    ]
    parts, shown_at = [page_text(d) for d, _ in wrong[:1]], wrong[0][1] if wrong else None
    if fact is not None:
        layouts = await ls.layouts(uri, analysis) if analysis.layers_of(fact) else None
        parts.insert(0, hover_text(analysis, fact, layouts))
        shown_at = analysis.text.range(fact.at)
    elif (target := target_text(analysis, line, column)) is not None and target[0]:
        parts.insert(0, target[0])
        shown_at = analysis.text.range(target[1])
    return markdown("\n\n---\n\n".join(parts), shown_at) if shown_at is not None else None


async def definition(ls: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
    """Where a name was given; of a text that names a file, the file."""
    uri, position = params.text_document.uri, position_of(params.position)
    analysis = await ls.analysis(uri)
    if analysis is None:
        return None
    fact = analysis.fact_at(*analysis.text.place(position))
    if fact is not None:
        at = analysis.definition(fact)
        return None if at is None else lsp.Location(uri, as_range(analysis.text.range(at)))
    start = lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))
    for place, path in analysis.links():
        found = analysis.text.range(place)
        if found.start <= position <= found.end:
            return lsp.Location(from_fs_path(str(path)) or "", start)
    return None


async def links(ls: Server, params: lsp.DocumentLinkParams) -> list[lsp.DocumentLink]:
    """Files that the text names."""
    analysis = await ls.analysis(params.text_document.uri)
    if analysis is None:
        return []
    return [
        lsp.DocumentLink(as_range(analysis.text.range(at)), from_fs_path(str(path)))
        for at, path in analysis.links()
    ]


async def formatting(ls: Server, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit] | None:
    """The text as `bsc fmt` writes it; nothing where its syntax is wrong."""
    analysis = await ls.analysis(params.text_document.uri)
    written = None if analysis is None else analysis.formatted()
    if analysis is None or written is None:
        return None
    if written == analysis.text.text:
        return []
    return [lsp.TextEdit(as_range(analysis.text.whole()), written)]


async def symbols(ls: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    """The outline."""
    analysis = await ls.analysis(params.text_document.uri)
    if analysis is None:
        return []
    return [as_symbol(symbol, analysis.text) for symbol in outline(analysis)]


async def completion(ls: Server, params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
    """What may be written."""
    analysis = await ls.analysis(params.text_document.uri)
    if analysis is None:
        return []
    position = position_of(params.position)
    return [as_item(offer, n) for n, offer in enumerate(offers(analysis, position))]


async def shut_down(ls: Server, params: None) -> None:
    """The editor is about to leave."""
    del params
    ls.was_shut_down = True
