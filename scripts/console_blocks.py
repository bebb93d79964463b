#!/usr/bin/env python3
"""Run the commands that the documentation shows, and compare or write what they print.

    python scripts/console_blocks.py           write the outputs
    python scripts/console_blocks.py --check   write nothing, exit with 1 where one differs

A block counts where a comment stands right above it. It runs in a fresh copy of
that folder:

    <!-- console: examples/qwen_vllm_server -->
    ```console
    $ portside check core
    …
    ```

`<!-- mermaid: FOLDER $ portside ports --plan --output-format mermaid -->` stands above a ```mermaid block
in the same way, whose text is what that command prints.

`<!-- console: FOLDER holds 8010 -->` runs it while another process, `python -m
http.server 8010`, holds that port: any free one stands in for 8010. With `(is bound)`
behind the port it is one of the programs of tests/devserver/holding.py. What differs
from run to run (process ids, times, the user) is written as it was in the run
that wrote it, and compared by its shape.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import errno
import importlib.util
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = (
    "README.md",
    "docs/index.md",
    "docs/cli.md",
    "docs/devserver.md",
    "docs/ports.md",
    "docs/launch-files.md",
    "docs/settings.md",
    "docs/editors.md",
)
BLOCK = re.compile(
    r"<!-- console: (?P<folder>\S+)(?: holds (?P<port>\d+)(?: \((?P<how>[^)]+)\))?)? -->\n"
    r"```console\n(?P<text>.*?)```\n",
    re.DOTALL,
)
GRAPH = re.compile(
    r"<!-- mermaid: (?P<folder>\S+) \$ (?P<command>[^\n]+) -->\n```mermaid\n(?P<text>.*?)```\n", re.DOTALL
)
# What may differ between two runs of one command.
VARYING = (
    (re.compile(r"\b(pid|ms|process) \d+"), r"\1 N"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s|min)\b"), "N s"),
    (re.compile(r"\b(free|held by [^;\n]+)(?=;|$)", re.MULTILINE), "NOW"),
    (re.compile(r"\b(yours|root's|of \w+), started [^,\n]*"), "of USER, started T"),
)


@dataclass(frozen=True)
class Block:
    folder: str
    port: str | None
    text: str
    how: str | None = None
    graph: str | None = None

    @property
    def fence(self) -> str:
        return "console" if self.graph is None else "mermaid"

    def commands(self) -> list[str]:
        return (
            [self.graph]
            if self.graph is not None
            else [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]
        )


def blocks(page: str) -> list[Block]:
    shown = [
        Block(found["folder"], found["port"], found["text"], found["how"]) for found in BLOCK.finditer(page)
    ]
    graphs = [
        Block(found["folder"], None, found["text"], graph=found["command"]) for found in GRAPH.finditer(page)
    ]
    return shown + graphs


def rerun(block: Block) -> str:
    """The block's text as it would be now."""
    with tempfile.TemporaryDirectory() as scratch, held_port(block.port, block.how) as actual:
        folder = pathlib.Path(scratch, pathlib.Path(block.folder).name)
        shutil.copytree(ROOT / block.folder, folder, ignore=shutil.ignore_patterns("__pycache__", ".git"))
        printed = [(each, output_of(each, folder, block.port, actual)) for each in block.commands()]
    return "".join(text if block.graph is not None else f"$ {command}\n{text}" for command, text in printed)


def output_of(command: str, folder: pathlib.Path, port: str | None, actual: str) -> str:
    """What a command prints, to standard output and error as they come, without trailing blanks."""
    scripts = pathlib.Path(sys.executable).parent
    result = subprocess.run(
        ["/bin/bash", "-c", command.replace(port, actual) if port else command],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "tests" / "standin"),
            "PORTSIDE_STATE_DIR": str(folder.parent / "state"),
            "COLUMNS": "100",
            "NO_COLOR": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    output = result.stdout.replace(str(folder), "~/" + folder.name).replace(sys.executable, "python3")
    if port:
        output = output.replace(actual, port)
    return "".join(line.rstrip() + "\n" for line in output.rstrip().splitlines())


@contextlib.contextmanager
def held_port(port: str | None, how: str | None = None) -> Iterator[str]:
    """A free port that another process holds; nothing where no port is asked for."""
    if port is None:
        yield ""
        return
    actual = free_port()
    if how is None:
        command = [sys.executable, "-m", "http.server", actual]
        servers = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
        wait_until_listening(int(actual))
    else:
        servers = held_by(how, actual)
    try:
        yield actual
    finally:
        for server in servers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, 9) if how else server.kill()
            server.communicate()


def free_port() -> str:
    """Below those that the kernel takes for outgoing connections, and without one of an earlier server.

    Not to be reused, as `create_server` may: what is told of a port is told of those connections too.
    """
    for candidate in range(20000 + os.getpid() % 5000, 32000):
        if all(is_unused(family, candidate) for family in (socket.AF_INET, socket.AF_INET6)):
            return str(candidate)
    raise OSError("no port is free")


def is_unused(family: socket.AddressFamily, port: int) -> bool:
    try:
        with socket.socket(family) as sock:
            if family is socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(("", port))
    except OSError as error:
        return error.errno in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}  # a machine without IPv6
    return True


def held_by(how: str, port: str) -> list[subprocess.Popen[str]]:
    """Programs of the tests, as `python3 server.py ADDRESS PORT`, each in a session of its own."""
    spec = importlib.util.spec_from_file_location("holding", ROOT / "tests" / "devserver" / "holding.py")
    assert spec is not None
    assert spec.loader is not None
    holding = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(holding)
    program, _, host = how.partition(" at ")
    folder = tempfile.mkdtemp(prefix="portside-holding-")
    name = "docker-proxy" if program == "forwards" else "python3"
    pathlib.Path(folder, name).symlink_to(os.path.realpath(sys.executable))
    pathlib.Path(folder, "server.py").write_text(holding.source_of(program), encoding="utf-8")
    words = [f"./{name}", "server.py", host or "127.0.0.1", port]
    words += ["-host-port", port, "-container-ip", "172.17.0.2", "-container-port", "8000"] * (
        name != "python3"
    )
    started = []
    for _ in range(2 if program == "shares" else 1):
        started.append(
            subprocess.Popen(
                words,
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        )
        output = started[-1].stdout
        assert output is not None
        output.readline()
    shutil.rmtree(folder)
    return started


def wait_until_listening(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on {port}")


def shape(text: str) -> list[str]:
    """The lines that two runs of one command have in common."""
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return text.splitlines()


def differences(name: str, block: Block) -> str:
    """A diff of what the page says and what is so; empty where they agree."""
    now = rerun(block)
    return "\n".join(difflib.unified_diff(shape(block.text), shape(now), name, "now", lineterm=""))


def write(path: pathlib.Path) -> None:
    page = path.read_text(encoding="utf-8")
    for block in blocks(page):
        now = rerun(block)
        if shape(now) != shape(block.text):  # else a time or a process id would make a change of nothing
            page = page.replace(f"```{block.fence}\n{block.text}```", f"```{block.fence}\n{now}```")
    path.write_text(page, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    status = 0
    for path in (ROOT / name for name in PAGES if (ROOT / name).exists()):
        if not check:
            write(path)
            continue
        for block in blocks(path.read_text(encoding="utf-8")):
            if found := differences(path.name, block):
                print(found)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
