"""`portside check`: what it looks at, what it says, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import SERVER, Portside
from tests.patience import PATIENCE_S

CLEAN = "import os\n"


def found(text: str) -> list[tuple[str, str]]:
    return [(finding["path"], finding["code"]) for finding in json.loads(text)]


def test_a_clean_folder_ends_with_0(portside: Portside, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CLEAN)
    outcome = portside("check")
    assert (outcome.code, outcome.out, outcome.err) == (0, "Nothing found in 1 file.\n", "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize(
    "name",
    [
        ".gitignore",
        ".env",
        ".git",
        "helper.py",
        "compose.yaml",
        "Dockerfile",
        "a.ipynb",
        "run.sh",
        "setup.py",
    ],
)
def test_a_pipe_in_place_of_a_file_holds_up_nothing(name: str, portside: Portside, server: Path) -> None:
    server.write_text(f"from helper import port\n{SERVER}")
    os.mkfifo(server.parent / name)
    outcome = portside("check")
    assert (outcome.code, outcome.err) == (1, "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("name", ["pipe", "pipe.py", "Dockerfile", "run"])
def test_a_pipe_that_is_named_is_refused(name: str, portside: Portside, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    outcome = portside("check", name)
    assert (outcome.code, outcome.err) == (2, f"error: {name}: is no file with a content of its own\n")


@pytest.mark.parametrize("also", [None, "compose.yaml", "tool.py"])
def test_projects_side_by_side_are_none_of_each_others_concern(
    also: str | None, portside: Portside, tmp_path: Path
) -> None:
    for folder in ("mine", "other/.git"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "mine" / "server.py").write_text(SERVER)
    (tmp_path / "other" / "Dockerfile").write_text('FROM python\nCMD ["python", "server.py"]\n')
    if also is not None:
        (tmp_path / also).touch()
    outcome = portside("fix", "--unsafe", "mine/server.py")
    assert ("other/Dockerfile" in outcome.out) == (also is not None)


def test_links_in_a_circle_hinder_nothing(portside: Portside, server: Path) -> None:
    (server.parent / "ports.py").write_text("PORT = 8010\n")
    server.write_text(SERVER.replace("import vllm", "from ports import PORT").replace("8010", "PORT"))
    before = portside("check").out
    for name in ("circle", "circle.py"):
        (server.parent / name).symlink_to(name)
    assert "PS201" in before
    outcome = portside("check")
    assert (outcome.code, outcome.out, outcome.err) == (1, before, "")
    assert portside("check", "circle.py").err.startswith("error: circle.py: can't be read: ")


def test_a_name_that_no_file_can_have_is_refused(portside: Portside) -> None:
    name = "a" * 300
    outcome = portside("check", name)
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {name}: can't be read: ")


@pytest.mark.parametrize("command", ["check", "fix"])
@pytest.mark.parametrize(
    "arguments",
    [[""], ["server.py", ""], ["-", "--stdin-filename", ""], ["--select", ""], ["--select", ","]],
    ids=" ".join,
)
def test_what_is_empty_means_nothing(
    command: str, arguments: list[str], portside: Portside, server: Path
) -> None:
    outcome = portside(command, *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "is empty; the current folder is `.`" in outcome.err or "--select: names no rule" in outcome.err
    assert server.read_text() == SERVER


def run_in_shell(script: str, folder: Path) -> tuple[int, str, str]:
    """Standard error and output as the script leaves them; `portside` is the command."""
    command = f'portside() {{ "{sys.executable}" -I -m portside "$@"; }}\n{script}'
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, cwd=folder, timeout=PATIENCE_S, check=False, text=True
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a shell redirects")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("portside check - <&-", "standard input can't be read: it is closed"),
        ("portside fix - <&-", "standard input can't be read: it is closed"),
        ("portside explain - <&-", "standard input can't be read: it is closed"),
        ("portside explain <&-", "standard input can't be read: it is closed"),
        ("portside check - 0>/dev/null", "standard input can't be read: Bad file descriptor"),
        ("portside check 1</dev/null", "the output can't be written: Bad file descriptor"),
        ("mkdir a; cd a; rmdir ../a; portside check", "the current folder can't be worked in: "),
        ("portside lsp <&-", "the language server needs standard input and output; one is closed"),
    ],
)
def test_what_can_not_be_read_or_written_is_named(
    script: str, message: str, tmp_path: Path, server: Path
) -> None:
    code, out, err = run_in_shell(script, tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {message}")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("arguments", ["--help", "--version", "check --help", "rules"])
def test_a_full_disk_takes_no_help_either(arguments: str, tmp_path: Path) -> None:
    code, _, err = run_in_shell(f"portside {arguments} > /dev/full", tmp_path)
    assert (code, err) == (2, "error: the output can't be written: No space left on device\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_an_error_that_nobody_gets_has_its_exit_code(tmp_path: Path) -> None:
    assert run_in_shell("portside check gone.py 2>/dev/full", tmp_path)[0] == 2


def test_a_file_that_nests_too_deep_is_not_called_clean(portside: Portside, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"import uvicorn\n{SERVER}x = {'(' * 3_000}{')' * 3_000}\n")
    outcome = portside("check")
    assert outcome.code == 0
    line = 2 + SERVER.count("\n")
    assert outcome.err == f"warning: a.py:{line}:1: nests too deep to be read; the file was not checked\n"


def test_a_folder_with_nothing_to_check_says_so(portside: Portside, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("port 8000\n")
    outcome = portside("check")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith("warning: nothing to check: ")
    assert portside("check", "--quiet").err == ""


def test_findings_show_their_line_and_end_with_1(portside: Portside, server: Path) -> None:
    outcome = portside("check")
    assert outcome.code == 1
    assert "server.py:8:5: PS101 " in outcome.out
    assert '  8 │     uvicorn.run(app, host="0.0.0.0", port=8010)\n' in outcome.out
    assert "    │     ^^^^" in outcome.out
    assert "server.py:8:43: PS201 " in outcome.out
    assert "fix: launch via uvicorn CLI" in outcome.out
    assert "Found 2 warnings in 1 file of 1.\n" in outcome.out
    assert "\x1b" not in outcome.out


def test_quiet_leaves_the_findings_only(portside: Portside, server: Path) -> None:
    assert "Found" not in portside("check", "-q").out
    assert portside("check", "-q", "--select", "PS306").out == ""


def test_exit_zero_hides_findings_from_the_exit_code_but_no_failure(portside: Portside, server: Path) -> None:
    assert portside("check", "--exit-zero").code == 0
    assert portside("check", "--exit-zero", "gone.py").code == 2


def test_colour_comes_only_when_asked_for(portside: Portside, server: Path) -> None:
    assert "\x1b[1;33mPS101\x1b[0m" in portside("check", FORCE_COLOR="1").out
    assert "\x1b" not in portside("check", FORCE_COLOR="1", NO_COLOR="1").out


def test_json_says_all_that_is_known_of_a_finding(portside: Portside, server: Path) -> None:
    findings = json.loads(portside("check", "--output-format", "json", "--no-cache").out)
    launch = findings[0]
    assert set(launch) == {
        "path", "line", "column", "end_line", "end_column", "code", "name", "severity", "message",
        "url", "fixes", "related", "launch",
    }  # fmt: skip
    assert (launch["path"], launch["line"], launch["column"], launch["end_line"]) == ("server.py", 8, 5, 8)
    assert launch["launch"] == {
        "movable": True,
        "command": "uvicorn server:app --host 0.0.0.0 --port 8010",
        "cwd": ".",
        "blockers": [],
    }
    fix = launch["fixes"][0]
    assert fix["title"] == "Fix: launch via uvicorn CLI"
    assert fix["applicability"] in {"safe", "unsafe"}
    edit = next(edit for edit in fix["edits"] if edit["path"] == "server.py")
    assert set(edit) == {"path", "line", "column", "end_line", "end_column", "new_text"}
    assert "launch" not in findings[1]


def test_json_of_nothing_is_an_empty_list(portside: Portside, tmp_path: Path) -> None:
    assert portside("check", "--output-format", "json").out == "[]\n"


def test_github_gets_annotations(portside: Portside, server: Path) -> None:
    lines = portside("check", "--output-format", "github").out.splitlines()
    assert lines[0].startswith(
        "::warning title=PS101 uvicorn-run-in-main,file=server.py,line=8,endLine=8,col=5,"
    )
    assert len(lines) == 2


def test_the_command_line_selects_and_ignores(portside: Portside, server: Path) -> None:
    assert found(portside("check", "--output-format", "json", "--select", "PS2").out) == [
        ("server.py", "PS201")
    ]
    ignoring = portside("check", "--output-format", "json", "--ignore", "hardcoded-port,PS306")
    assert found(ignoring.out) == [("server.py", "PS101")]


def test_an_unknown_rule_on_the_command_line_is_named(portside: Portside) -> None:
    outcome = portside("check", "--select", "hardcoded-prot")
    assert outcome.code == 2
    assert "did you mean `hardcoded-port`?" in outcome.err


def test_settings_count_for_the_files_below_them(portside: Portside, server: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.portside]\nignore = ["PS101"]\n[tool.portside.severity]\nPS201 = "error"\n'
    )
    outcome = portside("check", "--output-format", "json")
    assert [(f["code"], f["severity"]) for f in json.loads(outcome.out)] == [("PS201", "error")]


def test_all_mistakes_in_settings_end_with_2(portside: Portside, server: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.portside]\nselct = []\nignore = ["nope"]\n')
    outcome = portside("check")
    assert (outcome.code, outcome.out) == (2, "")
    assert "pyproject.toml:2: selct: is no setting; did you mean `select`?" in outcome.err
    assert "pyproject.toml:3: ignore: there is no rule `nope`" in outcome.err


def test_mistakes_in_the_settings_of_one_folder_leave_the_others_checked(
    portside: Portside, server: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / "broken" / name).mkdir(parents=True)
        (tmp_path / "broken" / name / "server.py").write_text(server.read_text())
    (tmp_path / "broken" / "pyproject.toml").write_text('[tool.portside\nselect = ["PS101"]\n')
    (tmp_path / "broken" / "b" / "portside.toml").write_text('select = ["PS101"]\n')
    outcome = portside("check", "--output-format", "json")
    assert outcome.code == 2
    assert {(f["path"], f["code"]) for f in json.loads(outcome.out)} == {
        ("server.py", "PS101"), ("server.py", "PS201"), ("broken/b/server.py", "PS101"),
    }  # fmt: skip
    assert outcome.err.count("pyproject.toml:1:") == 1
    assert "1 file was not checked for which its settings count" in outcome.err


def test_a_pyproject_that_is_no_toml_and_says_nothing_of_portside_is_left_alone(
    portside: Portside, server: Path, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[project\nname = caf\xe9\n")
    outcome = portside("check")
    assert outcome.code == 1
    assert "PS101" in outcome.out
    assert outcome.err == ""


def test_what_git_ignores_and_environments_hold_is_left_out(portside: Portside, tmp_path: Path) -> None:
    for name in (
        "kept/a.py",
        "ignored/a.py",
        "env/lib/a.py",
        "node_modules/a.py",
        "build/a.py",
        "gen/keep.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(SERVER)
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    (tmp_path / ".gitignore").write_text("ignored/\ngen/*\n!gen/keep.py\n")
    (tmp_path / "excluded").mkdir()
    (tmp_path / "excluded" / "a.py").write_text(SERVER)
    (tmp_path / "portside.toml").write_text('exclude = ["excluded/"]\n')
    outcome = portside("check", "--output-format", "json", "--select", "PS101")
    assert {path for path, _ in found(outcome.out)} == {"gen/keep.py", "kept/a.py"}


def test_a_path_on_the_command_line_is_checked_whatever_ignores_it(
    portside: Portside, tmp_path: Path
) -> None:
    (tmp_path / ".gitignore").write_text("ignored/\n*.tmp.py\n")
    (tmp_path / "portside.toml").write_text('exclude = ["one.py"]\n')
    (tmp_path / "ignored").mkdir()
    for name in ("one.py", "two.tmp.py", "ignored/three.py"):
        (tmp_path / name).write_text(SERVER)
    paths = ("one.py", "two.tmp.py", "ignored")
    outcome = portside("check", "--output-format", "json", "--select", "PS101", *paths)
    assert [path for path, _ in found(outcome.out)] == ["one.py", "two.tmp.py", "ignored/three.py"]


def test_a_file_that_is_named_twice_is_checked_once(portside: Portside, server: Path) -> None:
    outcome = portside("check", "--output-format", "json", "--select", "PS101", ".", "server.py", str(server))
    assert found(outcome.out) == [("server.py", "PS101")]


def test_a_missing_path_is_named_and_the_others_are_checked(portside: Portside, server: Path) -> None:
    outcome = portside("check", "gone.py", "server.py")
    assert outcome.code == 2
    assert outcome.err == "error: gone.py: does not exist\n"
    assert "PS101" in outcome.out


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_that_nobody_writes_to_holds_nothing_up(portside: Portside, server: Path) -> None:
    os.mkfifo(server.parent / "pipe.py")
    outcome = portside("check", "pipe.py", "server.py")
    assert outcome.code == 2
    assert outcome.err == "error: pipe.py: is no file with a content of its own\n"
    assert "PS101" in outcome.out


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"from uvicorn import run  # caf\xe9\n", "is not UTF-8 (line 1)"),
        (b"from uvicorn import run\0\n", "is binary"),
        (b"# coding: nonsense\nfrom uvicorn import run\n", "names an unknown encoding, `nonsense`"),
        (b"# coding: rot13\nfrom uvicorn import run\n", "names `rot13`, which is no text encoding"),
    ],
)
def test_a_file_that_is_no_text_stops_nobody_else(
    portside: Portside, server: Path, content: bytes, reason: str
) -> None:
    server.with_name("bad.py").write_bytes(content)
    walked = portside("check")
    assert (walked.code, walked.err) == (1, f"warning: bad.py: {reason}\n")
    named = portside("check", "bad.py", "server.py")
    assert (named.code, named.err) == (2, f"error: bad.py: {reason}\n")
    assert "PS101" in named.out


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + SERVER.encode(),
        b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + SERVER.encode(),
        SERVER.replace("\n", "\r\n").encode(),
        b"\x0c\n" + SERVER.encode(),
    ],
    ids=["a byte order mark", "a coding line", "CRLF", "a form feed"],
)
def test_unusual_files_are_checked_like_others(portside: Portside, server: Path, content: bytes) -> None:
    server.write_bytes(content)
    finding = json.loads(portside("check", "--output-format", "json").out)[0]
    line = content.decode("latin-1").count("\n", 0, content.index(b"uvicorn.run")) + 1
    assert (finding["line"], finding["column"], finding["code"]) == (line, 5, "PS101")


def test_a_syntax_error_hides_nothing_else(portside: Portside, server: Path) -> None:
    server.write_text(SERVER + "\n\ndef broken(:\n    pass\n")
    outcome = portside("check")
    assert outcome.code == 1
    assert "PS101" in outcome.out
    assert "syntax error; the rest of the file was checked" in outcome.err


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_syntax_error_is_where_python_gives_up(portside: Portside, server: Path, newline: str) -> None:
    broken = "def options(\n<<<<<<< HEAD\n    port: int = 1,\n=======\n>>>>>>> other\n):\n    ...\n"
    server.write_text((SERVER + broken).replace("\n", newline), newline="")
    line = SERVER.count("\n") + 2
    assert f"{server.name}:{line}:1: syntax error" in portside("check").err


def test_valid_code_that_the_parser_does_not_know_is_no_syntax_error(
    portside: Portside, server: Path
) -> None:
    server.write_text(SERVER + "\nfirst, *rest = 1, *[]\n")
    outcome = portside("check")
    assert "PS101" in outcome.out
    assert "valid, but not understood; the rest of the file was checked" in outcome.err
    assert "syntax error" not in outcome.err


def test_standard_input_is_checked_under_a_name(portside: Portside, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "portside.toml").write_text('ignore = ["PS101"]\n')
    outcome = portside("check", "-", "--stdin-filename", "sub/s.py", stdin=SERVER.encode())
    assert outcome.code == 1
    assert outcome.out.startswith("sub/s.py:8:43: PS201")
    assert portside("check", "-", stdin=SERVER.encode()).out.startswith("-:8:5: PS101")
    assert portside("check", "-", "sub").code == 2


@pytest.mark.parametrize("command", ["check", "fix"])
def test_a_name_for_standard_input_alone_touches_no_file(
    portside: Portside, server: Path, command: str
) -> None:
    outcome = portside(command, "--stdin-filename", "server.py", stdin=SERVER.encode())
    assert outcome.code == 2
    assert "--stdin-filename goes with `-` (standard input)" in outcome.err
    assert server.read_text() == SERVER


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize(
    "arguments", [("check",), ("check", "--output-format", "json"), ("fix", "--diff", "-"), ("fix", "-")]
)
def test_output_that_cannot_be_written_is_an_error_of_one_line(
    server: Path, arguments: tuple[str, ...], unbuffered: bool
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, *(["-u"] if unbuffered else []), "-I", "-m", "portside", *arguments],
            input=SERVER.encode(),
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=server.parent,
            timeout=PATIENCE_S,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"error: the output can't be written: No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes the stream")
def test_a_closed_output_changes_no_exit_code(server: Path) -> None:
    shell = f"{shlex.quote(sys.executable)} -I -m portside check >&-"
    done = subprocess.run(
        ["sh", "-c", shell], capture_output=True, cwd=server.parent, timeout=PATIENCE_S, check=False
    )
    assert (done.returncode, done.stderr) == (1, b"")


def test_files_of_another_kind_are_said_to_be_none(portside: Portside, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("FROM scratch\n")
    (tmp_path / "LICENSE").write_text("As it is\n")
    (tmp_path / "values.yaml").write_text("image: vllm\n")
    (tmp_path / "stub.pyi").write_text("x: int\n")
    (tmp_path / "script").write_text("#!/usr/bin/env python3\n" + SERVER)
    outcome = portside("check", "notes.txt", "LICENSE", "values.yaml", "stub.pyi", "script")
    for name in ("notes.txt", "LICENSE", "values.yaml"):
        assert f"warning: {name}: is neither a Python file nor a launch file" in outcome.err
    assert "warning: stub.pyi: is a stub" in outcome.err
    assert outcome.code == 1
    assert "script:9:5: PS101" in outcome.out


def test_the_order_is_that_of_the_paths(portside: Portside, tmp_path: Path) -> None:
    for name in ("b/z.py", "b/a.py", "a.py", "c.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(SERVER)
    outcome = portside("check", "--output-format", "json", "--select", "PS101")
    assert [path for path, _ in found(outcome.out)] == ["a.py", "b/a.py", "b/z.py", "c.py"]


def test_a_reader_that_goes_away_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import uvicorn, vllm\n" + "uvicorn.run('a:b', port=8000)\n" * 200)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "portside", "check"],
            cwd=tmp_path,
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_S,
            check=False,
        )
    assert b"Traceback" not in done.stderr


def test_source_cannot_drive_the_terminal(portside: Portside, server: Path) -> None:
    server.write_text(SERVER.replace("port=8010)", "port=8010)  # \x1b[31m\x07 \u202e gnp"))
    out = portside("check").out
    assert "·[31m·" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_links_to_folders_are_not_followed(portside: Portside, server: Path, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "dangling.py").symlink_to(tmp_path / "gone.py")
    assert found(portside("check", "--output-format", "json", "--select", "PS101").out) == [
        ("server.py", "PS101")
    ]


def test_help_says_what_the_exit_codes_mean(portside: Portside) -> None:
    outcome = portside("check", "--help")
    assert outcome.code == 0
    assert "0 nothing found, 1 something found, 2 something could not be" in outcome.out


def test_sarif_has_paths_from_the_current_folder(portside: Portside, server: Path) -> None:
    outcome = portside("check", "--output-format", "sarif")
    (run,) = json.loads(outcome.out)["runs"]
    assert outcome.code == 1
    assert [one["ruleId"] for one in run["results"]] == ["PS101", "PS201"]
    assert {
        location["physicalLocation"]["artifactLocation"]["uri"]
        for one in run["results"]
        for location in one["locations"]
    } == {"server.py"}
    titles = [fix["description"]["text"] for one in run["results"] for fix in one.get("fixes", ())]
    assert "Fix: launch via uvicorn CLI" in titles


def test_the_command_line_sets_severities_over_the_settings(
    portside: Portside, server: Path, tmp_path: Path
) -> None:
    (tmp_path / "portside.toml").write_text('[severity]\nPS101 = "hint"\nPS201 = "hint"\n')
    arguments = ("--severity", "PS=information", "--severity", "hardcoded-port=Error")
    outcome = portside("check", "--output-format", "json", *arguments)
    assert [(f["code"], f["severity"]) for f in json.loads(outcome.out)] == [
        ("PS101", "information"),
        ("PS201", "error"),
    ]
    assert outcome.code == 1


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("PS201", "`PS201` is not of the form RULES=LEVEL"),
        ("PS201=fatal", "there is no severity `fatal`; known are `error`, `warning`, `information`, `hint`"),
        ("hardcoded-prot=error", "did you mean `hardcoded-port`?"),
        ("=error", "names no rule"),
    ],
)
def test_a_severity_that_makes_no_sense_is_explained(portside: Portside, value: str, answer: str) -> None:
    outcome = portside("check", "--severity", value)
    assert outcome.code == 2
    assert answer in outcome.err


def test_statistics_say_what_was_looked_at_and_what_took_how_long(
    portside: Portside, server: Path, tmp_path: Path
) -> None:
    (tmp_path / "dull.py").write_text(CLEAN)
    (tmp_path / "bad.py").write_bytes(b"from uvicorn import run\0")
    lines = portside("check", "--statistics", "--select", "PS1").out.splitlines()[-3:]
    assert lines[0] == "files: 3 found, 1 skipped by the prefilter, 1 parsed, 1 not readable"
    phases = r"find T, read T, prefilter T, load T, parse T, rules T, report T; together T"
    assert re.fullmatch("time: " + phases.replace("T", r"\d+\.\d ms"), lines[1])
    assert lines[2] == "1 PS101 uvicorn-run-in-main"


def test_statistics_leave_data_as_it_is(portside: Portside, server: Path) -> None:
    plain = portside("check", "--output-format", "json")
    outcome = portside("check", "--output-format", "json", "--statistics")
    assert outcome.out == plain.out
    assert outcome.err.startswith("files: 1 found, 0 skipped by the prefilter, 1 parsed\n")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names that are no text")
@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_a_name_that_is_no_text_is_checked_as_any_other(tmp_path: Path, form: str) -> None:
    folder = tmp_path / os.fsdecode(b"\xff\xfe")
    folder.mkdir()
    (folder / os.fsdecode(b"\xe9.py")).write_text(SERVER)
    command = [sys.executable, "-I", "-m", "portside", "check", "--output-format", form]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"PS201" in done.stdout
    assert b"PS101" in done.stdout
    if form == "sarif":
        assert b'"uri": "%FF%FE/%E9.py"' in done.stdout


SCRIPT = "from lib.load import manager\n\nmanager.load()\n"
LOAD = """\
from vllm import LLM


class Manager:
    def load(self):
        self.llm = LLM("m")


manager = Manager()
"""


@pytest.mark.parametrize("others", [0, 99, 120])
@pytest.mark.parametrize("way", ["named", "a folder within", "with an exclusion"])
def test_an_engine_of_a_file_that_is_not_checked_is_seen(
    way: str, others: int, portside: Portside, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.portside]\n" + ("exclude = ['lib/']\n" * (way[:4] == "with"))
    )
    for name, text in {"lib/load.py": LOAD, "api/ask.py": SCRIPT}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    for number in range(others):
        (tmp_path / f"api/module_{number}.py").write_text(CLEAN)
    paths = {
        "named": [str(path.relative_to(tmp_path)) for path in (tmp_path / "api").iterdir()],
        "a folder within": ["api"],
        "with an exclusion": [],
    }
    outcome = portside("check", "--output-format", "json", *paths[way])
    assert found(outcome.out) == [("api/ask.py", "PS102")]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="nothing is closed to this user")
def test_a_folder_that_can_not_be_listed_is_named(portside: Portside, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    (tmp_path / "a.py").write_text("")
    outcome = portside("check")
    closed.chmod(0o700)
    assert outcome.err == "warning: closed: can't be listed, so nothing in it was looked at\n"
    assert outcome.code == 0


@pytest.mark.parametrize("output_format", ["json", "sarif"])
def test_no_encoding_of_a_console_spoils_json(portside: Portside, tmp_path: Path, output_format: str) -> None:
    (tmp_path / "über😀.py").write_text("x = 1  # portside: ignore[größer]\n", encoding="utf-8")
    outcome = portside("check", "--output-format", output_format, PYTHONIOENCODING="cp1252")
    said = json.dumps(json.loads(outcome.out), ensure_ascii=False)
    assert "`größer` names no rule" in said
    assert ("über😀.py" if output_format == "json" else "%C3%BCber%F0%9F%98%80.py") in said
