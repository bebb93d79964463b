"""For all tests, and whatever they start: signals mean what they mean in a terminal.

`.ci/run &` in a script, and nohup, have some of them ignored, which every child would inherit.
"""

from __future__ import annotations

import signal

for _name, _handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    _number = getattr(signal, _name, None)  # Windows knows no SIGHUP
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)
