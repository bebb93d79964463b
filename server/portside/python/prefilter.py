"""Whether a text can be of any interest: most files of a workspace are not, and are never parsed."""

from __future__ import annotations

import re

# Packages that serve, their names in lower case as imports have them; words that open a port without
# any package; Portside's own comments.
_WORDS = re.compile(
    rb"uvicorn|vllm|hypercorn|gunicorn|granian|daphne|waitress|sglang|llama|text-generation"
    rb"|fastapi|starlette|flask|quart|sanic|litestar|aiohttp|tornado|bottle|falcon|blacksheep|socketio"
    rb"|gradio|streamlit|grpc|socket|HTTPServer|create_server|start_server|portside"
    rb"|werkzeug|nicegui|fasthtml|fastmcp|wsgiref|xmlrpc|trio|anyio|prometheus_client|eventlet|gevent|cheroot"
    rb"|microdot|robyn|dash|litserve"
    rb"|--port|subprocess|__name__|^bind\s*=",
    re.IGNORECASE | re.MULTILINE,
)


def is_interesting(data: bytes) -> bool:
    return _WORDS.search(data) is not None
