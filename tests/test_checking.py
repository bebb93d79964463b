"""Files of many projects: what one of them is told, the others learn where they read it, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from portside.checking import Checker
from portside.lint.finding import Applicability

COMPOSE = "services:\n  api:\n    build: services/api\n    ports: ['8000:{}']\n"
DOCKERFILE = 'FROM a\nCMD ["uvicorn", "a:app", "--port", "8000"]\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a project in it that has settings of its own."""
    nested = tmp_path / "services/api"
    nested.mkdir(parents=True)
    for folder in (tmp_path, nested):
        (folder / "pyproject.toml").write_text("[project]\nname = 'a'\n")
    (nested / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "compose.yaml").write_text(COMPOSE.format(8000))
    return tmp_path


def codes(checker: Checker, root: Path) -> list[str]:
    path = root / "compose.yaml"
    return [finding.code for finding in checker.check(path, path.read_text()).findings]


def test_a_saved_file_of_a_project_counts_for_the_one_around_it(root: Path) -> None:
    checker = Checker(opened=[root])
    assert codes(checker, root) == []
    (root / "services/api/Dockerfile").write_text(DOCKERFILE.replace("8000", "9000"))
    checker.changed([root / "services/api/Dockerfile"])
    assert codes(checker, root) == ["PS204"]


def test_so_does_an_unsaved_one_whichever_project_was_there_first(root: Path) -> None:
    checker = Checker(opened=[root])
    dockerfile, text = root / "services/api/Dockerfile", DOCKERFILE.replace("8000", "9000")
    checker.set_overlay(dockerfile, text)
    assert codes(checker, root) == ["PS204"]
    checker.set_overlay(dockerfile, None)
    assert codes(checker, root) == []
    checker.set_overlay(dockerfile, text)
    assert codes(checker, root) == ["PS204"]


def test_a_branch_that_was_switched_is_looked_at_as_a_whole(root: Path) -> None:
    checker = Checker(opened=[root])
    assert codes(checker, root) == []
    many = [root / f"services/api/src/{number}.py" for number in range(1000)]
    (root / "services/api/src").mkdir()
    for path in many:
        path.write_text("")
    (root / "services/api/Dockerfile").write_text(DOCKERFILE.replace("8000", "9000"))
    checker.changed([*many, root / "services/api/Dockerfile"])
    assert codes(checker, root) == ["PS204"]


def test_who_runs_a_script_from_outside_of_its_project_is_named(root: Path) -> None:
    script = root / "services/api/server.py"
    script.write_text(
        "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n"
        "if __name__ == '__main__':\n    uvicorn.run(app, port=8000)\n"
    )
    (root / "Makefile").write_text("api:\n\tpython services/api/server.py\n")
    (root / "services/other").mkdir()
    (root / "services/other/run.sh").write_text("python server.py\n")
    (root / "services/api/run.sh").write_text("python server.py\n")
    findings = Checker(opened=[root]).check(script, script.read_text()).findings
    fix = next(fix for finding in findings if finding.code == "PS101" for fix in finding.fixes)
    assert fix.applicability is Applicability.UNSAFE
    notes = [note for note in fix.notes if "still run" in note]
    assert notes == ["`../../Makefile:2` still runs the script: it belongs to another project"]


def test_a_project_in_a_copy_of_vllm_is_for_that_one(root: Path) -> None:
    path, text = root / "services/api/plugin.py", "from vllm.entrypoints.launcher import serve_http\n"
    assert [found.code for found in Checker(opened=[root]).check(path, text).findings] == ["PS308"]
    for package in ("vllm", "vllm/entrypoints"):
        (root / package).mkdir()
        (root / package / "__init__.py").touch()
    assert Checker(opened=[root]).check(path, text).findings == ()


@pytest.mark.parametrize("mark", [None, "pyproject.toml"])
def test_of_what_nothing_marks_as_a_project_a_part_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str | None
) -> None:
    """It may be a home folder, or a whole disk."""
    monkeypatch.setattr("portside.workspace.project._MOST_OF_A_GUESS", 3)
    for name in ("aa/1.py", "aa/2.py", "server.py", *filter(None, [mark])):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "zz").mkdir()
    (tmp_path / "zz" / "start.sh").write_text("python server.py\n")
    found = Checker().project(tmp_path / "server.py").launch_files.all()
    assert len([*found]) == (1 if mark else 0)
