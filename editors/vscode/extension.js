// Starts `bsc lsp` and hands it every .bsc text.
"use strict";

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function activate() {
  const [command, ...args] = workspace.getConfiguration("bsc").get("command");
  client = new LanguageClient(
    "bsc",
    "bsc",
    { command, args },
    {
      documentSelector: [
        { scheme: "file", language: "bsc" },
        { scheme: "untitled", language: "bsc" },
      ],
    },
  );
  await client.start();
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
