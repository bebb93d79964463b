"""Once in a run it is said how an engine is kept: after a reload that loaded it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Start, write
from .test_engine import STANDIN
from .test_reloaded_engines import ENGINE

APP = f"""\
import vllm
print({ENGINE!r}, flush=True)

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({{"type": "http.response.start", "status": 200, "headers": []}})
        await send({{"type": "http.response.body", "body": b"1"}})
"""


def test_an_engine_that_was_loaded_again_is_offered_to_be_kept(serve: Start, project: Path) -> None:
    write(project / "app.py", APP)
    served = serve("app:app", paths=[STANDIN])
    served.wait_for("ready", generation=1)
    write(project / "app.py", APP + "# once more\n")
    offer = served.wait_for("offer")
    assert offer["what"] == "keep-engine"
    assert offer["model"] == "Qwen/Qwen2.5-0.5B"
    write(project / "app.py", APP + "# and again\n")
    served.wait_for("ready", generation=3)
    assert [event["event"] for event in served.events].count("offer") == 1


@pytest.mark.parametrize("option", ["--keep-engine", "--no-reload"])
def test_nobody_is_told_who_keeps_it_or_never_reloads(serve: Start, project: Path, option: str) -> None:
    write(project / "app.py", APP)
    served = serve("app:app", option, paths=[STANDIN])
    served.wait_for("ready", generation=1)
    if option == "--keep-engine":
        write(project / "app.py", APP + "# once more\n")
        served.wait_for("ready", generation=2)
    assert "offer" not in [event["event"] for event in served.events]
