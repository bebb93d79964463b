"""`portside check --baseline`: what was there is accepted, what is new is reported, what went is told."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import SERVER, Portside

MORE = "\n\ndef more():\n    uvicorn.run(app, port=8011)\n"


@pytest.fixture
def accepted(portside: Portside, server: Path, tmp_path: Path) -> Path:
    """A baseline that accepts both findings of the server."""
    outcome = portside("check", "--write-baseline", "base.json")
    assert (outcome.code, outcome.out) == (0, "Wrote 2 findings of 1 file to base.json.\n")
    return tmp_path / "base.json"


def found(outcome: str) -> list[tuple[str, int]]:
    return [(finding["code"], finding["line"]) for finding in json.loads(outcome)]


def test_what_is_accepted_is_not_reported(portside: Portside, accepted: Path) -> None:
    outcome = portside("check", "--baseline", "base.json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "Nothing new in 1 file; the baseline accepts 2 findings.\n"


def test_findings_that_moved_are_still_accepted(portside: Portside, accepted: Path, server: Path) -> None:
    server.write_text("# one\n# two\n\n" + SERVER.replace("    uvicorn", "    print(1)\n    uvicorn"))
    outcome = portside("check", "--baseline", "base.json", "--select", "PS201")
    assert (outcome.code, outcome.err) == (0, "")


def test_new_findings_are_reported_alone(portside: Portside, accepted: Path, server: Path) -> None:
    server.write_text(SERVER + MORE)
    outcome = portside("check", "--baseline", "base.json", "--output-format", "json", "--select", "PS201")
    assert outcome.code == 1
    assert found(outcome.out) == [("PS201", 12)]
    text = portside("check", "--baseline", "base.json", "--select", "PS201").out
    assert "Found 1 warning in 1 file of 1; the baseline accepts 1 more.\n" in text


def test_of_two_that_look_alike_the_lower_one_is_new(
    portside: Portside, accepted: Path, server: Path
) -> None:
    line = '    uvicorn.run(app, host="0.0.0.0", port=8010)\n'
    server.write_text(SERVER + line)
    outcome = portside("check", "--baseline", "base.json", "--output-format", "json", "--select", "PS201")
    assert found(outcome.out) == [("PS201", 9)]


def test_what_is_gone_is_told_and_changes_no_exit_code(
    portside: Portside, accepted: Path, server: Path
) -> None:
    server.write_text(SERVER.replace("port=8010", "port=0"))
    outcome = portside("check", "--baseline", "base.json", "--ignore", "PS101")
    assert outcome.code == 0
    assert outcome.err == (
        "No longer there, of what base.json accepts:\n"
        "  server.py: PS201 hardcoded-port\n"
        "`portside check --write-baseline base.json` keeps what is left.\n"
    )
    assert portside("check", "-q", "--baseline", "base.json", "--ignore", "PS101").err == ""


def test_of_a_file_that_is_gone_all_is_gone(portside: Portside, accepted: Path, server: Path) -> None:
    server.unlink()
    outcome = portside("check", "--baseline", "base.json")
    assert "  server.py: PS101 uvicorn-run-in-main\n  server.py: PS201 hardcoded-port\n" in outcome.err


def test_what_was_not_looked_for_is_not_called_gone(
    portside: Portside, accepted: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.py").write_text("import os\n")
    assert portside("check", "--baseline", "base.json", "other").err == ""
    assert portside("check", "--baseline", "base.json", "--select", "PS306").err == ""
    assert portside("check", "--baseline", "base.json", "-", stdin=b"").err == ""


def test_paths_count_from_the_baselines_folder(portside: Portside, server: Path, tmp_path: Path) -> None:
    (tmp_path / "ci").mkdir()
    (tmp_path / "pkg").mkdir()
    server.rename(tmp_path / "pkg" / "server.py")
    portside("check", "--write-baseline", "ci/base.json")
    assert list(json.loads((tmp_path / "ci" / "base.json").read_text())["findings"]) == ["../pkg/server.py"]
    absolute = portside("check", "--baseline", str(tmp_path / "ci" / "base.json"), str(tmp_path / "pkg"))
    assert (absolute.code, absolute.err) == (0, "")


def test_standard_input_is_held_against_the_baseline_under_its_name(
    portside: Portside, accepted: Path
) -> None:
    arguments = ("check", "--baseline", "base.json", "-", "--stdin-filename", "server.py")
    assert portside(*arguments, stdin=SERVER.encode()).code == 0
    assert portside(*arguments, stdin=(SERVER + MORE).encode()).code == 1


def test_writing_twice_changes_nothing(portside: Portside, accepted: Path) -> None:
    before = accepted.read_bytes()
    assert portside("check", "--write-baseline", "base.json").code == 0
    assert accepted.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is no JSON ("),
        (b"\xff", "is not UTF-8"),
        (b"[]", "is no baseline: it has no `version`"),
        (b'{"version": 2}', "is of version 2; this Portside reads version 1"),
        (b'{"version": 1}', "is damaged: `findings` has to hold a list for each path"),
        (b'{"version": 1, "findings": {"a.py": [{}]}}', "is damaged: a finding of a.py needs `code`"),
    ],
)
def test_a_baseline_that_cannot_be_read_stops_the_check(
    portside: Portside, server: Path, tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "base.json").write_bytes(content)
    outcome = portside("check", "--baseline", "base.json")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"error: base.json: {reason}")


def test_a_missing_baseline_is_no_empty_one(portside: Portside, server: Path) -> None:
    outcome = portside("check", "--baseline", "base.json")
    assert (outcome.code, outcome.out) == (2, "")
    assert "base.json: does not exist" in outcome.err


def test_a_baseline_that_cannot_be_written_ends_with_2(portside: Portside, server: Path) -> None:
    outcome = portside("check", "--write-baseline", "gone/base.json")
    assert outcome.code == 2
    assert outcome.err.startswith("error: gone/base.json ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("device", ["/dev/full", "/dev/zero"])
def test_a_baseline_is_not_written_over_a_device(portside: Portside, server: Path, device: str) -> None:
    outcome = portside("check", "--write-baseline", device)
    assert outcome.code == 2
    assert outcome.err == f"error: {device} can't be written: it is no regular file; nothing was written\n"
    assert Path(device).is_char_device()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names that are no text")
def test_a_name_that_is_no_text_is_accepted(portside: Portside, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xe9.py")).write_text(SERVER)
    assert portside("check", "--write-baseline", "base.json").code == 0
    outcome = portside("check", "--baseline", "base.json")
    assert outcome.out == "Nothing new in 1 file; the baseline accepts 2 findings.\n"


def test_reading_and_writing_do_not_go_together(portside: Portside, accepted: Path) -> None:
    outcome = portside("check", "--baseline", "base.json", "--write-baseline", "base.json")
    assert outcome.code == 2
    assert "do not go together" in outcome.err


def test_a_file_that_could_not_be_checked_makes_nothing_gone(
    portside: Portside, accepted: Path, server: Path
) -> None:
    server.write_bytes(b"from uvicorn import run\0")
    outcome = portside("check", "--baseline", "base.json", "server.py")
    assert (outcome.code, outcome.err) == (2, "error: server.py: is binary\n")


def entries(file: Path) -> list[tuple[str, str]]:
    findings = json.loads(file.read_text())["findings"]
    return [(path, finding["code"]) for path, items in findings.items() for finding in items]


def test_what_a_check_could_not_have_found_stays_accepted(
    portside: Portside, accepted: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.py").write_text(SERVER)
    outcome = portside("check", "--write-baseline", "base.json", "--select", "PS201", "other")
    assert outcome.out == (
        "Wrote 3 findings of 2 files to base.json, "
        "2 of them as before: this check could not have found them.\n"
    )
    assert entries(accepted) == [("other/a.py", "PS201"), ("server.py", "PS101"), ("server.py", "PS201")]
    portside("check", "--write-baseline", "base.json", "-", "--stdin-filename", "server.py", stdin=b"")
    assert entries(accepted) == [("other/a.py", "PS201")]


def test_what_could_not_be_checked_stays_accepted(portside: Portside, accepted: Path, server: Path) -> None:
    before = accepted.read_bytes()
    server.write_bytes(b"from uvicorn import run\0")
    assert portside("check", "--write-baseline", "base.json", "server.py").code == 2
    assert accepted.read_bytes() == before


@pytest.mark.parametrize("content", [b"import os\n", b"\xff", b"{}", b'{"version": 2, "findings": {}}'])
def test_what_is_no_baseline_is_not_written_over(
    portside: Portside, server: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "own").write_bytes(content)
    outcome = portside("check", "--write-baseline", "own")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: own: is ")
    assert outcome.err.endswith("; nothing was written: remove it, or name another file\n")
    assert (tmp_path / "own").read_bytes() == content


def test_an_empty_file_becomes_a_baseline(portside: Portside, server: Path, tmp_path: Path) -> None:
    (tmp_path / "base.json").touch()
    assert portside("check", "--write-baseline", "base.json").code == 0
    assert len(entries(tmp_path / "base.json")) == 2
