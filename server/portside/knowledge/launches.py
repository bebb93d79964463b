"""What starts uvicorn from Python, by qualified name."""

from __future__ import annotations

RUN = frozenset({"uvicorn.run", "uvicorn.main.run"})
SERVER = frozenset({"uvicorn.Server", "uvicorn.server.Server"})
CONFIG = frozenset({"uvicorn.Config", "uvicorn.config.Config"})
LAUNCH_NAMES = RUN | SERVER | CONFIG
