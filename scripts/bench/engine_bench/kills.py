"""SIGKILL: of workers that stream, and of the dev server itself."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import statistics
import tempfile
import time
from pathlib import Path

import psutil

from engine_bench.serving import Server, running, save, settle, wait_until

STREAMS = 4
LEFT_S = 3.0


def report_workers(installed: Path, kills: int) -> bool:
    """Whether the engine outlives them all: the same process, nothing in flight, no more memory."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        save(folder, "first")
        with running("portside serve --keep-engine", installed, folder) as server:
            server.wait_for_token("first")
            wanted = server.get("/generate?count=16")
            settle(server)
            before, times, memory = server.engine(), [], []
            for number in range(kills):
                times.append(_kill_worker(server, folder, f"kill-{number}"))
                memory.append(_memory(before["pid"]))
            wait_until(lambda: server.engine()["in_flight"] == 0, "nothing in flight")
            after = server.engine()
            same = server.get("/generate?count=16").partition("\n")[2] == wanted.partition("\n")[2]
    early = memory[min(9, kills - 1)]
    steady = memory[-1] <= early * 1.05
    sizes = ", ".join(f"{one / 2**20:.0f} MiB" for one in (memory[0], early, memory[-1]))
    print(f"{kills} workers killed, each with {STREAMS} streams open")
    print(f"  the engine: {'the same' if after['pid'] == before['pid'] else 'ANOTHER'} process")
    print(f"  in flight afterwards: {after['in_flight']}; tokens {'as' if same else 'NOT as'} before")
    print(f"  memory after the first, the tenth and the last: {sizes}")
    print(f"  to the next token: {statistics.median(times):.2f} s (median), {max(times):.2f} s (longest)")
    return bool(after["pid"] == before["pid"] and after["in_flight"] == 0 and same and steady)


def _kill_worker(server: Server, folder: Path, version: str) -> float:
    """Seconds until another one serves. Some backs off after a crash: an edit brings it at once."""
    streams = [_stream(server.port) for _ in range(STREAMS)]
    os.kill(int(server.get("/pid")), signal.SIGKILL)
    for stream in streams:
        stream.close()
    save(folder, version)
    return server.wait_for_token(version)


def _stream(port: int) -> socket.socket:
    """A connection on which tokens come: 480 of them, of which the first have come."""
    stream = socket.create_connection(("127.0.0.1", port), 60)
    stream.sendall(b"GET /generate?count=480 HTTP/1.1\r\nhost: localhost\r\n\r\n")
    received = b""
    while received.count(b"\n") < 8:
        received += stream.recv(4096)
    return stream


def _memory(pid: int) -> int:
    """Bytes that the engine's processes hold; pages that they share count once."""
    total = 0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total


def report_servers(installed: Path, kills: int) -> bool:
    """Whether nothing is left of a dev server, wherever in a start, or after it, it was killed."""
    left, longest = 0, 0.0
    for number in range(kills):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            save(folder, "first")
            with running("portside serve --keep-engine", installed, folder) as server:
                if number % 4 == 3:
                    server.wait_for_token("first")
                else:  # while the engine loads: at moments spread over its start
                    time.sleep(2.0 + number * 0.8)
                tree = server.tree()
                server.process.kill()
                began = time.monotonic()
                remaining = psutil.wait_procs(tree, LEFT_S)[1]
                longest = max(longest, time.monotonic() - began)
                left += len(remaining)
                for process in remaining:
                    print(f"  left after kill {number}: {process}")
    print(f"{kills} dev servers killed: {left} processes left; the last was gone after {longest:.2f} s")
    return left == 0
