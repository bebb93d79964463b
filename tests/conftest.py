"""For all tests, and whatever they start: signals mean what they mean in a terminal.

`.ci/run &` in a script, and nohup, have some of them ignored, which every child would inherit.
An activated environment may hold a vLLM, whose version rules go by. No input is too slow for a property.
What a server leaves of itself is seen by its own test alone, and never by the user.
"""

from __future__ import annotations

import itertools
import os
import signal

import pytest
from hypothesis import HealthCheck, settings

for _name, _handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    _number = getattr(signal, _name, None)  # Windows knows no SIGHUP
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)

for _name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
    os.environ.pop(_name, None)

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")

_tests = itertools.count()


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of servers go to a folder of the test's own, made once something is written to it."""
    state = tmp_path_factory.getbasetemp() / f"state-{next(_tests)}"
    monkeypatch.setenv("PORTSIDE_STATE_DIR", str(state))
