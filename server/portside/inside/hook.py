"""Has uvicorn, whoever starts it, serve on the socket that the supervisor holds.

Works on uvicorn's three stable joints (0.20 to 0.54): `Config.__init__`,
`Config.bind_socket` and `Server.startup`. They are replaced as the modules are
imported, in the worker process alone: a child that multiprocessing spawns runs
the user's program as it stands.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import socket
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

from .serving import Serving

Patch = Callable[[types.ModuleType, Serving], None]


def install(serving: Serving) -> None:
    """Patch the modules that are there; the others as soon as they are imported."""
    waiting = {}
    for name, patch in _PATCHES.items():
        if name in sys.modules:
            patch(sys.modules[name], serving)
        else:
            waiting[name] = patch
    if waiting:
        sys.meta_path.insert(0, _Finder(waiting, serving))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds nothing itself: has the real loader's module patched after it ran."""

    def __init__(self, patches: dict[str, Patch], serving: Serving) -> None:
        self._patches = patches
        self._serving = serving

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        patch = self._patches.pop(name, None)
        if patch is None:
            return None
        if not self._patches:
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            execute(module)
            patch(module, self._serving)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _patch_config(module: types.ModuleType, serving: Serving) -> None:
    config_class: Any = module.Config
    original_init = config_class.__init__
    original_bind = config_class.bind_socket
    worker = os.getpid()

    def __init__(self: Any, *arguments: Any, **keywords: Any) -> None:  # noqa: N807
        original_init(self, *arguments, **keywords)
        if os.getpid() == worker:
            serving.configure(self)

    def bind_socket(self: Any) -> socket.socket:
        if os.getpid() == worker and serving.takes(self):
            return serving.listeners[0].dup()
        bound: socket.socket = original_bind(self)
        return bound

    config_class.__init__ = __init__
    config_class.bind_socket = bind_socket


def _patch_server(module: types.ModuleType, serving: Serving) -> None:
    server_class: Any = module.Server
    original = server_class.startup
    worker = os.getpid()

    async def startup(self: Any, sockets: list[socket.socket] | None = None) -> None:
        if os.getpid() == worker and serving.takes(self.config):
            await serving.start(self, original)
        else:
            await original(self, sockets=sockets)

    server_class.startup = startup


_PATCHES: dict[str, Patch] = {"uvicorn.config": _patch_config, "uvicorn.server": _patch_server}
