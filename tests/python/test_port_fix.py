"""The fix for a hardcoded port, on files that nobody wrote by hand."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portside.lint.finding import Applicability, apply_edits
from portside.lint.source import SourceFile
from portside.python.facts import FileFacts, LaunchReference, WorkspaceFacts, module_facts
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import arguments, parse
from portside.python.values.values import Environment, Literal, trace
from portside.rules.hardcoded_port import RULE
from portside.workspace.project import Project

HEADS = [
    "",
    '"""Serve."""\n',
    "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n",
    "# Licence\n# more of it\n\n",
    "from __future__ import annotations\n",
    "\\\nfrom __future__ import annotations\n",
    '"""Serve."""\n\nfrom __future__ import annotations\n\n',
    "\ufeff",
    "\f\n",
]
IMPORTS = [
    "import uvicorn\n",
    "import sys\nimport uvicorn\n",
    "import json\n\nimport uvicorn\n",
    "import os\nimport uvicorn\n",
    "import os as _os, sys\nimport uvicorn\n",
    "from os import environ\nimport uvicorn\n",
    "from os import getenv as env, path\nimport uvicorn\n",
    "from pathlib import Path\nimport uvicorn\n",
    "# third party\nimport uvicorn\n",
    "try:\n    import uvicorn\nexcept ImportError:\n    uvicorn = None\n",
    "if True:\n    import os\nimport uvicorn\n",
    "import asyncio\nimport uvicorn  # the server\nfrom fastapi import FastAPI\n\napp = FastAPI()\n",
]
USES = [
    "uvicorn.run('m:app', port=8000)\n",
    'uvicorn.run("m:app", host="0.0.0.0", port=8000)\n',
    "uvicorn.run('m:app', port=int('8000'))\n",
    "PORT = 8000\nuvicorn.run('m:app', port=PORT)\n",
    "PORT: int = 8_000\n\n\ndef main():\n    uvicorn.run('m:app', port=PORT)\n",
    "def main():\n    import os\n    uvicorn.run('m:app', port=8000)\n",
    "class C:\n    port = 8000\n\n\nuvicorn.run('m:app', port=C.port)\n",
    "options = {'port': 8000}\nuvicorn.run('m:app', **options)\n",
    "if __name__ == '__main__':\n    uvicorn.run(\n        'm:app',\n        port=8000,\n    )\n",
    "s = '😀'; uvicorn.run('m:app', port=8000)\n",
]


def _check(text: str, **workspace):
    facts = FileFacts(module_facts(SourceFile("a.py", text)), WorkspaceFacts(**workspace))
    return list(RULE.check(facts))


def _fixed(text: str, **workspace) -> str:
    (finding,) = _check(text, **workspace)
    return apply_edits(text, finding.fixes[0].edits)


def _port(text: str):
    names = Names(parse(SourceFile("a.py", text)))
    for call in nodes_of(names.tree.root, "call"):
        if names.tree.text(call).startswith("uvicorn.run("):
            passed = arguments(call)
            if "port" in passed.keywords:
                return trace(names, passed.keywords["port"])
    return None


@settings(max_examples=100)
@given(
    st.sampled_from(HEADS),
    st.sampled_from(IMPORTS),
    st.sampled_from(USES),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_what_is_fixed_parses_reads_the_environment_and_needs_no_second_fix(
    head, imports, use, newline, first
):
    # `first`: the code that uses the port stands ahead of all imports but its own.
    body = f"PORT_NAME = 'x'\n{imports}{use}" if first else imports + use
    text = (head + body).replace("\n", newline)
    ast.parse(text.removeprefix("\ufeff"))
    found = _check(text)
    assert len(found) == 1
    if not found[0].fixes:
        assert "uvicorn = None" in text  # what may be None is not followed
        return
    fixed = _fixed(text)
    ast.parse(fixed.removeprefix("\ufeff"))
    assert _check(fixed) == []
    assert fixed.count("\r\n") == fixed.count("\n") or newline == "\n"
    value = _port(fixed)
    if value is not None:
        assert isinstance(value, Environment)
        assert value.variable == "PORT"
        assert value.integer
        assert isinstance(value.default, Literal)
        assert value.default.value == 8000


@settings(max_examples=100)
@given(st.sampled_from(HEADS), st.sampled_from(IMPORTS), st.sampled_from(USES))
def test_what_is_fixed_runs_and_listens_where_it_is_told(head, imports, use):
    text = head + imports + use + "main() if 'main' in globals() else None\n"
    if "except ImportError" in text or "fastapi" in text:
        return
    fixed = _fixed(text).removeprefix("\ufeff")
    for environment, port in (({}, 8000), ({"PORT": "9123"}, 9123)):
        assert _run(fixed, environment) == port


def _run(text: str, environment: dict[str, str]) -> int:
    """The port that the program hands to uvicorn.run."""
    import os
    import sys
    import types
    from unittest import mock

    seen: list[int] = []
    uvicorn = types.ModuleType("uvicorn")
    uvicorn.run = lambda app, **options: seen.append(options["port"])
    with mock.patch.dict(sys.modules, {"uvicorn": uvicorn}), mock.patch.dict(os.environ, environment):
        if not environment:
            os.environ.pop("PORT", None)
        exec(compile(text, "a.py", "exec"), {"__name__": "__main__"})
    assert type(seen[0]) is int
    return seen[0]


HEADER_CASES = {
    "after a shebang": (
        "#!/usr/bin/env python\nimport uvicorn\nuvicorn.run(a, port=8000)\n",
        "#!/usr/bin/env python\nimport os\n\nimport uvicorn\n",
    ),
    "above a comment that belongs to the import": (
        "x = 1\n\n# third party\nimport uvicorn\nuvicorn.run(a, port=8000)\n",
        "import os\n\nx = 1\n\n# third party\nimport uvicorn\n",
    ),
    "after a docstring": (
        '"""Doc."""\nimport uvicorn\nuvicorn.run(a, port=8000)\n',
        '"""Doc."""\nimport os\n\nimport uvicorn\n',
    ),
    "before the first from import": (
        "import json\nfrom sys import argv\nimport uvicorn\nuvicorn.run(a, port=8000)\n",
        "import json\nfrom sys import argv\nimport os\nimport uvicorn\n",
    ),
    "a constant ahead of the imports": (
        "PORT = 8000\nimport uvicorn\nuvicorn.run(a, port=PORT)\n",
        'import os\n\nPORT = int(os.environ.get("PORT", "8000"))\nimport uvicorn\n',
    ),
    "a constant ahead of os": (
        "PORT = 8000\nimport os\nimport uvicorn\nuvicorn.run(a, port=PORT)\n",
        'import os\n\nPORT = int(os.environ.get("PORT", "8000"))\nimport os\n',
    ),
}


@pytest.mark.parametrize(("text", "start"), HEADER_CASES.values(), ids=HEADER_CASES)
def test_the_import_goes_where_a_person_would_put_it(text, start):
    assert _fixed(text).startswith(start)


NOT_OFFERED = {
    "os is a parameter": "import uvicorn\ndef f(os):\n    uvicorn.run(a, port=8000)\n",
    "os is something else": "import uvicorn\nos = 'linux'\nuvicorn.run(a, port=8000)\n",
    "in several branches": (
        "import os, uvicorn\nif x:\n    P = 8000\nelse:\n    P = 8000\nuvicorn.run(a, port=P)\n"
    ),
    "a hexadecimal number": "import os, uvicorn\nuvicorn.run(a, port=0x1F40)\n",
    "inside an f-string's braces": "import os\nos.system(f'vllm serve m --port {8000}')\n",
    "a string with braces": "import os\nos.system('vllm serve {} --port 8000'.format(m))\n",
    "typed as a literal": (
        "import os, uvicorn\nfrom typing import Literal\nP: Literal[8000] = 8000\nuvicorn.run(a, port=P)\n"
    ),
}


@pytest.mark.parametrize("text", NOT_OFFERED.values(), ids=NOT_OFFERED)
def test_where_it_could_be_wrong_nothing_is_offered(text):
    findings = _check(text)
    assert findings
    assert all(not finding.fixes for finding in findings)


def test_the_settings_name_the_variable():
    text = "import os, uvicorn\nuvicorn.run(a, port=8000)\n"
    assert 'os.environ.get("API_PORT", "8000")' in _fixed(text, port_variable="API_PORT")


def test_a_launch_that_sets_the_variable_makes_the_fix_unsafe():
    text = "import os, uvicorn\nuvicorn.run(a, port=8000)\n"
    (finding,) = _check(text)
    assert finding.fixes[0].applicability is Applicability.SAFE
    launch = LaunchReference("start.sh", 3, "PORT=9000 python a.py")
    (finding,) = _check(text, port_settings=(launch,))
    assert finding.fixes[0].applicability is Applicability.UNSAFE
    assert finding.fixes[0].notes[1] == "`PORT` is set at start.sh:3: `PORT=9000 python a.py`."
    same = LaunchReference("start.sh", 3, "PORT=8000 python a.py")
    (finding,) = _check(text, port_settings=(same,))
    assert finding.fixes[0].applicability is Applicability.SAFE


@pytest.mark.parametrize(
    ("name", "content", "applicability"),
    [
        ("Dockerfile", 'ENV PORT=9000\nCMD ["python", "a.py"]\n', Applicability.UNSAFE),
        ("Dockerfile", 'ENV PORT 9000\nCMD ["python", "a.py"]\n', Applicability.UNSAFE),
        ("Dockerfile", 'ENV PORT=8000\nCMD ["python", "a.py"]\n', Applicability.SAFE),
        ("Dockerfile", 'ARG PORT=9000\nCMD ["python", "a.py"]\n', Applicability.SAFE),
        ("Dockerfile", 'ENV PORT=9000\nCMD ["python", "b.py"]\n', Applicability.SAFE),
        ("start.sh", "export PORT=9000\npython a.py\n", Applicability.UNSAFE),
        ("start.sh", 'python a.py --x "${PORT:-8000}"\n', Applicability.SAFE),
        (
            "compose.yaml",
            "services:\n  a:\n    command: python a.py\n    environment:\n      PORT: 9000\n",
            Applicability.UNSAFE,
        ),
        (".env", "PORT=9000\n", Applicability.UNSAFE),
    ],
)
def test_the_workspace_decides_whether_the_fix_is_safe(tmp_path, name, content, applicability):
    (tmp_path / name).write_text(content)
    (tmp_path / "a.py").write_text("import uvicorn\nuvicorn.run('m:app', port=8000)\n")
    (tmp_path / "b.py").write_text("")
    project = Project(tmp_path)
    found = project.check(tmp_path / "a.py", (tmp_path / "a.py").read_text()).findings
    (fix,) = next(finding.fixes for finding in found if finding.code == "PS201")
    assert fix.applicability is applicability


def test_two_ports_never_get_one_variable():
    text = "import os, uvicorn\nuvicorn.run(a, port=8000)\nuvicorn.run(b, port=9000)\n"
    first, second = (finding.fixes[0] for finding in _check(text))
    assert first.title == "Read the port from the environment variable `PORT`"
    assert second.title == "Read the port from the environment variable `PORT_9000`"
    assert (first.applicability, second.applicability) == (Applicability.SAFE, Applicability.UNSAFE)
    other_way_round = apply_edits(text, second.edits)
    (rest,) = _check(other_way_round)
    assert rest.fixes[0].title == first.title


def test_a_constant_names_the_second_variable_unless_the_name_is_vllms():
    text = "import os, uvicorn\nuvicorn.run(a, port=8000)\n{} = 9000\nuvicorn.run(b, port={})\n"
    titles = [_check(text.format(name, name))[1].fixes[0].title for name in ("ADMIN_PORT", "VLLM_PORT", "x")]
    assert [title.split("`")[1] for title in titles] == ["ADMIN_PORT", "PORT_9000", "PORT_9000"]


@pytest.mark.parametrize(
    ("rest", "lines"),
    [
        ("URL = 'http://localhost:8010/health'\n", "line 3"),
        ("print('ready on port 8010')\n", "line 3"),
        ("LIMIT = 8010\nCHECK = '127.0.0.1:8010'\n", "lines 3 and 4"),
        ("import subprocess\nsubprocess.run(['curl', f'localhost:{8010}'])\n", "line 4"),
    ],
    ids=["a health check", "a printed port", "a number and an address", "in a replacement field"],
)
def test_the_number_elsewhere_makes_the_fix_unsafe_and_is_named(rest, lines):
    (finding,) = _check(f"import uvicorn\nuvicorn.run('m:app', port=8010)\n{rest}")
    assert finding.fixes[0].applicability is Applicability.UNSAFE
    assert f"`8010` also stands in {lines}, which would not follow." in finding.fixes[0].notes


@pytest.mark.parametrize(
    "rest",
    [
        "# http://localhost:8010\n",
        "def f():\n    '''curl http://localhost:8010'''\n",
        "TEXT = 'up to 8010 tokens'\nX = 80100\nY = 8010.5\nZ = '18010:1'\n",
        "import os\nPORT = int(os.environ.get('PORT', '8010'))\n",
        "uvicorn.run('n:app', port=8010)\n",
    ],
    ids=["a comment", "a docstring", "other numbers", "a default of the variable", "another server's port"],
)
def test_what_only_looks_like_the_port_does_not_count(rest):
    finding = _check(f"import uvicorn\nuvicorn.run('m:app', port=8010)\n{rest}")[0]
    assert finding.fixes[0].applicability is Applicability.SAFE


def test_only_folders_of_the_workspace_make_a_test(tmp_path):
    root = tmp_path / "tests" / "work"
    text = "import uvicorn\nuvicorn.run('m:app', port=8010)\n"
    assert Project(root).check(root / "server.py", text).findings
    assert not [
        f for f in Project(root).check(root / "test" / "server.py", text).findings if f.code == "PS201"
    ]
