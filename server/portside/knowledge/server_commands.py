"""What commands in Python code are servers, and which of their options say on which ports.

`lmcache_server HOST PORT [DEVICE]`: from the sources of LMCache 0.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from portside.knowledge import servers
from portside.knowledge.servers import Server
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class ServerCommand:
    """A command line, from its first words on.

    ports: options that take a number. binds: options that take HOST:PORT. argument: which of the words
    behind the first, but for options, is PORT or HOST:PORT; from 1 on. vllm: whether a vLLM engine runs
    in it.
    """

    label: str
    ports: frozenset[str] = frozenset({"--port"})
    binds: frozenset[str] = frozenset()
    argument: int | None = None
    vllm: bool = False


def _command(server: Server) -> ServerCommand:
    ports = frozenset(option for port in server.ports for option in port.options)
    # `-m http.server 8000`
    argument = 2 if server.port_arguments else None
    return ServerCommand(server.label, ports, frozenset(server.binds), argument, server.is_vllm)


def _by_verb(commands: Mapping[str, Server]) -> Mapping[str, ServerCommand]:
    """Its commands by their first word; of several that begin with it, the first."""
    found: dict[str, ServerCommand] = {}
    for verbs, server in commands.items():
        if not server.is_launcher and (server.binds or any(port.options for port in server.ports)):
            found.setdefault(verbs.partition(" ")[0], _command(server))
    return found


# Their ports are a cluster's own, which its other nodes are told.
_CLUSTERS = frozenset({"ray"})
_LMCACHE = ServerCommand("lmcache_server", frozenset(), argument=2)

# By the program's name, then by its first argument; "" where any will do.
PROGRAMS: Mapping[str, Mapping[str, ServerCommand]] = {
    **{
        name: commands
        for name, servers_of in servers.PROGRAMS.items()
        if name not in _CLUSTERS and (commands := _by_verb(servers_of))
    },
    "manage.py": {"runserver": _command(servers.MANAGE_PY)},
    "lmcache_server": {"": _LMCACHE},
}

_MODULES: tuple[tuple[re.Pattern[str], ServerCommand], ...] = (
    (re.compile(r"vllm\.entrypoints\.(openai\.)?api_server"), ServerCommand("vllm", vllm=True)),
    (re.compile(r"vllm\.scripts|vllm\.entrypoints\.cli\.main|vllm"), ServerCommand("vllm", vllm=True)),
    (re.compile(r"sglang\.launch_server"), ServerCommand("sglang.launch_server")),
    (re.compile(r"fastchat\.serve\.\w*vllm\w*"), ServerCommand("fastchat.serve", vllm=True)),
    (re.compile(r"fastchat\.serve\.\w+"), ServerCommand("fastchat.serve")),
    (
        re.compile(r"(llama_cpp|mlx_lm|lightllm\.server\.api_|mlx_vlm)\.?server"),
        ServerCommand("a model server"),
    ),
    (re.compile(r"sglang_router\.launch_(router|server)"), ServerCommand("sglang_router")),
    (re.compile(r"lmcache\.(v1\.|experimental\.)?server(\.__main__)?"), replace(_LMCACHE, argument=3)),
    (re.compile(r"http\.server"), _command(servers.HTTP_SERVER)),
)

MODULE_WORDS = frozenset(
    {"vllm", "sglang", "sglang_router", "fastchat", "llama_cpp", "mlx_lm", "mlx_vlm", "lightllm", "lmcache"}
    | {"http.server"}
)
"""One of these is in the name of every module above."""


def by_program(name: str, first_argument: str) -> ServerCommand | None:
    """The command that starts with these two words; the program without its folder."""
    known = PROGRAMS.get(name, {})
    return known.get(first_argument) or known.get("")


def by_module(name: str, first_argument: str) -> ServerCommand | None:
    """What `python -m NAME ARGUMENT` is."""
    for pattern, command in _MODULES:
        if pattern.fullmatch(name):
            return command
    return by_program(servers.MODULE_PROGRAMS.get(name, name), first_argument)


# Words after which what looks like a server's command is not started here: it is
# searched for, printed, or run on another machine or in a container.
NO_LAUNCH = frozenset(
    {
        "docker",
        "podman",
        "nerdctl",
        "kubectl",
        "singularity",
        "apptainer",
        "ssh",
        "pkill",
        "pgrep",
        "killall",
        "grep",
        "echo",
        "printf",
        "which",
        "pip",
        "curl",
        "wait-for-it",
    }
)

# Functions that start what they are given: a list of words or a shell string.
RUNNERS = frozenset(
    {
        "subprocess.run",
        "subprocess.Popen",
        "subprocess.call",
        "subprocess.check_call",
        "subprocess.check_output",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
        "os.system",
        "os.popen",
        "asyncio.create_subprocess_shell",
        "psutil.Popen",
        "pexpect.spawn",
    }
)
# … and functions whose arguments are the words themselves, or which take the list second.
WORD_RUNNERS = frozenset({"asyncio.create_subprocess_exec", "os.execl", "os.execlp", "anyio.run_process"})
SECOND_RUNNERS = frozenset({"os.execv", "os.execvp", "os.execve", "os.execvpe", "os.spawnv", "os.spawnvp"})
