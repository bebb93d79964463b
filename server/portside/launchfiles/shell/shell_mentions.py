"""Ports that a script names without starting anybody: `curl http://localhost:8000/health`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from portside.launchfiles.commands.started import program_name
from portside.launchfiles.facts import Mention, PortMention
from portside.launchfiles.text.placed import Placed

ASKING = frozenset(
    {"curl", "wget", "http", "https", "xdg-open", "open", "wait-on", "httpie", "grpcurl", "hey", "wrk", "ab"}
)
_URL = re.compile(
    r"(?:https?://|wss?://|tcp:)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::|/)(?P<port>\d+|\$\{?\w+\}?)(?![\w.])"
)


def of_command(words: Sequence[Placed]) -> Iterator[PortMention]:
    """words: of one command."""
    if program_name(words[0].text) in ASKING:
        for word in words[1:]:
            yield from in_url(word)


def in_url(word: Placed) -> Iterator[PortMention]:
    """The port of each address of this machine in the text."""
    for found in _URL.finditer(word.text):
        part = word.part(*found.span("port"))
        yield PortMention(Mention.URL, part.port())
