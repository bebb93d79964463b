"""What moves a server off its default port."""

from __future__ import annotations

import pytest

from portside.knowledge.server_defaults import FILES, movers
from portside.knowledge.servers import PROGRAMS


@pytest.mark.parametrize(
    ("label", "port", "others"),
    [
        ("uvicorn", ("UVICORN_PORT",), ("UVICORN_UDS", "UVICORN_FD")),
        ("gunicorn", ("PORT",), ("GUNICORN_CMD_ARGS",)),
        ("flask run", ("FLASK_RUN_PORT",), ()),
        ("nothing that is known", (), ()),
    ],
)
def test_variables_of_a_server(label: str, port: tuple[str, ...], others: tuple[str, ...]) -> None:
    found = movers(label)
    assert (found.port, found.others) == (port, others)


def test_files_are_those_of_servers_that_are_known() -> None:
    labels = {server.label for forms in PROGRAMS.values() for server in forms.values()}
    assert FILES.keys() <= labels
