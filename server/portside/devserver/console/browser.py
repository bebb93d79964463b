"""The user's browser, opened once at the address of a server that is ready."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from collections.abc import Callable

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 (what is replaced, not listened on)


def can_open() -> bool:
    """Whether there is a window for it: a browser for text would take the terminal."""
    if os.environ.get("BROWSER") or sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def address(url: str) -> str:
    """What a browser on this machine can ask; nobody can ask 0.0.0.0 everywhere."""
    for wildcard, loopback in _WILDCARDS.items():
        url = url.replace(f"//{wildcard}:", f"//{loopback}:")
    return url


def open_at(url: str, trouble: Callable[[str], None]) -> None:
    """Open it without waiting for it. trouble: is told where that is not possible."""
    target = address(url)
    if not can_open():
        trouble(f"no browser can be opened here (no display); the address is {target}")
        return

    def run() -> None:
        try:
            done = webbrowser.open(target)
        except (webbrowser.Error, OSError):
            done = False
        if not done:
            trouble(f"no browser could be opened; the address is {target}")

    threading.Thread(target=run, name="browser", daemon=True).start()
