"""A request that is right and can't be done: the editor shows the reason."""

from __future__ import annotations

# https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#errorCodes
REQUEST_FAILED = -32803


class Refusal(Exception):  # noqa: N818 - it is an answer, not a bug
    """The message is for the user, as a whole sentence."""
