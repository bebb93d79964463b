"""Whether a launch file can be of any interest: most shell scripts, manifests and Makefiles start no server.

One look at memory speed, so that a tree with thousands of them costs no more than reading them.
"""

from __future__ import annotations

import re

from portside.knowledge.server_commands import MODULE_WORDS
from portside.knowledge.servers import PROGRAMS
from portside.knowledge.vllm import PORT_VARIABLE

# What people write by hand is smaller; a lock file or a data set in YAML is not.
LARGEST_BYTES = 512 * 1024

# Programs that only their arguments make a server of; what says which port is whose; and our own comments.
# `ray`, `serve` and `swift` are words of every language; what makes them servers is long enough.
_TOO_SHORT = frozenset({"ray", "serve", "swift", "panel", "chroma", "gradio"})
_LONGER = ("ray start", "serve run", "serve start", "swift deploy", "panel serve", "chroma run", "gradio ")
_CONTAINERS = ("docker run", "podman run", "docker container run", "nerdctl run")
_OTHERS = ("python", "pypy", "torchrun", "uv run", "text-generation", "llama", "ollama", "debugpy")
_PORTS = ("expose", "ports:", "containerport", "targetport", "healthcheck", PORT_VARIABLE, "portside:")
_NAMES = (name for name in PROGRAMS if name not in _TOO_SHORT)
_WORDS = frozenset(
    word.lower() for word in (*_NAMES, *MODULE_WORDS, *_LONGER, *_CONTAINERS, *_OTHERS, *_PORTS)
)
_ANY = re.compile("|".join(map(re.escape, sorted(_WORDS))).encode())


def is_interesting(data: bytes) -> bool:
    """Whether a rule might say something of this launch file. False is certain, True is not."""
    return len(data) <= LARGEST_BYTES and _ANY.search(data.lower()) is not None
