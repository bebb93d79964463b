"""How long it takes to index the launch files of a tree, cold, and again after one of them changed.

    python scripts/bench/launch_index.py [--files 1000 10000 50000] [--rounds 5] [--launch-share 0.1]

Makes trees of so many files, a tenth of them launch files in the mix that public repositories have (manifests
and other YAML, shell scripts, package.json, Dockerfiles, compose files, …), the others Python, text and data.
Cold: a fresh process walks the tree, reads its launch files, and puts together who claims which port.
Changed: a file is written, the index told, and what it says together with its neighbours found out again.
In brackets the processor's time, which other programs of a busy machine don't add to.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from portside.launchfiles.graph import graph
from portside.launchfiles.graph.plan import planned
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.launch_texts import LaunchTexts


def _dockerfile(number: int) -> str:
    port = 8000 + number % 900
    setup = "".join(f"RUN pip install package-{number}-{step}\n" for step in range(12))
    command = f'CMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "{port}"]'
    return f"FROM python:3.11-slim AS base\nWORKDIR /app\n{setup}COPY . .\nEXPOSE {port}\n{command}\n"


_SERVICE = """\
  s{n}:
    build: .
    environment:
      LOG: info
      MODEL: m
    ports:
      - "{port}:8000"
"""


def _compose(number: int) -> str:
    services = "".join(_SERVICE.format(n=n, port=9000 + number % 900 + n) for n in range(4))
    return f"services:\n{services}  db:\n    image: postgres:16\n    volumes: [data:/var/lib]\n"


_MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api-{number}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: api-{number}
  template:
    metadata:
      labels:
        app: api-{number}
    spec:
      containers:
        - name: api
          image: vllm/vllm-openai
          args: ["--model", "m", "--port", "{port}"]
          ports:
            - containerPort: {port}
          readinessProbe:
            httpGet:
              path: /health
              port: {port}
---
apiVersion: v1
kind: Service
metadata:
  name: api-{number}
spec:
  selector:
    app: api-{number}
  ports:
    - port: 80
      targetPort: {port}
"""


def _manifest(number: int) -> str:
    return _MANIFEST.format(number=number, port=8000 + number % 900)


def _workflow(number: int) -> str:
    steps = "".join(f"      - name: step {n}\n        run: make test-{n}\n" for n in range(12))
    return f"name: ci-{number}\non: [push]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"


def _script(number: int) -> str:
    lines = "".join(f'echo "step {step}"\nmkdir -p "out/{step}"\n' for step in range(20))
    return f"#!/bin/bash\nset -e\nPORT=${{PORT:-{8000 + number % 900}}}\n{lines}vllm serve m --port $PORT\n"


def _other_script(number: int) -> str:
    return "#!/bin/bash\n" + "".join(f'tar xf "part-{number}-{step}.tar"\n' for step in range(40))


def _package(number: int) -> str:
    return json.dumps(
        {"name": f"p{number}", "scripts": {"build": "tsc", "dev": "vite --port 5173"}}, indent=2
    )


# As in some 470 repositories that serve models: name, text, share of the launch files.
_LAUNCHES: tuple[tuple[str, Callable[[int], str], int], ...] = (
    ("deploy/api.yaml", _manifest, 14),
    (".github/workflows/ci.yml", _workflow, 26),
    ("start.sh", _script, 12),
    ("unpack.sh", _other_script, 22),
    ("package.json", _package, 11),
    ("Dockerfile", _dockerfile, 8),
    ("docker-compose.yml", _compose, 5),
    ("Makefile", lambda n: f"run:\n\tuvicorn app:app --port {8000 + n % 900}\n", 1),
    ("Procfile", lambda n: f"web: uvicorn app:app --port {8000 + n % 900}\n", 1),
)  # fmt: skip
_OTHERS = (
    (".py", "import os\n\n\ndef main() -> None:\n    print(os.environ)\n" * 20),
    (".md", "# Text\n\nwords\n" * 40),
    (".json", "{}\n"),
    ("", "text\n"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--launch-share", type=float, default=0.1)
    parser.add_argument("--cold", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.cold:
        print(json.dumps(_cold(asked.cold)))
        return 0
    print("  files  launch files   claims   cold s (CPU)  changed ms (CPU)  worst CPU ms")
    for count in asked.files:
        with tempfile.TemporaryDirectory(prefix="portside-bench-") as folder:
            _report(Path(folder), count, asked.launch_share, asked.rounds)
    return 0


def _report(root: Path, count: int, share: float, rounds: int) -> None:
    launches = make_tree(root, count, share)
    command = [sys.executable, __file__, "--cold", str(root)]
    outputs = [subprocess.run(command, capture_output=True, check=True) for _ in range(rounds)]
    runs = [json.loads(output.stdout) for output in outputs]
    changes = list(_changes(root, launches, 10 * rounds))
    cold, cold_cpu = (statistics.median(run[key] for run in runs) for key in ("seconds", "cpu"))
    changed, changed_cpu = (statistics.median(change[index] for change in changes) for index in (0, 1))
    print(
        f"{count:>7}  {runs[0]['files']:>12}  {runs[0]['claims']:>7}  {cold:>7.2f} ({cold_cpu:.2f})  "
        f"{changed * 1000:>8.1f} ({changed_cpu * 1000:.1f})  {max(cpu for _, cpu in changes) * 1000:>12.1f}",
        flush=True,
    )


def make_tree(root: Path, count: int, share: float) -> list[Path]:
    """The launch files of a new tree."""
    launches = list(_launches(root, int(count * share)))
    for number in range(count - len(launches)):
        suffix, text = _OTHERS[number % len(_OTHERS)]
        path = root / f"src/d{number % 97}/f{number}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return launches


def _launches(root: Path, count: int) -> Iterator[Path]:
    mix = [(name, text) for name, text, share in _LAUNCHES for _ in range(share)]
    for number in range(count):
        name, text = mix[number % len(mix)]
        path = root / f"services/s{number // len(mix)}/{number % len(mix)}/{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(number))
        yield path


def _cold(root: Path) -> dict[str, float]:
    started, cpu = time.perf_counter(), time.process_time()
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    read = list(files.all())
    claims = planned(files, iter(read))
    taken = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    return {**taken, "files": len(read), "claims": len(claims)}


def _changes(root: Path, launches: list[Path], rounds: int) -> Iterator[tuple[float, float]]:
    """Seconds and CPU seconds from the event to what there is to say of that file."""
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    list(files.all())
    for number in range(rounds):
        path = launches[number * 7 % len(launches)]
        path.write_text(path.read_text() + "\n")
        started, cpu = time.perf_counter(), time.process_time()
        texts.changed(path)
        file = files.file(path.relative_to(root).as_posix())
        if file is not None:
            list(graph.conflicts_in(files, file))
            list(graph.mismatches_in(files, file))
        yield time.perf_counter() - started, time.process_time() - cpu


if __name__ == "__main__":
    sys.exit(main())
