"""Which files count, on a system that tells of changes and on one that does not."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from portside.devserver.watching import mounts

from .conftest import RAW_APP, Start, ask, wait_until, write

READS_A_FILE = RAW_APP.replace('VERSION = "1"', 'VERSION = open("texts/answer.txt").read()')


def test_a_pattern_makes_other_files_count(serve: Start, project: Path) -> None:
    (project / "texts").mkdir()
    (project / "texts" / "answer.txt").write_text("a")
    (project / ".git").mkdir()
    (project / ".gitignore").write_text("texts/\n")  # named all the same, so it counts
    write(project / "app.py", READS_A_FILE)
    served = serve("app:app", "--reload-include", "texts/*.txt")
    served.wait_for("ready", generation=1)
    (project / "texts" / "answer.csv").write_text("x")
    write(project / "texts" / "answer.txt", "b")
    ready = served.wait_for("ready", generation=2)
    assert ready["changed"] == [str(project / "texts" / "answer.txt")]
    assert ask(served.port) == (200, "b")


def test_a_pattern_makes_imported_files_not_count(serve: Start, project: Path) -> None:
    (project / "generated.py").write_text('ANSWER = "a"\n')
    write(project / "app.py", RAW_APP.replace('VERSION = "1"', "from generated import ANSWER as VERSION"))
    served = serve("app:app", "--reload-exclude", "generated*.py")
    served.wait_for("ready", generation=1)
    write(project / "generated.py", 'ANSWER = "b"\n')
    write(project / "app.py", RAW_APP)
    ready = served.wait_for("ready", generation=2)
    assert ready["changed"] == [str(project / "app.py")]


def test_the_settings_say_so_for_a_server(serve: Start, project: Path) -> None:
    (project / "portside.toml").write_text(
        '[servers.api]\napp = "app:app"\nreload-include = ["./*.txt"]\nready-path = "/ready"\n'
    )
    (project / "answer.txt").write_text("a")
    write(project / "app.py", READS_A_FILE.replace("texts/", ""))
    served = serve("api")
    served.wait_for("ready", generation=1)
    write(project / "answer.txt", "b")
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "b")


def can_limit_notifications() -> bool:
    """Whether this system lets a process have a limit of its own, in a user namespace."""
    with contextlib.suppress(OSError):
        return subprocess.run([*LIMITED, "0", "true"], capture_output=True, check=False).returncode == 0
    return False


# Leaves the rest of the machine as it is: user_namespaces(7), /proc/sys/user.
LIMITED = (
    *("unshare", "--user", "--map-root-user", "sh", "-ec"),
    'echo "$0" > /proc/sys/user/max_inotify_watches; exec "$@"',
)


@pytest.mark.skipif(not can_limit_notifications(), reason="no user namespaces here")
def test_without_notifications_files_are_looked_at(serve: Start, project: Path) -> None:
    (project / "answer.txt").write_text("a")
    write(project / "app.py", READS_A_FILE.replace("texts/", ""))
    served = serve("app:app", "--reload-include", "*.txt", prefix=(*LIMITED, "0"))
    note = served.wait_for("note")
    assert note["text"].startswith("the system has no file watches left")
    served.wait_for("ready", generation=1)
    write(project / "app.py", RAW_APP.replace('VERSION = "1"', "import missing"))
    served.wait_for("failed", generation=2)
    (project / "missing.py").write_text("")  # a new file, that no generation could have told of
    served.wait_for("loading", generation=3)
    write(project / "app.py", READS_A_FILE.replace("texts/", ""))
    wait_until(lambda: ask(served.port) == (200, "a"), "the app again")
    write(project / "answer.txt", "b")
    wait_until(lambda: ask(served.port) == (200, "b"), "the new text")


MOUNTINFO = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:40 / /home rw - nfs4 filer:/home rw
31 30 0:41 / /home/me/local\\040disk rw master:1 - xfs /dev/sdb rw
32 22 0:42 / /workspace rw - 9p C: rw
"""


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (["/srv/app"], None),
        (["/home/me/app"], "nfs4"),
        (["/home/me/local disk/app"], None),
        (["/homes"], None),
        (["/srv", "/workspace"], "9p"),
    ],
)
def test_mounts_that_others_write_to_are_known(
    folders: Iterable[str], expected: str | None, tmp_path: Path
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTINFO)
    assert mounts.remote_file_system(folders, str(table)) == expected
    assert mounts.remote_file_system(folders, str(tmp_path / "none")) is None
