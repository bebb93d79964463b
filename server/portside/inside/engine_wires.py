"""The sockets of a kept engine's broker: as files in a folder that nobody else can enter."""

from __future__ import annotations

import importlib
from typing import Any

from . import engine_hooks


class Wires:
    """The sockets of one engine. folder: of the user's alone, where their files are."""

    def __init__(self, folder: str) -> None:
        self.zmq: Any = importlib.import_module("zmq")
        self._context = self.zmq.Context()
        self._folder = folder
        self._made = 0

    def close(self) -> None:
        """With all sockets; what is unsent is thrown away unless its socket lingers."""
        self._context.destroy()

    def address(self, name: str) -> str:
        return f"ipc://{self._folder}/{name}"

    def fresh(self, slot: int) -> dict[str, str]:
        """Addresses that a worker is to bind."""
        self._made += 1
        return {key: self.address(f"{slot}-{self._made}{key[0]}") for key in engine_hooks.CLIENT_ADDRESSES}

    def socket(self, kind: str, address: str, *, binds: bool, identity: bytes = b"") -> Any:
        zmq = self.zmq
        made = self._context.socket(getattr(zmq, kind))
        made.setsockopt(zmq.LINGER, 0)
        made.setsockopt(zmq.SNDHWM, 0)
        made.setsockopt(zmq.RCVHWM, 0)
        made.setsockopt(zmq.RECONNECT_IVL, 1)
        made.setsockopt(zmq.RECONNECT_IVL_MAX, 20)
        if identity:
            made.setsockopt(zmq.IDENTITY, identity)
        if binds:
            made.bind(address)
        else:
            made.connect(address)
        return made
