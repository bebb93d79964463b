"""The one refusal of what needs Linux: subreapers, pid descriptors, /proc."""

from __future__ import annotations

import sys

import click


def require_linux(command: str) -> None:
    """Leave with exit code 2 and a clear word where the dev server does not run."""
    if not sys.platform.startswith("linux"):
        click.echo(f"portside {command} runs on Linux only, so far, as portside serve does", err=True)
        sys.exit(2)
