"""What the words of a command are: nothing of it is run here."""

from __future__ import annotations

from pathlib import Path

import pytest

from portside.devserver.planning.command_address import CommandAddress, address_of
from portside.devserver.planning.command_line import parse
from portside.knowledge.server_addresses import ANY_PROGRAM, by_module, by_words


@pytest.mark.parametrize(
    ("command", "before", "kind", "target", "arguments"),
    [
        ("vllm serve m --port 1", "", "program", "vllm", "serve m --port 1"),
        ("python server.py --model m", "", "script", "server.py", "--model m"),
        ("/env/bin/python3.11 -u -X dev -m pkg.server -x", "", "module", "pkg.server", "-x"),
        ("python -Werror -c print() a", "", "code", "print()", "a"),
        ("python -um pkg", "", "module", "pkg", ""),
        ("python -mpkg a", "", "module", "pkg", "a"),
        ("python -", "", "program", "-", ""),
        ("python", "", "program", "", ""),
        ("env A=1 -u B python s.py", "env A=1 -u B", "script", "s.py", ""),
        ("nohup nice -n 5 uvicorn a:b", "nohup nice -n 5", "program", "uvicorn", "a:b"),
        ("uv run --with x uvicorn a:b", "uv run --with x", "program", "uvicorn", "a:b"),
        ("uv --directory d run -- python -m m", "uv --directory d run --", "module", "m", ""),
        ("uv run server.py 1", "uv run", "script", "server.py", "1"),
        ("poetry run uvicorn a:b", "poetry run", "program", "uvicorn", "a:b"),
        ("uv pip install x", "", "program", "uv", "pip install x"),
        ("taskset 0x3 python s.py", "taskset 0x3", "script", "s.py", ""),
        ("conda run -n x python s.py", "conda run -n", "program", "x", "python s.py"),
        ("node server.js", "", "program", "node", "server.js"),
    ],
)
def test_the_parts_of_a_command(command: str, before: str, kind: str, target: str, arguments: str) -> None:
    found = parse(command.split())
    assert " ".join(found.before) == before
    assert (found.kind, found.target, " ".join(found.arguments)) == (kind, target, arguments)
    assert found.words == tuple(command.split())


def test_variables_before_a_command_are_known() -> None:
    found = parse(["env", "A=1", "B=x=y", "uvicorn", "a:b"])
    assert found.environment == {"A": "1", "B": "x=y"}


@pytest.mark.parametrize(
    ("command", "keeps"),
    [
        ("uv run x", True),
        ("env A=1 x", True),
        ("conda run x", False),
        ("sudo x", False),
        ("timeout 5 x", False),
    ],
)
def test_whether_a_program_behind_a_runner_is_our_own_child(command: str, keeps: bool) -> None:
    assert parse(command.split()).transparent is keeps


@pytest.mark.parametrize("option", ["-u", "-X dev", "-W error -B", "-bb -I"])
def test_options_of_the_interpreter_are_kept(option: str) -> None:
    found = parse(["python", *option.split(), "-m", "m"])
    assert " ".join(found.python_options) == option


@pytest.mark.parametrize(
    ("command", "variables", "address"),
    [
        ("uvicorn a:b", {}, ("127.0.0.1", 8000)),
        ("uvicorn a:b --port=1 --port 2 --host ::", {}, ("::", 2)),
        ("uvicorn a:b", {"UVICORN_PORT": "9", "UVICORN_HOST": "h"}, ("h", 9)),
        ("uvicorn a:b --port 1", {"UVICORN_PORT": "9", "PORT": "8"}, ("127.0.0.1", 1)),
        ("fastapi dev", {"PORT": "7"}, ("127.0.0.1", 7)),
        ("fastapi run m.py", {}, ("0.0.0.0", 8000)),
        ("vllm serve m", {"VLLM_PORT": "9", "PORT": "8"}, ("0.0.0.0", 8000)),
        ("vllm serve m --host 127.0.0.1 --port 8123", {}, ("127.0.0.1", 8123)),
        ("vllm serve --config c.yaml m", {}, ("1.2.3.4", 8321)),
        ("vllm serve --config c.yaml m --port 1", {}, ("1.2.3.4", 1)),
        ("vllm serve --config gone.yaml m", {}, ("0.0.0.0", 8000)),
        ("gunicorn -b :81 a:b", {}, ("0.0.0.0", 81)),
        ("gunicorn --bind=[::1]:81 a:b", {}, ("::1", 81)),
        ("gunicorn a:b", {"PORT": "5"}, ("127.0.0.1", 5)),
        ("flask run -p 5001", {}, ("127.0.0.1", 5001)),
        ("manage.py runserver 0.0.0.0:81", {}, ("0.0.0.0", 81)),
        ("manage.py runserver 81", {}, ("127.0.0.1", 81)),
        ("streamlit run a.py --server.port 1", {}, ("0.0.0.0", 1)),
    ],
)
def test_where_a_known_command_listens(
    tmp_path: Path, command: str, variables: dict[str, str], address: tuple[str, int]
) -> None:
    (tmp_path / "c.yaml").write_text("model: m\nport: 8321\nhost: 1.2.3.4\n")
    program, *arguments = command.split()
    listening = by_words(program, tuple(arguments))
    assert listening is not None
    found = address_of(listening, arguments, variables, tmp_path)
    assert (found.host, found.port) == address


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("uvicorn a:b --uds s.sock", CommandAddress("127.0.0.1", 8000, uds="s.sock")),
        ("uvicorn a:b --fd 3", CommandAddress("127.0.0.1", 8000, fd=True)),
        ("gunicorn -b unix:/run/s a:b", CommandAddress("127.0.0.1", 8000, uds="/run/s")),
        ("vllm serve --headless", CommandAddress("0.0.0.0", None, listens=False)),
    ],
)
def test_not_on_a_port(tmp_path: Path, command: str, found: CommandAddress) -> None:
    program, *arguments = command.split()
    listening = by_words(program, tuple(arguments))
    assert listening is not None
    assert address_of(listening, arguments, {}, tmp_path) == found


def test_modules_are_known_as_their_programs_are(tmp_path: Path) -> None:
    assert by_module("uvicorn", ("a:b",)) is by_words("uvicorn", ("a:b",))
    assert by_module("vllm.entrypoints.openai.api_server", ()) is by_words("vllm", ("serve",))
    http_server = by_module("http.server", ())
    assert http_server is not None
    assert address_of(http_server, ["8010", "-b", "::1"], {}, tmp_path).port == 8010


@pytest.mark.parametrize(
    ("words", "variables", "port"),
    [("server.js", {}, None), ("server.js", {"PORT": "3000"}, 3000), ("x --port 5", {"PORT": "3000"}, 5)],
)
def test_of_any_other_command_a_port_is_known_where_it_is_said(
    tmp_path: Path, words: str, variables: dict[str, str], port: int | None
) -> None:
    assert address_of(ANY_PROGRAM, words.split(), variables, tmp_path).port == port
