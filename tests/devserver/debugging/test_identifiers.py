"""Numbers of two generations at once, as the editor sees them."""

from __future__ import annotations

import pytest

from portside.devserver.debugging.breakpoints import Breakpoints
from portside.devserver.debugging.identifiers import Identifiers
from portside.devserver.debugging.served import command


def test_the_same_number_of_two_generations_is_two_numbers() -> None:
    identifiers = Identifiers()
    first = identifiers.outgoing(1, {"threadId": 1})["threadId"]
    second = identifiers.outgoing(2, {"threadId": 1})["threadId"]
    assert first != second
    assert identifiers.incoming({"threadId": second}) == (2, {"threadId": 1})


def test_what_is_named_twice_keeps_its_number() -> None:
    identifiers = Identifiers()
    frames = {"stackFrames": [{"id": 7, "source": {"path": "a.py", "sourceReference": 0}}]}
    told = [identifiers.outgoing(1, frames, "stackTrace") for _ in range(2)]
    assert told[0] == told[1]
    assert told[0]["stackFrames"][0]["source"]["sourceReference"] == 0


def test_nested_variables_are_numbered() -> None:
    identifiers = Identifiers()
    body = {"variables": [{"name": "a", "variablesReference": 5}, {"name": "b", "variablesReference": 0}]}
    a, b = identifiers.outgoing(3, body, "variables")["variables"]
    assert identifiers.incoming({"variablesReference": a["variablesReference"]}) == (
        3,
        {"variablesReference": 5},
    )
    assert b["variablesReference"] == 0


def test_what_a_generation_left_is_stale() -> None:
    identifiers = Identifiers()
    frame = identifiers.outside(1, "frameId", 4)
    thread = identifiers.outside(1, "threadId", 1)
    assert identifiers.threads(1) == [thread]
    assert not identifiers.is_stale({"frameId": frame})
    identifiers.forget(1)
    assert identifiers.is_stale({"frameId": frame})
    assert identifiers.threads(1) == []
    assert not identifiers.is_stale({"expression": "1 + 1"})


def test_a_breakpoint_has_the_number_that_it_was_set_with() -> None:
    breakpoints = Breakpoints()
    arguments = {"source": {"path": "/a.py"}, "breakpoints": [{"line": 3}, {"line": 5}]}
    numbers = breakpoints.keep("setBreakpoints", arguments)
    assert [each["verified"] for each in breakpoints.pending(numbers, arguments)] == [False, False]
    response = {"body": {"breakpoints": [{"id": 0, "verified": True, "line": 3}, {"id": 1, "line": 6}]}}
    assert [each["id"] for each in breakpoints.placed(2, numbers, response)] == numbers
    assert breakpoints.renamed(2, {"id": 1, "line": 6}) == {"id": numbers[1], "line": 6}
    assert breakpoints.renamed(1, {"id": 1}) is None
    assert breakpoints.hit(2, [1, 9]) == [numbers[1]]


def test_what_is_set_for_a_file_replaces_what_was_set_there() -> None:
    breakpoints = Breakpoints()
    for lines in ([1, 2], [3]):
        source = {"path": "/a.py"}
        breakpoints.keep(
            "setBreakpoints", {"source": source, "breakpoints": [{"line": line} for line in lines]}
        )
    breakpoints.keep("setExceptionBreakpoints", {"filters": ["raised"]})
    assert [each["line"] for each in breakpoints.unset()] == [3]
    assert [request["command"] for request, _ in breakpoints.all()] == [
        "setBreakpoints",
        "setExceptionBreakpoints",
    ]


@pytest.mark.parametrize(
    ("launch", "words"),
    [
        pytest.param({}, ["--debug-adapter", "/s"], id="the only app of the folder"),
        pytest.param(
            {"target": "a:app", "port": 0, "host": "::1"},
            ["a:app", "--host", "::1", "--port", "0", "--debug-adapter", "/s"],
            id="an address",
        ),
        pytest.param(
            {"target": "a.py", "arguments": ["--", "--port", "1"]},
            ["a.py", "--debug-adapter", "/s", "--", "--port", "1"],
            id="a script's own words come last",
        ),
    ],
)
def test_a_launch_is_a_command(launch: dict[str, object], words: list[str]) -> None:
    made = command(launch, None, "/s")
    assert made[made.index("serve") + 1 :] == words


def test_the_interpreter_is_handed_on() -> None:
    made = command({"target": "a:app"}, "/venv/bin/python", "/s")
    assert made[made.index("--python") + 1] == "/venv/bin/python"
