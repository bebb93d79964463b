"""Which file of the build's context a path in an image is."""

from __future__ import annotations

import pytest

from portside.launchfiles.docker.image_files import copied_on, in_context
from portside.launchfiles.facts import Copy


@pytest.mark.parametrize(
    ("sources", "target", "path", "expected"),
    [
        pytest.param((".",), "/app/", "/app/start.sh", ["start.sh"], id="the context into a folder"),
        pytest.param(
            ("start.sh",),
            "/app/",
            "/app/start.sh",
            ["start.sh", "start.sh/start.sh"],
            id="a file into a folder",
        ),
        pytest.param(
            ("docker/start.sh",), "/entry", "/entry", ["docker/start.sh"], id="a file under another name"
        ),
        pytest.param(("./src",), "/app", "/app/api/main.py", ["src/api/main.py"], id="a folder's content"),
        pytest.param(("scripts/*.sh",), "/bin/", "/bin/run.sh", ["scripts/run.sh"], id="a pattern"),
        pytest.param(("scripts/*.py",), "/bin/", "/bin/run.sh", [], id="a pattern that does not fit"),
        pytest.param((".",), "/srv", "/app/run.sh", [], id="another folder"),
        pytest.param(("..",), "/app", "/app/run.sh", [], id="outside of the context"),
    ],
)
def test_a_path_in_the_image_leads_to_the_context(
    sources: tuple[str, ...], target: str, path: str, expected: list[str]
) -> None:
    assert list(in_context([Copy(sources, target)], path)) == expected


def test_the_last_copy_wins() -> None:
    copies = [Copy((".",), "/app"), Copy(("deploy/start.sh",), "/app/start.sh")]
    assert list(in_context(copies, "/app/start.sh"))[:2] == ["deploy/start.sh", "start.sh"]


@pytest.mark.parametrize(
    ("copy", "onwards", "expected"),
    [
        (Copy((".",), "/app"), Copy(("/app/dist",), "/srv"), Copy(("./dist",), "/srv")),
        (Copy(("a.py",), "/app/a.py"), Copy(("/app",), "/srv"), Copy(("a.py",), "/srv/a.py")),
        (Copy((".",), "/app"), Copy(("/opt/venv",), "/opt/venv"), None),
    ],
    ids=["a part of what was copied", "all around it", "something else"],
)
def test_what_another_stage_copied_is_followed(copy: Copy, onwards: Copy, expected: Copy | None) -> None:
    assert list(copied_on([copy], onwards)) == ([expected] if expected else [])
