"""Which files are worth parsing."""

from __future__ import annotations

import pytest

from portside.knowledge import listeners, server_commands
from portside.python.prefilter import is_interesting

# They are methods of a loop, which a file can't get at without one of these words.
_WITH_A_LOOP = {"asyncio.get_event_loop", "asyncio.get_running_loop", "asyncio.new_event_loop"}
LISTENERS = {
    *listeners.FUNCTIONS,
    *listeners.METHODS,
    *listeners.HYPERCORN_CONFIGS,
    *listeners.GUNICORN_APPLICATIONS,
    *listeners.SOCKETS,
} - _WITH_A_LOOP


@pytest.mark.parametrize("name", sorted(LISTENERS))
def test_a_file_that_imports_a_listener_is_parsed(name):
    module, _, attribute = name.rpartition(".")
    assert is_interesting(f"from {module} import {attribute}\n".encode())


@pytest.mark.parametrize("program", sorted(server_commands.PROGRAMS))
def test_a_file_that_starts_a_server_is_parsed(program):
    assert is_interesting(f"os.system('{program} x --port 8000')\n".encode())


def test_a_file_with_a_loop_that_listens_is_parsed():
    assert is_interesting(b"await asyncio.get_running_loop().create_server(P, 'h', 8000)\n")


def test_a_file_that_has_nothing_to_do_with_servers_is_not():
    assert not is_interesting(b"import math\n\n\ndef area(r):\n    return math.pi * r * r\n")
