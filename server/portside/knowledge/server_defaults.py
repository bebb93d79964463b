"""What moves a server off its default port though its command does not say so: variables, files beside it.

gunicorn 23 (`gunicorn.conf.py` of the working folder, GUNICORN_CMD_ARGS), streamlit 1.40
(`.streamlit/config.toml`), flask 3 (`.flaskenv`); the variables of each are those of knowledge/servers.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from portside.knowledge.servers import PROGRAMS, Server, modules
from portside.records import dataclass

FILES: Mapping[str, tuple[str, ...]] = {
    "gunicorn": ("gunicorn.conf.py",),
    "streamlit run": (".streamlit/config.toml",),
    "flask run": (".flaskenv",),
}
_OTHERS: Mapping[str, tuple[str, ...]] = {"gunicorn": ("GUNICORN_CMD_ARGS",)}


@dataclass(frozen=True, slots=True)
class Movers:
    """port: variables that hold the port of clients. others: those after which it is not known."""

    port: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def movers(label: str) -> Movers:
    """Of the server that users call so."""
    return _all().get(label, Movers())


@functools.cache
def _all() -> Mapping[str, Movers]:
    return {server.label: _of(server) for server in _servers()}


def _servers() -> Iterator[Server]:
    for forms in PROGRAMS.values():
        yield from forms.values()
    yield from modules()


def _of(server: Server) -> Movers:
    port = server.ports[0].variables if server.ports else ()
    others = (*server.bind_variables, *server.silencing_variables, *_OTHERS.get(server.label, ()))
    return Movers(port, others)
