"""Edits reach the running server, and nothing else does."""

from __future__ import annotations

import time
from pathlib import Path

from tests.patience import PATIENCE_S

from .conftest import RAW_APP, Start, ask, version, wait_until, write


def test_it_serves_the_app(serve: Start) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    assert ask(served.port) == (200, "1")
    assert served.stop() == 0
    stopped = served.wait_for("stopped", code=0)
    assert (stopped["left"], stopped["port_free"]) == ([], True)
    served.assert_nothing_left()


def test_a_save_is_served_by_the_next_generation(serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    for number in (2, 3):
        write(project / "app.py", version(number))
        ready = served.wait_for("ready", generation=number)
        assert ready["changed"] == [str(project / "app.py")]
        assert ask(served.port) == (200, str(number))


def test_an_imported_module_counts_and_others_do_not(serve: Start, project: Path) -> None:
    (project / "answers.py").write_text('ANSWER = "a"\n')
    (project / "unrelated.py").write_text("x = 1\n")
    write(project / "app.py", RAW_APP.replace('VERSION = "1"', "from answers import ANSWER as VERSION"))
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    write(project / "unrelated.py", "x = 2\n")
    (project / "output.log").write_text("a line\n")
    (project / "new.py").write_text("y = 1\n")
    write(project / "answers.py", 'ANSWER = "b"\n')
    ready = served.wait_for("ready", generation=2)
    assert ready["changed"] == [str(project / "answers.py")]
    assert ask(served.port) == (200, "b")


def test_a_module_that_is_imported_by_a_request_is_watched_from_then_on(serve: Start, project: Path) -> None:
    (project / "late.py").write_text('ANSWER = "a"\n')
    lazily = RAW_APP.replace("body = VERSION.encode()", "import late; body = late.ANSWER.encode()")
    write(project / "app.py", lazily)
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    assert ask(served.port) == (200, "a")
    write(project / "late.py", 'ANSWER = "b"\n')
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "b")


def test_what_git_ignores_never_causes_a_reload(serve: Start, project: Path) -> None:
    (project / ".git").mkdir()
    (project / ".gitignore").write_text("generated.py\n")
    (project / "generated.py").write_text('ANSWER = "a"\n')
    write(project / "app.py", RAW_APP.replace('VERSION = "1"', "from generated import ANSWER as VERSION"))
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    write(project / "generated.py", 'ANSWER = "b"\n')
    write(project / "app.py", version("c"))
    ready = served.wait_for("ready", generation=2)
    assert ready["changed"] == [str(project / "app.py")]


def test_a_syntax_error_keeps_the_old_code_serving(serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    write(project / "app.py", version(2) + "def broken(:\n")
    failed = served.wait_for("failed", generation=2)
    assert failed["kept"] == 1
    assert "app.py:" in failed["message"]
    assert "SyntaxError" in failed["message"]
    assert ask(served.port) == (200, "1")
    write(project / "app.py", version(3))
    served.wait_for("ready", generation=3)
    assert ask(served.port) == (200, "3")


def test_a_syntax_error_in_a_module_that_loads_late_is_found_too(serve: Start, project: Path) -> None:
    (project / "late.py").write_text('ANSWER = "a"\n')
    write(project / "app.py", RAW_APP.replace("body = VERSION", "import late; body = late.ANSWER"))
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    assert ask(served.port) == (200, "a")
    write(project / "late.py", "ANSWER = (\n")
    assert served.wait_for("failed", generation=2)["kept"] == 1
    assert ask(served.port) == (200, "a")


def test_an_error_at_import_names_the_line_and_keeps_the_old_code(serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    write(project / "app.py", "import does_not_exist\n" + version(2))
    failed = served.wait_for("failed", generation=2)
    assert failed["message"] == "app.py:1: ModuleNotFoundError: No module named 'does_not_exist'"
    assert ask(served.port) == (200, "1")
    (project / "does_not_exist.py").write_text("")
    served.wait_for("ready", generation=3)
    assert ask(served.port) == (200, "2")


def test_an_error_in_the_lifespan_keeps_the_old_code(serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    broken = version(2).replace(
        'await send({"type": "lifespan.startup.complete"})',
        'await send({"type": "lifespan.startup.failed", "message": "no model today"})',
    )
    write(project / "app.py", broken)
    failed = served.wait_for("failed", generation=2)
    assert "no model today" in failed["detail"]
    assert ask(served.port) == (200, "1")


def test_a_first_start_that_fails_waits_for_an_edit(serve: Start, project: Path) -> None:
    write(project / "app.py", version(1) + "\nundefined_name\n")
    served = serve("app:app")
    failed = served.wait_for("failed", generation=1)
    assert failed["kept"] is None
    assert "NameError" in failed["message"]
    served.wait_for("waiting", **{"for": "edit"})
    status, body = ask(served.port)
    assert status == 503
    assert "NameError" in body
    write(project / "app.py", version(2))
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "2")


def test_without_reload_a_failure_is_the_end(serve: Start, project: Path) -> None:
    write(project / "app.py", "undefined_name\n")
    served = serve("app:app", "--no-reload")
    assert served.process.wait(PATIENCE_S) == 1
    served.wait_for("failed", generation=1)
    served.assert_nothing_left()


def test_many_saves_in_a_row_end_at_the_last(serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    for number in range(2, 12):
        write(project / "app.py", version(number))
        time.sleep(0.02)  # faster than a generation can load: that is the point
    wait_until(lambda: ask(served.port) == (200, "11"), "the last version")


def test_a_crash_is_told_and_mended(serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    served.one("worker").kill()
    served.wait_for("crashed", generation=1, message="ended by signal 9")
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "1")


def test_a_crash_loop_gives_up_until_the_next_edit(serve: Start, project: Path) -> None:
    write(project / "app.py", "import os\nos._exit(7)\n")
    served = serve("app:app")
    served.wait_for("waiting", **{"for": "edit"})
    crashed = [event for event in served.events if event["event"] == "crashed"]
    assert len(crashed) == 5
    write(project / "app.py", version(2))
    served.wait_for("ready")
    assert ask(served.port) == (200, "2")
