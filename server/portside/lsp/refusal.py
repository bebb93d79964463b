"""Requests that are right and get no result, each with the protocol's code for why."""

from __future__ import annotations

# https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#errorCodes
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INTERNAL_ERROR = -32603
NOT_INITIALIZED = -32002
CONTENT_MODIFIED = -32801
REQUEST_CANCELLED = -32800
SERVER_CANCELLED = -32802
REQUEST_FAILED = -32803


class Refusal(Exception):  # noqa: N818 - it is an answer, not a bug
    """It can't be done: the editor shows the reason. The message is for the user, as a whole sentence."""

    code = REQUEST_FAILED


class Outdated(Refusal):
    """What it was asked about is no longer there: the editor asks again."""

    code = CONTENT_MODIFIED


class Withdrawn(Refusal):
    """The client has taken it back."""

    code = REQUEST_CANCELLED
