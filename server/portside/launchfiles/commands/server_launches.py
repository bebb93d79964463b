"""From a known server's words to its launch: what it serves, and on which ports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from portside.knowledge import vllm_ports
from portside.knowledge.servers import API, PortOption, Server
from portside.launchfiles.commands.options import Options
from portside.launchfiles.commands.started import Around
from portside.launchfiles.facts import Launch, ListeningPort, Port, Serves, Setting
from portside.launchfiles.text.placed import Placed, of_setting
from portside.lint.source import Span

_APP = re.compile(r"[\w./${}-]+:[\w.${}]+(\(.*\))?")
_BIND_PORT = re.compile(r"(?P<host>.*):(?P<port>[^:\]]*)", re.DOTALL)
_NO = frozenset({"false", "0", "no", "off"})

# What scripts call the port that they listen on. `--master_port`, `--redis-port` and others are something
# else.
_PORTS = (
    *("--port", "--server-port", "--server.port", "--http-port", "--api-port", "--listen-port", "--web-port"),
    *("--serve-port", "--rest-port", "--openai-port"),
)
_HOSTS = ("--host", "--server-name", "--listen", "--bind", "--ip", "--address", "--server-host")


def server_launch(
    words: Sequence[Placed], server: Server, arguments: Sequence[Placed], around: Around, name: Placed
) -> Launch:
    """words: all of the command. arguments: behind what names the server. name: the word that does."""
    own, behind = _split_at_script(server, arguments)
    options = Options(own, server.flags | set(server.reloads))
    ports = tuple(_ports(server, options, around, name.span))
    if server.is_launcher:
        ports = (*script_ports(Options(behind)), *ports)
    app_dir = options.last(("--app-dir", "--chdir", "--working-dir") if server.serves == "app" else ())
    env_files = [value.text for value in options.all(("--env-file",))]
    return make_launch(
        words,
        around,
        program=server.label,
        serves=Serves(server.serves) if server.serves != "nothing" else Serves.NOTHING,
        target=target_of(server, options if not server.is_launcher else Options(arguments)),
        ports=ports,
        reload=_reload(server, words, options),
        app_dir=app_dir.text if app_dir else None,
        is_vllm=server.is_vllm,
        env_files=(*around.env_files, *env_files),
    )


def make_launch(
    words: Sequence[Placed],
    around: Around,
    *,
    program: str,
    serves: Serves,
    target: Placed | None,
    ports: tuple[ListeningPort, ...] = (),
    reload: Span | None = None,
    app_dir: str | None = None,
    is_vllm: bool = False,
    env_files: tuple[str, ...] = (),
) -> Launch:
    """A launch of these words, where they stand."""
    spans = [word.extent for word in words if word.pieces]
    whole = Span(min(span.start for span in spans), max(span.end for span in spans))
    return Launch(
        program,
        serves,
        target.word() if target is not None and target.pieces else None,
        tuple(word.word() for word in words if word.pieces),
        whole,
        around.form,
        ports,
        around.folder,
        around.environment,
        reload,
        app_dir,
        is_vllm,
        background=around.background,
        stretch=around.stretch,
        elsewhere=around.elsewhere,
        branches=around.branches,
        env_files=env_files or around.env_files,
    )


def _split_at_script(
    server: Server, arguments: Sequence[Placed]
) -> tuple[Sequence[Placed], Sequence[Placed]]:
    """The launcher's own words, and what it hands on to its script."""
    target = target_of(server, Options(arguments)) if server.is_launcher else None
    if target is None:
        return arguments, ()
    index = next(index for index, word in enumerate(arguments) if word.text == target.text)
    return arguments[:index], arguments[index + 1 :]


def target_of(server: Server, options: Options) -> Placed | None:
    """The word that says what it serves."""
    named = options.last(server.targets)
    if not server.takes_argument:
        return named
    arguments = options.arguments()
    if server.serves == "app":
        apps = [word for word in arguments if _APP.fullmatch(word.text)]
        found = apps or [word for word in arguments if not word.known] or arguments
        found = found or [word for word in options.words if _APP.fullmatch(word.text)]
    elif server.serves == "script":
        scripts = [word for word in [*arguments, *options.words] if word.text.endswith((".py", ".pyw"))]
        found = ([named] if named is not None else []) or scripts or arguments
    else:
        found = arguments if named is None else [word for word in arguments if word.known]
    return found[0] if found else named


def _reload(server: Server, words: Sequence[Placed], options: Options) -> Span | None:
    found = options.word(server.reloads)
    if found is None and "dev" in server.reloads:
        found = next((word for word in words if word.text == "dev"), None)
    return found.span if found else None


# -- ports -------------------------------------------------------------------------------------


def _ports(server: Server, options: Options, around: Around, name: Span) -> Iterator[ListeningPort]:
    host = _host(server, options, around.environment)
    silent = options.word(server.silences) is not None
    silent = silent or any(variable in around.environment for variable in server.silencing_variables)
    binds = options.all(server.binds)
    main: ListeningPort | None = None
    if not silent:
        for found in _main_ports(server, options, around, binds, host, name):
            main = main or found
            yield found
    if server.alone and options.word((server.alone,)) is not None:
        return
    for option in server.ports:
        if option.what != API:
            yield from _further(option, options, around.environment, host, name)
    if server.is_vllm:
        yield from vllm_further(options, around.environment, main, name)


def _main_ports(  # noqa: PLR0917
    server: Server, options: Options, around: Around, binds: list[Placed], host: str | None, name: Span
) -> Iterator[ListeningPort]:
    if server.port_arguments:
        yield from _argument_port(server, options, host, name)
        return
    if binds or server.bind_port:
        variables = [around.environment[v] for v in server.bind_variables if v in around.environment]
        given = binds or [
            of_setting(setting).through(setting.name, setting.span) for setting in variables[:1]
        ]
        for bind in given:
            yield from bind_ports(bind, server.bind_port, API)
        if given:
            return
    if server.bind_port and not server.ports:
        yield ListeningPort(API, _or_config(server, options, server.bind_port, name), host)
        return
    for option in server.ports:
        if option.what == API:
            given_port = _given(option, options, around.environment)
            default = option.default
            port = given_port or (None if default is None else _or_config(server, options, default, name))
            if port is not None:
                bound = "0.0.0.0" if server.binds and given_port else host  # noqa: S104  (gunicorn and PORT)
                yield ListeningPort(API, port, bound, moves=option.moves)


def _or_config(server: Server, options: Options, default: int, name: Span) -> Port:
    """The default; or nobody knows, where a file of settings is named that may say otherwise."""
    config = options.last(server.config)
    if config is not None:
        return Port(None, config.span)
    return Port(default, name, is_default=True)


def _further(
    option: PortOption, options: Options, environment: Mapping[str, Setting], host: str | None, name: Span
) -> Iterator[ListeningPort]:
    if option.needs and options.word((option.needs,)) is None:
        return
    if option.off and (value := options.last((option.off,))) and value.text.lower() in _NO:
        return
    port = _given(option, options, environment)
    if port is None and option.default is not None:
        port = Port(option.default, name, is_default=True)
    if port is not None and port.number != 0:
        yield ListeningPort(option.what, port, host, moves=option.moves)


def _given(option: PortOption, options: Options, environment: Mapping[str, Setting]) -> Port | None:
    value = options.last(option.options)
    if value is not None:
        _, colon, after = value.text.rpartition(":")
        return (
            value.part(len(value.text) - len(after)).port() if colon and after.isdecimal() else value.port()
        )
    for variable in option.variables:
        if variable in environment:
            return of_setting(environment[variable]).port_of(variable)
    return None


def _host(server: Server, options: Options, environment: Mapping[str, Setting]) -> str | None:
    given = options.last(server.hosts)
    if given is not None:
        return given.text
    for variable in server.host_variables:
        if variable in environment:
            return environment[variable].value
    return None


def script_ports(options: Options) -> Iterator[ListeningPort]:
    """Of a program that nothing is known of but its words."""
    given = options.last(_PORTS)
    short = options.last(("-p",)) if given is None else None
    if short is not None and short.text.isdecimal() and int(short.text[:6]) >= 1024:
        given = short
    if given is not None and (given.text.isdecimal() or not given.known):
        host = options.last(_HOSTS)
        yield ListeningPort(API, given.port(), host.text if host is not None else None)


def bind_ports(bind: Placed, default: int, what: str) -> Iterator[ListeningPort]:
    """`HOST:PORT`, `:PORT`, `[::]:PORT`, `HOST`; nothing for a Unix socket or a descriptor."""
    text = bind.text
    if text.startswith(("unix:", "fd://", "unix/")):
        return
    skipped = len(text) - len(re.sub(r"^\w+://", "", text))
    found = _BIND_PORT.fullmatch(text, skipped)
    if found is None or (
        found["port"] and not found["port"].isdecimal() and bind.part(found.start("port")).known
    ):
        number = Port(default, bind.span, is_default=True) if bind.known else Port(None, bind.span)
        if bind.known and text.isdecimal():
            number = bind.port()
        yield ListeningPort(what, number, text[skipped:] if not text.isdecimal() else None)
        return
    host = found["host"].strip("[]") or "0.0.0.0"  # noqa: S104  (what gunicorn and ollama make of `:8000`)
    yield ListeningPort(what, bind.part(found.start("port"), found.end("port")).port(), host)


def _argument_port(server: Server, options: Options, host: str | None, name: Span) -> Iterator[ListeningPort]:
    for word in options.arguments():
        before, colon, port = word.text.rpartition(":")
        part = word.part(len(word.text) - len(port))
        if port.isdecimal() or not part.known:
            yield ListeningPort(API, part.port(), before if colon else host)
            return
    yield ListeningPort(API, Port(server.ports[0].default, name, is_default=True), host)


def vllm_further(
    options: Options, environment: Mapping[str, Setting], main: ListeningPort | None, name: Span
) -> Iterator[ListeningPort]:
    """What vLLM opens besides its API, as far as the words and the environment tell."""
    words = [word.text for word in options.words]
    given = {key: setting.value for key, setting in environment.items() if setting.value is not None}
    number = main.port.number if main else None
    for one in vllm_ports.planned(words, given, (main and main.host) or "0.0.0.0", number or 0):  # noqa: S104
        if one.mistake or (one.follows and number is None):
            continue
        host = one.host if one.host != "0.0.0.0" else None  # noqa: S104
        yield ListeningPort(one.what, _planned(one, options, environment, name), host, one.count, one.moves)


def _planned(
    one: vllm_ports.PlannedPort, options: Options, environment: Mapping[str, Setting], name: Span
) -> Port:
    setting = one.setting.partition(" ")[0]
    value = options.last((setting, *vllm_ports.short_forms(setting))) if setting.startswith("-") else None
    if one.is_default or (value is None and setting not in environment):
        return Port(one.port, name, is_default=True)
    if value is None:
        return replace(of_setting(environment[setting]).port_of(setting), number=one.port)
    port = value.port()
    return port if port.number == one.port else Port(one.port, value.span)
