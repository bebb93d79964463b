"""Put on the path of a server under test: it does all that uvicorn does, but to listen.

Everything else is real: the script or the command as a user types it, uvicorn's own
parsing of options, the import of the app, its lifespan. Where uvicorn would bind the
port, the app is asked through ASGI instead, and what it answers is written to
$PROOF_RECORD, one JSON object per server that started.
"""

import asyncio
import json
import os
import pathlib
import sys

import uvicorn
import uvicorn.main

_OPTIONS = [
    "host",
    "port",
    "uds",
    "fd",
    "loop",
    "http",
    "ws",
    "ws_max_size",
    "ws_max_queue",
    "ws_ping_interval",
    "ws_ping_timeout",
    "lifespan",
    "interface",
    "log_level",
    "access_log",
    "use_colors",
    "reload",
    "reload_delay",
    "workers",
    "proxy_headers",
    "server_header",
    "date_header",
    "forwarded_allow_ips",
    "root_path",
    "limit_concurrency",
    "limit_max_requests",
    "backlog",
    "timeout_keep_alive",
    "timeout_graceful_shutdown",
    "ssl_keyfile",
    "ssl_certfile",
    "ssl_ca_certs",
    "headers",
]
_engines = []


def _count_engines():
    from vllm.v1.engine.utils import CoreEngineProcManager

    made = CoreEngineProcManager.__init__

    def counted(self, *args, **kwargs):
        _engines.append(args)
        made(self, *args, **kwargs)

    CoreEngineProcManager.__init__ = counted


async def _ask(app, path, method):
    sent, answer = [], {"status": 0, "body": b"", "headers": []}

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message["type"])
        if message["type"] == "http.response.start":
            answer["status"] = message["status"]
            skipped = (b"date", b"content-length")
            answer["headers"] = sorted(
                [k.decode(), v.decode()] for k, v in message.get("headers", []) if k not in skipped
            )
        answer["body"] += message.get("body", b"")

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"host", b"test"), (b"origin", b"http://elsewhere")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    await app(scope, receive, send)
    return [path, method, answer["status"], answer["headers"], answer["body"].decode("utf-8", "replace")]


def _innermost(app):
    """The framework's app inside uvicorn's own middleware."""
    seen = app
    while type(seen).__module__.startswith("uvicorn.") and hasattr(seen, "app"):
        seen = seen.app
    # One that is empty and has taken in another, which was made in the loop.
    mounted = [route for route in getattr(seen, "routes", ()) if getattr(route, "path", None) == ""]
    return mounted[0].app if len(mounted) == 1 and len(seen.routes) == 1 else seen


async def _record(self, sockets=None):
    config = self.config
    if not config.loaded:
        config.load()
    self.lifespan = config.lifespan_class(config)
    await self.lifespan.startup()
    app = _innermost(config.loaded_app)
    routes = [
        [getattr(r, "path", str(r)), sorted(getattr(r, "methods", None) or ())]
        for r in getattr(app, "routes", [])
    ]
    plain = [path for path, methods in routes if "{" not in path and "GET" in methods] or ["/"]
    record = {
        "options": {name: str(getattr(config, name)) for name in _OPTIONS},
        "reload_dirs": sorted(str(folder) for folder in config.reload_dirs),
        "routes": routes,
        "middleware": [m.cls.__name__ for m in getattr(app, "user_middleware", [])],
        "answers": [await _ask(config.loaded_app, path, "GET") for path in plain],
        "startup_failed": self.lifespan.should_exit,
    }
    await self.lifespan.shutdown()
    record["engines"] = len(_engines)
    self.started = True
    with pathlib.Path(os.environ["PROOF_RECORD"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


class _Supervisor:
    """In place of the reloader and of the workers' parent: one worker, in this process."""

    def __init__(self, config, target=None, sockets=()):
        self.config = config

    def run(self):
        asyncio.run(_record(uvicorn.Server(self.config)))


def activate():
    main = sys.modules["uvicorn.main"]
    uvicorn.Server.serve = _record
    main.ChangeReload = main.Multiprocess = _Supervisor
    uvicorn.Config.bind_socket = lambda self: None
    if os.environ.get("PROOF_ENGINES"):
        _count_engines()


if os.environ.get("PROOF_RECORD"):
    activate()
