"""Has uvicorn, whoever starts it, serve on the socket that the supervisor holds.

Works on uvicorn's three stable joints (0.20 to 0.54): `Config.__init__`,
`Config.bind_socket` and `Server.startup`. They are replaced as the modules are
imported, in the worker process and what it forks: a child that multiprocessing
spawns runs the user's program as it stands.
"""

from __future__ import annotations

import functools
import socket
import types
from typing import Any

from .patching import on_import
from .serving import Serving


def install(serving: Serving) -> None:
    """Patch the modules that are there; the others as soon as they are imported."""
    patches = {"uvicorn.config": _patch_config, "uvicorn.server": _patch_server, "uvloop": _patch_uvloop}
    on_import({name: functools.partial(patch, serving=serving) for name, patch in patches.items()})


def _patch_config(module: types.ModuleType, serving: Serving) -> None:
    config_class: Any = module.Config
    original_init = config_class.__init__
    original_bind = config_class.bind_socket

    def __init__(self: Any, *arguments: Any, **keywords: Any) -> None:  # noqa: N807
        original_init(self, *arguments, **keywords)
        serving.configure(self)

    def bind_socket(self: Any) -> socket.socket:
        if serving.takes(self):
            return serving.bound_socket()
        bound: socket.socket = original_bind(self)
        return bound

    config_class.__init__ = __init__
    config_class.bind_socket = bind_socket


def _patch_server(module: types.ModuleType, serving: Serving) -> None:
    server_class: Any = module.Server
    original = server_class.startup

    async def startup(self: Any, sockets: list[socket.socket] | None = None) -> None:
        if serving.takes(self.config, sockets):
            await serving.start(self, original)
        else:
            await original(self, sockets=sockets)

    server_class.startup = startup


def _patch_uvloop(module: types.ModuleType, serving: Serving) -> None:
    """Its sockets are bound in C, where binding.py does not see it."""
    loop_class: Any = module.Loop
    original = loop_class.create_server

    async def create_server(
        self: Any, protocol: Any, host: Any = None, port: Any = None, **options: Any
    ) -> Any:
        if port and host is not None and options.get("sock") is None and serving.is_about(host, port):
            listener = socket.socket(socket.AF_INET6 if ":" in str(host) else socket.AF_INET)
            listener.bind((host, port))
            listener.listen()
            for name in ("reuse_address", "reuse_port"):
                options.pop(name, None)
            return await original(self, protocol, **{**options, "sock": listener})
        return await original(self, protocol, host, port, **options)

    loop_class.create_server = create_server
