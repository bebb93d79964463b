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

`<!-- console: FOLDER holds 8010 -->` runs it while another process, `python -m
http.server 8010`, holds that port: any free one stands in for 8010. What differs
from run to run (process ids, times, the user) is written as it was in the run
that wrote it, and compared by its shape.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
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
    "docs/settings.md",
    "docs/editors.md",
)
BLOCK = re.compile(
    r"<!-- console: (?P<folder>\S+)(?: holds (?P<port>\d+))? -->\n```console\n(?P<text>.*?)```\n", re.DOTALL
)
# What may differ between two runs of one command.
VARYING = (
    (re.compile(r"\b(pid|ms|process) \d+"), r"\1 N"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s|min)\b"), "N s"),
    (re.compile(r"\b(yours|root's|of \w+), started [^,\n]*"), "of USER, started T"),
)


@dataclass(frozen=True)
class Block:
    folder: str
    port: str | None
    text: str

    def commands(self) -> list[str]:
        return [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]


def blocks(page: str) -> list[Block]:
    return [Block(found["folder"], found["port"], found["text"]) for found in BLOCK.finditer(page)]


def rerun(block: Block) -> str:
    """The block's text as it would be now."""
    with tempfile.TemporaryDirectory() as scratch, held_port(block.port) as actual:
        folder = pathlib.Path(scratch, pathlib.Path(block.folder).name)
        shutil.copytree(ROOT / block.folder, folder, ignore=shutil.ignore_patterns("__pycache__", ".git"))
        parts = [
            f"$ {command}\n{output_of(command, folder, block.port, actual)}" for command in block.commands()
        ]
    return "".join(parts)


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
def held_port(port: str | None) -> Iterator[str]:
    """A free port that a web server holds; nothing where no port is asked for."""
    if port is None:
        yield ""
        return
    with socket.create_server(("127.0.0.1", 0)) as probe:
        actual = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "http.server", actual]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_listening(int(actual))
        yield actual
    finally:
        server.kill()
        server.wait()


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
            page = page.replace(f"```console\n{block.text}```", f"```console\n{now}```")
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
