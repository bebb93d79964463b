"""Commands that listen on a port, and the option that says on which.

From the `--help` of: vllm 0.33, sglang 0.5, text-generation-inference 3,
llama.cpp, uvicorn 0.54, gunicorn 23, hypercorn 0.17, granian 2, fastapi-cli 0.0.8,
flask 3, streamlit 1.40, lmdeploy 0.9, trl 0.20, FastChat 0.2, tritonserver 2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


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


_BINDS = frozenset({"-b", "--bind"})
_SHORT = frozenset({"-p", "--port"})

# By the program's name, then by its first argument; "" where any will do.
PROGRAMS: Mapping[str, Mapping[str, ServerCommand]] = {
    "vllm": {"serve": ServerCommand("vllm serve", vllm=True)},
    "uvicorn": {"": ServerCommand("uvicorn")},
    "gunicorn": {"": ServerCommand("gunicorn", frozenset(), _BINDS)},
    "hypercorn": {"": ServerCommand("hypercorn", frozenset(), _BINDS)},
    "granian": {"": ServerCommand("granian")},
    "daphne": {"": ServerCommand("daphne", _SHORT)},
    "fastapi": {"run": ServerCommand("fastapi run"), "dev": ServerCommand("fastapi dev")},
    "flask": {"run": ServerCommand("flask run", _SHORT)},
    "streamlit": {"run": ServerCommand("streamlit run", frozenset({"--server.port"}))},
    "text-generation-launcher": {"": ServerCommand("text-generation-launcher", _SHORT)},
    "text-embeddings-router": {"": ServerCommand("text-embeddings-router", _SHORT)},
    "llama-server": {"": ServerCommand("llama-server")},
    "sglang": {"serve": ServerCommand("sglang serve")},
    "trl": {"vllm-serve": ServerCommand("trl vllm-serve", vllm=True)},
    "lmdeploy": {"serve": ServerCommand("lmdeploy serve", frozenset({"--server-port"}))},
    "litellm": {"": ServerCommand("litellm")},
    "bentoml": {"serve": ServerCommand("bentoml serve", _SHORT)},
    "mlx_lm.server": {"": ServerCommand("mlx_lm.server")},
    "tritonserver": {
        "": ServerCommand("tritonserver", frozenset({"--http-port", "--grpc-port", "--metrics-port"}))
    },
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
