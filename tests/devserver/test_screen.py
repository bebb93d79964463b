"""What a terminal is sent: when the status line is there, and when it is out of the way."""

from __future__ import annotations

import pytest

from portside.devserver.console.screen import Screen

DRAWN = "\r\x1b[K"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def screen(clock: Clock) -> Screen:
    return Screen(live=True, folds=False, clock=clock)


def shown(capfd: pytest.CaptureFixture[str]) -> str:
    return capfd.readouterr().out


def test_the_status_line_is_below_what_is_printed(screen: Screen, capfd: pytest.CaptureFixture[str]) -> None:
    screen.show_status("loading")
    screen.write(b"a line\n", 1)
    assert shown(capfd) == f"{DRAWN}loading{DRAWN}a line\n{DRAWN}loading"


def test_nothing_is_drawn_into_a_prompt(screen: Screen, capfd: pytest.CaptureFixture[str]) -> None:
    screen.write(b"(Pdb) ", 1)
    screen.show_status("loading")
    assert shown(capfd) == "(Pdb) "


def test_nothing_flashes_up_between_what_was_typed_and_the_next_prompt(
    screen: Screen, clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    screen.write(b"(Pdb) ", 1)
    screen.show_status("loading · 1 s")
    screen.typed()
    screen.write(b"answer = 42\n", 1)
    clock.now += 1
    screen.show_status("loading · 2 s")
    screen.write(b"(Pdb) ", 1)
    assert shown(capfd) == "(Pdb) answer = 42\n(Pdb) "


def test_it_is_back_once_the_user_has_stopped_typing(
    screen: Screen, clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    screen.typed()
    screen.write(b"\n", 1)
    clock.now += 5
    screen.show_status("loading")
    assert shown(capfd) == f"\n{DRAWN}loading"
