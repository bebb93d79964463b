"""What the kept engine needs of vLLM, against what was read of each release, and against a package index."""

from __future__ import annotations

import hashlib
import http.server
import os
import pathlib
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator

import pytest
from check_engine_contract import troubles
from engine_contract import shapes as points
from engine_contract.contract import verdict, verdict_as_newest
from engine_contract.observations import Observations, as_text, load
from engine_contract.table import table
from packaging.version import Version

from portside.inside import engine_hooks as hooks

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts" / "check_engine_contract.py"
KNOWN = load()
NEWEST = KNOWN.versions()[-1]
NEXT = Version("99.0.0")


@pytest.mark.parametrize("version", KNOWN.versions(), ids=str)
def test_no_release_that_is_taken_on_has_moved(version: Version) -> None:
    assert verdict(version, KNOWN.at(version)).moved == ()


def test_the_table_speaks_of_every_release_that_was_read() -> None:
    taken = [version for version in KNOWN.versions() if verdict(version, KNOWN.at(version)).refused is None]
    assert Version("0.32.0") in taken
    assert taken == [version for version in KNOWN.versions() if version >= taken[0]]
    assert f"| {'.'.join(map(str, hooks.BEYOND))} and later | no |" in table(KNOWN)


CLIENT = points.parameters_of(hooks.CLIENT_MODULE, "MPClient.__init__")
LAUNCH = points.parameters_of(hooks.LAUNCH_MODULE, "launch_core_engines")
OUTPUTS = points.fields_of(hooks.MESSAGES_MODULE, "EngineCoreOutputs")


@pytest.mark.parametrize(
    ("point", "shape", "said"),
    [
        pytest.param(
            CLIENT, ["self", "config", "log_stats"], "other parameters", id="a client has other ones"
        ),
        pytest.param(CLIENT, None, "other parameters", id="there is no client"),
        pytest.param(LAUNCH, ["vllm_config", "spec"], "other parameters", id="the launcher has other ones"),
        pytest.param(OUTPUTS, ["outputs"], "other fields", id="a message lost fields"),
        pytest.param(
            points.TYPES, {"ADD": "b'add'"}, "RequestType.ADD", id="a kind of message has another byte"
        ),
        pytest.param(points.YIELDS, ["Launched"], "launcher yields", id="the launcher yields something else"),
        pytest.param(points.LAUNCHED, ["engines"], "launcher yields", id="what it yields has other fields"),
        pytest.param(
            points.KEYS, {"needed": ["input_address", "token"]}, "client_addresses", id="one more key"
        ),
        pytest.param(points.INDEX, "self.rank", "client_index", id="the client's index comes from elsewhere"),
        pytest.param(points.DEAD, "b'GONE'", "ENGINE_CORE_DEAD", id="death is told in another word"),
        pytest.param(points.UTILITY, ["call_id", "name"], "utility call", id="a call is laid out otherwise"),
        pytest.param(points.MANAGER, ["handles"], "engine's processes", id="the processes are elsewhere"),
        pytest.param(points.ADDRESSES, ["sockets"], "engine's addresses", id="addresses have other names"),
        pytest.param(points.UTILITIES, ["sleep"], "calls of the broker", id="a utility is gone"),
        pytest.param(points.PACKING, {}, "messages are lists", id="messages are packed otherwise"),
        pytest.param(points.MAKES_ASYNC, ["EngineCoreClient.connect"], "AsyncLLM makes", id="another client"),
    ],
)
def test_a_release_that_moves_a_hook_point_is_named(point: str, shape: object, said: str) -> None:
    moved = verdict_as_newest(NEXT, {**KNOWN.at(NEWEST), point: shape}).moved
    assert len(moved) == 1
    assert said in moved[0]
    found = Observations(dict(KNOWN.wheels), {name: list(rows) for name, rows in KNOWN.points.items()})
    found.add(NEXT, "0" * 64, {**KNOWN.at(NEWEST), point: shape})
    assert troubles(KNOWN, found) == [f"vLLM 99.0.0 is new: {moved[0]}"]


def test_a_new_release_with_all_in_its_place_is_no_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    grown = [*KNOWN.at(NEWEST)[OUTPUTS], "one_more"]
    found = Observations()
    found.add(NEXT, "0" * 64, {**KNOWN.at(NEWEST), OUTPUTS: grown})
    assert troubles(KNOWN, found) == []
    assert "vLLM 99.0.0 is new and as the newest known" in capsys.readouterr().out


def test_a_release_that_differs_from_what_was_noted_is_named() -> None:
    found = Observations()
    found.add(NEWEST, "0" * 64, {**KNOWN.at(NEWEST), points.READY: "Hello"})
    assert troubles(KNOWN, found) == [
        f"vLLM {NEWEST}: READY is Hello, noted is {KNOWN.at(NEWEST)[points.READY]}"
    ]


def test_what_is_noted_is_read_back_as_it_was(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "observed.json"
    file.write_text(as_text(KNOWN), encoding="utf-8")
    assert load(file) == KNOWN


CLIENT_SOURCE = """
class MPClient:
    def __init__(self, asyncio_mode, vllm_config, executor_class, log_stats, client_addresses=None):
        if client_addresses:
            address = client_addresses["input_address"], client_addresses["output_address"]
            self.stats = client_addresses.get("stats_update_address")
        identity, payload = sync_input_socket.recv_multipart()
        self.greet(payload)

    def greet(self, payload):
        return msgspec.msgpack.decode(payload, type=Greeting)

    def shutdown(self, timeout=None): ...
"""


def test_shapes_are_read_from_source() -> None:
    found = points.shapes({hooks.CLIENT_MODULE: CLIENT_SOURCE}.get)
    assert found[CLIENT][-2:] == ["log_stats", "client_addresses="]
    wanted = {"needed": ["input_address", "output_address"], "optional": ["stats_update_address"]}
    assert found[points.KEYS] == wanted
    assert found[points.READY] == "Greeting"
    assert found[LAUNCH] is None
    assert found[points.YIELDS] is None


# -- a package index ---------------------------------------------------------------------


class Index(http.server.BaseHTTPRequestHandler):
    """A simple index with one wheel, of which ranges can be had."""

    wheel = b""
    name = "vllm-99.0.0-py3-none-any.whl"
    asked: list[str] = []  # noqa: RUF012  (set anew by each test)

    def do_GET(self) -> None:
        if self.path.endswith(".whl"):
            self._send_wheel()
        elif self.path.rstrip("/").endswith("/vllm"):
            digest = hashlib.sha256(self.wheel).hexdigest()
            page = f'<!DOCTYPE html><a href="/{self.name}#sha256={digest}">{self.name}</a>'
            self._send(200, page.encode(), {"Content-Type": "text/html"})
        else:
            self._send(404, b"", {})

    do_HEAD = do_GET  # noqa: N815

    def _send_wheel(self) -> None:
        span = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        size = {"Accept-Ranges": "bytes"}
        if span is None:
            return self._send(200, self.wheel, size)
        start = int(span[1]) if span[1] else len(self.wheel) - int(span[2])
        end = int(span[2]) if span[1] and span[2] else len(self.wheel) - 1
        type(self).asked.append(self.headers["Range"])
        told = {**size, "Content-Range": f"bytes {start}-{end}/{len(self.wheel)}"}
        return self._send(206, self.wheel[start : end + 1], told)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def index(tmp_path: pathlib.Path) -> Iterator[str]:
    wheel = tmp_path / Index.name
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(points.file_of(hooks.CLIENT_MODULE), CLIENT_SOURCE)
        archive.writestr("vllm/kernels.so", os.urandom(300_000))
        archive.writestr(
            "vllm-99.0.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: vllm\nVersion: 99.0.0\n"
        )
    Index.wheel, Index.asked = wheel.read_bytes(), []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


def check(address: str, folder: pathlib.Path) -> subprocess.CompletedProcess[str]:
    own = {"PIP_INDEX_URL": address, "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "PIP_TIMEOUT": "5"}
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("PIP_")}
    return subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**environment, **own, "XDG_CACHE_HOME": str(folder / "cache"), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_new_release_in_the_index_is_read_and_judged(index: str, tmp_path: pathlib.Path) -> None:
    first = check(index, tmp_path)
    assert first.returncode == 1, first.stderr
    assert "✗ vLLM 99.0.0 is new: the launcher yields: [], expected record" in first.stdout
    assert "\n1 releases of vLLM read, " in first.stdout
    asked = len(Index.asked)
    assert asked > 0
    again = check(index, tmp_path)
    assert again.stdout == first.stdout
    assert len(Index.asked) == asked  # what was fetched is kept


def test_nothing_is_said_to_be_fine_where_the_index_is_not_there(tmp_path: pathlib.Path) -> None:
    result = check("http://127.0.0.1:9/simple", tmp_path)
    assert result.returncode == 2
    assert "✗ the package index lists no wheel of vllm: is there a network?" in result.stderr
    assert result.stdout == ""
