"""Files as the protocol names them."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit


def to_path(uri: str) -> Path | None:
    """The file that a URI names; None for what is no file (an untitled document, a notebook's cell)."""
    try:
        parts = urlsplit(uri)
    except ValueError:  # brackets that hold no address, as in file://[a]/b
        return None
    if parts.scheme != "file":
        return None
    path = unquote(parts.path)
    if os.name == "nt":
        # file:///c%3A/folder names C:\folder, file://server/share a network share.
        path = f"//{parts.netloc}{path}" if parts.netloc else path.lstrip("/")
    return Path(os.path.normpath(path))


def from_path(path: Path) -> str:
    """The URI of an absolute path."""
    text = path.as_posix()
    if text.startswith("//"):
        return "file:" + quote(text)
    return "file://" + quote(text if text.startswith("/") else f"/{text}")
