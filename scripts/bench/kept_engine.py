"""What keeping an engine gives and costs, beside `uvicorn --reload`, with a real vLLM on a CPU.

    python scripts/bench/kept_engine.py $(.ci/install-vllm) [edits hammer cost workers servers]

edits     from a save to the first answer and the first token of the new code
hammer    8 clients over 40 edits, 10 of them broken: failed requests, old answers
cost      a token of a single stream, direct and kept; whether the tokens are the same
workers   50 workers killed with streams open
servers   20 dev servers killed

Exits 1 where a request failed or got an old answer, tokens differ, or something was left.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine_bench import cost, edits, hammer, kills
from engine_bench.serving import end_on_sigterm

PARTS = ("edits", "hammer", "cost", "workers", "servers")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("installed", type=Path, help="the folder that .ci/install-vllm prints")
    parser.add_argument("parts", nargs="*", choices=PARTS, default=PARTS, metavar="part")
    parser.add_argument("--scale", type=float, default=1.0, help="less than 1 for a quick look")
    options = parser.parse_args()
    end_on_sigterm()
    results = [_run(part, options.installed, options.scale) for part in options.parts]
    return 0 if all(results) else 1


def _run(part: str, installed: Path, scale: float) -> bool:
    def scaled(count: int) -> int:
        return max(1, round(count * scale))

    match part:
        case "edits":
            edits.report(installed, {edits.TOOLS[0]: scaled(20), edits.TOOLS[1]: scaled(5)})
            return True
        case "hammer":
            return hammer.report(installed, scaled(40))
        case "cost":
            return cost.report(installed, scaled(2))
        case "workers":
            return kills.report_workers(installed, scaled(50))
        case _:
            return kills.report_servers(installed, scaled(20))


if __name__ == "__main__":
    sys.exit(main())
