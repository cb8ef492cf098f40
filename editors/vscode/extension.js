// Starts `bsc lsp` and hands it every .bsc text.
"use strict";

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function activate(context) {
  const [command, ...args] = workspace.getConfiguration("bsc").get("command");
  const watcher = workspace.createFileSystemWatcher("**/*.{safetensors,npz,onnx,toml}");
  context.subscriptions.push(watcher);
  client = new LanguageClient(
    "bsc",
    "bsc",
    { command, args },
    {
      documentSelector: [
        { scheme: "file", language: "bsc" },
        { scheme: "untitled", language: "bsc" },
      ],
      synchronize: { fileEvents: watcher },
    },
  );
  await client.start();
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
