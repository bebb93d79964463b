"""What can be started in a workspace."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.folders import lay_out

from portside.workspace.apps import discover

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
RUN = "\nif __name__ == '__main__':\n    import uvicorn\n\n    uvicorn.run({}, host='0.0.0.0', port=8010)\n"


def found(root: Path, files: dict[str, str]) -> list[tuple[object, ...]]:
    lay_out(root, files)
    return [(t.kind, t.target, t.line, t.host, t.port, t.app_dir) for t in discover(root)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"core/server.py": APP + RUN.format("app")}, [("app", "core.server:app", 8, "0.0.0.0", 8010, None)]),
        ({"server.py": APP}, [("app", "server:app", 3, None, None, None)]),
        (
            {"app/main.py": APP, "run.py": RUN.format("'app.main:app'")},
            [("app", "app.main:app", 5, "0.0.0.0", 8010, None)],
        ),
        (
            {"server.py": "from fastapi import FastAPI\n\ndef create_app():\n    return FastAPI()\n"},
            [("factory", "server:create_app", 3, None, None, None)],
        ),
        (
            {
                "server.py": "import argparse\n"
                + APP
                + "args = argparse.ArgumentParser().parse_args()\n"
                + RUN.format("app")
            },
            [("script", "server.py", 10, "0.0.0.0", 8010, None)],
        ),
        ({"src/pkg/__init__.py": "", "src/pkg/api.py": APP}, [("app", "pkg.api:app", 3, None, None, "src")]),
        ({"server.py": APP + "admin = FastAPI()\napp.mount('/admin', admin)\n"}, None),
        ({"tests/test_server.py": APP, "conftest.py": APP}, []),
        ({"web.py": "from flask import Flask\napp = Flask(__name__)\n"}, []),
        ({"my.server.py": APP}, []),
        ({"broken.py": "from fastapi import FastAPI\napp = FastAPI(\n", "data.py": "\0"}, None),
    ],
)
def test_each_server_is_found_once(
    tmp_path: Path, files: dict[str, str], expected: list[tuple[object, ...]] | None
) -> None:
    targets = found(tmp_path, files)
    if expected is not None:
        assert targets == expected
    assert len({target[1] for target in targets}) == len(targets) <= 1


def test_nothing_of_the_workspace_runs(tmp_path: Path) -> None:
    found(tmp_path, {"server.py": APP + "open('ran', 'w')\n" + RUN.format("app")})
    assert not (tmp_path / "ran").exists()
