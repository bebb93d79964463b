"""What the server offers, and what it asks to be told."""

from __future__ import annotations

from portside.lsp.client import Client
from portside.lsp.commands import TELL
from portside.lsp.convert import FIX_ALL, QUICK_FIX, SOURCE, Json
from portside.lsp.port_rename import REWRITE
from portside.lsp.preferences import SECTION

# Python files, settings, and every kind of file that launches something.
_WATCHED = (
    "**/*.py",
    "**/{pyproject,portside}.toml",
    "**/*{Dockerfile,Containerfile}*",
    "**/*.{yml,yaml,sh,bash,zsh,sbatch,slurm,service,env,mk}",
    "**/{Procfile,Makefile,GNUmakefile,makefile,.env}*",
    "**/{package,launch,tasks}.json",
    "**/README.md",
)

# Of folders too, which the patterns of watched files don't match.
_EVERYTHING: Json = {"filters": [{"scheme": "file", "pattern": {"glob": "**"}}]}

WATCHED_FILES: Json = {
    "id": "portside-files",
    "method": "workspace/didChangeWatchedFiles",
    "registerOptions": {"watchers": [{"globPattern": pattern} for pattern in _WATCHED]},
}
_PYTHON_CELLS: Json = {"notebook": "*", "cells": [{"language": "python"}]}
SETTINGS_CHANGES: Json = {
    "id": "portside-settings",
    "method": "workspace/didChangeConfiguration",
    "registerOptions": {"section": SECTION},
}


def capabilities(client: Client) -> Json:
    """The answer to `initialize`; a client that pulls diagnostics isn't sent any."""
    offer: Json = {
        "positionEncoding": client.encoding.value,
        "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
        "notebookDocumentSync": {"notebookSelector": [_PYTHON_CELLS], "save": True},
        "codeActionProvider": {
            "codeActionKinds": [QUICK_FIX, FIX_ALL, REWRITE],
            "resolveProvider": client.resolves_edits,
        },
        "executeCommandProvider": {"commands": [TELL]},
        "hoverProvider": True,
        "codeLensProvider": {"resolveProvider": True},
        "inlayHintProvider": {"resolveProvider": True},
        "documentLinkProvider": {"resolveProvider": False},
        "renameProvider": {"prepareProvider": True} if client.prepares_renames else True,
        "workspace": {
            "workspaceFolders": {"supported": True, "changeNotifications": True},
            "fileOperations": dict.fromkeys(("didCreate", "didRename", "didDelete"), _EVERYTHING),
        },
    }
    if client.pulls:
        provider = {"identifier": SOURCE, "interFileDependencies": True, "workspaceDiagnostics": True}
        offer["diagnosticProvider"] = provider
    return offer
