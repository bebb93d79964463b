"""Servers that nobody has in a table: the one process of a container that is told `--port 8000`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from portside.knowledge.runners import NO_LAUNCH, SHELLS
from portside.launchfiles.commands.options import Options, is_option
from portside.launchfiles.commands.server_launches import make_launch
from portside.launchfiles.commands.started import Around, program_name
from portside.launchfiles.facts import Launch, ListeningPort, Serves
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.words import Word

_PORTS = ("--port", "--server-port")
# `-listen 0.0.0.0:8080` of programs in Go.
_BINDS = ("--listen", "-listen", "--listen-address", "--bind", "--addr", "-addr", "--http-addr")
_BIND = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*):(?P<port>[^:]+)", re.DOTALL)
_HOSTS = ("--host", "--hostname", "--address", "--server-name", "--listen", "--bind-address")
# A client names another machine.
_OWN = frozenset({"0.0.0.0", "::", "[::]", "*", "127.0.0.1", "localhost", "::1"})  # noqa: S104


def unnamed_server(
    words: Sequence[Word | Placed], around: Around, image: Word | Placed | None
) -> Iterator[Launch]:
    """words: all that the container runs, or what its image's own command is given."""
    placed = [word if isinstance(word, Placed) else Placed.of_word(word) for word in words]
    port, host = _address(Options(placed))
    if port is None or port.port().number is None or (host is not None and host.text not in _OWN):
        return
    program = program_name(placed[0].text) if is_program(placed[0]) else _name(image)
    if program and program not in NO_LAUNCH and program not in SHELLS:
        listening = ListeningPort("API", port.port(), host.text if host is not None else None)
        yield make_launch(
            placed, around, program=program, serves=Serves.NOTHING, target=None, ports=(listening,)
        )


def _address(options: Options) -> tuple[Placed | None, Placed | None]:
    """The port, and the host if that is told."""
    port, host = options.last(_PORTS), options.last(_HOSTS)
    bound = options.last(_BINDS)
    if port is None and bound is not None and (found := _BIND.fullmatch(bound.text)):
        return bound.part(*found.span("port")), bound.part(*found.span("host")) if found["host"] else None
    return port, host


def is_program(word: Placed) -> bool:
    """Whether a command may begin with it: a name, or a path to one; no option, no `Qwen/Qwen3-0.6B`."""
    text = word.text
    return (
        word.known and not is_option(word) and ("/" not in text or "/bin/" in text or text.startswith("./"))
    )


def _name(image: Word | Placed | None) -> str:
    """`server` of `registry.example:5000/team/server:1.2@sha256:…`; nothing where it is not known."""
    if image is None:
        return ""
    placed = image if isinstance(image, Placed) else Placed.of_word(image)
    last = placed.part(placed.text.partition("@")[0].rfind("/") + 1)
    name = last.text.partition("@")[0].partition(":")[0]
    return name if last.part(0, len(name)).known and "$" not in name else ""
