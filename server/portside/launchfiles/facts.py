"""What a launch file says, whatever its format: what it starts, on which ports, and which ports it names.

    LaunchFile ── Unit (a compose service, a stage, a container, a process, a target, …)
                    ├─ Launch        a server's command: program, what it serves, ports, environment
                    ├─ PortMention   EXPOSE, `ports:`, probes, health checks, URLs
                    └─ Setting       a variable that the unit gives to what it starts

Readers make these from one text alone. What several files say together (an `env_file`, the Dockerfile that a
service builds) is put together by the workspace. All spans lie in the text of the file that holds them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import field

from portside.launchfiles.text.words import Command, Word
from portside.lint.source import Span
from portside.records import dataclass


class Format(enum.Enum):
    """The kinds of launch files; the value is what users call them."""

    DOCKERFILE = "Dockerfile"
    COMPOSE = "compose file"
    KUBERNETES = "Kubernetes manifest"
    SHELL = "shell script"
    MAKEFILE = "Makefile"
    PROCFILE = "Procfile"
    SYSTEMD = "systemd unit"
    PACKAGE_JSON = "package.json"
    DOTENV = ".env file"
    VSCODE_LAUNCH = "launch.json"
    VSCODE_TASKS = "tasks.json"


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable that a file sets, for itself or for what it starts.

    value: with variables of the same file resolved; None where it comes from elsewhere (`$1`, a secret).
    span: the value as it is written, without quotes; for a default, `8000` in `${PORT:-8000}`, that part.
    name_span: the name. is_default: whether somebody outside may say otherwise (ARG, `${PORT:-8000}`).
    """

    name: str
    value: str | None
    span: Span
    name_span: Span
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Port:
    """A port number where a file gives it.

    number: None where the file does not tell. span: where the reader looks: the digits, or the variable that
    stands for them. digits: where the number itself is written, so that an edit there changes it; it may be
    where a variable is set (`ENV PORT=8000`); None where it is written nowhere: a program's default.
    variable: the one it comes through. is_default: the program's own default, or `${PORT:-8000}`.
    origin: the variable behind that one, `PORT="${API_PORT:-8000}"`.
    """

    number: int | None
    span: Span
    digits: Span | None = None
    variable: str | None = None
    is_default: bool = False
    origin: str | None = None


class Serves(enum.Enum):
    """What a launch's target is."""

    APP = "app"  # `module:app`
    SCRIPT = "script"  # `server.py`
    MODULE = "module"  # what follows `python -m`
    MODEL = "model"  # what `vllm serve` and its like load
    NOTHING = "nothing"  # a server without one


class Form(enum.Enum):
    """How a command is written, which decides how words in it are quoted and what a variable looks like."""

    SHELL = "shell"  # shell text: scripts, Dockerfile's shell form, `sh -c` in any other
    EXEC = "exec"  # Dockerfile's JSON list
    YAML_LIST = "yaml-list"  # compose `command: [..]`, Kubernetes `args:`
    YAML_TEXT = "yaml-text"  # compose `command: uvicorn …`, split into words but run by no shell
    MAKE = "make"  # a recipe: `$$` for the shell's `$`
    SYSTEMD = "systemd"  # ExecStart: `${X}`, no defaults
    JSON_TEXT = "json-text"  # package.json scripts, tasks.json `command`
    JSON_ARGS = "json-args"  # launch.json: `program`/`module` with `args`


@dataclass(frozen=True, slots=True)
class ListeningPort:
    """A port that a launch will take.

    what: "API" for the one that clients call, else as knowledge/vllm_ports names it. host: as given; None
    for what the program takes by itself. count: so many from `port` on. moves: the program takes another by
    itself where this one is taken.
    """

    what: str
    port: Port
    host: str | None = None
    count: int = 1
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Launch:
    """One server that a command starts.

    program: as users say it: `uvicorn`, `vllm serve`, `python`, `torchrun`. serves, target: what it is told
    to run; the word as written. command: all its words, in order. span: from the first to the last of them.
    ports: empty where only the program's source can tell (a script), or where there is none (`--uds`).
    folder: where it starts: WORKDIR, `working_dir`, a `cd` before it, as written; None for unknown.
    environment: variables set on this command alone (`PORT=1 uvicorn …`) or exported before it. reload: the
    option that makes it watch files. app_dir: of `--app-dir`. background: whether what follows in the script
    runs while it runs (`&`). stretch: of a script, names the straight run of commands that it stands in; a
    branch, a loop, a function, and what follows a `kill` or `wait` are stretches of their own, so two
    launches of different ones may never run together. elsewhere: whether it runs on another machine or in a
    container (`ssh`, `docker run`, `srun`). branches: of each `if` and `case` around it, where that begins
    and which arm: different arms of one never run together. env_files: that the command is told to read, as
    written.
    """

    program: str
    serves: Serves
    target: Word | None
    command: Command
    span: Span
    form: Form
    ports: tuple[ListeningPort, ...] = ()
    folder: str | None = None
    environment: Mapping[str, Setting] = field(default_factory=dict)
    reload: Span | None = None
    app_dir: str | None = None
    is_vllm: bool = False
    background: bool = False
    stretch: str = ""
    elsewhere: bool = False
    branches: tuple[tuple[int, int], ...] = ()
    env_files: tuple[str, ...] = ()


class Mention(enum.Enum):
    """Where a port is named that does not itself make anybody listen."""

    EXPOSED = "EXPOSE"
    PUBLISHED = "published port"  # the host's side of compose `ports`
    CONTAINER = "container port"  # the container's side of it, Kubernetes containerPort
    SERVICE = "service port"  # a Kubernetes Service's own
    TARGET = "target port"  # … and where it leads
    PROBE = "probe"
    HEALTHCHECK = "health check"
    URL = "URL"  # launch.json's serverReadyAction, a curl in a script that started the server


@dataclass(frozen=True, slots=True)
class PortMention:
    """name: of a named port (`http`). refers: a name of a port that is meant instead of a number.

    address: the host address of a published port; "" for all. protocol: "tcp" or "udp". count: of a range
    (`3000-3005`), how many from `port` on. leads_to: of a published port, the container's side of the same
    entry, by its place in the unit's mentions.
    """

    kind: Mention
    port: Port
    name: str | None = None
    refers: str | None = None
    address: str = ""
    protocol: str = "tcp"
    count: int = 1
    leads_to: int | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that a file starts as a whole.

    kind: "service", "stage", "container", "process", "target", "unit", "script", "configuration", "task",
    "Service" (Kubernetes: launches nothing, leads to those that match); a "container" is also what a `docker
    run` in a script starts. name: "" where the format has none. launches: in order. settings: for all of its
    launches. group: what names the units that run together in this file: a compose file's project, a pod, a
    Procfile; "" where nothing says so. host_network: whether its ports are the machine's. profiles: of
    compose. build: folder and Dockerfile that it is built from, as written, and the stage. image: as
    written. env_files: as written. extends: (file or "", service). selector, labels, namespace: of
    Kubernetes. service_links: of a pod, whether it gets variables for Services; of a Service, whether pods
    get any for it. network: of compose, `network_mode` as written (`host`, `service:api`).
    entrypoint, command: of a stage, a service or a container, the words of each, so that a service's
    `command` can be put behind the ENTRYPOINT of its image; None where it says none, () for one that is
    emptied; `form` of each in entrypoint_form and command_form. runs: words that name shell scripts which
    its command runs (`./start.sh`). starts: of a compound, the names of the units that it starts together.
    first: of a pod, whether it ends before the others start (`initContainers`). folder: where its commands
    start, as written: WORKDIR, `working_dir`. copies: of a stage, what it has of the build's context
    (`image_files.in_context`). replicas: how many of it run. replaces: keys of a compose service that take
    the place of what the files before say (`!override`, `!reset`), not add to it. mounts: of a service,
    the folders of its container that hold the machine's files.
    """

    kind: str
    name: str
    span: Span
    launches: tuple[Launch, ...] = ()
    mentions: tuple[PortMention, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    group: str = ""
    host_network: bool = False
    profiles: tuple[str, ...] = ()
    build: Build | None = None
    image: str | None = None
    env_files: tuple[str, ...] = ()
    extends: tuple[str, str] | None = None
    selector: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    service_links: bool = True
    namespace: str = ""
    network: str | None = None
    entrypoint: Command | None = None
    entrypoint_form: Form = Form.EXEC
    command: Command | None = None
    command_form: Form = Form.EXEC
    runs: tuple[Word, ...] = ()
    starts: tuple[str, ...] = ()
    first: bool = False
    folder: str | None = None
    copies: tuple[Copy, ...] = ()
    replicas: int = 1
    replaces: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Build:
    """Of what a service's image is made: as written, relative to the file."""

    folder: str
    dockerfile: str | None = None
    stage: str | None = None
    arguments: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Copy:
    """COPY or ADD. sources: as written, relative to the build's context. target: absolute in the image."""

    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class LaunchFile:
    """path: relative to the workspace, with slashes. errors: what could not be read; the rest stands.

    includes: compose files that this one brings in, as written.
    """

    path: str
    format: Format
    units: tuple[Unit, ...]
    errors: tuple[Span, ...] = ()
    includes: tuple[str, ...] = ()

    def ports(self) -> Iterator[Port]:
        """Every port that a launch takes or a unit names, unit by unit."""
        for unit in self.units:
            for launch in unit.launches:
                yield from (listening.port for listening in launch.ports)
            yield from (mention.port for mention in unit.mentions)
