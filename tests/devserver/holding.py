"""Other processes that have a port, each in its own way: small programs that say `held` once they have it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_PREAMBLE = """
import ctypes, os, signal, socket, subprocess, sys, time
host, port = sys.argv[1], int(sys.argv[2])

def made(reuse=True, share=False, only_v6=False):
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if ":" in host:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(only_v6))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
    if share:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((host, port))
    return sock

def held():
    print("held", flush=True)

def named(name):
    ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)
"""

PROGRAMS = {
    "listens": "sock = made(); sock.listen(); held(); time.sleep(600)",
    "listens on IPv6 alone": "sock = made(only_v6=True); sock.listen(); held(); time.sleep(600)",
    "shares": "sock = made(share=True); sock.listen(); held(); time.sleep(600)",
    "is bound": "sock = made(); held(); time.sleep(600)",
    "is bound and shares": "sock = made(share=True); held(); time.sleep(600)",
    "has a child with the socket": """
        sock = made(); sock.listen()
        if os.fork() == 0:
            time.sleep(600)
        held(); time.sleep(600)
    """,
    "left a child with the socket": """
        sock = made(); sock.listen()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                held(); time.sleep(600)
            os._exit(0)
        os.wait(); time.sleep(600)
    """,
    "hangs": """
        sock = made(); sock.listen(); held(); time.sleep(600)
    """,
    "hangs on to closed connections": """
        sock = made(); sock.listen()
        held()
        connections = [sock.accept()[0] for _ in range(2)]
        sock.close()
        print("closed", flush=True)
        time.sleep(600)
    """,
    "ignores signals": """
        signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sock = made(); sock.listen(); held(); time.sleep(600)
    """,
    "has a child that ignores signals": """
        sock = made(); sock.listen()
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
            held(); time.sleep(600)
        time.sleep(600)
    """,
    "cleans up on Ctrl-C alone": """
        sock = made(); sock.listen(); held()
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            open(sys.argv[3], "w").write("cleaned up")
    """,
    "is another user's": """
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
        sock = made(); sock.listen(); held(); time.sleep(600)
    """,
    "is in another network": """
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(0x40000000):
            sys.exit("not allowed")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=False)
        sock = made(); sock.listen(); held(); time.sleep(600)
    """,
}


PROGRAMS["forwards"] = PROGRAMS["listens"]
PROGRAMS["left connections"] = """
    sock = made(); sock.listen()
    client = socket.create_connection((host, port))
    sock.accept()[0].close()
    client.close(); sock.close()
    held(); time.sleep(600)
"""
PROGRAMS["hangs on by itself"] = """
    sock = made(); sock.listen()
    client = socket.create_connection((host, port))
    connection = sock.accept()[0]
    client.close(); sock.close()
    held(); time.sleep(600)
"""


def source_of(program: str) -> str:
    return _PREAMBLE + textwrap.dedent(PROGRAMS[program])


class Holding:
    """One of the programs, running. `processes` are all that are left of it at the end, and end."""

    def __init__(
        self, program: str, port: int, host: str = "127.0.0.1", *more: str, command: Sequence[str] = ()
    ) -> None:
        source = source_of(program)
        self.port = port
        self.process = subprocess.Popen(
            [*(command or (sys.executable,)), "-c", source, host, str(port), *more],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.said("held")

    def said(self, word: str) -> None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == word + "\n", line

    @property
    def pid(self) -> int:
        return self.process.pid

    def __enter__(self) -> Holding:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        assert self.process.stdout is not None
        if self.process.stdout.closed:
            return
        self.process.kill()
        for pid in owners_of(self.port):
            if pid != os.getpid():
                with suppress(ProcessLookupError):  # the kill above may take effect only now
                    os.kill(pid, 9)
        self.process.communicate()


def owners_of(port: int) -> set[int]:
    from portside.devserver.ports import sockets
    from portside.devserver.registry import procfs

    rows = sockets.at_port(port)
    return {pid for pids in procfs.owners({row.inode for row in rows}).values() for pid in pids}


@contextmanager
def renamed_python(tmp_path: Path, name: str) -> Iterator[list[str]]:
    """A command that runs Python under this name."""
    path = tmp_path / name
    if not path.exists():
        path.symlink_to(os.path.realpath(sys.executable))
    yield [str(path)]


def can_change_user() -> bool:
    return os.getuid() == 0


def can_make_network() -> bool:
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "-n", "true"], check=False).returncode == 0
