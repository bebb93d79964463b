"""On the path of a server in the lab: it does all that uvicorn does, but to listen.

Where uvicorn would bind the port, the app is asked through ASGI instead; what it is and answers goes
to $LAB_RECORD, one JSON object per server that started. Everything that is not installed is made up.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import sys

OPTIONS = (
    "host", "port", "uds", "fd", "loop", "ws", "ws_max_size", "ws_ping_interval", "ws_ping_timeout",
    "lifespan", "interface", "log_level", "access_log", "reload", "workers", "proxy_headers",
    "server_header", "forwarded_allow_ips", "root_path", "limit_concurrency", "limit_max_requests",
    "backlog", "timeout_keep_alive", "timeout_graceful_shutdown",
    "ssl_keyfile", "ssl_certfile", "ssl_ca_certs",
)  # fmt: skip
_ASKED = 12


def innermost(app):
    """The app that has routes: inside uvicorn's own middleware, a wrapper, or a stand-in made of it."""
    wraps = []
    for _ in range(9):
        if getattr(app, "routes", None) and not isinstance(app, standins.Thing):
            break
        inner = app.__dict__.get("app") if hasattr(app, "__dict__") else None
        if inner is None:
            made_of = [
                each for each in getattr(app, "__dict__", {}).get("_made_of", ()) if hasattr(each, "routes")
            ]
            inner = next((each for each in made_of if not isinstance(each, standins.Thing)), None)
        if inner is None:
            break
        if not type(app).__module__.startswith("uvicorn."):
            wraps.append(type(app).__name__)
        app = inner
    return app, wraps


def routes_of(app):
    routes = getattr(app, "routes", None)
    if not isinstance(routes, list | tuple):
        return []
    return [
        [type(each).__name__, str(getattr(each, "path", "")), sorted(getattr(each, "methods", None) or ())]
        for each in routes
    ]


async def ask(app, path, method, body=b""):
    sent = {}

    async def receive():
        if sent.get("asked"):
            await asyncio.sleep(3600)
        sent["asked"] = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            sent["status"] = message["status"]

    headers = [(b"host", b"test"), (b"origin", b"http://elsewhere"), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    try:
        await asyncio.wait_for(app(scope, receive, send), 2)
    except BaseException as error:
        # Whose state is missing shows in what a handler trips over.
        text = re.sub(r"0x[0-9a-f]+|\d+", "N", f"{type(error).__name__}: {error}")
        return [method, path, sent.get("status"), text[:160]]
    return [method, path, sent.get("status")]


def bodies(app):
    """Each path without parameters, with a body that its schema would take."""
    for route in [each for each in getattr(app, "routes", ()) if "{" not in getattr(each, "path", "{")][
        :_ASKED
    ]:
        for method in sorted(set(getattr(route, "methods", None) or ()) & {"GET", "POST"}):
            yield route.path, method, json.dumps(example(getattr(route, "body_field", None))).encode()


def example(field):
    try:
        import pydantic

        kind = getattr(field, "type_", None) or getattr(
            getattr(field, "field_info", None), "annotation", None
        )
        schema = pydantic.TypeAdapter(kind).json_schema()
        return filled(schema, schema.get("$defs", {}))
    except Exception:
        return {}


def filled(schema, named, depth=0):
    if "$ref" in schema:
        schema = named.get(schema["$ref"].rpartition("/")[2], {})
    if depth > 5 or "default" in schema:
        return schema.get("default")
    if "anyOf" in schema:
        return filled(schema["anyOf"][0], named, depth + 1)
    kind = schema.get("type")
    if kind == "object":
        parts = schema.get("properties", {})
        return {name: filled(parts[name], named, depth + 1) for name in schema.get("required", ())}
    if kind == "array":
        return [filled(schema.get("items", {}), named, depth + 1)]
    plain = {"integer": 1, "number": 1.0, "boolean": True}
    return (schema.get("enum") or [plain.get(kind, "x")])[0]


async def record(self, sockets=None):
    config = self.config
    if not config.loaded:
        config.load()
    outer = config.loaded_app
    app, wraps = innermost(outer)
    taken = await taken_in(app)
    app = taken or app
    said = {
        "app": "" if isinstance(app, standins.Thing) else type(app).__name__,
        "wraps": wraps,
        "title": str(getattr(app, "title", "")),
        "routes": routes_of(app),
        "middleware": [getattr(each.cls, "__name__", "") for each in getattr(app, "user_middleware", ())],
        "handlers": sorted(str(each) for each in getattr(app, "exception_handlers", ())),
        "overrides": len(getattr(app, "dependency_overrides", ())),
        "options": {name: str(getattr(config, name, None)) for name in OPTIONS},
        "cwd": os.getcwd(),
        "refused": config.refused,
    }
    said["lifespan"], said["answers"] = await lived(app, outer, is_up=taken is not None)
    said["standins"] = sorted({name.partition(".")[0] for name in standins.MADE})
    said["state"] = sorted(getattr(getattr(app, "state", None), "_state", ()))
    __import__("signal").setitimer(__import__("signal").ITIMER_VIRTUAL, 0)
    self.started = True
    with pathlib.Path(os.environ["LAB_RECORD"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(said, default=str) + "\n")
    # Threads of its own may keep it from ending.
    __import__("signal").alarm(6)


async def taken_in(app):
    """The app that an empty one takes in once the server starts; None for any other."""
    if type(app).__name__ != "Starlette" or app.routes:
        return None
    end_loops(3)
    # What it holds is left as the process ends.
    await asyncio.wait_for(app.router.lifespan_context(app).__aenter__(), 20)
    return app.routes[0].app if len(app.routes) == 1 else None


async def lived(app, outer, is_up=False):
    """How starting up went, and what the app answered then. is_up: whether it has started already."""
    answers = []

    async def live():
        async with contextlib.nullcontext() if is_up else app.router.lifespan_context(app):
            answers.extend([await ask(outer, *each) for each in bodies(app)])
        return "ok"

    if not hasattr(getattr(app, "router", None), "lifespan_context"):
        return None, answers
    end_loops(3)
    try:
        return await asyncio.wait_for(live(), 20), answers
    except BaseException as error:
        if not answers:
            answers.extend([await ask(outer, *each) for each in bodies(app)])
        return re.sub(r"0x[0-9a-f]+|\d+", "N", f"{type(error).__name__}: {error}")[:160], answers


class Busy(BaseException):
    """Code that waits for what a stand-in never says, and lets nothing else run meanwhile."""


def end_loops(seconds):
    """From now on, code that has computed for so long is interrupted, again and again."""
    import signal

    def interrupt(_number, _frame):
        raise Busy

    signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, seconds)


class Supervisor:
    """In place of the reloader and of the workers' parent: one worker, in this process."""

    def __init__(self, config, target=None, sockets=()):
        self.config = config

    def run(self):
        asyncio.run(record(uvicorn.Server(self.config)))


def given_attributes():
    """Names that an installed package no longer has: module:name, as the session found them to be missing."""
    for each in os.environ.get("LAB_ATTRIBUTES", "").split():
        module, _, name = each.partition(":")
        try:
            __import__(module)
            known = sys.modules[module].__dict__
            if each == "pydantic:BaseSettings":
                known[name] = __import__("pydantic_settings").BaseSettings
            else:
                known.setdefault(name, standins.make(name))
        except ImportError:
            continue


def take_refused():
    """An object with workers or reloading, which uvicorn refuses: one worker shows what app it is."""
    made = uvicorn.Config.__init__

    def lenient(self, *args, **kwargs):
        logging = {
            name for name in ("log_config", "log_level") if isinstance(kwargs.get(name), standins.Thing)
        }
        made(self, *args, **{name: kwargs[name] for name in kwargs if name not in logging})
        self.refused = not isinstance(self.app, str) and (self.reload or self.workers > 1)
        if self.refused:
            self.reload, self.workers = False, 1

    uvicorn.Config.__init__ = lenient


def older_names():
    """What FastAPI and Starlette have no more and servers of their time say."""
    try:
        from fastapi import APIRouter, FastAPI
        from starlette.applications import Starlette
    except ImportError:
        return

    def added(self, kind, function):
        self.on_event(kind)(function)

    for each in (FastAPI, APIRouter):
        if not hasattr(each, "add_event_handler"):
            each.add_event_handler = added
    for name, adds in (("route", "add_route"), ("exception_handler", "add_exception_handler")):
        if not hasattr(Starlette, name):
            setattr(Starlette, name, decorating(adds))
    # They took any keyword once, and did nothing with it.
    FastAPI.__init__ = with_known(FastAPI.__init__)
    for module in (sys.modules["fastapi"], sys.modules["fastapi.param_functions"]):
        for name in ("Body", "Cookie", "File", "Form", "Header", "Path", "Query"):
            setattr(module, name, with_known(getattr(module, name)))


def decorating(method):
    """A decorator of an app that hands the function to a method of it: `@app.route("/")`."""

    def decorated(self, first, *args, **kwargs):
        def add(function):
            getattr(self, method)(first, function, *args, **kwargs)
            return function

        return add

    return decorated


def with_known(function):
    """The function, which leaves out the keywords that it has no parameters for."""
    import functools
    import inspect

    known = inspect.signature(function).parameters

    @functools.wraps(function)
    def lenient(*args, **kwargs):
        return function(*args, **{name: kwargs[name] for name in kwargs if name in known})

    return lenient


def activate():
    """Effect: this process serves as the lab wants it, from now on."""
    global asyncio, standins, uvicorn
    import asyncio
    import signal

    import excused
    import leniency
    import standins
    import uvicorn
    import uvicorn.main

    signal.alarm(int(os.environ.get("LAB_DEADLINE", "40")))
    sys.path += [each for each in os.environ.get("LAB_INSTALLED", "").split(":") if each]
    sys.meta_path.append(standins.Finder())
    given_attributes()
    leniency.install(always=bool(os.environ.get("LAB_ALWAYS")))
    excused.install()
    older_names()
    take_refused()
    uvicorn.Server.serve = record
    sys.modules["uvicorn.main"].ChangeReload = sys.modules["uvicorn.main"].Multiprocess = Supervisor
    uvicorn.Config.bind_socket = lambda self: None
    # Certificates that are not there.
    uvicorn.Config.is_ssl = property(lambda self: False)


if os.environ.get("LAB_RECORD"):
    activate()
