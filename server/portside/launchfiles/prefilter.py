"""Whether a launch file can be of any interest: most shell scripts, manifests and Makefiles start no server.

One look at memory speed, so that a tree with thousands of them costs no more than reading them.
"""

from __future__ import annotations

import re

from portside.knowledge.server_commands import MODULE_WORDS, PROGRAMS
from portside.knowledge.vllm import PORT_VARIABLE

# What people write by hand is smaller; a lock file or a data set in YAML is not.
LARGEST_BYTES = 512 * 1024

# Programs that only their arguments make a server of; what says which port is whose; and our own comments.
_OTHERS = ("python", "pypy", "torchrun", "ray", "uv run", "text-generation", "llama", "ollama", "debugpy")
_PORTS = ("expose", "ports:", "containerport", "targetport", "healthcheck", PORT_VARIABLE, "portside:")
_WORDS = frozenset(word.lower() for word in (*PROGRAMS, *MODULE_WORDS, *_OTHERS, *_PORTS))
_ANY = re.compile("|".join(map(re.escape, sorted(_WORDS))).encode())


def is_interesting(data: bytes) -> bool:
    """Whether a rule might say something of this launch file. False is certain, True is not."""
    return len(data) <= LARGEST_BYTES and _ANY.search(data.lower()) is not None
