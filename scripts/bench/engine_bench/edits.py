"""From a save to the first answer of the new code, and to the first token that it generates."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from engine_bench.serving import running, save, settle

TOOLS = ("portside serve --keep-engine", "uvicorn --reload")


def measure(tool: str, installed: Path, edits: int) -> tuple[float, list[float], list[float]]:
    """Seconds to the first token after the start; to the answer, and to the token, of each edit."""
    answers, tokens = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        save(folder, "first")
        with running(tool, installed, folder) as server:
            start = server.wait_for_token("first")
            for number in range(edits):
                settle(server)
                save(folder, f"edit-{number}")
                answers.append(server.wait_for(f"edit-{number}"))
                tokens.append(answers[-1] + server.wait_for_token(f"edit-{number}"))
    return start, answers, tokens


def report(installed: Path, edits: dict[str, int]) -> None:
    print("| | start, first token | edit, first answer | first token | longest |\n|---|---|---|---|---|")
    middle = {}
    for tool in TOOLS:
        start, answers, tokens = measure(tool, installed, edits[tool])
        middle[tool] = statistics.median(tokens)
        print(
            f"| {tool} ({len(tokens)} edits) | {start:.1f} s | {statistics.median(answers):.3f} s "
            f"| {middle[tool]:.3f} s | {max(tokens):.3f} s |",
            flush=True,
        )
    kept, plain = (middle[tool] for tool in TOOLS)
    print(f"\nportside to uvicorn, first token: {kept / plain:.4f}", flush=True)
