"""Whether a text can be of any interest: most files of a workspace are not, and are never parsed."""

from __future__ import annotations

import re

# Packages that serve, their names in lower case as imports have them; words that open a port without
# any package; Portside's own comments.
_WORDS = (
    b"uvicorn", b"vllm", b"hypercorn", b"gunicorn", b"granian", b"daphne", b"waitress", b"sglang", b"llama",
    b"text-generation", b"fastapi", b"starlette", b"flask", b"quart", b"sanic", b"litestar", b"aiohttp",
    b"tornado", b"bottle", b"falcon", b"blacksheep", b"gradio", b"streamlit", b"grpc",
    b"socket", b"httpserver", b"create_server", b"start_server", b"portside", b"werkzeug", b"nicegui",
    b"fasthtml", b"fastmcp", b"wsgiref", b"xmlrpc", b"trio", b"anyio", b"prometheus_client", b"eventlet",
    b"gevent", b"cheroot", b"microdot", b"robyn", b"dash", b"litserve", b"--port", b"subprocess", b"__name__",
    b"__main__", b"_name_",
)  # fmt: skip
_BIND = re.compile(rb"^bind\s*=", re.MULTILINE)


def is_interesting(data: bytes) -> bool:
    # Word by word: one search for a word runs at memory speed, one for an alternative of forty does not.
    lowered = data.lower()
    return any(word in lowered for word in _WORDS) or _BIND.search(lowered) is not None
