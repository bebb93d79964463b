"""PS203: two that are started together want the same port."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from portside.knowledge.port_ranges import HIGHEST
from portside.lint.finding import Applicability, Edit, Finding, Fix, LaterFixes, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid

if TYPE_CHECKING:
    from portside.launchfiles.graph.claims import Claim, Conflict
    from portside.launchfiles.graph.graph import Taken
    from portside.launchfiles.graph.launch_facts import LaunchFacts

CODE, NAME = "PS203", "port-conflict"

DOCUMENTATION = """\
## What it does

Flags a port that two of those want which a launch file starts together:

- services of one compose project (with its `compose.override.yaml`, what they `extends`, and the values
  of `.env`): published ports, and servers with `network_mode: host` or in one `network_mode: service:…`;
- containers of one Kubernetes pod, which share its network;
- processes of one Procfile;
- commands that one script, Makefile target or package.json script starts in the background (`&`);
- configurations of one compound in launch.json;
- a vLLM server's API and the further ports that its own options open.

What is underlined is the port; the other one is a related location, and has a finding that points back.

Not flagged: files of two folders, services whose profiles exclude each other, variants of one service
(`api` and `api-dev`, services that publish the same three ports or more), branches of a script, commands that
wait for each other or follow a `kill`, ports that only a variable from outside decides, and ports from
which vLLM moves on by itself.

## Why it matters

Whichever comes second fails, and which one that is changes from start to start. Docker says so at once:

```text
Error response from daemon: driver failed programming external connectivity on endpoint api: Bind for
0.0.0.0:8000 failed: port is already allocated
```

A server says so when its model has been loaded, or never gets that far:

```text
ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use
```

## Example

```yaml
services:
  api:
    ports: ["8000:8000"]
  vllm:
    ports: ["8000:8000"]
```

Better:

```yaml
services:
  api:
    ports: ["8000:8000"]
  vllm:
    ports: ["8001:8000"]
```

## Fix and its safety

"Use port 8001" writes the next number that nobody claims there in the place of the second one. Unsafe:
whoever calls that server has to call the other port from then on.

## Since

Every version. The message of Docker is that of 27.3, the server's that of uvicorn 0.54.0.

## References

- [Compose: merging files](https://docs.docker.com/reference/compose-file/merge/)
- [Kubernetes: pod networking](https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking)
- [vLLM: server arguments](https://docs.vllm.ai/en/latest/configuration/serve_args.html)
"""


def _check(facts: LaunchFacts) -> Iterator[Finding]:
    from portside.launchfiles.graph import graph

    taken = functools.cache(lambda: graph.Taken(facts.workspace.around, facts.file))
    for conflict in graph.conflicts_in(facts.workspace.around, facts.file):
        here = facts.file.path
        if conflict.first.place.path == here:
            yield _finding(facts, conflict, conflict.first, conflict.second, ())
        if conflict.second.place.path == here:
            fixes = LaterFixes(functools.partial(_fixes, facts, conflict, taken))
            yield _finding(facts, conflict, conflict.second, conflict.first, fixes)


def _finding(
    facts: LaunchFacts, conflict: Conflict, own: Claim, other: Claim, fixes: Sequence[Fix]
) -> Finding:
    # Within one unit, only the commands tell which is meant.
    if own.who == other.who:
        own, other = (replace(one, ordered=True) for one in (own, other))
    related = Related(
        facts.shown(other.place.path), other.place.span, f"{_doing(other)} `{conflict.port}` here"
    )
    where = "" if own.is_on_machine else f" in {own.network}"
    message = f"{_subject(own, conflict.port)}{where}, and so does {_by(own, other)}: {_outcome(own, other)}"
    return Finding(CODE, NAME, own.place.span, message, Severity.WARNING, fixes, (related,))


def _name(claim: Claim) -> str:
    """Who it is for people: of a script's commands, the command."""
    listener = claim.listener
    if claim.ordered and listener is not None:
        return f"`{listener.program} {listener.target}`".replace(" `", "`")
    return claim.who


def _for(claim: Claim) -> str:
    return "" if claim.is_api or claim.is_published else f" for its {claim.what}"


def _subject(claim: Claim, port: int) -> str:
    verb = "publishes" if claim.is_published else "listens on"
    return f"{_name(claim)} {verb} port `{port}`{_for(claim)}"


def _by(own: Claim, other: Claim) -> str:
    if own.launch is not None and own.launch == other.launch:
        return "its own API" if other.is_api else f"the same launch{_for(other)}"
    if own.is_published and own.who == other.who and own.listener is None:
        return "another entry of it"
    another = "another " if _name(own) == _name(other) else ""
    return another + _name(other) + _for(other)


def _doing(claim: Claim) -> str:
    return f"{_name(claim)} {'publishes' if claim.is_published else 'listens on'}"


def _outcome(own: Claim, other: Claim) -> str:
    if own.is_published and other.is_published:
        return "Docker starts one of them and ends with `port is already allocated`"
    return "whichever comes second fails with `address already in use`"


def _fixes(facts: LaunchFacts, conflict: Conflict, taken: Callable[[], Taken]) -> Iterator[Fix]:
    digits = conflict.second.digits
    if digits is None or conflict.second.count > 1:
        return
    others = taken().beside(conflict.second)
    port = next((n for n in range(conflict.port + 1, HIGHEST) if n not in others), None)
    if port is not None:
        edit = Edit(facts.shown(digits.path), digits.span, str(port))
        notes = (
            f"Whoever calls {_name(conflict.second)} on {conflict.port} has to call {port} from then on",
        )
        yield Fix(f"Use port {port} in {_name(conflict.second)}", (edit,), Applicability.UNSAFE, notes)


_INVALID = (
    Invalid(
        "two services publish one port",
        'services:\n  api:\n    image: a\n    ports: ["«8000»:80"]\n  vllm:\n    image: b\n'
        '    ports: ["«8000»:8000"]\n',
        messages=(
            "service `api` publishes port `8000`, and so does service `vllm`: Docker starts one of them",
            "service `vllm` publishes port `8000`, and so does service `api`",
        ),
        path="compose.yaml",
    ),
    Invalid(
        "the override publishes the port of another service",
        'services:\n  vllm:\n    image: b\n    ports: ["«8000»:8000"]\n',
        fixed='services:\n  vllm:\n    image: b\n    ports: ["8001:8000"]\n',
        path="compose.override.yaml",
        files={"compose.yaml": 'services:\n  api:\n    image: a\n    ports: ["8000:80"]\n'},
    ),
    Invalid(
        "through the variables of .env",
        'services:\n  api:\n    image: a\n    ports: ["«${API_PORT}»:80"]\n  vllm:\n    image: b\n'
        '    ports: ["«9000»:8000"]\n',
        path="docker-compose.yml",
        files={".env": "API_PORT=9000\n"},
    ),
    Invalid(
        "two servers on the host's network",
        "services:\n  a:\n    network_mode: host\n    image: x\n    command: uvicorn a:app --port «8000»\n"
        "  b:\n    network_mode: host\n    image: x\n    command: vllm serve m --port «8000»\n",
        messages=("service `a` listens on port `8000`, and so does service `b`: whichever comes second",),
        path="compose.yaml",
    ),
    Invalid(
        "two containers of one pod",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: api\n"
        '      image: a\n      command: ["uvicorn", "a:app", "--port", "«8000»"]\n    - name: vllm\n'
        '      image: b\n      command: ["vllm", "serve", "m", "--port", "«8000»"]\n',
        path="pod.yaml",
    ),
    Invalid(
        "two processes of a Procfile",
        "web: uvicorn a:app --port «8000»\nmodel: vllm serve m --port «8000»\n",
        path="Procfile",
    ),
    Invalid(
        "a script of package.json starts both",
        '{"scripts": {"dev": "uvicorn a:app --port «8000» & uvicorn b:app --port «8000»"}}\n',
        messages=("`uvicorn a:app` listens on port `8000`, and so does `uvicorn b:app`",),
        path="package.json",
    ),
    Invalid(
        "a script starts both in the background",
        "#!/bin/sh\nvllm serve m --port «8000» &\nuvicorn a:app --port «8000»\n",
        path="start.sh",
    ),
)

_VALID = (
    Valid(
        "a script that asks the server before it",
        "vllm serve m --port 8000 &\npython replay.py --port 8000 &\n"
        "python -m vllm.entrypoints.cli.main bench serve --port 8000\n",
        "start.sh",
        files={"replay.py": "import urllib.request\nurllib.request.urlopen(f'http://localhost:{port}/v1')\n"},
    ),
    Valid(
        "scripts of one name in folders of their own",
        'cd one\npython main.py &\ncd -\ncd two\npython main.py &\ncd "$THREE"\npython main.py\n',
        "start.sh",
        files={
            "main.py": "import uvicorn\nuvicorn.run(app, port=8000)\n",
            "one/main.py": "import uvicorn\nuvicorn.run(app, port=8000)\n",
            "two/main.py": "import uvicorn\nuvicorn.run(app, port=8001)\n",
        },
    ),
    Valid(
        "a port that is counted on",
        "PORT=8000\nfor model in a b; do\n  vllm serve $model --port $PORT &\n  ((PORT++))\ndone\nwait\n",
        "start.sh",
    ),
    Valid(
        "one port of the host, one of the container",
        'services:\n  a:\n    image: x\n    ports: ["8001:8000"]\n'
        '  b:\n    image: x\n    ports: ["8002:8000"]\n',
        path="compose.yaml",
    ),
    Valid(
        "profiles that exclude each other",
        'services:\n  a:\n    image: x\n    profiles: [gpu]\n    ports: ["8000:8000"]\n'
        '  b:\n    image: x\n    profiles: [cpu]\n    ports: ["8000:8000"]\n',
        path="compose.yaml",
    ),
    Valid(
        "variants of which one is started",
        'services:\n  api:\n    image: x\n    ports: ["8000:8000"]\n'
        '  api-dev:\n    image: x\n    ports: ["8000:8000"]\n',
        path="compose.yaml",
    ),
    Valid(
        "a collection of commands",
        "vllm serve a --port 8000\n\n# in the background\nnohup vllm serve b --port 8000 &\n"
        "nohup vllm serve c --port 8000 &\n",
        path="commands.sh",
    ),
    Valid(
        "two addresses",
        'services:\n  a:\n    image: x\n    ports: ["127.0.0.1:8000:8000"]\n'
        '  b:\n    image: x\n    ports: ["127.0.0.2:8000:8000"]\n',
        path="compose.yaml",
    ),
    Valid(
        "tcp and udp",
        'services:\n  a:\n    image: x\n    ports: ["8000:8000/tcp", "8000:8000/udp"]\n',
        path="compose.yaml",
    ),
    Valid(
        "two folders",
        'services:\n  a:\n    image: x\n    ports: ["8000:8000"]\n',
        path="one/compose.yaml",
        files={"two/compose.yaml": 'services:\n  b:\n    image: x\n    ports: ["8000:8000"]\n'},
    ),
    Valid(
        "one after the other",
        "#!/bin/sh\nuvicorn a:app --port 8000\nuvicorn b:app --port 8000\n",
        path="start.sh",
    ),
    Valid(
        "branches of a script",
        '#!/bin/sh\nif [ "$1" = gpu ]; then\n  vllm serve m --port 8000 &\nelse\n'
        "  uvicorn a:app --port 8000 &\nfi\nwait\n",
        path="start.sh",
    ),
    Valid(
        "after a kill",
        "#!/bin/sh\nvllm serve m --port 8000 &\npid=$!\npython bench.py\nkill $pid\nwait\n"
        "vllm serve n --port 8000 &\n",
        path="start.sh",
    ),
    Valid(
        "after a function that kills",
        "#!/bin/sh\ndone_with_it() {\n  pgrep python3 | xargs -r kill -9\n}\n"
        "vllm serve m --port 8000 &\npython bench.py\ndone_with_it\nvllm serve n --port 8000 &\n",
        path="start.sh",
    ),
    Valid(
        "a program that reads what a process manager gives it",
        "web: gunicorn a:app\nmodel: gunicorn b:app\n",
        path="Procfile",
    ),
    Valid(
        "a process manager gives each its own",
        "web: uvicorn a:app --port ${PORT:-8000}\nmodel: uvicorn b:app --port ${PORT:-8000}\n",
        path="Procfile",
    ),
)

RULE: Rule[LaunchFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.WARNING,
    summary="Two that a launch file starts together want the same port",
    documentation=DOCUMENTATION,
    check=None,
    launch_check=_check,
    invalid=_INVALID,
    valid=_VALID,
)
