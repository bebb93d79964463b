"""Comments that silence findings in launch files: where they count, and where the action puts them."""

from __future__ import annotations

import pytest

from portside.launchfiles.reading import format_of
from portside.launchfiles.text.layout import LaunchLayout
from portside.lint.engine import run_rules
from portside.lint.finding import Finding, Severity, apply_edits
from portside.lint.rule import Rule
from portside.lint.source import SourceFile, Span
from portside.lint.suppress_edits import ignore_fix
from portside.rules.unused_suppression import RULE as UNUSED


def _check(source: SourceFile) -> list[Finding]:
    places = [at for at in range(len(source.text)) if source.text.startswith("8000", at)]
    return [Finding("PS901", "bad-port", Span(at, at + 4), "`8000`", Severity.WARNING) for at in places]


_PORT: Rule[SourceFile] = Rule("PS901", "bad-port", Severity.WARNING, "", "", _check, (), ())


def _layout(source: SourceFile) -> LaunchLayout:
    format_ = format_of(source.path, source.text)
    assert format_ is not None
    return LaunchLayout(source, format_)


def _found(path: str, text: str) -> list[tuple[str, str]]:
    source = SourceFile(path, text)
    return [(f.code, f.message) for f in run_rules((_PORT, UNUSED), source, source, _layout(source))]


SILENCED = [
    ("Dockerfile", "FROM a\n# portside: ignore[bad-port]\nEXPOSE 8000\n"),
    ("Dockerfile", "FROM a\n# portside: ignore\n# the proxy wants it\nCMD uvicorn a:b \\\n  --port 8000\n"),
    ("Dockerfile", "FROM a\nCMD uvicorn a:b \\\n  # portside: ignore[bad-port]\n  --port 8000\n"),
    ("Dockerfile", "# portside: ignore-file[bad-port] as the proxy wants it\nFROM a\nEXPOSE 8000\n"),
    ("compose.yml", "services:\n  a:\n    ports:\n      - 8000:1  # portside: ignore[bad-port]\n"),
    ("compose.yml", "services:\n  a:\n    ports:\n      # portside: ignore[bad-port]\n      - 8000:1\n"),
    (
        "compose.yml",
        "services:\n  a:\n    # portside: ignore[bad-port]\n    command: >\n      b\n      8000\n",
    ),
    ("compose.yml", 'services:\n  a:\n    # portside: ignore\n    command: "b\n      8000"\n'),
    ("start.sh", "vllm serve m --port 8000 # portside: ignore[bad-port]\n"),
    ("start.sh", "# portside: ignore[bad-port]\nvllm serve m \\\n  --port 8000 \\\n  --dtype auto\n"),
    ("start.sh", "vllm serve m \\\n  --port 8000 \\\n  --dtype auto # portside: ignore[bad-port]\n"),
    ("Makefile", "serve:\n# portside: ignore[bad-port]\n\tvllm serve m --port 8000\n"),
    ("Makefile", "serve:\n\tvllm serve m --port 8000 # portside: ignore[bad-port]\n"),
    ("vllm.service", "[Service]\n# portside: ignore[bad-port]\nExecStart=vllm serve m --port 8000\n"),
    (".env", "# portside: ignore[bad-port]\nPORT=8000\n"),
    ("Procfile", "# portside: ignore[bad-port]\nweb: uvicorn a:b --port 8000\n"),
    (".vscode/launch.json", '{\n  // portside: ignore[bad-port]\n  "a": 8000\n}\n'),
    (".vscode/launch.json", '{\n  "a": 8000 // portside: ignore[bad-port]\n}\n'),
]


@pytest.mark.parametrize(("path", "text"), SILENCED)
def test_a_comment_silences_the_statement_that_it_belongs_to(path: str, text: str) -> None:
    assert _found(path, text) == []
    assert ("PS901", "`8000`") in _found(
        path, text.replace("bad-port", "bad-host").replace("ignore\n", "x\n")
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Dockerfile", "FROM a\n# portside: ignore[bad-port]\nEXPOSE 1\nEXPOSE 8000\n"),
        ("Dockerfile", "FROM a\nCMD b 8000 # portside: ignore[bad-port]\n"),
        ("compose.yml", 'services:\n  a:\n    command: "8000 # portside: ignore[bad-port]"\n'),
        ("compose.yml", "services:\n  a:\n    ports:\n      - 8000:1#portside: ignore[bad-port]\n"),
        ("start.sh", "echo '# portside: ignore[bad-port]' 8000\n"),
        (".vscode/tasks.json", '{"a": "8000 // portside: ignore[bad-port]"}\n'),
        (".vscode/tasks.json", '{\n  # portside: ignore[bad-port]\n  "a": 8000\n}\n'),
        ("package.json", '{\n  // portside: ignore[bad-port]\n  "a": 8000\n}\n'),
    ],
)
def test_what_is_no_comment_of_the_format_silences_nothing(path: str, text: str) -> None:
    assert ("PS901", "`8000`") in _found(path, text)


def test_a_comment_that_silences_nothing_is_reported() -> None:
    text = "FROM a\n# portside: ignore[bad-port]\nEXPOSE 1\n"
    assert [code for code, _ in _found("Dockerfile", text)] == ["PS001"]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("Dockerfile", "FROM a\nEXPOSE 8000\n", "FROM a\n{}\nEXPOSE 8000\n"),
        (
            "Dockerfile",
            "FROM a\nCMD b \\\n  # why\n\n  --port 8000\n",
            "FROM a\n{}\nCMD b \\\n  # why\n\n  --port 8000\n",
        ),
        (
            "compose.yml",
            "services:\n  a:\n    ports: ['8000:1']\n",
            "services:\n  a:\n    {}\n    ports: ['8000:1']\n",
        ),
        (
            "k8s.yaml",
            "apiVersion: v1\nkind: Pod\nargs:\n  - |\n    a\n    b 8000\n",
            "apiVersion: v1\nkind: Pod\nargs:\n  {}\n  - |\n    a\n    b 8000\n",
        ),
        ("start.sh", "if a; then\n  b \\\n    8000\nfi\n", "if a; then\n  {}\n  b \\\n    8000\nfi\n"),
        ("Makefile", "a:\n\tb \\\n\t8000\n", "a:\n{}\n\tb \\\n\t8000\n"),
        ("a.service", "[Service]\r\nExecStart=b 8000\r\n", "[Service]\r\n{}\r\nExecStart=b 8000\r\n"),
        (".env", "PORT=8000", "{}\nPORT=8000"),
        ("launch.json", '{\n  "a": 8000\n}\n', '{\n  // portside: ignore[bad-port]\n  "a": 8000\n}\n'),
    ],
)
def test_the_action_puts_the_comment_above(path: str, text: str, expected: str) -> None:
    source = SourceFile(path, text)
    fix = ignore_fix(_check(source)[0], source, _layout(source))
    assert fix is not None
    done = apply_edits(text, fix.edits)
    assert done == expected.replace("{}", "# portside: ignore[bad-port]")
    assert _found(path, done) == []


def test_a_comment_that_is_there_gets_one_name_more() -> None:
    text = "FROM a\n# portside: ignore[bad-host]\nEXPOSE 8000\n"
    source = SourceFile("Dockerfile", text)
    fix = ignore_fix(_check(source)[0], source, _layout(source))
    assert fix is not None
    assert apply_edits(text, fix.edits) == text.replace("bad-host", "bad-host, bad-port")


def test_package_json_takes_no_comment() -> None:
    source = SourceFile("package.json", '{"a": 8000}\n')
    assert ignore_fix(_check(source)[0], source, _layout(source)) is None
