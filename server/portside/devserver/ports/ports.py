"""Claiming an address: bound and listening before anything else happens, or why not.

Nothing heavy is imported here: this is the first thing that `portside serve` does.
"""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

from portside.devserver.ports.port_states import PortState, in_the_way, lowest_unprivileged, state_of
from portside.devserver.ports.tcp_socket import Socket

BACKLOG = 2048
_NOBODY_THERE = (PortState.TIME_WAIT, PortState.CLOSE_WAIT, PortState.DRAINING)

__all__ = ["Claim", "PortState", "Refusal", "claim", "probe"]


@dataclass(frozen=True, slots=True)
class Claim:
    """Sockets that listen, one for each address of the host. port: the real one, also for port 0.

    remains: TIME_WAIT, CLOSE_WAIT or DRAINING where connections of an earlier server are still there.
    """

    host: str
    port: int
    sockets: tuple[socket.socket, ...]
    remains: PortState = PortState.FREE

    @property
    def url(self) -> str:
        """Where a person's browser finds it; empty while the port is not known."""
        if not self.port:
            return ""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The address can't be had. addresses: those that the host stands for. rows: the sockets in the way."""

    host: str
    port: int
    state: PortState
    text: str
    addresses: tuple[str, ...] = ()
    rows: tuple[Socket, ...] = ()

    @property
    def taken(self) -> bool:
        """Whether somebody else has it, so that another port or some patience would help."""
        return self.state.is_held


def claim(host: str, port: int) -> Claim | Refusal:
    """Listen on every address that the host stands for, as uvicorn would."""
    return _settled(host, port, listen=True)


def probe(host: str, port: int) -> Refusal | None:
    """Why the address could not be claimed now; None where it could. Nobody can connect to the attempt."""
    result = _settled(host, port, listen=False)
    if isinstance(result, Refusal):
        return result
    result.close()
    return None


def _settled(host: str, port: int, listen: bool) -> Claim | Refusal:
    """The same, tried again where whoever was in the way had gone before we could look."""
    result = _take(host, port, listen)
    for _ in range(2):
        if isinstance(result, Claim) or result.state is not PortState.BOUND or result.rows:
            break
        result = _take(host, port, listen)
    return result


def _take(host: str, port: int, listen: bool) -> Claim | Refusal:
    if not 0 <= port <= 65535:
        return Refusal(host, port, PortState.INVALID, f"{port} is no port: they go from 0 to 65535")
    try:
        addresses = _addresses(host, port)
    except (socket.gaierror, UnicodeError) as error:
        text = f"no address is known for the host {host!r} ({getattr(error, 'strerror', None) or error})"
        return Refusal(host, port, PortState.UNKNOWN_HOST, text)
    sockets: list[socket.socket] = []
    missing: Refusal | None = None
    remains = PortState.FREE
    for family, address in addresses:
        one = _open(family, (address[0], port, *address[2:]), host, listen)
        if isinstance(one, Refusal) and one.state is PortState.NOT_LOCAL and len(addresses) > 1:
            missing = one  # localhost names ::1 also where IPv6 is switched off
            continue
        if isinstance(one, Refusal):
            for sock in sockets:
                sock.close()
            return one
        sock, state = one
        port = port or sock.getsockname()[1]
        remains = remains if state is PortState.FREE else state
        sockets.append(sock)
    if not sockets and missing is not None:
        return missing
    return Claim(host, port, tuple(sockets), remains)


def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """The addresses that the host stands for. Raises socket.gaierror."""
    return tuple(str(address[0]) for _, address in _addresses(host, port))


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))  # type: ignore[misc]


def _open(
    family: socket.AddressFamily, address: tuple[object, ...], host: str, listen: bool
) -> tuple[socket.socket, PortState] | Refusal:
    """A socket at the address, and what an earlier server has left there."""
    remains = PortState.FREE
    try:
        sock = _socket(family)
    except OSError:  # this machine knows no IPv6
        return Refusal(
            host, int(str(address[1])), PortState.NOT_LOCAL, f"{host} is not an address of this machine"
        )
    try:
        try:
            # Without SO_REUSEADDR first: with it, the bind would succeed beside a server that has
            # bound and does not listen yet (vLLM while it loads), which would then never come up.
            sock.bind(address)
        except OSError as error:
            remains = state_of(in_the_way((str(address[0]),), int(str(address[1]))))
            if error.errno != errno.EADDRINUSE or remains not in _NOBODY_THERE:
                raise
            sock.close()
            sock = _socket(family, reuse=True)
            sock.bind(address)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listen:
            sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        return _refusal(error, host, str(address[0]), int(str(address[1])))
    sock.setblocking(False)
    return sock, remains


def _socket(family: socket.AddressFamily, reuse: bool = False) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if reuse:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def _refusal(error: OSError, host: str, address: str, port: int) -> Refusal:
    match error.errno:
        case errno.EADDRINUSE:
            return _held(host, address, port)
        case errno.EACCES | errno.EPERM if 0 < port < (lowest := lowest_unprivileged()):
            text = f"port {port} is below {lowest}: it needs root, or another port"
            return Refusal(host, port, PortState.PRIVILEGED, text)
        case errno.EADDRNOTAVAIL:
            text = f"{host} is not an address of this machine"
            return Refusal(host, port, PortState.NOT_LOCAL, text)
        case _:
            return Refusal(host, port, PortState.REFUSED, f"{host}:{port}: {error.strerror or error}")


def _held(host: str, address: str, port: int) -> Refusal:
    from portside.devserver.ports.port_sentences import OPEN_TO_SHARING, headline

    rows = in_the_way((address,), port)
    state = state_of(rows)
    if state is PortState.FREE:
        # The bind failed and nothing is shown: kernels before 6.8 hide what is bound and does not listen.
        state = PortState.BOUND if os.path.exists("/proc/net/tcp") else PortState.LISTENING
    if state is PortState.TIME_WAIT:
        state = PortState.LINGERING
    text = headline(state, address, port, rows)
    if state in (PortState.LISTENING, PortState.BOUND) and would_join(address, port):
        text += OPEN_TO_SHARING
    return Refusal(host, port, state, text, (address,), tuple(rows))


def would_join(address: str, port: int) -> bool:
    """Whether a server of this user that asks for SO_REUSEPORT could bind beside whoever holds the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe_socket:
        try:
            probe_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                probe_socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe_socket.bind((address, port))
        except OSError:
            return False
    return True
