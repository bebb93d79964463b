"""A few hundred damaged files on every run; `scripts/fuzz.py` goes on for as long as it is let."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from portside.checking import Checker

from . import mutations
from .mutations import MUTATIONS, mutated
from .properties import Hang, at_most, complaints
from .seeds import launch_seeds, seeds

SEEDS = seeds()
LAUNCH_SEEDS = sorted(launch_seeds().items())
BATCH = 25


@pytest.mark.parametrize("first", range(0, 300, BATCH))
def test_damaged_files(first: int, tmp_path: Path) -> None:
    for number in range(first, first + BATCH):
        assert complaints(mutated(random.Random(number), SEEDS), tmp_path) == [], f"seed {number}"


@pytest.mark.parametrize("first", range(0, 100, BATCH))
def test_damaged_launch_files(first: int, tmp_path: Path) -> None:
    for number in range(first, first + BATCH):
        rng = random.Random(number)
        name, texts = rng.choice(LAUNCH_SEEDS)
        assert complaints(mutated(rng, texts), tmp_path, name) == [], f"seed {number}: {name}"


@pytest.mark.parametrize("mutation", dict.fromkeys(MUTATIONS), ids=lambda mutation: mutation.__name__)
def test_each_accident_happens_also_to_empty_files(mutation: mutations.Mutation) -> None:
    for number in range(20):
        mutation(random.Random(number), b"", SEEDS)
        mutation(random.Random(number), b"x", SEEDS)


def test_a_number_is_enough_to_have_an_input_again() -> None:
    assert mutated(random.Random(7), SEEDS) == mutated(random.Random(7), SEEDS)


LARGE = {
    "an open parenthesis, many times": "x = " + "(" * 200_000,
    "a long string": "x = '" + "a" * 5_000_000 + "'",
    "a long comment": "# " + "x" * 5_000_000,
    "nested parentheses": "x = " + "(" * 50_000 + ")" * 50_000,
    "comments": "# a\n" * 20_000,
    "a sum": "x = " + "a + " * 20_000 + "a",
}


@pytest.mark.parametrize("line", LARGE.values(), ids=LARGE)
def test_large_lines(line: str, tmp_path: Path) -> None:
    text = f"import uvicorn\n{line}\nif __name__ == '__main__':\n    uvicorn.run('server:app', port=8000)\n"
    assert complaints(text.encode(), tmp_path) == []


PORTS = {
    "nested calls": "f(" * 20_000 + ")" * 20_000,
    "nested calls that fit": "f(" * 150 + ")" * 150,
    "open calls": "f(" * 20_000,
    "attributes": "a" + ".b" * 20_000,
    "calls of attributes": "a" + ".b()" * 900,
    "conditions": "1 if a else " * 20_000 + "8000",
    "variables for variables": "int(" + "os.getenv('VLLM_PORT') or " * 900 + "8000)",
}


@pytest.mark.parametrize("port", PORTS.values(), ids=PORTS)
def test_large_values(port: str, tmp_path: Path) -> None:
    text = (
        "import os, uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\n"
        f"if __name__ == '__main__':\n    uvicorn.run(app, port={port})\n"
    )
    assert complaints(text.encode(), tmp_path) == []


HALF_TYPED = {
    "a condition with a strange blank": "'server:app' if re\u3000load else app",
    "a condition with two words": "'server:app' if re load else app",
    "a condition without its else": "'server:app' if reload",
}


@pytest.mark.parametrize("app", HALF_TYPED.values(), ids=HALF_TYPED)
def test_apps_that_are_half_typed(app: str, tmp_path: Path) -> None:
    text = (
        "import uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\nreload = True\n"
        f"if __name__ == '__main__':\n    uvicorn.run({app}, port=8000, reload=reload)\n"
    )
    assert complaints(text.encode(), tmp_path) == []


LARGE_LAUNCHES = {
    "commands tied by and": ("start.sh", "a && " * 20_000 + "vllm serve m --port 8000\n"),
    "conditions in conditions": ("start.sh", "if a; then\n" * 2_000 + "uvicorn a:app\n" + "fi\n" * 2_000),
    "a long command": ("start.sh", "vllm serve m --port 8000 " + "a " * 400_000 + "\n"),
    "a long unit": ("a.service", "[Service]\nExecStart=/bin/vllm serve m " + "-a " * 200_000 + "\n"),
    "lists in lists": ("compose.yaml", "services: " + "{a: " * 5_000 + "}" * 5_000),
    "scripts in package.json": ("package.json", '{"scripts": {"a": "' + "npm run b && " * 20_000 + 'x"}}'),
}


@pytest.mark.parametrize(("name", "text"), LARGE_LAUNCHES.values(), ids=LARGE_LAUNCHES)
def test_large_launch_files(name: str, text: str, tmp_path: Path) -> None:
    assert complaints(text.encode(), tmp_path, name) == []


LINE_ENDS = ("\n", "\r\n", "\r", "\x85", "\u2028", "\u2029")


@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
def test_what_a_file_says_is_found_at_its_place_whatever_ends_its_lines(end: str, tmp_path: Path) -> None:
    lines = ["services:", "  a:", "    command: >", "      python -m vllm.entrypoints.openai.api_server", ""]
    text = end.join(lines)
    (found,) = Checker(stands_in=tmp_path).check(tmp_path / "compose.yaml", text).findings
    assert text[found.span.start : found.span.end] == "vllm.entrypoints.openai.api_server"


def spin() -> None:
    while True:
        pass


def test_what_does_not_end_is_a_hang() -> None:
    with pytest.raises(Hang), at_most(0.05):
        spin()


FOUND = {
    "a main block that ends in a backslash": (
        b'import asyncio\nfrom vllm import LLM\n\n\ndef load():\n    return LLM("m")\n\n\n'
        b"engine = load()\n\n\n"
        b'async def chat():\n    engine.generate("x")\n\n\n'
        b'if __name__ == "__main__":\n    asyncio.run(chat())\\\n\n'
    ),
    "a function that ends in a backslash, above what a fix removes": (
        b"import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
        b"def health():\n    return 1\n \\\n\n\n"
        b"def main():\n    uvicorn.run(app)\n\n\nif __name__ == '__main__':\n    main()\n"
    ),
    "a form feed before what a guard would indent": (
        b"settings.port = int(sys.argv[1])\nuvicorn.run('m:app', port=settings.port)\n"
        b"\x0cimport sys, uvicorn\nfrom config import settings\n"
    ),
}


@pytest.mark.parametrize("data", FOUND.values(), ids=FOUND)
def test_what_was_found_once(data: bytes, tmp_path: Path) -> None:
    assert complaints(data, tmp_path) == []


DAMAGED = {
    "a statement on the line of the run call": "import uvicorn\nfrom fastapi import FastAPI\n\n\n"
    "def create_app():\n    app = FastAPI()\n    app.get('/a')(lambda: 1)\n    return app\n\n\n"
    "app = create_app()\n\n\nif __name__ == '__main__':\n    uvicorn.run(app, port=8005)match x:\n\n",
    "a name that is made of itself": "import argparse\nimport uvicorn\nfrom fastapi import FastAPI\n\n"
    "app = FastAPI()\n\n\n"
    "if __name__ == '__main__':\n    uvicorn.run(app, port=8010)\nurl = url.replace(port=8000)\n"
    "    parser = argparse.ArgumentParser()\n    args = parser.parse_args()\n",
    "a branch that has only what goes": "import uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\n\n\n"
    'if __name__ == "__main__":\n    if DEBUG:\n        config = uvicorn.Config(app, port=9000)\n    else:\n'
    "        coig(app, port=9001)\n    server = uvicorn.Server(config)\n    server.run()\n",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_once_went_wrong(name: str, tmp_path: Path) -> None:
    assert complaints(DAMAGED[name].encode(), tmp_path) == []
