#!/usr/bin/env python3
"""How long `portside ports`, and a conflict of `portside serve`, take on a busy machine.

    python scripts/ports_bench.py [--processes 300] [--sockets 5000] [--runs 20]

Starts that many processes with that many listening sockets between them, each process with
some open files besides, and measures whole processes, from start to exit. Beside it psutil's
`net_connections`, the usual way to such a table.
"""

from __future__ import annotations

import argparse
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HOLD = """
import socket, sys, time
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
files = [open("/dev/null") for _ in range(20)]
print(flush=True)
time.sleep(3600)
"""
PSUTIL = "import psutil; [psutil.Process(c.pid).name() for c in psutil.net_connections('tcp') if c.pid]"
LISTEN = """
import socket
sock = socket.create_server(("127.0.0.1", 0))
print(sock.getsockname()[1], flush=True)
import time; time.sleep(3600)
"""


def hold(processes: int, sockets: int, folder: str) -> list[subprocess.Popen[bytes]]:
    script = pathlib.Path(folder, "server.py")
    script.write_text(HOLD, encoding="utf-8")
    each, rest = divmod(sockets, processes)
    started = []
    for index in range(processes):
        count = each + (index < rest)
        command = [sys.executable, "-S", "-E", str(script), str(count)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE))
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    return started


def measured(command: list[str], runs: int, folder: str) -> list[tuple[float, float]]:
    """(wall, CPU) seconds of each run."""
    found = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.perf_counter()
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        wall = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found.append((wall, cpu))
    return found


def show(name: str, results: list[tuple[float, float]]) -> None:
    walls, cpus = zip(*results, strict=True)
    worst = sorted(walls)[max(0, int(len(walls) * 0.95) - 1)]
    print(
        f"{name:<44} wall {statistics.median(walls):.3f} s (95 %: {worst:.3f}, best {min(walls):.3f})   "
        f"CPU {statistics.median(cpus):.3f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--sockets", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    portside = [sys.executable, "-m", "portside"]
    taken = subprocess.Popen([sys.executable, "-c", LISTEN], stdout=subprocess.PIPE, text=True)
    assert taken.stdout is not None
    port = taken.stdout.readline().strip()
    holding: list[subprocess.Popen[bytes]] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            holding = hold(options.processes, options.sockets, folder)
            print(f"{options.processes} processes, {options.sockets} sockets, {options.runs} runs each")
            for name, command in (
                ("portside --version", [*portside, "--version"]),
                ("portside ports", [*portside, "ports"]),
                ("portside ports --all", [*portside, "ports", "--all"]),
                ("portside ports PORT", [*portside, "ports", port]),
                (
                    "portside serve, conflict",
                    [*portside, "serve", "app:app", "--port", port, "--on-conflict", "fail"],
                ),
                ("psutil.net_connections, names", [sys.executable, "-c", PSUTIL]),
            ):
                show(name, measured(command, options.runs, folder))
    finally:
        for process in [*holding, taken]:
            process.kill()
        for process in [*holding, taken]:
            process.wait()


if __name__ == "__main__":
    main()
