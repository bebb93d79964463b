"""What commands in Python code are servers, and which of their options say on which ports."""

from __future__ import annotations

import re
from collections.abc import Mapping

from portside.knowledge import servers
from portside.knowledge.servers import Server
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class ServerCommand:
    """A command line, from its first words on.

    ports: options that take a number. binds: options that take HOST:PORT.
    vllm: whether a vLLM engine runs in it.
    """

    label: str
    ports: frozenset[str] = frozenset({"--port"})
    binds: frozenset[str] = frozenset()
    vllm: bool = False


def _command(server: Server) -> ServerCommand:
    ports = frozenset(option for port in server.ports for option in port.options)
    return ServerCommand(server.label, ports, frozenset(server.binds), server.is_vllm)


def _by_verb(name: str) -> Mapping[str, ServerCommand]:
    """Its commands by their first word; of several that begin with it, the first."""
    found: dict[str, ServerCommand] = {}
    for verbs, server in servers.PROGRAMS[name].items():
        found.setdefault(verbs.partition(" ")[0], _command(server))
    return found


# Those of `servers` that Python code starts to serve something.
_NAMES = (
    *("vllm", "uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "fastapi", "flask", "streamlit"),
    *("text-generation-launcher", "text-embeddings-router", "llama-server", "sglang", "trl", "lmdeploy"),
    *("litellm", "bentoml", "mlx_lm.server", "tritonserver", "paddleocr", "paddlex_genai_server"),
)

# By the program's name, then by its first argument; "" where any will do.
PROGRAMS: Mapping[str, Mapping[str, ServerCommand]] = {name: _by_verb(name) for name in _NAMES}

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
)

MODULE_WORDS = frozenset({"vllm", "sglang", "fastchat", "llama_cpp", "mlx_lm", "mlx_vlm", "lightllm"})
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
    return by_program(name, first_argument)


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
