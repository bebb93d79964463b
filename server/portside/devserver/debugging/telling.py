"""Sentences of a debug session for its user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LINUX_ONLY = "portside serve runs on Linux only, so far."
SILENT = "portside serve has not been heard of: its terminal tells why."
LEFT = "The dev server runs on, without a debugger."
NOT_BEGUN = "The session was stopped before the dev server began."
NO_WORKER = "Nothing runs at the moment: the app is loading, or has failed."
STALE = "That belonged to a worker that a reload has replaced."


def missing(python: str) -> str:
    return (
        f"debugpy is neither in the environment of {python} nor in Portside's. "
        f"Install it: {python} -m pip install debugpy"
    )


def sentence(event: str, fields: Mapping[str, Any]) -> tuple[str, str] | None:
    """An event of the dev server's for the debug console: a category, and the text. None: not worth it."""
    match event:
        case "ready":
            what = "reloaded" if fields.get("generation", 1) > 1 else "ready"
            return "console", f"{what}: {fields['url']}"
        case "failed" | "reload failed" | "crashed":
            return "stderr", str(fields.get("message", event))
        case "error":
            return "important", str(fields["text"])
    return None
