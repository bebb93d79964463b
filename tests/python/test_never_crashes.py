"""Texts that are no good Python, or none at all: no crash, no place outside of the file, no endless work."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portside.lint.finding import LintResult
from portside.workspace.project import Project

SERVERS = (
    """\
import asyncio, os
import uvicorn
from fastapi import FastAPI
from vllm import AsyncEngineArgs, AsyncLLMEngine, LLM

PORT = int(os.environ.get("PORT", "8000"))
app = FastAPI()
engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model="é🚀"))


class Model:
    def __init__(self):
        self.llm = LLM("m")
        self.llm.serve(port=1234)


@app.get("/")
async def root():
    return {"text": f"{engine!r:>{PORT}}"}


def main():
    global engine
    config = uvicorn.Config(app, host="0.0.0.0", port=PORT, **{"workers": 2})
    server = uvicorn.Server(config)
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()
else:
    uvicorn.run("server:app", reload=True)
""",
    """\
from vllm import *
from .engine import make as build
try:
    import uvicorn as u
except ImportError:
    u = None
match u:
    case None: pass
    case {"a": [x, *rest], **more} as whole: u.run(x)
with build() as (a, b), open("x") as f:
    llm = LLM(model=f.read())
if __name__ != "__main__": raise SystemExit
for i, (j, *k) in enumerate(a): del j
print(y := [u.run(z) for z in k if (w := z)])
lambda app, /, *args, port=80, **kwargs: u.run(app, port=port)
""",
)
PIECES = (
    *("\t", "    ", "\n", "\r\n", "\r", "\x0c", "\ufeff", "\u2028", "\0", "🚀", "é", "\ud800"),
    *("(", ")", '"', "'''", "\\", "#", ":", "*", "@", "f'{", "lambda", "async ", "global ", "def ", "class "),
    *("<<<<<<< HEAD\n", "=======\n", ">>>>>>> x\n", "import ", "from . ", "uvicorn", ".run(", "if __name__"),
)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, str]:
    """A server, and the same after some edits: pieces cut out, put in, doubled, moved."""
    original = text = draw(st.sampled_from(SERVERS))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 60)))
        new = draw(st.sampled_from((*PIECES, "", text[start:end] * 2)))
        text = text[:start] + new + text[end:]
    return original, text


def places_are_inside(result: LintResult, text: str) -> bool:
    spans = [*result.syntax_errors]
    for finding in result.findings:
        spans.append(finding.span)
        spans += [related.span for related in finding.related if related.path.endswith("server.py")]
        for fix in finding.fixes:
            spans += [edit.span for edit in fix.edits if edit.path.endswith("server.py")]
    return all(0 <= span.start <= span.end <= len(text) for span in spans)


@settings(max_examples=150)
@given(mutations())
def test_edited_servers(tmp_path_factory: pytest.TempPathFactory, texts: tuple[str, str]) -> None:
    root = tmp_path_factory.mktemp("edited")
    project, path = Project(root), root / "server.py"
    for text in texts:
        result = project.check(path, text)
        assert places_are_inside(result, text)
        assert "PS000" not in {finding.code for finding in result.findings}
    # Parsing again from the tree of the first text, or from nothing, makes no difference. (Where there are
    # errors, the parser may come to terms with them in another way.)
    assert result.syntax_errors or result == Project(root).check(path, texts[1])


STRANGE = {
    "nothing": "",
    "one word": "uvicorn",
    "json": '{"cells": [{"source": ["import uvicorn\\n", "uvicorn.run(app)"]}], "n": null}',
    "shell": "#!/bin/sh\nexec uvicorn server:app --port 8000\n",
    "nul bytes": "import uvicorn\n\0\0\0uvicorn.run(app)\n",
    "lone surrogates": "import uvicorn\nx = '\udcff\udcfe'\nuvicorn.run(app)\n",
    "a file of tabs": "import uvicorn\n" + "\t" * 50_000,
    "a truncated call": "import uvicorn\nuvicorn.run(app, host=",
    "a truncated guard": 'import uvicorn\nif __name__ == "__main__":',
    "an open string": "import uvicorn\nx = '''\nuvicorn.run(app)\n",
    "mixed line ends": "import uvicorn\r\nx = 1\ruvicorn.run(app)\n",
    "deep parentheses": "import uvicorn\nuvicorn.run(" + "(" * 10_000 + "app" + ")" * 10_000 + ")\n",
    "deep attributes": "import uvicorn\nuvicorn" + ".run" * 10_000 + "()\n",
    "deep calls": "import uvicorn\nuvicorn.run" + "()" * 5_000 + "\n",
    "deep blocks": "import uvicorn\n"
    + "".join(" " * i + "if x:\n" for i in range(90))
    + " " * 90
    + "uvicorn.run(app)\n",
    "deep functions": "import uvicorn\n"
    + "".join("    " * i + f"def f{i}():\n" for i in range(60))
    + "    " * 60
    + "uvicorn.run(app)\n",
    "a chain of functions": "import uvicorn\ndef f0(): uvicorn.run(app)\n"
    + "".join(f"def f{i}(): f{i - 1}()\n" for i in range(1, 400))
    + "f399()\n",
    "functions that call each other": "import uvicorn\ndef a(): b()\ndef b(): a()\na()\nuvicorn.run(app)\n",
    "aliases in a ring": "import uvicorn\na = b\nb = c\nc = a\na.run(app)\n",
    "a long line": "import uvicorn\nx = [" + "uvicorn.x, " * 30_000 + "]\nuvicorn.run(app)\n",
    "many operators": "import uvicorn\nx = " + "1 + " * 20_000 + "1\nuvicorn.run(app, port=x)\n",
    "many signs": "import uvicorn\nuvicorn.run(app, port=" + "-" * 3_000 + "8000)\n",
    "many branches": "import uvicorn\nif a: run = uvicorn.run\n"
    + "elif a: run = uvicorn.run\n" * 2_000
    + "run(app)\n",
    "many bindings": "import uvicorn\n" + "uvicorn.x = uvicorn.run\n" * 3_000 + "uvicorn.run(app)\n",
    "many engines": "from vllm import LLM\n" + "a = LLM('m')\n" * 1_000,
    "many launches": "import uvicorn\nif __name__ == '__main__':\n" + "    uvicorn.run(app)\n" * 300,
}


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_strange_texts(text: str, tmp_path: Path) -> None:
    started = time.process_time()
    result = Project(tmp_path).check(tmp_path / "server.py", text)
    # Each takes milliseconds on an idle machine; what is quadratic in its length takes minutes.
    assert time.process_time() - started < 20
    assert places_are_inside(result, text)
    assert "PS000" not in {finding.code for finding in result.findings}


def codes(tmp_path: Path, text: str) -> list[str]:
    result = Project(tmp_path).check(tmp_path / "server.py", text)
    return [
        finding.code for finding in result.findings if finding.code in {"PS101", "PS102", "PS302", "PS306"}
    ]


GOOD = "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n"
MAIN = 'if __name__ == "__main__":\n    uvicorn.run(app)\n'


@pytest.mark.parametrize(
    "broken",
    [
        "def f(:\n    pass\n",
        "x = (1, 2\n\n",
        "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other\n",
        "class\n",
        "return = 3\n",
    ],
)
def test_a_syntax_error_does_not_hide_the_rest(broken: str, tmp_path: Path) -> None:
    assert "PS101" in codes(tmp_path, GOOD + MAIN + "\n" + broken)


def test_what_an_unfinished_guard_holds_is_not_taken_for_code_on_import(tmp_path: Path) -> None:
    assert codes(tmp_path, GOOD + 'if __name__ == "__main__"\n    uvicorn.run(app)\n') == []


@pytest.mark.parametrize("start", ["\ufeff", "\x0c\n", "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n"])
def test_starts_of_files(start: str, tmp_path: Path) -> None:
    assert codes(tmp_path, start + GOOD + MAIN) == ["PS101"]


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_line_ends(newline: str, tmp_path: Path) -> None:
    assert codes(tmp_path, (GOOD + MAIN).replace("\n", newline)) == ["PS101"]


def test_tabs(tmp_path: Path) -> None:
    assert codes(tmp_path, GOOD + MAIN.replace("    ", "\t")) == ["PS101"]
