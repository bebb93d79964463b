"""Loading pygls, which takes longer than everything else, while nobody waits for anything."""

from __future__ import annotations

import gc
import sys
import threading
import time

# A pause in which somebody reads or thinks; between two keystrokes there is less.
_PAUSE_S = 1.0
# How long a keystroke that comes all the same waits for its turn. Five milliseconds by default.
_TURN_S = 0.0005
_VALUES_OF_SOME_CHECKS = 50_000


class Loading:
    """Begins once the client has what it waited for first, and has been silent for a moment since."""

    def __init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="load-pygls", daemon=True)
        self._heard_at = 0.0
        self._wanted = threading.Event()

    def heard(self) -> None:
        """The client has sent something: whoever types goes on typing."""
        self._heard_at = time.monotonic()

    def begin(self) -> None:
        """The first findings are out. What it took to find them stays, and is not looked at for garbage."""
        if self._thread.ident is None:
            gc.freeze()
            # A check makes thousands of values and drops them: to look for garbage meanwhile finds none.
            gc.set_threshold(_VALUES_OF_SOME_CHECKS, 20, 20)
            gc.enable()
            self._thread.start()

    def finish(self) -> None:
        """Have it loaded when this returns."""
        self._wanted.set()
        self.begin()
        self._thread.join()

    def _run(self) -> None:
        while (pause := self._heard_at + _PAUSE_S - time.monotonic()) > 0 and not self._wanted.wait(pause):
            pass
        usual = sys.getswitchinterval()
        sys.setswitchinterval(_TURN_S)
        try:
            import portside.lsp.server  # noqa: F401
        finally:
            sys.setswitchinterval(usual)
        gc.freeze()
