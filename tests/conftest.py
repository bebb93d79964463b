"""For all tests, and whatever they start: signals mean what they mean in a terminal.

`.ci/run &` in a script, and nohup, have some of them ignored, which every child would inherit.
An activated environment may hold a vLLM, whose version rules go by. No input is too slow for a property.
"""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

for _name, _handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    _number = getattr(signal, _name, None)  # Windows knows no SIGHUP
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)

for _name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
    os.environ.pop(_name, None)

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")
