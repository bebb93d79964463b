"""Text that says how to run a script where no grammar gets to: named, and never changed."""

from __future__ import annotations

import pytest

from portside.launchfiles.commands.run_mentions import mentions, mentions_in_python
from portside.launchfiles.names import Kind, kind_of


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("deploy.rst", ".. code-block:: bash\n\n   python «core/server.py»\n"),
        ("tox.ini", "[testenv]\ncommands =\n    python -u «core/server.py» --port 1\n"),
        ("pyproject.toml", '[tool.poe.tasks]\nserve = "uv run «core/server.py»"\n'),
        ("fly.toml", 'app = "python3.11 -X dev -m «core.server»"\n'),
        ("Jenkinsfile", "node { sh 'python «core/server.py» &' }\n"),
        ("compose.yaml", "    dockerfile_inline: |\n      CMD [\"python\", \"«core/server.py»\"]\n"),
        ("kustomization.yaml", "  - patch: |-\n      command: [python, «core/server.py»]\n"),
        ("package.json", '{"dev": "concurrently \\"vite\\" \\"python «core/server.py»\\""}\n'),
        ("tasks.json", '{"command": "${command:python.interpreterPath}", "args": ["-m", "«core.server»"]}\n'),
        ("README.md", "```powershell\npython «core\\server.py»\n```\n"),
    ],
)  # fmt: skip
def test_it_is_found_where_it_is_named(path: str, text: str) -> None:
    kind = kind_of(path)
    assert kind is not None
    plain, start = text.replace("«", "").replace("»", ""), text.index("«")
    (found,) = mentions(kind, plain)
    assert (found.offset, found.script) == (start, text[start + 1 : text.index("»")])
    assert found.module == ("-m" in plain)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.TOML, "# python server.py\n"),
        (Kind.TOML, 'python = "^3.10"\nscript = "server.py"\n'),
        (Kind.RST, "Say python server.py to it.\n"),
        (Kind.MARKDOWN, "We chose `python server.py`.\n"),
        (Kind.SHELL, "echo python server.py\n"),
        (Kind.YAML, "run: pip install python-dotenv\n"),
        (Kind.NO_SUFFIX, "mypy server.py\n"),
    ],
)
def test_what_only_looks_alike_is_not(kind: Kind, text: str) -> None:
    assert list(mentions(kind, text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "subprocess.run([sys.executable, '«a/server.py»'], check=True)\n",
        "Popen(\n    [\n        sys.executable,\n        '-u',\n        '«server.py»',\n    ],\n)\n",
        "subprocess.Popen([sys.executable, '-m', '«a.server»'])\n",
        "os.system('python «server.py» &')\n",
        "subprocess.check_call(['python3', '«server.py»', '--port', '1'])\n",
        "await asyncio.create_subprocess_exec(sys.executable, '«server.py»')\n",
        "runpy.run_path('«server.py»')\n",
    ],
)
def test_python_that_starts_a_script_is_found(text: str) -> None:
    (found,) = mentions_in_python(text.replace("«", "").replace("»", ""))
    assert found.script == text[text.index("«") + 1 : text.index("»")]
    assert found.offset == text.index("«")


@pytest.mark.parametrize(("filling", "found"), [(0, 1), (200, 1), (270, 1), (400, 0), (5000, 0)])
def test_a_script_is_looked_for_near_the_call_only(filling: int, found: int) -> None:
    text = f"run({'x' * filling}, sys.executable, 'server.py')\n" * 2
    assert len(list(mentions_in_python(text))) == 2 * found


def test_a_long_command_is_found_to_its_end() -> None:
    path = "a/" * 150 + "server.py"
    (found,) = mentions_in_python(f"run(['x', '{'y' * 250}', sys.executable, '{path}'])\n")
    assert found.script == path


@pytest.mark.parametrize(
    "text",
    [
        '"""Usage: python server.py --port 1"""\n',
        "parser.add_argument('--x', help='as python server.py does')\n",
        "# subprocess.run([sys.executable, 'server.py'])\n",
        "run(app)\nprint('try python server.py')\n",
        "subprocess.run(['ruff', 'check', 'server.py'])\n",
    ],
)
def test_python_that_only_speaks_of_it_is_not(text: str) -> None:
    assert list(mentions_in_python(text)) == []
