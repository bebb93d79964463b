"""What commands start, on which ports: one line for each."""

from __future__ import annotations

import re

import pytest

from portside.launchfiles.commands.commands import launches
from portside.launchfiles.facts import Form, Launch, Setting
from portside.launchfiles.text.words import Word, shell_commands
from portside.lint.source import Span


def found(command: str, form: Form = Form.SHELL, **environment: str) -> list[Launch]:
    settings = {name: Setting(name, value, Span(0, 0), Span(0, 0)) for name, value in environment.items()}
    words = next(iter(shell_commands(command)))
    return list(launches(words, form, settings))


def told(launch: Launch) -> str:
    """`program target what:port …`, the API's port without its name, defaults in brackets."""
    parts = [launch.program, launch.target.text if launch.target else "-"]
    for one in launch.ports:
        number = "?" if one.port.number is None else str(one.port.number)
        number = f"({number})" if one.port.is_default else number
        parts.append(number if one.what == "API" else f"{one.what}:{number}")
    return " ".join(parts)


SERVERS = {
    # uvicorn
    "uvicorn app:app": "uvicorn app:app (8000)",
    "uvicorn --reload app.main:app --port 9000": "uvicorn app.main:app 9000",
    "uvicorn --factory app:make --port=9000": "uvicorn app:make 9000",
    "uvicorn app:app --uds /run/app.sock": "uvicorn app:app",
    "uvicorn app:app --fd 3": "uvicorn app:app",
    "/opt/venv/bin/uvicorn app:app -p 1": "uvicorn app:app (8000)",
    "uvicorn --log-config log.yaml --host 0.0.0.0 pkg.app:create --factory": "uvicorn pkg.app:create (8000)",
    "python -m uvicorn app:app --port 9000": "uvicorn app:app 9000",
    # gunicorn, hypercorn, granian, …
    "gunicorn app:app": "gunicorn app:app (8000)",
    "gunicorn -w 4 -k uvicorn.workers.UvicornWorker -b 0.0.0.0:9000 app:app": "gunicorn app:app 9000",
    "gunicorn --bind :9000 --bind [::]:9001 'app:create()'": "gunicorn app:create() 9000 9001",
    "gunicorn --bind=unix:/run/a.sock app:app": "gunicorn app:app",
    "gunicorn -b 127.0.0.1 app:app": "gunicorn app:app (8000)",
    "gunicorn -c gunicorn.conf.py app:app": "gunicorn app:app ?",
    "hypercorn app:app -b 0.0.0.0:9000": "hypercorn app:app 9000",
    "granian --interface asgi app:app --port 9000": "granian app:app 9000",
    "daphne -b 0.0.0.0 -p 9000 app.asgi:application": "daphne app.asgi:application 9000",
    "fastapi run": "fastapi run - (8000)",
    "fastapi dev app/main.py --port 9000": "fastapi dev app/main.py 9000",
    "flask --app web run --host 0.0.0.0 -p 9000": "flask run web 9000",
    "python manage.py runserver 0.0.0.0:9000": "manage.py runserver - 9000",
    "python manage.py runserver": "manage.py runserver - (8000)",
    "python -m http.server 9000": "http.server - 9000",
    "mkdocs serve": "mkdocs serve - (8000)",
    "python -m zensical serve -a 0.0.0.0:9000": "zensical serve - 9000",
    "streamlit run ui.py --server.port=9000": "streamlit run ui.py 9000",
    # engines
    "vllm serve Qwen/Qwen3-0.6B": "vllm serve Qwen/Qwen3-0.6B (8000)",
    "vllm serve Qwen/Qwen3-0.6B --port 9000 --trust-remote-code": "vllm serve Qwen/Qwen3-0.6B 9000",
    "vllm serve --model a --headless": "vllm serve a",
    "vllm serve a --uds /tmp/v.sock": "vllm serve a",
    "vllm serve --model a $EXTRA": "vllm serve a (8000)",
    "trtllm-serve serve a --port 9000": "trtllm-serve serve a 9000",
    "vllm serve a --config v.yaml": "vllm serve a ?",
    "vllm serve a --config v.yaml --port 9000": "vllm serve a 9000",
    "vllm serve a -dp 2 -dpl 1 --data-parallel-rpc-port 13345": "vllm serve a (8000) data parallel RPC:13345",
    "vllm serve a -dp 2 -dpl 1": "vllm serve a (8000) data parallel RPC:(29550)",
    "python -m vllm.entrypoints.openai.api_server --model a --port 9000": (
        "vllm.entrypoints.openai.api_server a 9000"
    ),
    "python3 -m vllm.entrypoints.api_server --model a": "vllm.entrypoints.api_server a (8000)",
    "python -m sglang.launch_server --model-path a": "sglang.launch_server a (30000)",
    "python -m sglang.launch_server --model-path a --port 9000 --dist-init-addr h:5000": (
        "sglang.launch_server a 9000 rendezvous of several machines:5000"
    ),
    "text-generation-launcher --model-id a -p 9000": "text-generation-launcher a 9000 metrics:(9000)",
    "text-embeddings-router --model-id a": "text-embeddings-router a (3000) metrics:(9000)",
    "./build/bin/llama-server -m a.gguf": "llama-server a.gguf (8080)",
    "python -m llama_cpp.server --model a.gguf --port 9000": "llama_cpp.server a.gguf 9000",
    "ollama serve": "ollama serve - (11434)",
    "lmdeploy serve api_server a --server-port 9000": "lmdeploy serve api_server a 9000",
    "lmdeploy serve api_server a": "lmdeploy serve api_server a (23333)",
    "tritonserver --model-repository=/models": "tritonserver /models (8000) gRPC:(8001) metrics:(8002)",
    "tritonserver --http-port 9000 --allow-grpc=false --allow-metrics false": "tritonserver - 9000",
    "litellm --config c.yaml": "litellm - (4000)",
    "python -m fastchat.serve.openai_api_server --host x": "fastchat.serve.openai_api_server - (8000)",
    "python -m fastchat.serve.controller": "fastchat.serve.controller - (21001)",
    # launchers
    "torchrun --nproc_per_node=2 train.py": "torchrun train.py rendezvous:(29500)",
    "torchrun --standalone --nproc_per_node 2 server.py --port 9000": "torchrun server.py 9000",
    "torchrun --master_port 29501 server.py": "torchrun server.py rendezvous:29501",
    "python -m torch.distributed.launch --master_port=29501 a.py": "torchrun a.py rendezvous:29501",
    "accelerate launch --main_process_port 29501 --num_processes 2 a.py": (
        "accelerate launch a.py rendezvous:29501"
    ),
    "deepspeed --num_gpus 2 a.py": "deepspeed a.py rendezvous:(29500)",
    "ray start --head --port=6380 --dashboard-port 8266": "ray start - Ray's head:6380 Ray's dashboard:8266 "
    "Ray's clients:(10001)",
    "ray start --address=head:6379": "ray start -",
    "serve run app:deployment": "serve run app:deployment (8000)",
    # Python's own
    "python server.py": "python server.py",
    "python3.11 -u -X dev ./core/server.py --host x --port 9000": "python ./core/server.py 9000",
    "python -m core.server --server-port=9000": "python core.server 9000",
    "python client.py --port 9000": "python client.py",
    "python app.py --redis-port 6379": "python app.py",
    "$PYTHON app.py -p 9000": "python app.py 9000",
    "./serve.py --port 9000": "python ./serve.py 9000",
}

RUNNERS = (
    "env A=1 B=2",
    "A=1 B=2",
    "exec",
    "nohup",
    "sudo -E -u me",
    "time",
    "nice -n 5",
    "timeout -k 5 10m",
    "numactl --cpunodebind=0 --membind 0",
    "taskset -c 0-3",
    "stdbuf -oL",
    "tini --",
    "tini -s -g --",
    "dumb-init",
    "gosu app",
    "su-exec app:app",
    "setsid -f",
    "uv run",
    "uv run --with vllm --python 3.12 --",
    "uvx --from x",
    "poetry run",
    "pdm run",
    "pipenv run",
    "hatch run",
    "conda run -n env --no-capture-output",
    "micromamba run -p /env",
    "dotenv -f .env run --",
    "dotenv run",
    "doppler run --",
    "honcho run",
    "watchmedo auto-restart -d . -p '*.py' --recursive --",
    "watchexec -e py -r --",
    "srun -N 1 --gres=gpu:1",
    "mpirun -np 2",
    "nsys profile -o out -t cuda",
    "opentelemetry-instrument --traces_exporter otlp",
    "ddtrace-run",
    "python -m debugpy --listen 5678 -m",
    "xargs -I {}",
    "./entrypoint.sh",
    "wait-for-it.sh db:5432 -t 30 --",
    "apptainer exec --nv image.sif",
    "env X=1 nohup uv run",
    "systemd-run --unit x",
)

SHELL_RUNNERS = (
    "bash -lc",
    "sh -c",
    "/bin/sh -ec",
    "tmux new -d -s name",
    "tmux new-session -d",
    "tmux send-keys -t name",
    "screen -dmS name bash -c",
    "nodemon --exec",
    "concurrently -n a",
    "watchfiles",
    "su - app -c",
    "eval",
    "pm2 start",
)

NOTHING = (
    "echo uvicorn app:app",
    "pip install vllm",
    "pkill -f 'vllm serve'",
    "ssh host vllm serve a",
    "grep uvicorn app.py",
    "python -m pip install uvicorn",
    "python -m pytest tests",
    "python setup.py install",
    "python -c 'import vllm'",
    "python --version",
    "vllm bench serve --port 8000",
    "vllm --version",
    "command -v uvicorn",
    "python -m vllm.entrypoints.openai.api_server --help",
    "ollama pull llama3",
    "flask db upgrade",
    "python manage.py migrate",
    "uv sync",
    "uv pip install vllm",
    "which vllm",
    "kubectl exec pod -- vllm serve a",
    "docker build -t vllm .",
    "docker run -p 8000:8000 vllm/vllm-openai --model a",
)


@pytest.mark.parametrize(("command", "expected"), SERVERS.items(), ids=list(SERVERS))
def test_server(command: str, expected: str) -> None:
    assert [told(launch) for launch in found(command)] == [expected]


@pytest.mark.parametrize("runner", RUNNERS)
def test_behind_a_runner(runner: str) -> None:
    assert [told(one) for one in found(f"{runner} uvicorn app:app --port 9000")] == ["uvicorn app:app 9000"]


@pytest.mark.parametrize("runner", SHELL_RUNNERS)
def test_in_a_shell_string(runner: str) -> None:
    command = f"{runner} 'cd /app && PORT=9000 && exec uvicorn app:app --port $PORT'"
    (launch,) = found(command)
    assert told(launch) == "uvicorn app:app 9000"
    port = launch.ports[0].port
    assert port.digits is not None
    assert command[port.digits.start : port.digits.end] == "9000"
    assert command[port.span.start : port.span.end] == "$PORT"
    assert launch.form is Form.SHELL


@pytest.mark.parametrize("command", NOTHING)
def test_starts_no_server_here(command: str) -> None:
    assert found(command) == []


def test_python_script_behind_uv() -> None:
    assert [told(one) for one in found("uv run --with x serve.py --port 9000")] == ["python serve.py 9000"]
    assert [told(one) for one in found("uv run -m core.app")] == ["python core.app"]


@pytest.mark.parametrize(
    "script",
    ["bench_serving", "validate_gpu", "recall_depth_sweep", "score_run", "measure-latency", "profiler"],
)
def test_a_script_that_asks_a_server_listens_nowhere(script: str) -> None:
    assert [told(one) for one in found(f"python {script}.py --port 9000")] == [f"python {script}.py"]


def test_start_stop_daemon_names_the_program_apart() -> None:
    command = "start-stop-daemon --start --pidfile x --exec /usr/bin/uvicorn -- app:app --port 9000"
    assert [told(one) for one in found(command)] == ["uvicorn app:app 9000"]


def test_several_shell_strings() -> None:
    command = "concurrently 'uvicorn a:app --port 9000' \"python b.py --port 9001\""
    assert [told(one) for one in found(command)] == ["uvicorn a:app 9000", "python b.py 9001"]


@pytest.mark.parametrize(
    ("command", "variable", "expected"),
    [
        ("uvicorn app:app", "UVICORN_PORT", "uvicorn app:app 9000"),
        ("gunicorn app:app", "PORT", "gunicorn app:app 9000"),
        ("flask run", "FLASK_RUN_PORT", "flask run - 9000"),
        (
            "text-generation-launcher --prometheus-port 9001",
            "PORT",
            "text-generation-launcher - 9000 metrics:9001",
        ),
        ("vllm serve a", "PORT", "vllm serve a (8000)"),
        ("vllm serve a", "VLLM_PORT", "vllm serve a (8000) first of vLLM's internal ports:9000"),
        ("ollama serve", "OLLAMA_HOST", "ollama serve - 9000"),
    ],
)
def test_port_from_the_environment(command: str, variable: str, expected: str) -> None:
    value = "0.0.0.0:9000" if variable == "OLLAMA_HOST" else "9000"
    (launch,) = found(command, **{variable: value})
    assert told(launch) == expected
    assert any(one.port.variable == variable for one in launch.ports) or variable in {"PORT", "OLLAMA_HOST"}


@pytest.mark.parametrize(
    ("form", "word", "number"),
    [
        (Form.SHELL, "${PORT}", 9000),
        (Form.SHELL, "$PORT", 9000),
        (Form.SHELL, "${PORT:-8000}", 9000),
        (Form.SHELL, "${OTHER:-8000}", 8000),
        (Form.SHELL, "${OTHER-${PORT}}", 9000),
        (Form.SHELL, "$OTHER", None),
        (Form.EXEC, "$PORT", None),
        (Form.EXEC, "${PORT:-8000}", None),
        (Form.YAML_LIST, "$(PORT)", 9000),
        (Form.YAML_LIST, "${PORT:-8000}", 9000),
        (Form.YAML_LIST, "$$PORT", None),
        (Form.SYSTEMD, "${PORT}", 9000),
        (Form.SYSTEMD, "$PORT", 9000),
        (Form.MAKE, "$(PORT)", 9000),
        (Form.MAKE, "$$PORT", None),
        (Form.JSON_ARGS, "${env:PORT}", 9000),
        (Form.JSON_ARGS, "${input:port}", None),
    ],
)
def test_variable_in_each_form(form: Form, word: str, number: int | None) -> None:
    text = f"uvicorn app:app --port {word}"
    words = tuple(Word(m.group(), m.start(), m.end(), m.start()) for m in re.finditer(r"\S+", text))
    settings = {"PORT": Setting("PORT", "9000", Span(0, 4), Span(0, 0))}
    (launch,) = launches(words, form, settings)
    port = launch.ports[0].port
    assert port.number == number
    assert text[port.span.start : port.span.end] == word.replace("$$", "$")


@pytest.mark.parametrize(
    ("image", "words", "expected"),
    [
        ("vllm/vllm-openai:v0.10.0", "--model a --port 9000", "vllm serve a 9000"),
        ("vllm/vllm-openai@sha256:1", "a", "vllm serve a (8000)"),
        (
            "ghcr.io/huggingface/text-generation-inference:3",
            "--model-id a",
            "text-generation-launcher a (80) metrics:(9000)",
        ),
        ("ollama/ollama", "", "ollama serve - (11434)"),
        ("ghcr.io/ggml-org/llama.cpp:server-cuda", "-m a.gguf --port 9000", "llama-server a.gguf 9000"),
        (
            "lmsysorg/sglang:latest",
            "python3 -m sglang.launch_server --model-path a",
            "sglang.launch_server a (30000)",
        ),
        (
            "vllm/vllm-openai",
            "python3 -m vllm.entrypoints.openai.api_server --model a",
            "vllm.entrypoints.openai.api_server a (8000)",
        ),
    ],
)
def test_what_an_image_starts(image: str, words: str, expected: str) -> None:
    text = f"{image} {words}"
    given = tuple(Word(m.group(), m.start(), m.end(), m.start()) for m in re.finditer(r"\S+", text))
    (launch,) = launches(given[1:], Form.YAML_LIST, image=given[0])
    assert told(launch) == expected
    assert launch.span.start == 0 or launch.program.startswith(("sglang", "vllm.entrypoints"))
