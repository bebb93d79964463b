"""Python source that calls servers, and is none."""

from __future__ import annotations

import re

_CALLS = re.compile(
    r"\b(?:requests\.(?:get|post|Session|request)|httpx\.|aiohttp\.ClientSession|urllib\.request|urlopen|urllib3\."
    r"|http\.client|HTTPConnection|(?:Async)?OpenAI\(|openai\.|InferenceClient\(|websockets?\.connect"
    r"|create_connection|insecure_channel)"
    r"|https?://\{"
)
# What listens, or starts something that may.
_LISTENS = re.compile(
    r"\b(?:uvicorn|gunicorn|hypercorn|granian|waitress|daphne|tornado|sanic|bottle|quart|litestar|gradio|streamlit"
    r"|socketserver|xmlrpc|subprocess|Popen|multiprocessing|os\.system|exec[vl]p?e?|importlib|runpy|zmq|mcp"
    r"|FastAPI|Flask|Starlette|HTTPServer|serve\w*|Serve\w*|run_app|run_server|start_server|launch\w*|listen\w*"
    r"|bind\w*|add_insecure_port|http_server)\b"
)


def only_calls(source: str) -> bool:
    """Whether the file talks to servers, with nothing in it that might be one or start one."""
    return _CALLS.search(source) is not None and _LISTENS.search(_without_words(source)) is None


def _without_words(source: str) -> str:
    """Without comments and texts: "the server to launch" in an option's help starts none."""
    return re.sub(r"#[^\n]*|\"\"\".*?\"\"\"|'''.*?'''|\"[^\"\n]*\"|'[^'\n]*'", " ", source, flags=re.DOTALL)
