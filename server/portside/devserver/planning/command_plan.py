"""From the words of a command to what the worker runs, in which Python, and where it will listen."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portside.devserver.planning import command_line, interpreter
from portside.devserver.planning.command_address import CommandAddress, address_of
from portside.devserver.planning.command_line import CommandLine
from portside.devserver.planning.interpreter import Interpreter
from portside.devserver.planning.plan import Target
from portside.knowledge.server_addresses import ANY_PROGRAM, NOT_GIVEN, Listening, by_module, by_words

# They start the server in processes that are programs of their own.
_LAUNCHERS = frozenset({"torchrun", "accelerate", "deepspeed", "ray", "mpirun", "supervisord", "honcho"})
# vllm: each of several servers binds a port of its own, or gRPC does.
_OWN_PORTS = frozenset({"--grpc", "--data-parallel-multi-port-external-lb"})
_CHOOSES_PYTHON = frozenset({"uv", "poetry", "pipenv", "rye"})
# What a command's words may name and people edit; not data, not logs.
_SOURCES = frozenset(
    """.py .sh .bash .js .mjs .cjs .ts .tsx .rb .go .rs .toml .yaml .yml .cfg .ini .env .jinja .jinja2 .j2
    .html""".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why the command can't be run. text: for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class CommandPlan:
    """address: None where only the program's source can tell. script: that source, if it is known."""

    target: Target
    interpreter: Interpreter
    address: CommandAddress | None
    listening: Listening | None
    environment: Mapping[str, str]
    script: Path | None = None
    note: str | None = None


def plan(
    words: tuple[str, ...], folder: Path, environment: Mapping[str, str], chosen: str | None
) -> CommandPlan | Mistake:
    """environment: what the command will see. chosen: `--python`. Reads files, runs nothing."""
    command = command_line.parse(words)
    environment = {**environment, **command.environment}
    found = _runs(command, folder, environment, chosen)
    if isinstance(found, Mistake):
        return found
    target, python, note = found
    script = _script(target, folder)
    listening = _listening(command)
    address = None
    if listening is not None:
        address = address_of(listening, command.arguments, environment, folder)
        if address.fd and listening.fd:
            text = f"leave out {listening.fd[0]}: {command.name} gets the held socket"
            return Mistake(text)
    elif target.is_watched or target.kind in ("program", "code"):
        address = address_of(ANY_PROGRAM, command.arguments, environment, folder)
    target = dataclasses.replace(
        target, words=words, files=_files(words, folder), by_signal=_is_vllm(command) or target.kind == "code"
    )
    return CommandPlan(target, python, address, listening, environment, script, note)


def with_address(planned: CommandPlan, host: str | None, port: int | None) -> CommandPlan:
    """The same, told to listen elsewhere. host, port: None for what it does by itself."""
    listening = planned.listening
    environment = dict(planned.environment)
    arguments = planned.target.arguments
    if listening is not None and listening.takes_both:
        arguments = (*arguments, *([listening.hosts[0], host] if host else []))
        arguments = (*arguments, *([listening.ports[0], str(port)] if port is not None else []))
    elif port:
        environment["PORT"] = str(port)
    target = dataclasses.replace(planned.target, arguments=arguments)
    return dataclasses.replace(planned, target=target, environment=environment)


_Runs = tuple[Target, Interpreter, str | None]
_OURS = Interpreter(sys.executable, "Portside's own")


def _runs(
    command: CommandLine, folder: Path, environment: Mapping[str, str], chosen: str | None
) -> _Runs | Mistake:
    first = command.words[0]
    path = environment.get("PATH", os.defpath)
    if _find(first, folder, path, chosen) is None:
        return Mistake(f"there is no command {first!r} here")
    if not command.transparent or _keeps_its_port(command):
        return _as_command(command, folder, path, chosen)
    if _CHOOSES_PYTHON & set(map(os.path.basename, command.before)):
        return _behind_runner(command, folder, path, chosen)
    before = _absolute(command.before, folder, path, chosen)
    program = _find(command.program, folder, path, chosen)
    if program is None:
        return Mistake(f"there is no command {command.program!r} here")
    if command.python and command.kind == "program":  # a prompt, or a program from standard input
        return _as_command(command, folder, path, chosen)
    spec = command.target
    if command.python:
        python = Interpreter(program, _why(command.program, program), before, command.python_options)
    else:
        found = _python_of(command, program)
        if found is None:
            return _as_command(command, folder, path, chosen)
        python = dataclasses.replace(found, before=before)
        # A shim is looked for again, on the path that the real Python has.
        spec = program if interpreter.of_script(program) else command.name
    if interpreter.is_too_old(python.path):
        note = f"{python.path} is older than Python 3.9: watched"
        return _as_command(command, folder, path, chosen, note)
    return _target(command, spec), python, None


def _python_of(command: CommandLine, program: str) -> Interpreter | None:
    """Which Python a command such as `uvicorn` is a script of; None for any other command."""
    python = interpreter.of_script(program)
    if python is not None:
        return Interpreter(python, f"that of {command.name}")
    sibling = os.path.join(os.path.dirname(program), "python")
    if by_words(command.name, command.arguments) and os.path.exists(sibling):  # a shim, as pyenv's are
        return Interpreter(sibling, "beside it")
    return None


def _behind_runner(command: CommandLine, folder: Path, path: str, chosen: str | None) -> _Runs:
    """`uv run` and its like choose the Python: it is started by them, and told what to run."""
    needs_own_environment = command.kind == "script" and _has_inline_metadata(folder / command.target)
    if (command.python and command.kind == "program") or needs_own_environment or command.name in NOT_GIVEN:
        return _as_command(command, folder, path, chosen)
    runner = " ".join(command.before)
    python = Interpreter(
        command.program if command.python else "python",
        f"that of {runner}",
        _absolute(command.before, folder, path, chosen),
        command.python_options,
    )
    return _target(command, command.target), python, None


def _keeps_its_port(command: CommandLine) -> bool:
    names = {command.name, command.target if command.kind == "module" else ""}
    module = command.target.partition(".")[0] if command.kind == "module" else ""
    return bool(
        names & (_LAUNCHERS | NOT_GIVEN)
        or module in NOT_GIVEN
        or command.target == "torch.distributed.run"
        or (_is_vllm(command) and _OWN_PORTS & set(command.arguments))
    )


def _as_command(
    command: CommandLine, folder: Path, path: str, chosen: str | None, note: str | None = None
) -> _Runs:
    words = _absolute(command.words, folder, path, chosen)
    return Target("command", words[0], words[1:]), _OURS, note


def _target(command: CommandLine, spec: str) -> Target:
    return Target(command.kind, spec, command.arguments, app_dir=_app_dir(command))


def _app_dir(command: CommandLine) -> str | None:
    for word, following in zip(command.arguments, command.arguments[1:], strict=False):
        if word == "--app-dir":
            return following
    return next((word[10:] for word in command.arguments if word.startswith("--app-dir=")), None)


def _is_vllm(command: CommandLine) -> bool:
    served = command.name == "vllm" and "serve" in command.arguments[:1]
    return served or (command.kind == "module" and command.target.startswith("vllm"))


def _listening(command: CommandLine) -> Listening | None:
    if command.kind == "module":
        return by_module(command.target, command.arguments)
    if command.kind == "script":
        return by_words(os.path.basename(command.target), command.arguments)
    return by_words(command.name, command.arguments)


def _find(program: str, folder: Path, path: str, chosen: str | None) -> str | None:
    """The program's absolute path, a relative one taken from the command's folder."""
    if os.sep in program:
        place = folder / Path(program).expanduser()
        return os.path.abspath(place) if os.access(place, os.X_OK) and place.is_file() else None
    folders = interpreter.folders_of_programs(chosen, folder, path)
    found = shutil.which(program, path=os.pathsep.join(folders))
    return os.path.abspath(found) if found else None


def _absolute(words: tuple[str, ...], folder: Path, path: str, chosen: str | None) -> tuple[str, ...]:
    """The first word as a path: what `execve` needs."""
    if not words:
        return ()
    return (_find(words[0], folder, path, chosen) or words[0], *words[1:])


def _why(word: str, path: str) -> str:
    if os.sep in word:
        return "as given"
    parent = Path(path).parent.parent
    active = os.environ.get("VIRTUAL_ENV")
    if active and Path(active) == parent:
        return "VIRTUAL_ENV"
    return parent.name if parent.name in (".venv", "venv") else "PATH"


def _has_inline_metadata(script: Path) -> bool:
    """Whether `uv run` makes an environment for this script alone."""
    try:
        return "\n# /// script" in "\n" + script.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _script(target: Target, folder: Path) -> Path | None:
    """The source of what will run, where that lies in the folder."""
    if target.kind == "script":
        return folder / target.spec
    if target.kind != "module":
        return None
    base = folder.joinpath(*target.spec.split("."))
    places = (base.with_suffix(".py"), base / "__main__.py")
    return next((place for place in places if place.is_file()), None)


def _files(words: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """Sources that the words name, as a path or as `module:attribute`, absolute."""
    found = []
    for word in words[1:]:
        text = word.partition("=")[2] if word.startswith("--") and "=" in word else word
        module, colon, attribute = text.partition(":")
        places = [folder / text] if Path(text).suffix in _SOURCES else []
        if colon and attribute.isidentifier() and module.replace(".", "").isidentifier():
            places = [folder.joinpath(*module.split(".")).with_suffix(".py")]
        found += [str(place.resolve()) for place in places if place.is_file()]
    return tuple(dict.fromkeys(found))
