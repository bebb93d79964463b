"""Commands that may end what a script has started in the background."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portside.launchfiles.commands.started import program_name
from portside.launchfiles.text.placed import Placed

# What ends servers that run in the background, by the command's name or by its words; a function of another
# file goes by its name.
_ENDS = re.compile(r"(?i).*(kill|stop|shut_?down|terminate|clean_?up|tear_?down).*")
_ENDING = frozenset(
    {"kill", "pkill", "killall", "stop", "rm", "down", "delete", "kill-session", "kill-server"}
)
_ENDING_TOOLS = frozenset(
    {
        "xargs", "sudo", "docker", "podman", "docker-compose", "kubectl", "tmux", "screen", "systemctl",
        "service", "supervisorctl", "pm2", "ray",
    }
)  # fmt: skip


def may_end_others(words: Sequence[Placed]) -> bool:
    """Whether a command may end what was started in the background before it."""
    name = program_name(words[0].text)
    texts = {word.text for word in words[1:]}
    if name == "fuser":
        return any(re.fullmatch(r"-\w*k\w*", text) for text in texts)
    return _ENDS.fullmatch(name) is not None or (name in _ENDING_TOOLS and bool(texts & _ENDING))
