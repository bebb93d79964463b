"""`portside rules` and `portside explain`: the pages of the rules, and how one is found."""

from __future__ import annotations

import gzip
import json
import os
import threading
from pathlib import Path

import pytest
from tests.cli.conftest import Portside

from portside.rules import ALL


def test_every_rule_is_listed(portside: Portside) -> None:
    lines = portside("rules").out.splitlines()
    assert [line.split()[:2] for line in lines] == [[rule.code, rule.name] for rule in ALL]


def test_the_list_is_there_as_json(portside: Portside) -> None:
    listed = json.loads(portside("rules", "--output-format", "json").out)
    assert [rule["code"] for rule in listed] == [rule.code for rule in ALL]
    assert set(listed[0]) == {"code", "name", "severity", "summary", "url"}


@pytest.mark.parametrize("word", ["hardcoded-port", "PS201", "ps201"])
def test_a_rule_goes_by_its_name_and_its_code(portside: Portside, word: str) -> None:
    outcome = portside("explain", word)
    assert outcome.code == 0
    assert outcome.out.startswith("PS201 hardcoded-port (warning)\n")
    assert "\nWhy it matters\n" in outcome.out
    assert "##" not in outcome.out
    assert "```" not in outcome.out


def test_a_page_is_there_as_json(portside: Portside) -> None:
    page = json.loads(portside("explain", "PS201", "--output-format", "json").out)
    assert page["documentation"].startswith("## What it does")


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("hardcoded-prot", "did you mean `hardcoded-port`?"),
        ("PS2001", "did you mean `PS201`?"),
        ("tralala", "`portside rules` lists them"),
        ("port-takn", "did you mean `port-taken`?"),
        ("server.log", "there is no file server.log"),
    ],
)
def test_a_word_that_is_no_rule_is_answered(portside: Portside, word: str, answer: str) -> None:
    outcome = portside("explain", word)
    assert (outcome.code, outcome.out) == (2, "")
    assert answer in outcome.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_log_may_come_from_a_pipe(portside: Portside, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    log = b"OSError: [Errno 98] Address already in use\n"
    writer = threading.Thread(target=(tmp_path / "log").write_bytes, args=[log])
    writer.start()
    outcome = portside("explain", "log")
    writer.join()
    assert (outcome.code, outcome.out[:19]) == (0, "✗ the port is taken")


def test_a_folder_is_no_log(portside: Portside, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    assert portside("explain", "logs").err == "error: logs: is a folder, not a log\n"
    outcome = portside("explain", "--folder", "none", "OSError: [Errno 98] Address already in use")
    assert (outcome.code, outcome.err) == (2, "error: none: is no folder\n")


def test_a_message_that_is_longer_than_a_name_can_be_is_explained(portside: Portside) -> None:
    outcome = portside("explain", "OSError: [Errno 98] Address already in use " + "x " * 3_000)
    assert (outcome.code, outcome.out[:19]) == (0, "✗ the port is taken")


def test_a_message_is_explained(portside: Portside) -> None:
    outcome = portside("explain", "OSError: [Errno 98] Address already in use")
    assert outcome.code == 0
    assert outcome.out.startswith("✗ the port is taken")
    assert "portside serve" in outcome.out


LOG = """\
Traceback (most recent call last):
  File "{folder}/server.py", line 7, in <module>
    load()
ModuleNotFoundError: No module named 'fastapi'
"""


def test_a_log_is_explained_with_the_users_line(portside: Portside, tmp_path: Path) -> None:
    (tmp_path / "server.log").write_text(LOG.format(folder=tmp_path))
    outcome = portside("explain", "server.log")
    assert outcome.code == 0
    assert "your line server.py:7   load()" in outcome.out
    assert "[module-missing]" in outcome.out


@pytest.mark.parametrize(
    "encoded",
    [
        LOG.encode(),
        b"\x80\xfe garbage \x00\n" + LOG.encode(),
        LOG.replace("\n", "\r\n").encode("utf-16"),
        gzip.compress(LOG.encode()),
        b"\xef\xbb\xbf" + LOG.encode(),
    ],
    ids=["utf-8", "broken", "utf-16 with carriage returns", "gzip", "with a byte order mark"],
)
def test_standard_input_is_read_in_any_encoding(portside: Portside, encoded: bytes) -> None:
    outcome = portside("explain", stdin=encoded)
    assert "[module-missing]" in outcome.out


def test_a_log_is_explained_as_json(portside: Portside) -> None:
    outcome = portside("explain", "-", "--output-format", "json", stdin=LOG.encode())
    found = json.loads(outcome.out)
    assert found["lines"] == 4
    (failure,) = found["failures"]
    assert failure["name"] == "module-missing"
    assert failure["where"]["line"] == 7


@pytest.mark.parametrize("log", [b"", b"INFO:     Application startup complete.\n"])
def test_where_nothing_failed_the_exit_code_says_so(portside: Portside, log: bytes) -> None:
    outcome = portside("explain", "-", stdin=log)
    assert outcome.code == 1
    assert "nothing that failed was found" in outcome.out


def test_a_failure_goes_by_its_name(portside: Portside) -> None:
    outcome = portside("explain", "port-taken")
    assert outcome.code == 0
    assert outcome.out.startswith("port-taken (ports)\n")


def test_control_characters_of_a_log_do_not_reach_the_terminal(portside: Portside) -> None:
    outcome = portside("explain", "-", stdin=b"ValueError: \x1b]0;pwned\x07 \x9b31m bad\n")
    assert "\x1b" not in outcome.out
    assert "\x9b" not in outcome.out
