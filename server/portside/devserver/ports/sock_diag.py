"""The kernel's TCP sockets over netlink, those included that are bound and do not listen.

/proc/net/tcp, and with it psutil, lsof and older `ss`, leaves those out: they are
in no table but that of the bind buckets, which `inet_diag` dumps since Linux 6.8
(net/ipv4/inet_diag.c, TCPF_BOUND_INACTIVE). Earlier kernels ignore that bit.
"""

from __future__ import annotations

import functools
import socket
import struct
from collections.abc import Iterator

from portside.devserver.ports.tcp_socket import Socket, TcpState

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_AND_DUMP = 0x301
_ERROR, _DONE = 2, 3
_ATTRIBUTE_V6ONLY = 11
_BOUND_INACTIVE = 13
_PATIENCE_S = 2.0

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port id
_REQUEST = struct.Struct("=BBBBI48x")  # family, protocol, extensions, pad, states; any socket
_PORTS = struct.Struct("!HH")
_OWNER = struct.Struct("=IIIII")  # expires, receive queue, send queue, uid, inode
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_FIXED = 72  # sizeof(struct inet_diag_msg)
_STATES = {state.value: state for state in TcpState}


def tcp_sockets(port: int | None = None, *, connected: bool = True) -> list[Socket]:
    """All TCP sockets of this network namespace, or those with this local port.

    connected: also those that only belong to connections. Raises OSError where netlink is not to be had.
    """
    listening = 1 << TcpState.LISTEN | 1 << TcpState.CLOSE_WAIT | 1 << _BOUND_INACTIVE
    states = 0xFFFFFFFF if connected else listening
    found: list[Socket] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as channel:
        channel.settimeout(_PATIENCE_S)
        for family in (socket.AF_INET, socket.AF_INET6):
            channel.send(_request(family, states))
            for data, start, end in _messages(channel):
                if port is None or port == _PORTS.unpack_from(data, start + 4)[0]:
                    found.append(_parse(family, data, start, end))
    return found


def _request(family: int, states: int) -> bytes:
    body = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, states)
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _REQUEST_AND_DUMP, 1, 0) + body


def _messages(channel: socket.socket) -> Iterator[tuple[bytes, int, int]]:
    """Where in which datagram each socket's message begins and ends."""
    while True:
        data = channel.recv(1 << 16)
        offset = 0
        while offset + _HEADER.size <= len(data):
            length, kind, *_ = _HEADER.unpack_from(data, offset)
            if kind == _DONE:
                return
            if kind == _ERROR:
                number: int = -struct.unpack_from("=i", data, offset + _HEADER.size)[0]
                raise OSError(number, "the kernel does not tell of its sockets")
            yield data, offset + _HEADER.size, offset + length
            offset += (length + 3) & ~3


def _parse(family: int, data: bytes, start: int, end: int) -> Socket:
    size = 4 if family == socket.AF_INET else 16
    here, there = start + 8, start + 24
    local, remote = _PORTS.unpack_from(data, start + 4)
    _, queued, _, uid, inode = _OWNER.unpack_from(data, start + 52)
    return Socket(
        address=_address(family, data[here : here + size]),
        port=local,
        remote_address=_address(family, data[there : there + size]),
        remote_port=remote,
        state=_STATES[data[start + 1]],
        uid=uid,
        inode=inode,
        queued=queued,
        v6_only=_v6_only(data, start + _FIXED, end) if family == socket.AF_INET6 else False,
    )


@functools.lru_cache(maxsize=256)
def _address(family: int, data: bytes) -> str:
    return socket.inet_ntop(family, data)


def _v6_only(data: bytes, offset: int, end: int) -> bool:
    while offset + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if kind == _ATTRIBUTE_V6ONLY:
            return data[offset + _ATTRIBUTE.size] == 1
        offset += max((length + 3) & ~3, _ATTRIBUTE.size)
    return False
