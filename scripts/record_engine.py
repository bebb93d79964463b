#!/usr/bin/env python3
"""Record what the console says while an app with a kept engine is edited under load, broken and mended.

    python scripts/record_engine.py $(.ci/install-vllm)            write it into docs/warm-reload.md
    python scripts/record_engine.py $(.ci/install-vllm) --check    exit with 1 where it goes otherwise

Needs a real vLLM. Numbers, pids and paths differ from run to run; all else has to be the same.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "bench"))

from engine_bench.hammer import Client
from engine_bench.serving import Server, end_on_sigterm, running, save, settle, wait_until

PAGE = Path(__file__).resolve().parent.parent / "docs" / "warm-reload.md"
BLOCK = re.compile(r"(<!-- recording -->\n```text\n).*?(```\n)", re.DOTALL)
TOOL = "portside serve --keep-engine"
CLIENTS = 4
STEP = re.compile(r"^· .* \(after \d+\.\d s\b")
"""How far a start is: which of these are told depends on how fast it goes."""
VARYING = (
    (re.compile(r"\bpid \d+"), "pid N"),
    (re.compile(r"\b\d+\.\d+ s\b"), "N s"),
    (re.compile(r"127\.0\.0\.1:\d+|\bport \d+"), "PORT"),
    (re.compile(r"\b\d[\d,]* requests"), "N requests"),
)


class Recording:
    """Lines of the console as they come, and between them what was done."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._read = 0
        self._is_ours = False
        self.lines: list[str] = []

    def did(self, what: str) -> None:
        self.catch_up()
        self.lines += ["", f"# {what}"]

    def wait_for(self, text: str) -> None:
        """Until the console has said this since the last thing that was done."""
        seen = len(self.lines)

        def has_come() -> bool:
            self.catch_up()
            return any(text in line for line in self.lines[seen:])

        wait_until(has_come, text)

    def catch_up(self) -> None:
        """Portside's own lines, which begin with a mark, and those below that belong to them."""
        whole = (self._server.folder / "log.txt").read_text(encoding="utf-8")
        new, self._read = whole[self._read : whole.rfind("\n") + 1], whole.rfind("\n") + 1
        for line in new.splitlines():
            has_mark = re.match(r"[●✓↻✗■!·…•] ", line) is not None
            self._is_ours = has_mark or (self._is_ours and line.startswith("  "))
            if self._is_ours and not STEP.search(line):
                self.lines.append(shortened(line, self._server))


def shortened(line: str, server: Server) -> str:
    """Without the paths of this machine."""
    line = line.replace(str(server.folder), "~/project").replace(str(Path.home()), "~")
    line = re.sub(r" +with \S+/python\S* \([^)]*\)", "", line)
    return re.sub(r"\S+/(tiny-llama)", r"\1", line).replace(f":{server.port}", ":8000").replace(
        f"port {server.port}", "port 8000"
    )  # fmt: skip


class Load:
    """Clients that ask without a pause, until they are told to stop."""

    def __init__(self, port: int) -> None:
        self._clients = [Client(number, port) for number in range(CLIENTS)]
        for client in self._clients:
            client.start()

    def stop(self) -> str:
        for client in self._clients:
            client.is_over = True
        for client in self._clients:
            client.join()
        answers = [answer for client in self._clients for answer in client.answers]
        kinds = Counter(answer.trouble for answer in answers if answer.trouble)
        more = "".join(f"; {count} times {kind}" for kind, count in kinds.items())
        return f"{len(answers):,} requests, {sum(kinds.values())} of them without an answer{more}"


def record(installed: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        save(folder, "1")
        with running(TOOL, installed, folder) as server:
            recording = Recording(server)
            recording.lines.append("$ portside serve app:app --keep-engine")
            recording.wait_for("generation 1 ready")
            settle(server)
            load = Load(server.port)
            recording.did(f"{CLIENTS} clients ask without a pause from here on, one has tokens streamed")
            recording.did("a route is edited")
            save(folder, "2")
            recording.wait_for("generation 2 ready")
            recording.did("it is broken")
            save(folder, "3", after="\ndef broken(:\n")
            recording.wait_for("generation 2 serves on")
            recording.did("it is mended")
            save(folder, "4")
            recording.wait_for("ready in")
            recording.did(f"the clients stop: {load.stop()}")
            recording.did("max_model_len=512 becomes 256")
            save(folder, "5", length=256)
            recording.wait_for("ready in")
            wait_until(lambda: server.engine()["phase"] == "ready", "the engine to be kept")
            engine = server.engine()["pid"]
            recording.did("the engine is killed: kill -9")
            os.kill(core_of(engine), signal.SIGKILL)
            recording.wait_for("the engine is gone")
            recording.did("the file is saved")
            save(folder, "6", length=256)
            recording.wait_for("ready in")
            recording.did("Ctrl-C")
            server.process.send_signal(signal.SIGINT)
            server.process.wait(60)
            recording.catch_up()
    return recording.lines


def core_of(host: int) -> int:
    """The process of vLLM's engine below its host."""
    import psutil  # noqa: PLC0415

    below = psutil.Process(host).children(recursive=True)
    return next(process.pid for process in below if "EngineCore" in " ".join(process.cmdline()))


def masked(text: str) -> list[str]:
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return text.splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("installed", type=Path, help="the folder that .ci/install-vllm prints")
    parser.add_argument("--check", action="store_true", help="write nothing, fail where it goes otherwise")
    options = parser.parse_args()
    end_on_sigterm()
    recorded = "\n".join(record(options.installed)) + "\n"
    page = PAGE.read_text(encoding="utf-8")
    found = BLOCK.search(page)
    assert found is not None, "docs/warm-reload.md has no recording"
    if not options.check:
        PAGE.write_text(BLOCK.sub(lambda match: match[1] + recorded + match[2], page), encoding="utf-8")
        return 0
    shown = found[0].removeprefix(found[1]).removesuffix(found[2])
    differences = list(
        difflib.unified_diff(masked(shown), masked(recorded), "shown", "recorded", lineterm="")
    )
    print("\n".join(differences))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
