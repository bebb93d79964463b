"""What a token costs more when it comes from a kept engine, and whether it is the same token."""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from engine_bench.serving import running, save, settle

TOOLS = ("portside serve", "portside serve --keep-engine")


def report(installed: Path, rounds: int) -> bool:
    """Whether both generate the same. The tools take turns, each a server of its own."""
    times: dict[str, list[float]] = {tool: [] for tool in TOOLS}
    greedy = set()
    for _ in range(rounds):
        for tool in TOOLS:
            with tempfile.TemporaryDirectory() as scratch:
                save(Path(scratch), "first")
                with running(tool, installed, Path(scratch)) as server:
                    server.wait_for_token("first")
                    server.get("/measure?streams=5")
                    settle(server)
                    for _ in range(3):
                        told = json.loads(server.get("/measure"))
                        times[tool].append(told["ms"])
                        greedy.add(told["greedy"])
    direct, kept = (statistics.median(times[tool]) for tool in TOOLS)
    same = "the same" if len(greedy) == 1 else "NOT the same"
    print(
        f"a token of a single stream: {direct:.3f} ms direct, {kept:.3f} ms kept, {kept - direct:+.3f} ms; "
        f"{same} tokens"
    )
    for tool in TOOLS:
        print(f"  {tool}: {', '.join(f'{one:.3f}' for one in times[tool])}")
    return len(greedy) == 1
