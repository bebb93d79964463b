"""Pieces of work that two processes take in turn: each is somebody's, and none is left."""

from __future__ import annotations

import subprocess
import sys

import pytest

from portside.cli.claims import MOST, Claims, pieces


def test_all_are_given_in_their_order() -> None:
    claims = Claims(5)
    assert list(claims) == [0, 1, 2, 3, 4]
    assert claims.next() is None
    claims.close()


# In a process of its own: a test runner has threads, which a copy of it lacks.
SHARING = """
import os
from portside.cli.claims import MOST, Claims
claims = Claims(MOST)
is_copy = os.fork() == 0
numbers = " ".join(map(str, claims))
if not is_copy:
    os.wait()
print(numbers, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_it_is_known_how_many_are_left() -> None:
    claims = Claims(5)
    assert [(number, claims.left()) for number in claims] == [(0, 4), (1, 3), (2, 2), (3, 1), (4, 0)]
    claims.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_each_is_given_to_one_process() -> None:
    done = subprocess.run([sys.executable, "-c", SHARING], capture_output=True, text=True, check=True)
    assert sorted(map(int, done.stdout.split())) == list(range(MOST))


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 3_800, 1_000_000])
@pytest.mark.parametrize("least", [1, 50])
def test_pieces_are_all_of_it_and_can_all_be_claimed(count: int, least: int) -> None:
    found = pieces(count, least)
    assert [number for piece in found for number in piece] == list(range(count))
    assert len(found) <= MOST
    assert all(len(piece) >= least for piece in found[:-1])
