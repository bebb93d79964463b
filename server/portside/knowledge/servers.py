"""Commands that start servers: what they serve, and which options and variables say on which ports.

From the `--help` and the sources of: uvicorn 0.54, hypercorn 0.18, gunicorn 23, granian 2.5, daphne 4,
fastapi-cli 0.0.24, Flask 3.1, Django 5, streamlit 1.40, vllm 0.5 to 0.33, sglang 0.5,
text-generation-inference 3, text-embeddings-inference 1.8, llama.cpp b7000, llama-cpp-python 0.3, ollama
0.12, lmdeploy 0.9, tritonserver 2, litellm 1.7, ray 2.50, torch 2.9, accelerate 1.11, deepspeed 0.18,
FastChat 0.2, PaddleX 3.3, LightLLM, MLC LLM 0.20, mlx_lm 0.28, trl 0.20, bentoml 1.4, chainlit 2, gradio 5,
jupyter-server 2, tensorboard 2, mlflow 3, chroma 1, qdrant 1, and http.server of Python 3.13.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from portside.records import dataclass

ANY_IPV4 = "0.0.0.0"  # noqa: S104
LOOPBACK = "127.0.0.1"
API = "API"


@dataclass(frozen=True, slots=True)
class PortOption:
    """One port of a server. variables: of the environment, where no option says it; the first that is set.

    default: None for one that it opens only if it is told to. off: an option that, set to false, keeps it
    shut. needs: an option without which it does not. moves: it takes another where this is taken.
    """

    options: tuple[str, ...]
    default: int | None = None
    variables: tuple[str, ...] = ()
    what: str = API
    off: str | None = None
    needs: str | None = None
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Server:
    """A command line, from its first words on.

    serves: "app" (`module:app`), "script", "model" or "nothing". targets: options that name it, besides an
    argument of its own where takes_argument. host: where it listens by itself. binds: options that take
    HOST:PORT; bind_port: where they give no port. bind_variables: variables that hold one. port_arguments:
    `HOST:PORT` or `PORT` as an argument of its own. silences, silencing_variables: with one of these there
    is no TCP port for the API. config: options that name a file of settings, which may say the port. flags:
    options without a value, as far as an argument may stand behind them. reloads: those that make it watch
    files.
    """

    label: str
    serves: str
    ports: tuple[PortOption, ...] = ()
    targets: tuple[str, ...] = ()
    takes_argument: bool = True
    host: str = LOOPBACK
    hosts: tuple[str, ...] = ("--host",)
    host_variables: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    bind_variables: tuple[str, ...] = ()
    bind_port: int = 0
    port_arguments: bool = False
    silences: tuple[str, ...] = ()
    silencing_variables: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()
    reloads: tuple[str, ...] = ()
    is_vllm: bool = False
    is_launcher: bool = False
    alone: str | None = None


def _port(
    default: int | None, *variables: str, options: tuple[str, ...] = ("--port",)
) -> tuple[PortOption, ...]:
    return (PortOption(options, default, variables),)


_SHORT = ("--port", "-p")
_BINDS = ("--bind", "-b")
_RELOAD = ("--reload",)

_UVICORN = Server(
    "uvicorn",
    "app",
    _port(8000, "UVICORN_PORT"),
    host_variables=("UVICORN_HOST",),
    silences=("--uds", "--fd"),
    silencing_variables=("UVICORN_UDS", "UVICORN_FD"),
    flags=frozenset(
        {"--factory", "--proxy-headers", "--access-log", "--use-colors", "--server-header", "--date-header"}
    ),
    reloads=_RELOAD,
)
_HYPERCORN = Server(
    "hypercorn",
    "app",
    hosts=(),
    binds=(*_BINDS, "--insecure-bind"),
    bind_port=8000,
    config=("--config", "-c"),
    flags=frozenset({"--debug"}),
    reloads=_RELOAD,
)
_GUNICORN = Server(
    "gunicorn",
    "app",
    _port(8000, "PORT", options=()),
    hosts=(),
    binds=_BINDS,
    bind_port=8000,
    config=("--config", "-c"),
    flags=frozenset({"--preload", "--daemon", "-D", "--spew", "--check-config", "--capture-output", "-R"}),
    reloads=_RELOAD,
)
_GRANIAN = Server(
    "granian",
    "app",
    _port(8000, "GRANIAN_PORT"),
    host_variables=("GRANIAN_HOST",),
    silences=("--uds",),
    flags=frozenset({"--factory", "--access-log", "--ws", "--no-ws", "--log"}),
    reloads=_RELOAD,
)
_FASTAPI_RUN = Server(
    "fastapi run", "script", _port(8000, "PORT"), host=ANY_IPV4, flags=frozenset({"--proxy-headers"})
)
_FASTAPI_DEV = Server("fastapi dev", "script", _port(8000, "PORT"), reloads=("dev",))
_FLASK = Server(
    "flask run",
    "app",
    _port(5000, "FLASK_RUN_PORT", options=_SHORT),
    targets=("--app", "-A"),
    takes_argument=False,
    hosts=("--host", "-h"),
    host_variables=("FLASK_RUN_HOST",),
    reloads=(*_RELOAD, "--debug"),
)
_VLLM_SERVE = Server(
    "vllm serve",
    "model",
    _port(8000),
    targets=("--model",),
    host=ANY_IPV4,
    silences=("--uds", "--headless"),
    config=("--config",),
    is_vllm=True,
)
_VLLM_OPENAI = replace(_VLLM_SERVE, label="vllm.entrypoints.openai.api_server", takes_argument=False)
_VLLM_PLAIN = replace(_VLLM_OPENAI, label="vllm.entrypoints.api_server", silences=(), config=())
_SGLANG = Server(
    "sglang.launch_server",
    "model",
    (
        *_port(30000),
        PortOption(("--nccl-port",), what="NCCL"),
        PortOption(("--dist-init-addr", "--nccl-init-addr"), what="rendezvous of several machines"),
        PortOption(("--disaggregation-bootstrap-port",), what="disaggregation bootstrap"),
    ),
    targets=("--model-path", "--model"),
    takes_argument=False,
    config=("--config",),
)
_SGLANG_ROUTER = Server(
    "sglang_router.launch_router",
    "nothing",
    (*_port(30000), PortOption(("--prometheus-port",), what="metrics")),
    takes_argument=False,
)
_TGI = Server(
    "text-generation-launcher",
    "model",
    (
        PortOption(_SHORT, 3000, ("PORT",)),
        PortOption(("--prometheus-port",), 9000, ("PROMETHEUS_PORT",), "metrics"),
        PortOption(("--master-port",), None, ("MASTER_PORT",), "rendezvous"),
    ),
    targets=("--model-id",),
    takes_argument=False,
    host=ANY_IPV4,
    hosts=("--hostname",),
    host_variables=("HOSTNAME",),
)
_TEI = Server(
    "text-embeddings-router",
    "model",
    (
        PortOption(_SHORT, 3000, ("PORT",)),
        PortOption(("--prometheus-port",), 9000, ("PROMETHEUS_PORT",), "metrics"),
    ),
    targets=("--model-id",),
    takes_argument=False,
    host=ANY_IPV4,
    hosts=("--hostname",),
    host_variables=("HOSTNAME",),
)
_LLAMA_SERVER = Server(
    "llama-server",
    "model",
    _port(8080, "LLAMA_ARG_PORT"),
    targets=("-m", "--model", "-hf", "--hf-repo", "-mu", "--model-url"),
    takes_argument=False,
    host_variables=("LLAMA_ARG_HOST",),
)
_LLAMA_CPP = Server(
    "llama_cpp.server",
    "model",
    _port(8000, "PORT"),
    targets=("--model",),
    takes_argument=False,
    hosts=("--host",),
    host_variables=("HOST",),
)
_OLLAMA = Server(
    "ollama serve", "nothing", takes_argument=False, bind_variables=("OLLAMA_HOST",), bind_port=11434
)
_LMDEPLOY = Server(
    "lmdeploy serve api_server",
    "model",
    _port(23333, options=("--server-port",)),
    host=ANY_IPV4,
    hosts=("--server-name",),
)
_PADDLE = Server(
    "paddleocr genai_server",
    "model",
    _port(8000),
    targets=("--model_name",),
    takes_argument=False,
    host="localhost",
)
_LMDEPLOY_GRADIO = Server(
    "lmdeploy serve gradio",
    "model",
    _port(6006, options=("--server-port",)),
    host=ANY_IPV4,
    hosts=("--server-name",),
)
_LMDEPLOY_PROXY = Server(
    "lmdeploy serve proxy",
    "nothing",
    _port(8000, options=("--server-port",)),
    takes_argument=False,
    host=ANY_IPV4,
    hosts=("--server-name",),
)
_TRITON = Server(
    "tritonserver",
    "model",
    (
        PortOption(("--http-port",), 8000, off="--allow-http"),
        PortOption(("--grpc-port",), 8001, what="gRPC", off="--allow-grpc"),
        PortOption(("--metrics-port",), 8002, what="metrics", off="--allow-metrics"),
    ),
    targets=("--model-repository", "--model-store"),
    takes_argument=False,
    host=ANY_IPV4,
    hosts=("--http-address",),
)
_LITELLM = Server(
    "litellm",
    "model",
    _port(4000, "PORT"),
    targets=("--model", "-m"),
    takes_argument=False,
    host=ANY_IPV4,
    host_variables=("HOST",),
)
_DISTRIBUTED = PortOption(("--master_port",), 29500, ("MASTER_PORT",), "rendezvous")
_TORCHRUN = Server(
    "torchrun",
    "script",
    # torch/distributed/run.py: an endpoint takes the place of the master's address.
    (PortOption(("--rdzv_endpoint", "--master_port"), 29500, ("MASTER_PORT",), "rendezvous"),),
    targets=("-m", "--module"),
    is_launcher=True,
    alone="--standalone",
)
_ACCELERATE = Server(
    "accelerate launch",
    "script",
    (
        PortOption(
            ("--main_process_port",), None, ("MASTER_PORT", "ACCELERATE_MAIN_PROCESS_PORT"), "rendezvous"
        ),
    ),
    targets=("-m", "--module"),
    is_launcher=True,
)
_DEEPSPEED = Server("deepspeed", "script", (_DISTRIBUTED,), targets=("--module",), is_launcher=True)
_RAY = Server(
    "ray start",
    "nothing",
    (
        PortOption(("--port",), 6379, (), "Ray's head", needs="--head"),
        PortOption(("--dashboard-port",), 8265, (), "Ray's dashboard", needs="--head", moves=True),
        PortOption(("--ray-client-server-port",), 10001, (), "Ray's clients", needs="--head"),
        PortOption(("--metrics-export-port",), None, (), "metrics"),
        PortOption(("--node-manager-port",), None, (), "Ray's node manager"),
        PortOption(("--object-manager-port",), None, (), "Ray's object manager"),
        PortOption(("--dashboard-agent-listen-port",), None, (), "Ray's dashboard agent"),
        PortOption(("--dashboard-agent-grpc-port",), None, (), "Ray's dashboard agent"),
    ),
    takes_argument=False,
    host=ANY_IPV4,
    hosts=("--node-ip-address",),
)
# `serve run` takes its port from `serve.start` in the code or from the file; 8000 otherwise
# (ray/serve/config.py).
_RAY_SERVE = Server("serve run", "app", _port(8000, options=()), hosts=(), reloads=("--reload", "-r"))
_FASTCHAT_PORTS = {
    "controller": 21001,
    "model_worker": 21002,
    "vllm_worker": 21002,
    "sglang_worker": 21002,
    "multi_model_worker": 21002,
    "openai_api_server": 8000,
    "gradio_web_server": 7860,
    "gradio_web_server_multi": 7860,
    "test_message": 0,
}
_LIGHTLLM = Server(
    "lightllm.server.api_server",
    "model",
    (*_port(8000), PortOption(("--nccl_port",), 28765, (), "NCCL")),
    targets=("--model_dir",),
    takes_argument=False,
)
_MLX = Server("mlx_lm.server", "model", _port(8080), targets=("--model",), takes_argument=False)
_MLX_VLM = Server("mlx_vlm.server", "model", _port(8080), targets=("--model",), takes_argument=False)
_MLC = Server("mlc_llm serve", "model", _port(8000))
# src/vllm_router/parsers/parser.py of vLLM's production stack 0.1.
_VLLM_ROUTER = Server("vllm-router", "nothing", _port(8001), takes_argument=False, host=ANY_IPV4)
HTTP_SERVER = Server(
    "http.server",
    "nothing",
    _port(8000, options=()),
    takes_argument=False,
    host=ANY_IPV4,
    hosts=_BINDS,
    port_arguments=True,
)
_RUNSERVER = Server(
    "manage.py runserver",
    "nothing",
    _port(8000, options=()),
    takes_argument=False,
    hosts=(),
    port_arguments=True,
)
_STREAMLIT = Server(
    "streamlit run",
    "script",
    _port(8501, "STREAMLIT_SERVER_PORT", options=("--server.port",)),
    host=ANY_IPV4,
    hosts=("--server.address",),
    host_variables=("STREAMLIT_SERVER_ADDRESS",),
)
_GRADIO = Server("gradio", "script", _port(7860, "GRADIO_SERVER_PORT", options=()), reloads=())
_JUPYTER = Server(
    "jupyter",
    "nothing",
    (PortOption(("--port", "--ServerApp.port", "--NotebookApp.port"), 8888, ("JUPYTER_PORT",), moves=True),),
    takes_argument=False,
    host="localhost",
    hosts=("--ip", "--ServerApp.ip", "--NotebookApp.ip"),
)
_MLFLOW = Server(
    "mlflow server",
    "nothing",
    _port(5000, "MLFLOW_PORT", options=_SHORT),
    hosts=("--host", "-h"),
    takes_argument=False,
)
_TENSORBOARD = Server("tensorboard", "nothing", _port(6006), hosts=("--host",), takes_argument=False)

# mkdocs/config/defaults.py: `dev_addr`; Zensical took it over.
_DOCS = {
    name: {
        "serve": Server(
            f"{name} serve",
            "nothing",
            takes_argument=False,
            binds=("--dev-addr", "-a"),
            bind_port=8000,
            hosts=(),
        )
    }
    for name in ("mkdocs", "zensical")
}

# By the program's name, then by its first arguments; "" where any will do.
PROGRAMS: Mapping[str, Mapping[str, Server]] = {
    "vllm": {"serve": _VLLM_SERVE},
    "uvicorn": {"": _UVICORN},
    "hypercorn": {"": _HYPERCORN},
    "gunicorn": {"": _GUNICORN},
    "granian": {"": _GRANIAN},
    "daphne": {
        "": Server(
            "daphne",
            "app",
            _port(8000, options=_SHORT),
            hosts=_BINDS,
            silences=("-u", "--fd", "-e", "--endpoint"),
        )
    },
    "fastapi": {"run": _FASTAPI_RUN, "dev": _FASTAPI_DEV},
    "flask": {"run": _FLASK},
    "quart": {
        "run": Server(
            "quart run", "app", _port(5000, options=_SHORT), takes_argument=False, hosts=("--host", "-h")
        )
    },
    "sanic": {
        "": Server(
            "sanic", "app", _port(8000, options=_SHORT), hosts=("--host", "-H"), reloads=("--dev", "-d", "-r")
        )
    },
    "litestar": {
        "run": Server(
            "litestar run",
            "app",
            _port(8000, "LITESTAR_PORT", options=_SHORT),
            targets=("--app",),
            takes_argument=False,
            hosts=("--host", "-H"),
            reloads=("--reload", "-r"),
        )
    },
    "waitress-serve": {"": Server("waitress-serve", "app", _port(8080), host=ANY_IPV4, binds=("--listen",))},
    "streamlit": {"run": _STREAMLIT},
    "gradio": {"": _GRADIO},
    "chainlit": {
        "run": Server(
            "chainlit run",
            "script",
            _port(8000, "CHAINLIT_PORT"),
            host_variables=("CHAINLIT_HOST",),
            flags=frozenset({"-h", "--headless", "-d", "--debug", "-c", "--ci"}),
            reloads=("-w", "--watch"),
        )
    },
    "panel": {"serve": Server("panel serve", "script", _port(5006), host="localhost", hosts=("--address",))},
    "reflex": {
        "run": Server(
            "reflex run",
            "nothing",
            (
                PortOption(("--backend-port",), 8000, moves=True),
                PortOption(("--frontend-port",), 3000, (), "frontend", moves=True),
            ),
            takes_argument=False,
            hosts=("--backend-host",),
        )
    },
    "text-generation-launcher": {"": _TGI},
    "text-embeddings-router": {"": _TEI},
    "infinity_emb": {
        "v2": Server(
            "infinity_emb v2",
            "model",
            _port(7997, "INFINITY_PORT"),
            targets=("--model-id",),
            takes_argument=False,
            host=ANY_IPV4,
            host_variables=("INFINITY_HOST",),
        )
    },
    "llama-server": {"": _LLAMA_SERVER},
    "ollama": {"serve": _OLLAMA},
    "sglang": {
        "serve": Server("sglang serve", "model", _SGLANG.ports, targets=_SGLANG.targets, config=("--config",))
    },
    "sglang_router": {"": _SGLANG_ROUTER},
    "trl": {
        "vllm-serve": Server(
            "trl vllm-serve",
            "model",
            _port(8000),
            targets=("--model",),
            takes_argument=False,
            host=ANY_IPV4,
            is_vllm=True,
        )
    },
    "paddleocr": {"genai_server": _PADDLE},
    "paddlex_genai_server": {"": _PADDLE},
    "lmdeploy": {
        "serve api_server": _LMDEPLOY,
        "serve gradio": _LMDEPLOY_GRADIO,
        "serve proxy": _LMDEPLOY_PROXY,
    },
    "mlc_llm": {"serve": _MLC},
    "vllm-router": {"": _VLLM_ROUTER},
    "mlx_lm.server": {"": _MLX},
    "mlx_vlm.server": {"": _MLX_VLM},
    "tritonserver": {"": _TRITON},
    "trtllm-serve": {
        "serve": Server("trtllm-serve serve", "model", _port(8000), host="localhost"),
        "": Server("trtllm-serve", "model", _port(8000), host="localhost"),
    },
    "litellm": {"": _LITELLM},
    "bentoml": {
        "serve": Server(
            "bentoml serve",
            "app",
            _port(3000, "BENTOML_PORT", "PORT", options=_SHORT),
            host=ANY_IPV4,
            reloads=_RELOAD,
        )
    },
    "torchrun": {"": _TORCHRUN},
    "accelerate": {"launch": _ACCELERATE},
    "accelerate-launch": {"": _ACCELERATE},
    "deepspeed": {"": _DEEPSPEED},
    "ray": {"start": _RAY},
    "serve": {
        "run": _RAY_SERVE,
        "start": Server(
            "serve start",
            "nothing",
            _port(8000, options=("--http-port",)),
            takes_argument=False,
            hosts=("--http-host",),
        ),
    },
    "jupyter": {"lab": _JUPYTER, "notebook": _JUPYTER, "server": _JUPYTER, "nbclassic": _JUPYTER},
    "jupyter-lab": {"": _JUPYTER},
    "jupyter-notebook": {"": _JUPYTER},
    "mlflow": {"server": _MLFLOW, "ui": _MLFLOW},
    "tensorboard": {"": _TENSORBOARD},
    **_DOCS,
    "chroma": {"run": Server("chroma run", "nothing", _port(8000), takes_argument=False, host="localhost")},
    "open-webui": {
        "serve": Server(
            "open-webui serve", "nothing", _port(8080, "PORT"), takes_argument=False, host=ANY_IPV4
        )
    },
    "langflow": {
        "run": Server(
            "langflow run",
            "nothing",
            _port(7860, "LANGFLOW_PORT"),
            takes_argument=False,
            host_variables=("LANGFLOW_HOST",),
        )
    },
    "aphrodite": {"run": Server("aphrodite run", "model", _port(2242), host=ANY_IPV4)},
    "xinference-local": {
        "": Server(
            "xinference-local",
            "nothing",
            _port(9997, options=_SHORT),
            takes_argument=False,
            hosts=("--host", "-H"),
        )
    },
    "swift": {
        "deploy": Server(
            "swift deploy",
            "model",
            _port(8000),
            targets=("--model", "--ckpt_dir"),
            takes_argument=False,
            host=ANY_IPV4,
        )
    },
    "llamafactory-cli": {
        "api": Server(
            "llamafactory-cli api",
            "nothing",
            _port(8000, "API_PORT", options=()),
            host=ANY_IPV4,
            host_variables=("API_HOST",),
            takes_argument=False,
        ),
        "webui": Server(
            "llamafactory-cli webui",
            "nothing",
            _port(7860, "GRADIO_SERVER_PORT", options=()),
            host=ANY_IPV4,
            takes_argument=False,
        ),
    },
}

_MODULES: Mapping[str, Server] = {
    "vllm.entrypoints.openai.api_server": _VLLM_OPENAI,
    "vllm.entrypoints.launchers.api_server.entry": _VLLM_OPENAI,
    "vllm.entrypoints.api_server": _VLLM_PLAIN,
    "sglang.launch_server": _SGLANG,
    "sglang_router.launch_router": _SGLANG_ROUTER,
    "sglang_router.launch_server": _SGLANG,
    "llama_cpp.server": _LLAMA_CPP,
    "lightllm.server.api_server": _LIGHTLLM,
    "mlx_lm.server": _MLX,
    "mlx_vlm.server": _MLX_VLM,
    "http.server": HTTP_SERVER,
    "torch.distributed.run": _TORCHRUN,
    "torch.distributed.launch": _TORCHRUN,
    "accelerate.commands.launch": _ACCELERATE,
    "deepspeed.launcher.runner": _DEEPSPEED,
}
# Modules that are a program by another name.
MODULE_PROGRAMS: Mapping[str, str] = {
    "vllm.entrypoints.cli.main": "vllm",
    "uvicorn.main": "uvicorn",
    "streamlit.web.cli": "streamlit",
    "mlc_llm.cli": "mlc_llm",
    "vllm_router.app": "vllm-router",
    "gunicorn.app.wsgiapp": "gunicorn",
    "jupyterlab": "jupyter-lab",
    "notebook": "jupyter-notebook",
    "tensorboard.main": "tensorboard",
    "mlx_lm": "mlx_lm",
    "aphrodite": "aphrodite",
}
_FASTCHAT = re.compile(r"fastchat\.serve\.(\w+)")


def by_program(name: str, arguments: tuple[str, ...]) -> Server | None:
    """The server that the program (without its folder) starts with these arguments."""
    known = PROGRAMS.get(name)
    if known is None:
        return None
    plain = [word for word in arguments if not word.startswith("-")]
    for verbs, server in known.items():
        wanted = verbs.split()
        starts = plain[: len(wanted)] == wanted
        if wanted and (starts or (arguments[:1] != tuple(plain[:1]) and set(wanted) <= set(plain))):
            return server
    return known.get("")


def modules() -> tuple[Server, ...]:
    """All that `python -m` starts."""
    return tuple(_MODULES.values())


def is_command_line(module: str) -> bool:
    """Whether `python -m MODULE` is a program of several commands, few of which listen."""
    return module in MODULE_PROGRAMS or module in PROGRAMS


def by_module(name: str, arguments: tuple[str, ...]) -> Server | None:
    """What `python -m NAME ARGUMENTS…` is."""
    if found := _MODULES.get(name):
        return found
    if worker := _FASTCHAT.fullmatch(name):
        default = _FASTCHAT_PORTS.get(worker[1])
        is_vllm = "vllm" in worker[1]
        return (
            Server(
                name,
                "model",
                _port(default),
                targets=("--model-path",),
                takes_argument=False,
                host="localhost",
                is_vllm=is_vllm,
            )
            if default
            else None
        )
    return by_program(MODULE_PROGRAMS.get(name, name), arguments)


MANAGE_PY = _RUNSERVER
