"""Where servers listen when their command does not say, and what else tells them.

From the `--help` and the sources of: uvicorn 0.54, fastapi-cli 0.0.24, vllm 0.5 to 0.33, hypercorn 0.18,
gunicorn 23, granian 2.5, Flask 3.1, daphne 4, streamlit 1.40, Django 5, and http.server of Python 3.13.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ANY_IPV4 = "0.0.0.0"  # noqa: S104


@dataclass(frozen=True, slots=True)
class Listening:
    """How one command is told where to listen.

    host, port: what it takes where nothing says it. hosts, ports, binds: options; binds take HOST:PORT.
    host_variables, port_variables: of the environment, the first that is set counts.
    uds, fd: options and variables for a Unix socket, an inherited descriptor.
    config: an option that takes a YAML file with the same names (vLLM). positional: the port may be an
    argument of its own, `[HOST:]PORT`. no_server: an option with which it does not listen at all.
    takes_both: host and port can be appended to the command; the last counts. reloads: it has options of
    its own that say for which files it would.
    """

    host: str
    port: int
    hosts: tuple[str, ...] = ("--host",)
    ports: tuple[str, ...] = ("--port",)
    binds: tuple[str, ...] = ()
    host_variables: tuple[str, ...] = ()
    port_variables: tuple[str, ...] = ()
    uds: tuple[str, ...] = ()
    uds_variables: tuple[str, ...] = ()
    fd: tuple[str, ...] = ()
    fd_variables: tuple[str, ...] = ()
    config: str | None = None
    positional: bool = False
    no_server: str | None = None
    takes_both: bool = False
    reloads: bool = False


_VLLM = Listening(ANY_IPV4, 8000, uds=("--uds",), config="--config", no_server="--headless", takes_both=True)
_UVICORN = Listening(
    "127.0.0.1",
    8000,
    host_variables=("UVICORN_HOST",),
    port_variables=("UVICORN_PORT",),
    uds=("--uds",),
    uds_variables=("UVICORN_UDS",),
    fd=("--fd",),
    fd_variables=("UVICORN_FD",),
    takes_both=True,
    reloads=True,
)
_FASTAPI_DEV = Listening("127.0.0.1", 8000, port_variables=("PORT",), takes_both=True, reloads=True)
_FASTAPI_RUN = Listening(ANY_IPV4, 8000, port_variables=("PORT",), takes_both=True, reloads=True)
_BINDS = ("--bind", "-b")
_GUNICORN = Listening("127.0.0.1", 8000, hosts=(), ports=(), binds=_BINDS, port_variables=("PORT",))
_HYPERCORN = Listening("127.0.0.1", 8000, hosts=(), ports=(), binds=_BINDS)
_GRANIAN = Listening(
    "127.0.0.1",
    8000,
    host_variables=("GRANIAN_HOST",),
    port_variables=("GRANIAN_PORT",),
    uds=("--uds",),
    takes_both=True,
)
_FLASK = Listening(
    "127.0.0.1",
    5000,
    hosts=("--host", "-h"),
    ports=("--port", "-p"),
    host_variables=("FLASK_RUN_HOST",),
    port_variables=("FLASK_RUN_PORT",),
    takes_both=True,
)
_DAPHNE = Listening("127.0.0.1", 8000, hosts=("--bind", "-b"), ports=("--port", "-p"), uds=("-u",))
_STREAMLIT = Listening(
    ANY_IPV4,
    8501,
    hosts=("--server.address",),
    ports=("--server.port",),
    port_variables=("STREAMLIT_SERVER_PORT",),
)
_HTTP_SERVER = Listening(ANY_IPV4, 8000, hosts=("--bind", "-b"), ports=(), positional=True)
_RUNSERVER = Listening("127.0.0.1", 8000, hosts=(), ports=(), positional=True)

PROGRAMS: Mapping[tuple[str, str], Listening] = {
    ("vllm", "serve"): _VLLM,
    ("uvicorn", ""): _UVICORN,
    ("fastapi", "dev"): _FASTAPI_DEV,
    ("fastapi", "run"): _FASTAPI_RUN,
    ("gunicorn", ""): _GUNICORN,
    ("hypercorn", ""): _HYPERCORN,
    ("granian", ""): _GRANIAN,
    ("flask", "run"): _FLASK,
    ("daphne", ""): _DAPHNE,
    ("streamlit", "run"): _STREAMLIT,
}
"""By the program's name and its first argument that is no option, "" for any."""

MODULES: Mapping[str, Listening] = {
    "vllm.entrypoints.openai.api_server": _VLLM,
    "vllm.entrypoints.launchers.api_server.entry": _VLLM,
    "vllm.entrypoints.api_server": _VLLM,
    "http.server": _HTTP_SERVER,
}
"""By what follows `python -m`, besides the programs above."""

DJANGO_RUNSERVER = _RUNSERVER

ANY_PROGRAM = Listening("127.0.0.1", 0, port_variables=("PORT",))
"""A command that nothing is known of: these words are what most understand."""

NOT_GIVEN = frozenset({"granian", "robyn", "daphne"})
"""Python programs that bind in native code, or in a way that the held socket does not reach."""


def by_words(program: str, arguments: tuple[str, ...]) -> Listening | None:
    """program: without its folder."""
    first = next((word for word in arguments if not word.startswith("-")), "")
    if program in {"manage.py", "django-admin"} and first == "runserver":
        return DJANGO_RUNSERVER
    return PROGRAMS.get((program, first)) or PROGRAMS.get((program, ""))


def by_module(module: str, arguments: tuple[str, ...]) -> Listening | None:
    """What `python -m MODULE ARGUMENTS…` is."""
    if module in {"vllm", "vllm.entrypoints.cli.main"}:
        module = "vllm"
    return MODULES.get(module) or by_words(module.removesuffix(".main"), arguments)
