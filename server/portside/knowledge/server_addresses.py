"""Where the dev server finds that a command will listen, and how it tells it to listen elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from portside.knowledge import servers
from portside.knowledge.servers import API, Server
from portside.records import dataclass


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


_SOCKETS = frozenset({"--uds", "-u"})


def _of(server: Server, *, takes_both: bool = False, reloads: bool = False) -> Listening:
    """What `servers` knows of it, as the dev server asks for it."""
    api = [port for port in server.ports if port.what == API]
    default = next((port.default for port in api if port.default), None)
    return Listening(
        server.host,
        default or server.bind_port,
        server.hosts,
        tuple(option for port in api for option in port.options),
        server.binds,
        server.host_variables,
        tuple(variable for port in api for variable in port.variables),
        tuple(option for option in server.silences if option in _SOCKETS),
        tuple(name for name in server.silencing_variables if name.endswith("UDS")),
        tuple(option for option in server.silences if option == "--fd"),
        tuple(name for name in server.silencing_variables if name.endswith("FD")),
        server.config[0] if server.is_vllm and server.config else None,
        server.port_arguments,
        "--headless" if "--headless" in server.silences else None,
        takes_both,
        reloads,
    )


def _program(name: str, verb: str = "", *, takes_both: bool = False, reloads: bool = False) -> Listening:
    server = servers.PROGRAMS[name][verb]
    return _of(server, takes_both=takes_both, reloads=reloads)


_VLLM = _program("vllm", "serve", takes_both=True)
_RUNSERVER = _of(servers.MANAGE_PY)

PROGRAMS: Mapping[tuple[str, str], Listening] = {
    ("vllm", "serve"): _VLLM,
    ("uvicorn", ""): _program("uvicorn", takes_both=True, reloads=True),
    ("fastapi", "dev"): _program("fastapi", "dev", takes_both=True, reloads=True),
    ("fastapi", "run"): _program("fastapi", "run", takes_both=True, reloads=True),
    ("gunicorn", ""): _program("gunicorn"),
    ("hypercorn", ""): _program("hypercorn"),
    ("granian", ""): _program("granian", takes_both=True),
    ("flask", "run"): _program("flask", "run", takes_both=True),
    ("daphne", ""): _program("daphne"),
    ("streamlit", "run"): _program("streamlit", "run"),
}
"""By the program's name and its first argument that is no option, "" for any."""

MODULES: Mapping[str, Listening] = {
    "vllm.entrypoints.openai.api_server": _VLLM,
    "vllm.entrypoints.launchers.api_server.entry": _VLLM,
    "vllm.entrypoints.api_server": _VLLM,
    "http.server": _of(servers.HTTP_SERVER),
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
