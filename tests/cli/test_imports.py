"""What the start of each command imports: every module costs whoever waits for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# Which of the files around are launch files, and whether they are worth a look.
FOR_THE_FILES_AROUND = {
    "portside.launchfiles.docker.image_files",
    "portside.launchfiles.facts",
    "portside.launchfiles.graph.around",
    "portside.launchfiles.graph.launched",
    "portside.launchfiles.names",
    "portside.launchfiles.prefilter",
    "portside.launchfiles.reading",
    "portside.launchfiles.text.variable_settings",
    "portside.launchfiles.text.words",
}
SERVER = (
    "import uvicorn\nfrom server import app\nif __name__ == '__main__':\n    uvicorn.run(app, port=8000)\n"
)


def imported(folder: Path, *command: str) -> set[str]:
    """The modules that the command has imported when it ends."""
    script = (
        "import atexit, sys\n"
        "from portside.__main__ import main\n"
        f"sys.argv = {['portside', *command]!r}\n"
        "atexit.register(lambda: open('imported', 'w').write('\\n'.join(sys.modules)))\n"
        "main()\n"
    )
    subprocess.run([sys.executable, "-I", "-c", script], cwd=folder, stdin=subprocess.DEVNULL, check=False)
    return set((folder / "imported").read_text().split())


def readers(modules: set[str]) -> set[str]:
    """The modules about launch files, without the packages that they lie in."""
    found = {module for module in modules if module.startswith("portside.launchfiles.")}
    return {one for one in found if not any(other.startswith(f"{one}.") for other in found)}


def test_checking_a_python_file_imports_nothing_that_reads_launch_files(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    modules = imported(tmp_path, "check", "server.py")
    assert "portside.rules.uvicorn_run_in_main" in modules
    assert readers(modules) <= FOR_THE_FILES_AROUND
    assert not {"yaml", "tree_sitter_bash", "pygls", "rich", "psutil"} & modules


def test_a_file_without_a_server_is_never_parsed(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("import json\nprint(json.dumps({}))\n")
    modules = imported(tmp_path, "check", "plain.py")
    assert "tree_sitter" not in modules
    assert "portside.rules.uvicorn_run_in_main" not in modules


@pytest.mark.parametrize("command", [("--version",), ("--help",)], ids=" ".join)
def test_what_only_says_something_imports_no_analysis(tmp_path: Path, command: tuple[str, ...]) -> None:
    modules = imported(tmp_path, *command)
    if command == ("--help",):
        assert not {"tree_sitter", "yaml", "pygls"} & modules
    else:
        assert {m for m in modules if m.startswith("portside.")} <= {"portside.__main__", "portside.cli"}


def test_the_language_server_answers_before_it_imports_the_protocol_library_and_the_rules(
    tmp_path: Path,
) -> None:
    modules = imported(tmp_path, "lsp")
    assert "portside.lsp.start" in modules
    assert (
        not {"lsprotocol.types", "cattrs", "click", "tree_sitter", "portside.rules.hardcoded_port"} & modules
    )
