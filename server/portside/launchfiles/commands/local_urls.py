"""Ports of this machine that a text speaks of: a health check's `curl localhost:8000/health`, a URL to open.

Whatever asks, it names the port in one of these ways:

    http://localhost:8000/health    127.0.0.1:8000    -addr=:50051    nc -z localhost 8000
    ss -lnt | grep -q 8000          lsof -ti:8000
    ('localhost', 8000)             /dev/tcp/localhost/8000           http://localhost/ (80)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from portside.launchfiles.facts import Mention, Port, PortMention
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.words import Word
from portside.lint.source import Span

_HOST = r"(?P<host>\[[^\]\s]*\]|\$\{\w+\}|\$\w+|\$\(hostname\)|[\w.-]+)"
# A variable that nobody sets stands for itself.
_PORT = r"(?P<port>\d+|\$\{\w+[^}]*\}|\$\(?\w+\)?|\{\{…\}\}|\{\w+\})"
_PLACES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<scheme>https?|wss?|grpc|tcp)://(?:[^\s/@'\"]+@)?{_HOST}(?P<colon>:)?(?:(?<=:){_PORT})?",
        rf"(?<![\w.@/-]){_HOST}:{_PORT}",
        rf"(?:-addr|--addr|--address)[= ](?P<host>):{_PORT}",
        rf"(?<![\w.@-]){_HOST}['\"]?\s*,\s*{_PORT}",
        rf"/dev/(?:tcp|udp)/{_HOST}/{_PORT}",
        rf"\b(?:nc|ncat|netcat)\b(?:\s+-w\s+\d+|\s+-\S+)*\s+{_HOST}\s+{_PORT}",
        rf"\b(?:ss|netstat|lsof)\b[^|;&\n]*\|\s*e?grep(?:\s+-\S+)*\s+['\"]?(?P<host>):?{_PORT}",
        rf"\blsof\b[^|;&\n]*\s-\w*i\s?(?:tcp)?(?P<host>):{_PORT}",
    )
)
_HERE = frozenset(
    {"", "localhost", "0.0.0.0", "[::1]", "[::]", "$HOSTNAME", "${HOSTNAME}", "$(hostname)"}  # noqa: S104
    | {"host.docker.internal"}
)
_PORT_OF_SCHEME = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def local_ports(placed: Placed, kind: Mention, names: frozenset[str] = frozenset()) -> Iterator[PortMention]:
    """Each port of this machine in the text, with variables replaced as far as they are known.

    names: of the machine, besides `localhost`.
    """
    seen: set[int] = set()
    for place in _PLACES:
        for found in place.finditer(placed.text):
            host = found["host"]
            if host not in _HERE and host not in names and not host.startswith("127."):
                continue
            port = _port(placed, found)
            at = found.start("port") if found["port"] else found.start()
            if port is not None and at not in seen:
                seen.add(at)
                yield PortMention(kind, port)


def _port(placed: Placed, found: re.Match[str]) -> Port | None:
    if found["port"]:
        return placed.part(*found.span("port")).port()
    said = found.groupdict()
    span = placed.part(*found.span()).span
    if said.get("colon"):  # `"http://localhost:" + port`
        return Port(None, span)
    number = _PORT_OF_SCHEME.get(said.get("scheme") or "")
    return None if number is None else Port(number, span, is_default=True)


def spaced(words: Iterable[Word]) -> Placed:
    """The words of a command as one text."""
    parts: list[Placed] = []
    for word in words:
        parts += (Placed.of_word(word), Placed.computed(" ", Span(word.end, word.end)))
    return Placed.joined(parts)
