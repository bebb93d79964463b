"""What makes a web app, or a part of one."""

from __future__ import annotations

from collections.abc import Mapping

# What makes an app, by qualified name. Routers count where only "does this module serve?" is asked.
APP_CLASSES: Mapping[str, str] = {
    "fastapi.FastAPI": "FastAPI",
    "fastapi.applications.FastAPI": "FastAPI",
    "starlette.applications.Starlette": "Starlette",
    "flask.Flask": "Flask",
    "flask.app.Flask": "Flask",
    "quart.Quart": "Quart",
    "litestar.Litestar": "Litestar",
    "litestar.app.Litestar": "Litestar",
    "sanic.Sanic": "Sanic",
    "falcon.asgi.App": "falcon.asgi.App",
    "blacksheep.Application": "Application",
    "aiohttp.web.Application": "Application",
    "socketio.ASGIApp": "ASGIApp",
}
ROUTERS = frozenset({"fastapi.APIRouter", "fastapi.routing.APIRouter", "flask.Blueprint", "quart.Blueprint"})

APP_NAMES = frozenset({*ROUTERS, *APP_CLASSES})
