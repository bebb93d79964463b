"""Sees to it that a server which the program starts as a child gets its port.

A child is a program of its own, and the held socket can't be given to it. Where the
command that the program is about to run names the held port (`vllm serve … --port
8000` in a `subprocess.Popen`), the supervisor lets go of it first. So it does for
`fuser -k 8000/tcp`, which would find the supervisor; a server that asks for the port
afterwards has it held again.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import Any

from .hold import Hold

_SERVERS = frozenset(
    {"vllm", "uvicorn", "gunicorn", "hypercorn", "granian", "fastapi", "sglang", "llama-server"}
)
_DEFAULT_PORT = 8000
# They mention a port without wanting it.
_HARMLESS = frozenset({"curl", "wget", "nc", "pgrep", "grep", "ps"})


def install(hold: Hold) -> None:
    popen: Any = subprocess.Popen
    plain_init = popen.__init__

    def __init__(self: Any, *arguments: Any, **keywords: Any) -> None:  # noqa: N807
        _make_way(hold, arguments[0] if arguments else keywords.get("args"))
        plain_init(self, *arguments, **keywords)

    popen.__init__ = __init__
    _install_in_os(hold)


def _install_in_os(hold: Hold) -> None:
    plain_system, plain_execv, plain_execve = os.system, os.execv, os.execve

    def system(command: Any) -> int:
        _make_way(hold, command)
        return plain_system(command)

    def execv(path: Any, arguments: Any, /) -> None:
        hold.give_up("the program replaces itself by another, which may bind the port")
        plain_execv(path, arguments)

    def execve(path: Any, arguments: Any, env: Any) -> None:
        hold.give_up("the program replaces itself by another, which may bind the port")
        plain_execve(path, arguments, env)

    os.system = system
    os.execv = execv  # type: ignore[assignment]
    os.execve = execve  # type: ignore[assignment]


def _make_way(hold: Hold, command: Any) -> None:
    if hold.port is None or hold.is_taken or not hold.listeners:
        return
    words = _words(command)
    if words and wants_port(words, hold.port):
        hold.give_up(f"the program runs {' '.join(words[:3])}, which names port {hold.port}")


def _words(command: Any) -> list[str]:
    """The words of a list, or of a shell string as far as blanks tell."""
    try:
        if isinstance(command, (str, bytes)):
            return os.fsdecode(command).split()
        return [os.fsdecode(word) for word in command]
    except TypeError:
        return []


def wants_port(words: list[str], port: int) -> bool:
    """Whether the command is going to listen on this port, as far as its words tell."""
    names = {os.path.basename(word) for word in words[:4]} | {word.partition(".")[0] for word in words[:4]}
    if os.path.basename(words[0]) in _HARMLESS:
        return False
    mentioned = re.compile(rf"(?<![\d.]){port}(?!\d)")
    if any(mentioned.search(word) for word in words[1:]):
        return True
    says_port = any(re.match(r"(--port|-p|--bind|-b)\b", word) for word in words)
    return port == _DEFAULT_PORT and not says_port and bool(names & _SERVERS)
