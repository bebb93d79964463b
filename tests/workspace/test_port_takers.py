"""What a file gives a port of other files: by the names that it has there, and as those files are now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.folders import lay_out

from portside.workspace.local_modules import LocalModules
from portside.workspace.project import Project

SERVE = "import uvicorn\n\n\ndef serve(app, port=8000):\n    uvicorn.run(app, port=port)\n"
MAIN = "from lib import serve\n\nserve('m:app', port=9000)\n"


def taken(root: Path, code: str, files: Mapping[str, str]) -> dict[str, list[str | None]]:
    """The keywords by which each function and class that the code can call takes a port."""
    lay_out(root, {**files, "main.py": code})
    found = LocalModules(root).port_takers(root / "main.py", code.encode())
    return {name: [one.argument.keyword for one in listeners] for name, listeners in found.items()}


def ports(project: Project, root: Path, code: str = MAIN) -> list[str]:
    found = project.check(root / "main.py", code).findings
    return [code[one.span.start : one.span.end] for one in found if one.code == "PS201"]


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("from lib import serve\n", {"lib.serve"}),
        ("import lib\n", {"lib.serve"}),
        ("from lib import *\n", {"lib.serve"}),
        ("from tools.web import serve\n", {"tools.web.serve"}),
        ("from tools import web\n", {"tools.web.serve"}),
        ("from tools import serve\n", {"tools.serve"}),
        ("from tools.again import start\n", {"tools.again.start"}),
        ("from lib import other\n", set()),
        ("import uvicorn\n", set()),
    ],
)
def test_it_has_the_name_by_which_it_is_imported(code: str, names: set[str], tmp_path: Path) -> None:
    files = {
        "lib.py": SERVE,
        "tools/__init__.py": "from .web import serve\n",
        "tools/web.py": SERVE,
        "tools/again.py": "from . import serve\n\n\ndef start(port):\n    serve('m:app', port=port)\n",
    }
    assert taken(tmp_path, code, files).keys() == names


def test_several_parameters_are_told_apart(tmp_path: Path) -> None:
    lib = (
        "import uvicorn\n\n\ndef serve(port, *, admin):\n    uvicorn.run('m:app', port=port)\n"
        "    uvicorn.run('m:admin', port=admin)\n"
    )
    assert taken(tmp_path, "import lib\n", {"lib.py": lib}) == {"lib.serve": ["port", "admin"]}


def test_files_that_import_each_other_come_to_an_end(tmp_path: Path) -> None:
    files = {
        "lib.py": "from again import start\n" + SERVE,
        "again.py": "from lib import serve\n\n\ndef start(port):\n    serve('m:app', port)\n",
    }
    assert taken(tmp_path, "from again import start\n", files) == {"again.start": ["port"]}


def test_a_longer_way_is_not_followed(tmp_path: Path) -> None:
    step = "from step{} import f\n\n\ndef f(port):\n    f(port)\n"
    files = {f"step{n}.py": step.format(n + 1) for n in range(10)} | {
        "step10.py": "import uvicorn\nf = uvicorn.run\n"
    }
    assert taken(tmp_path, "from step0 import f\n", files) == {}


@pytest.mark.parametrize(
    "lib",
    [
        SERVE.replace("port=port", "port=8000"),
        "import uvicorn\n\n\ndef serve(app, workers):\n    uvicorn.run(app, workers=workers)\n",
        "import redis\n\n\ndef serve(app, port):\n    redis.Redis(port=port)\n",
        "",
    ],
)
def test_an_edit_of_the_other_file_counts_before_it_is_saved(lib: str, tmp_path: Path) -> None:
    lay_out(tmp_path, {"lib.py": SERVE, "main.py": MAIN})
    project = Project(tmp_path)
    assert ports(project, tmp_path) == ["9000"]
    project.set_overlay(tmp_path / "lib.py", lib)
    assert ports(project, tmp_path) == []
    project.set_overlay(tmp_path / "lib.py", None)
    assert ports(project, tmp_path) == ["9000"]


def test_an_edit_of_a_file_between_counts(tmp_path: Path) -> None:
    between = "from lib import serve\n\n\ndef start(port):\n    serve('m:app', port)\n"
    main = "from between import start\n\nstart(9000)\n"
    lay_out(tmp_path, {"lib.py": SERVE, "between.py": between, "main.py": main})
    project = Project(tmp_path)
    assert ports(project, tmp_path, main) == ["9000"]
    project.set_overlay(tmp_path / "between.py", between.replace("port)\n", "8000)\n"))
    assert ports(project, tmp_path, main) == []
    project.set_overlay(tmp_path / "between.py", None)
    project.set_overlay(tmp_path / "lib.py", SERVE.replace("port=port", "port=8000"))
    assert ports(project, tmp_path, main) == []


def test_what_made_the_server_elsewhere_counts_as_it_is_now(tmp_path: Path) -> None:
    app = "from flask import Flask\n\napp = Flask(__name__)\n"
    lib = "from app import app\n\n\ndef serve(what, port):\n    app.run(port=port)\n"
    lay_out(tmp_path, {"lib.py": lib, "app.py": app, "main.py": MAIN})
    project = Project(tmp_path)
    assert ports(project, tmp_path) == ["9000"]
    project.set_overlay(tmp_path / "app.py", app.replace("Flask(__name__)", "object()"))
    assert ports(project, tmp_path) == []
    project.set_overlay(tmp_path / "app.py", None)
    assert ports(project, tmp_path) == ["9000"]


def test_a_file_that_comes_to_be_is_found(tmp_path: Path) -> None:
    lay_out(tmp_path, {"main.py": MAIN})
    project = Project(tmp_path)
    assert ports(project, tmp_path) == []
    lay_out(tmp_path, {"lib.py": SERVE})
    project.changed(tmp_path / "lib.py")
    assert ports(project, tmp_path) == ["9000"]


def test_a_check_of_a_tree_and_an_editor_say_the_same(tmp_path: Path) -> None:
    files = {"lib.py": SERVE, "main.py": MAIN, "other.py": "from lib import serve\n\nserve('m:app', 9001)\n"}
    lay_out(tmp_path, files)
    for name, text in files.items():
        path = tmp_path / name
        assert Project(tmp_path, steady=True).check(path, text) == Project(tmp_path).check(path, text)


def test_files_that_many_others_import_count_once(tmp_path: Path) -> None:
    """Each of twelve files imports those before it: there are more ways to them than are followed."""
    numbers = range(12)
    web = {
        f"a{one}.py": "".join(f"import a{other}\n" for other in range(one)) + "PORT = 'port'\n"
        for one in numbers
    }
    lib = "".join(f"import a{one}\n" for one in numbers) + "from web import serve\n\nPORT = 'port'\n"
    lay_out(tmp_path, {**web, "web.py": SERVE, "lib.py": lib})
    assert ports(Project(tmp_path), tmp_path) == ["9000"]
