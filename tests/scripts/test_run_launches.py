"""The lab that starts real servers: what it makes up, what it calls the same, one server from end to end."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import run_launches
from launch_lab import excuses
from launch_lab.verdict import verdict

SITE = Path(__file__).parents[2] / "scripts" / "launch_lab" / "site"

SEEN = ("app", "wraps", "title", "routes", "middleware", "handlers", "overrides")
ALSO = ("state", "lifespan", "answers", "standins")
OPTIONS = ("host", "port", "uds", "fd", "root_path", "ssl_keyfile", "ssl_certfile", "workers")


def record(**changed: object) -> dict[str, Any]:
    seen = {**dict.fromkeys((*SEEN, *ALSO)), "app": "FastAPI", "options": dict.fromkeys(OPTIONS, "None")}
    return {**seen, **changed}


ROUTE, OTHER = ["APIRoute", "/a", ["GET"]], ["APIRoute", "/b", ["GET"]]


def side(*records: dict[str, Any], said: str = "") -> dict[str, Any]:
    return {"records": list(records), "said": said}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (side(record()), side(record()), "same"),
        (side(record()), side(record(routes=["/x"])), "differs"),
        (side(record(app="")), side(record(app="")), "stand-in"),
        (side(record(routes=[ROUTE, OTHER, ROUTE])), side(record(routes=[ROUTE, OTHER])), "same"),
        (side(record(routes=[ROUTE, OTHER])), side(record(routes=[OTHER, ROUTE])), "differs"),
        (
            side(record(answers=[["GET", "/a", 200], ["GET", "/a", 409]])),
            side(record(answers=[["GET", "/a", 200]])),
            "same",
        ),
        (side(record()), side(record(options={**record()["options"], "host": "0.0.0.0"})), "same"),
        (side(record()), side(record(options={**record()["options"], "port": "8000"})), "differs"),
        (side(record()), side(record(options={**record()["options"], "workers": "2"})), "same"),
        (side(record()), side(record(), record()), "differs"),
        (side(record()), side(said="boom"), "only before"),
        (side(said="boom"), side(record()), "only after"),
        (side(said="boom"), side(said="boom"), "neither"),
        (side(record(standins=["torch"])), side(record(standins=["torch", "vllm"])), "same"),
        (side(record(standins=["torch", "vllm"])), side(record(standins=["torch"])), "differs"),
        (side(record()), {**side(record(standins=["config"])), "lacking": ["config"]}, "differs"),
    ],
)
def test_what_two_starts_say(before: object, after: object, expected: str) -> None:
    assert verdict({"before": before, "after": after})[0] == expected


def test_only_what_was_seen_changes_what_is_known() -> None:
    facts = [{"repository": "o/n", "path": name} for name in ("a.py", "b.py", "c.py")]
    facts[1]["ran"] = facts[2]["ran"] = True  # type: ignore[assignment]
    outcomes = [
        {
            "repository": "o/n",
            "path": "a.py",
            "form": "plain",
            "before": side(record()),
            "after": side(record()),
        },
        {"repository": "o/n", "path": "b.py", "form": "plain", "before": side(record()), "after": side()},
        {"repository": "o/n", "path": "c.py", "form": "plain", "before": side(), "after": side()},
    ]
    assert [fact.get("ran") for fact in run_launches.written(facts, outcomes)] == [True, None, True]


TRIPPING = """
import absent

def size_of(model):
    return TABLE[model]

def create_app():
    app = FastAPI()
    size = size_of("m")
    other = TABLE["x"]
    return app
"""


def said(path: Path, *lines: int) -> str:
    frames = "".join(f'  File "{path}", line {line}, in f\n' for line in lines)
    return f"Traceback (most recent call last):\n{frames}KeyError: 1"


def test_what_a_server_trips_over_is_passed_over(tmp_path: Path) -> None:
    source, run = tmp_path / "source", tmp_path / "run"
    for folder in (source, run):
        folder.mkdir()
        (folder / "server.py").write_text(TRIPPING)
    ran = run / "server.py"
    first = excuses.excuse_for(said(ran, 9, 5), run, source, frozenset())
    assert first == ("server.py", "function", "size_of")
    excuses.pass_over(run, frozenset({first}))
    assert "@__lab_excused__\ndef size_of" in ran.read_text()
    # Lines are those of the file as it ran.
    line = next(n for n, text in enumerate(ran.read_text().split("\n"), 1) if "other" in text)
    second = excuses.excuse_for(said(ran, line), run, source, frozenset({first}))
    assert second == ("server.py", "statement", "other = TABLE['x']")
    (run / "server.py").write_text(TRIPPING)
    excuses.pass_over(run, frozenset({second}))
    assert "except (Exception, SystemExit):\n        other = __lab_thing__()" in ran.read_text()


def test_what_makes_the_app_is_never_passed_over(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(TRIPPING)
    line = TRIPPING.split("\n").index("    app = FastAPI()") + 1
    assert excuses.excuse_for(said(tmp_path / "server.py", line), tmp_path, tmp_path, frozenset()) is None


USES = """
import sys
sys.path.insert(0, {site!r})
import standins
sys.meta_path.append(standins.Finder())
import json
import absent.deep
from absent import Model, make, AbsentError

class Own(Model):
    def __init__(self):
        super().__init__(size=1)

@make("x")
def kept():
    return "kept"

first, *rest, last = make()
with make() as held, open(Model()) if False else make():
    pass
assert kept() == "kept" and issubclass(AbsentError, Exception) and Own().anything.at.all
assert [each for each in make()] == [] and float(make() * 2) == 1.0 and f"{{make():.2f}}" == "1"
try:
    raise AbsentError("x")
except absent.AbsentError:
    pass
"""


def test_whatever_is_absent_puts_up_with_what_is_done_to_it() -> None:
    subprocess.run([sys.executable, "-I", "-c", USES.format(site=str(SITE))], check=True)


SERVER = """
import argparse
import os
import absent
import uvicorn
from fastapi import FastAPI

app = FastAPI()
model = absent.load(os.environ["MODEL_NAME"])

@app.get("/m")
def m():
    return size

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--port", type=int, default=8010)
    args = parser.parse_args()
    size = args.size
    uvicorn.run(app, port=args.port)
"""


def can_unshare() -> bool:
    unshare = ["unshare", "--map-root-user", "--mount", "--net", "--pid", "--fork"]
    words = [*unshare, "mount", "-t", "tmpfs", "x", "/mnt"]
    return shutil.which("unshare") is not None and subprocess.run(words, check=False).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="needs namespaces of its own")
def test_a_server_with_stand_ins_is_the_same_before_and_after(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    fact = {"repository": "owner/name", "commit": "0" * 40, "path": "server.py"}
    outcome = run_launches.session(fact, tmp_path, sys.executable)
    assert outcome["form"] == "factory", outcome
    assert verdict(outcome)[0] == "same", json.dumps(outcome)
    seen = outcome["after"]["records"][-1]
    assert (seen["options"]["port"], seen["standins"]) == ("8010", ["absent"])
    assert ["GET", "/m", 200] in seen["answers"]
    assert not (tmp_path / "__pycache__").exists()
