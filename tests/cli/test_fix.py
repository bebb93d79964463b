"""`portside fix`: what it writes, what it leaves, and that nothing is ever half written."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import SERVER, Portside
from tests.patience import PATIENCE_S

IDLE = "x = 1  # portside: ignore[nothing-of-the-kind]\n"


def codes(portside: Portside, *arguments: str) -> set[str]:
    out = portside("check", "--output-format", "json", *arguments).out
    return {finding["code"] for finding in json.loads(out)}


def test_a_launch_moves_to_the_command_line(portside: Portside, server: Path) -> None:
    outcome = portside("fix", "--unsafe")
    assert outcome.code == 0, outcome.out
    assert "fixed line 8: PS101 launch via uvicorn CLI" in outcome.out
    assert "start it with: uvicorn server:app --host 0.0.0.0 --port 8010" in outcome.out
    assert "uvicorn.run" not in server.read_text()
    assert codes(portside) == set()


def test_mistakes_in_the_settings_of_one_folder_leave_the_others_fixed(
    portside: Portside, server: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "server.py").write_text(SERVER)
    (tmp_path / "broken" / "portside.toml").write_text("selct = []\n")
    outcome = portside("fix", "--unsafe")
    assert outcome.code == 2
    assert "1 file was not fixed for which its settings count" in outcome.err
    assert "uvicorn.run" not in server.read_text()
    assert (tmp_path / "broken" / "server.py").read_text() == SERVER


def test_fixing_again_changes_nothing(portside: Portside, server: Path) -> None:
    portside("fix", "--unsafe")
    once = server.read_bytes()
    outcome = portside("fix", "--unsafe")
    assert (outcome.code, outcome.out) == (0, "Nothing to fix.\n")
    assert server.read_bytes() == once


def test_an_unsafe_fix_waits_for_the_word_and_says_which_files_hold_it_up(
    portside: Portside, server: Path, tmp_path: Path
) -> None:
    (tmp_path / "run.sh").write_text("#!/bin/sh\ntorchrun server.py\n")
    outcome = portside("fix", "--select", "PS101")
    assert outcome.code == 1
    assert server.read_text() == SERVER
    assert "its fix is unsafe and needs `--unsafe`" in outcome.out
    assert "`run.sh:2` still runs the script: `torchrun` starts it" in outcome.out


_DOCKERFILE = 'FROM python\nCMD ["python", "server.py"]\n'


def test_every_launch_moves_with_the_script_and_each_file_is_named(
    portside: Portside, server: Path, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(_DOCKERFILE)
    (tmp_path / "run.sh").write_bytes(b"set -e\r\npython server.py\r\n")
    outcome = portside("fix", "--select", "PS101")
    assert outcome.code == 0
    assert "also changed: Dockerfile" in outcome.out
    assert "also changed: run.sh" in outcome.out
    assert "Fixed 1 finding in 3 files." in outcome.out
    command = "uvicorn server:app --host 0.0.0.0 --port 8010"
    assert (tmp_path / "Dockerfile").read_text() == f"FROM python\nCMD {json.dumps(command.split())}\n"
    assert (tmp_path / "run.sh").read_bytes() == f"set -e\r\n{command}\r\n".encode()
    assert "Nothing to fix." in portside("fix", "--select", "PS101").out


def test_one_diff_covers_all_files_and_git_takes_it(portside: Portside, server: Path, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(_DOCKERFILE)
    outcome = portside("fix", "--select", "PS101", "--diff")
    assert (tmp_path / "Dockerfile").read_text() == _DOCKERFILE
    (tmp_path / "p.diff").write_text(outcome.out)
    subprocess.run(["git", "apply", "p.diff"], cwd=tmp_path, check=True)
    assert "uvicorn" in (tmp_path / "Dockerfile").read_text()
    assert "uvicorn" not in server.read_text()


def test_no_file_changes_where_one_is_read_only(portside: Portside, server: Path, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(_DOCKERFILE)
    (tmp_path / "run.sh").write_text("python server.py\n")
    (tmp_path / "run.sh").chmod(0o444)
    outcome = portside("fix", "--select", "PS101")
    assert outcome.code == 2
    assert "run.sh is read-only; nothing was written" in outcome.err
    assert server.read_text() == SERVER
    assert (tmp_path / "Dockerfile").read_text() == _DOCKERFILE
    assert (tmp_path / "run.sh").read_text() == "python server.py\n"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_no_file_changes_where_the_disk_is_full(server: Path, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(_DOCKERFILE)
    # The last of the files to be written, and the only one that is larger than what may be written.
    (tmp_path / "run.sh").write_text("python server.py\n" + "# a line\n" * 4000)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limited = (
        "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)); sys.argv = ['portside', *sys.argv[1:]];"
        "runpy.run_module('portside', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", limited, "fix", "--select", "PS101"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout
    assert "run.sh can't be written" in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_launch_that_cannot_move_says_which_line_stands_in_the_way(
    portside: Portside, server: Path
) -> None:
    server.write_text(SERVER.replace("    uvicorn.run", "    while ask():\n        uvicorn.run"))
    outcome = portside("fix", "--unsafe", "--select", "PS101")
    assert outcome.code == 1
    assert "left: it can't be moved as it stands, because of line 8:" in outcome.out


def test_all_that_hinders_a_launch_is_named_and_whether_a_factory_would_do(
    portside: Portside, server: Path
) -> None:
    server.write_text(
        SERVER.replace("    uvicorn.run", "    app.state.x = 1\n    app.debug = True\n    uvicorn.run")
    )
    outcome = portside("fix", "--select", "PS101")
    assert "because of line 8: " in outcome.out
    assert " (and of line 9); as a factory it can, with `--unsafe`" in outcome.out


def test_a_diff_is_printed_and_nothing_written(portside: Portside, server: Path, tmp_path: Path) -> None:
    outcome = portside("fix", "--diff", "--select", "PS201")
    assert outcome.code == 1
    assert server.read_text() == SERVER
    assert outcome.out.startswith("--- a/server.py\n+++ b/server.py\n@@ ")
    assert "Would fix 1 finding, changing 1 file.\n" in outcome.err
    (tmp_path / "p.diff").write_text(outcome.out)
    subprocess.run(["git", "apply", "p.diff"], cwd=tmp_path, check=True)
    assert 'os.environ.get("PORT"' in server.read_text()
    assert portside("fix", "--diff", "--select", "PS201").code == 0


def test_a_diff_of_a_file_without_a_last_line_end_applies(
    portside: Portside, server: Path, tmp_path: Path
) -> None:
    server.write_text(SERVER.rstrip("\n"))
    outcome = portside("fix", "--diff", "--select", "PS201")
    assert "\\ No newline at end of file\n" in outcome.out
    (tmp_path / "p.diff").write_text(outcome.out)
    subprocess.run(["git", "apply", "p.diff"], cwd=tmp_path, check=True)
    assert server.read_text().endswith("))")


@pytest.mark.parametrize(
    ("prefix", "newline", "encoding"),
    [
        (b"", "\r\n", "utf-8"),
        (b"\xef\xbb\xbf", "\n", "utf-8"),
        (b"# coding: latin-1\n# \xe9\n", "\n", "latin-1"),
    ],
    ids=["CRLF", "a byte order mark", "a coding line"],
)
def test_everything_else_stays_to_the_byte(
    portside: Portside, server: Path, prefix: bytes, newline: str, encoding: str
) -> None:
    text = "# kept   \n" + SERVER + "# caf\u00e9\n"
    server.write_bytes(prefix + text.replace("\n", newline).encode(encoding))
    assert portside("fix", "--select", "PS201").code == 0
    fixed = server.read_bytes()
    assert fixed.startswith(prefix)
    text = fixed[len(prefix) :].decode(encoding)
    assert 'port=int(os.environ.get("PORT", "8010")))' in text
    assert text.count("\n") == text.count(newline)
    assert text.startswith("# kept   ")
    assert text.endswith(f"# caf\u00e9{newline}")


def test_the_mode_and_the_link_stay(portside: Portside, server: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "real.py"
    real.parent.mkdir()
    server.rename(real)
    real.chmod(0o750)
    server.symlink_to(real)
    assert portside("fix", "server.py", "--select", "PS201").code == 0
    assert server.is_symlink()
    assert "os.environ" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o750


def test_a_read_only_file_is_named_and_stays(portside: Portside, server: Path) -> None:
    server.chmod(0o444)
    outcome = portside("fix", "--select", "PS201")
    assert outcome.code == 2
    assert "server.py is read-only; nothing was written" in outcome.err
    assert outcome.out == "Fixed 0 findings; 1 fix could not be written.\n"
    assert server.read_text() == SERVER
    assert list(server.parent.iterdir()) == [server]


def test_files_that_one_fix_changes_are_written_together_or_not_at_all(
    portside: Portside, server: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[project]\nname = "x"\n')
    changed = portside("fix", "--unsafe", "--diff").out
    if "+++ b/pyproject.toml" not in changed:
        pytest.fail("the launch fix no longer writes the settings; this test needs another pair of files")
    settings.chmod(0o444)
    outcome = portside("fix", "--unsafe")
    assert outcome.code == 2
    assert "pyproject.toml is read-only; nothing was written" in outcome.err
    assert server.read_text() == SERVER


@pytest.mark.skipif(sys.platform == "win32", reason="needs ulimit")
def test_a_full_disk_leaves_the_file_as_it_was(portside: Portside, server: Path) -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"ulimit -f 0; trap '' XFSZ; exec {sys.executable} -I -m portside fix --select PS201",
        ],
        cwd=server.parent,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert b"can't be written: File too large; nothing was written" in done.stderr
    assert server.read_text() == SERVER
    assert list(server.parent.iterdir()) == [server]


def test_standard_input_comes_out_fixed(portside: Portside) -> None:
    outcome = portside("fix", "-", stdin=IDLE.encode())
    assert (outcome.code, outcome.out) == (0, "x = 1\n")
    assert portside("fix", "-", stdin=b"x = 1\r\n").out == "x = 1\r\n"


def test_fixes_that_make_each_other_possible_are_all_made(portside: Portside, tmp_path: Path) -> None:
    script = tmp_path / "a.py"
    script.write_text("import uvicorn\nimport vllm\nfrom x import app\n\nuvicorn.run(app, port=8010)\n")
    portside("fix", "--unsafe")
    assert not codes(portside) & {"PS102", "PS201"}


def test_quiet_says_only_what_went_wrong(portside: Portside, server: Path) -> None:
    outcome = portside("fix", "-q", "--select", "PS201")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


NAMED = SERVER.replace("uvicorn.run(app", 'uvicorn.run("orders.main:app"')


def _command(portside: Portside, *arguments: str) -> str:
    found = json.loads(portside("check", "--output-format", "json", "--select", "PS101", *arguments).out)
    return found[0]["launch"]["command"]


def test_without_a_project_modules_count_from_the_folder_that_is_checked(
    portside: Portside, tmp_path: Path
) -> None:
    (tmp_path / "shop" / "orders").mkdir(parents=True)
    (tmp_path / "shop" / "orders" / "main.py").write_text(SERVER)
    command = "uvicorn shop.orders.main:app --host 0.0.0.0 --port 8010"
    assert _command(portside) == _command(portside, "shop/orders/main.py") == command


def test_an_import_string_of_its_own_says_where_the_modules_of_a_script_begin(
    portside: Portside, tmp_path: Path
) -> None:
    (tmp_path / "shop" / "orders").mkdir(parents=True)
    (tmp_path / "shop" / "orders" / "main.py").write_text(NAMED)
    expected = "uvicorn orders.main:app --app-dir shop --host 0.0.0.0 --port 8010"
    assert _command(portside) == _command(portside, "shop/orders/main.py") == expected
    assert json.loads(
        portside("check", "--output-format", "json", "--select", "PS104", "shop/orders/main.py").out
    )


def test_the_command_of_a_nested_project_goes_there_first(portside: Portside, tmp_path: Path) -> None:
    project = tmp_path / "python service"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "a"\n')
    (project / "server.py").write_text(SERVER)
    command = "uvicorn server:app --host 0.0.0.0 --port 8010"
    found = json.loads(portside("check", "--output-format", "json", "--select", "PS101").out)
    assert found[0]["launch"]["command"] == command
    assert found[0]["launch"]["cwd"] == "python service"
    assert f"start it with: cd 'python service' && {command}" in portside("fix", "--unsafe").out


def test_servers_of_one_name_get_a_name_each_in_the_settings(portside: Portside, tmp_path: Path) -> None:
    for folder in ("api", "worker"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "server.py").write_text(SERVER)
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[project]\nname = "a"\n')
    portside("fix", "--unsafe")
    before, *tables = settings.read_text().split("[tool.portside.servers.")
    assert before == '[project]\nname = "a"\n\n'
    assert [table.partition("]\n")[0] for table in tables] == ["server", "server-2"]
    assert tables[0].endswith("port = 8010\n\n")


CONSTANT_FIRST = SERVER.replace("app = FastAPI()", "PORT = 8010\napp = FastAPI()").replace("8010)", "PORT)")


@pytest.mark.parametrize("code", [SERVER, CONSTANT_FIRST], ids=["a port below the call", "a port above it"])
def test_a_launch_that_can_move_moves_before_its_port_is_read_from_a_variable(
    portside: Portside, server: Path, code: str
) -> None:
    server.write_text(code)
    outcome = portside("fix", "--unsafe")
    assert "start it with: uvicorn server:app --host 0.0.0.0 --port 8010\n" in outcome.out
    assert "PORT" not in server.read_text()


def test_a_port_is_read_from_a_variable_where_the_launch_may_not_move(
    portside: Portside, server: Path, tmp_path: Path
) -> None:
    (tmp_path / "run.sh").write_text("#!/bin/sh\ntorchrun server.py\n")
    assert "PS201" in portside("fix").out
    assert 'port=int(os.environ.get("PORT", "8010"))' in server.read_text()


NAMES = ["server.py", "a server.py", 'a"b.py', "new\nline.py", "tab\t.py", "back\\slash.py", "né.py"]
HEADS = {
    "a byte order mark": b"\xef\xbb\xbf",
    "latin-1": b"# -*- coding: latin-1 -*-\n# caf\xe9\n",
    "lines that only Python ends": "# \u2028 \x85 \x0c\n".encode(),
    "nothing": b"",
}


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows has not")
@pytest.mark.parametrize("command", [["patch", "-p1", "-s"], ["git", "apply"]], ids=" ".join)
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_the_diff_of_any_file_can_be_applied(
    head: bytes, command: list[str], portside: Portside, tmp_path: Path
) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    text = head + SERVER.replace("import vllm\n", "").rstrip("\n").encode()
    for name in NAMES:
        (tmp_path / name).write_bytes(text)
    done = subprocess.run(
        [sys.executable, "-I", "-m", "portside", "fix", "--diff", "-q"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    subprocess.run(command, cwd=tmp_path, input=done.stdout, check=True)
    applied = {name: (tmp_path / name).read_bytes() for name in NAMES}
    for name in NAMES:
        (tmp_path / name).write_bytes(text)
    portside("fix")
    assert applied == {name: (tmp_path / name).read_bytes() for name in NAMES}
    assert text not in applied.values()


def test_the_diff_shows_lines_that_change_and_no_others(portside: Portside, tmp_path: Path) -> None:
    """Of 200 lines and more, difflib takes those that are there often for changed."""
    (tmp_path / "server.py").write_text(
        "x = 1\n\n" * 150 + "import uvicorn\n\nuvicorn.run('m:app', port=8000)\n\n"
    )
    lines = portside("fix", "--diff", "--select", "PS201").out.splitlines()
    assert [line for line in lines if line[0] in "+-" and line[:3] not in ("---", "+++")] == [
        "+import os",
        "+",
        "-uvicorn.run('m:app', port=8000)",
        "+uvicorn.run('m:app', port=int(os.environ.get('PORT', '8000')))",
    ]


def test_a_file_that_a_tree_holds_under_two_names_is_fixed_under_both(
    portside: Portside, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.py").write_text(IDLE)
    (tmp_path / "linked.py").symlink_to(tmp_path / "own" / "a.py")
    (tmp_path / "named.py").hardlink_to(tmp_path / "own" / "a.py")
    outcome = portside("fix")
    assert (outcome.code, outcome.err) == (0, "")
    assert (tmp_path / "linked.py").is_symlink()
    assert [(tmp_path / name).read_text() for name in ("own/a.py", "linked.py", "named.py")] == [
        "x = 1\n"
    ] * 3
