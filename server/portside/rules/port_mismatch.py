"""PS204: a file names another port for a launch than the one it listens on."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from portside.launchfiles.facts import Mention
from portside.lint.finding import Applicability, Edit, Finding, Fix, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid

if TYPE_CHECKING:
    from portside.launchfiles.graph.launch_facts import LaunchFacts
    from portside.launchfiles.graph.mismatches import Mismatch

CODE, NAME = "PS204", "port-mismatch"

DOCUMENTATION = """\
## What it does

Flags a port that is named for a launch which listens on another one:

- `EXPOSE` and `HEALTHCHECK` of a Dockerfile, against its CMD and ENTRYPOINT;
- the container's side of `ports` and `healthcheck` in a compose file, against the service's command, or
  that of the Dockerfile it is built from, with the variables that the service is given;
- `containerPort`, probes and a Service's `targetPort` in Kubernetes manifests, against the container;
- the URL that launch.json opens, against its configuration.

The launch is looked for through the files: a service's Dockerfile, the script that its CMD runs, the
Python file that listens. It is a related location of the finding.

Not flagged: anything where a number is not known for certain, named ports, several exposed ports, containers
with more than one server, a proxy or a process manager in the image, ports that only a variable from outside
decides, and the host's side of `ports`.

## Why it matters

Nobody answers there, and nothing says so. The container runs, the log looks right, and each call ends in

```text
curl: (56) Recv failure: Connection reset by peer
```

A health check that asks the wrong port never succeeds: compose waits for `service_healthy` without end, and
Kubernetes restarts a server that does what it should, after minutes of loading a model.

## Example

```yaml
services:
  vllm:
    image: vllm/vllm-openai
    entrypoint: vllm serve my-model --port 9000
    ports: ["8000:8000"]
```

Correct:

```yaml
services:
  vllm:
    image: vllm/vllm-openai
    entrypoint: vllm serve my-model --port 9000
    ports: ["8000:9000"]
```

## Fix and its safety

"Change to 9000" writes the port of the launch. Safe where the file has the wrong number nowhere else, unsafe
where it has: it may mean the same server there. An `EXPOSE` is never a reason for a launch to listen
elsewhere, so it is always the mention that changes.

## Since

Every version.

## References

- [Dockerfile: EXPOSE](https://docs.docker.com/reference/dockerfile/#expose)
- [Compose: ports](https://docs.docker.com/reference/compose-file/services/#ports)
- [Kubernetes: probes](https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/)
"""


def _check(facts: LaunchFacts) -> Iterator[Finding]:
    from portside.launchfiles.graph import graph

    for found in graph.mismatches_in(facts.workspace.around, facts.file):
        launch = found.listener.place
        heard = f"`{_program(found)}` listens on `{found.listener.number}`"
        related = Related(facts.shown(launch.path), launch.span, f"{heard} here")
        message = f"{_named(found)}, but {heard}"
        yield Finding(
            CODE,
            NAME,
            found.place.span,
            f"{message}: {_outcome(found)}",
            Severity.WARNING,
            tuple(_fixes(facts, found)),
            (related,),
        )


def _program(found: Mismatch) -> str:
    """As people call it; of Python with what it runs."""
    listener = found.listener
    return f"{listener.program} {listener.target}" if listener.script is not None else listener.program


def _named(found: Mismatch) -> str:
    match found.kind:
        case Mention.EXPOSED:
            return f"`EXPOSE` names port `{found.number}`"
        case Mention.PROBE:
            return f"the probe of {found.who} asks port `{found.number}`"
        case Mention.HEALTHCHECK:
            return f"the health check asks port `{found.number}`"
        case Mention.TARGET:
            return f"the service leads to port `{found.number}`"
        case Mention.URL:
            return f"the URL names port `{found.number}`"
    if found.published is not None:
        return f"{found.who} publishes its port `{found.number}`"
    return f"{found.who} names port `{found.number}` as its own"


def _outcome(found: Mismatch) -> str:
    match found.kind:
        case Mention.EXPOSED:
            return f"whoever publishes `{found.number}` reaches nobody"
        case Mention.PROBE:
            return "it fails, and the container is restarted or gets no traffic"
        case Mention.HEALTHCHECK:
            return "it never succeeds"
        case Mention.CONTAINER if found.published is not None:
            return f"calls of `{found.published}` on the host reach nobody"
    return f"calls of `{found.number}` reach nobody"


def _fixes(facts: LaunchFacts, found: Mismatch) -> Iterator[Fix]:
    if found.digits is None:
        return
    edit = Edit(facts.shown(found.digits.path), found.digits.span, str(found.listener.number))
    elsewhere = found.digits.path != facts.file.path or _stands_elsewhere(facts, found)
    safety = Applicability.UNSAFE if elsewhere else Applicability.SAFE
    notes = (f"{found.number} stands in this file elsewhere, too",) if elsewhere else ()
    yield Fix(f"Change to {found.listener.number}", (edit,), safety, notes)


def _stands_elsewhere(facts: LaunchFacts, found: Mismatch) -> bool:
    return _numbers_in(facts.source.text)[str(found.number)] > 1


@functools.lru_cache(maxsize=2)
def _numbers_in(text: str) -> Counter[str]:
    """How often each number stands in a file; asked for each finding in it."""
    return Counter(re.findall(r"\d+", text))


_POD = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\nspec:\n  selector:\n"
    "    matchLabels:\n      app: api\n  template:\n    metadata:\n      labels:\n        app: api\n"
    "    spec:\n      containers:\n"
    '        - name: api\n          image: a\n          command: ["uvicorn", "a:app", "--port", "8000"]\n'
)

_INVALID = (
    Invalid(
        "EXPOSE of another port",
        'FROM python:3.11\nEXPOSE «8080»\nCMD ["uvicorn", "a:app", "--port", "8000", "--reload"]\n',
        fixed='FROM python:3.11\nEXPOSE 8000\nCMD ["uvicorn", "a:app", "--port", "8000", "--reload"]\n',
        messages=("`EXPOSE` names port `8080`, but `uvicorn` listens on `8000`",),
        path="Dockerfile",
    ),
    Invalid(
        "a health check of another port",
        "FROM python:3.11\nHEALTHCHECK CMD curl -f http://localhost:«8080»/health\n"
        "CMD vllm serve m --port 8000\n",
        fixed="FROM python:3.11\nHEALTHCHECK CMD curl -f http://localhost:8000/health\n"
        "CMD vllm serve m --port 8000\n",
        messages=(
            "the health check asks port `8080`, but `vllm serve` listens on `8000`: it never succeeds",
        ),
        path="Dockerfile",
    ),
    Invalid(
        "the container's side of a published port",
        "services:\n  vllm:\n    image: x\n    command: vllm serve m --port 9000\n"
        '    ports: ["8080:«8000»"]\n',
        fixed="services:\n  vllm:\n    image: x\n    command: vllm serve m --port 9000\n"
        '    ports: ["8080:9000"]\n',
        messages=("calls of `8080` on the host reach nobody",),
        path="compose.yaml",
    ),
    Invalid(
        "against the Dockerfile that the service is built from",
        'services:\n  api:\n    build: .\n    ports: ["80:«8080»"]\n',
        fixed='services:\n  api:\n    build: .\n    ports: ["80:8000"]\n',
        path="compose.yaml",
        files={"Dockerfile": 'FROM python:3.11\nCMD ["uvicorn", "a:app", "--port", "8000"]\n'},
    ),
    Invalid(
        "against a script that the Dockerfile runs",
        'services:\n  api:\n    build: .\n    ports: ["80:«8080»"]\n',
        fixed='services:\n  api:\n    build: .\n    ports: ["80:8000"]\n',
        path="compose.yaml",
        files={
            "Dockerfile": 'FROM python:3.11\nWORKDIR /app\nCOPY . .\nCMD ["python", "server.py"]\n',
            "server.py": "import uvicorn\n\nif __name__ == '__main__':\n"
            "    uvicorn.run('m:app', port=8000)\n",
        },
    ),
    Invalid(
        "with the variable that the service is given",
        'services:\n  api:\n    build: .\n    environment:\n      PORT: "9000"\n    ports: ["80:«8000»"]\n',
        fixed='services:\n  api:\n    build: .\n    environment:\n      PORT: "9000"\n'
        '    ports: ["80:9000"]\n',
        path="compose.yaml",
        files={"Dockerfile": "FROM python:3.11\nENV PORT=8000\nCMD uvicorn a:app --port $PORT\n"},
    ),
    Invalid(
        "a probe and the port that a container declares",
        _POD + "          ports:\n            - containerPort: «8080»\n"
        "          livenessProbe:\n            httpGet:\n              path: /health\n"
        "              port: «8080»\n",
        fixed=_POD + "          ports:\n            - containerPort: 8000\n"
        "          livenessProbe:\n            httpGet:\n              path: /health\n"
        "              port: 8080\n",
        messages=(
            "container `api` names port `8080` as its own",
            "the probe of container `api` asks port `8080`",
        ),
        path="deployment.yaml",
    ),
    Invalid(
        "a Service that leads elsewhere",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: api\nspec:\n  selector:\n    app: api\n"
        "  ports:\n    - port: 80\n      targetPort: «8080»\n",
        fixed="apiVersion: v1\nkind: Service\nmetadata:\n  name: api\nspec:\n  selector:\n    app: api\n"
        "  ports:\n    - port: 80\n      targetPort: 8000\n",
        messages=("the service leads to port `8080`, but `uvicorn` listens on `8000`",),
        path="service.yaml",
        files={"deployment.yaml": _POD},
    ),
)

_VALID = (
    Valid(
        "the same port",
        'FROM python:3.11\nEXPOSE 8000\nCMD ["uvicorn", "a:app", "--port", "8000"]\n',
        path="Dockerfile",
    ),
    Valid(
        "the program's default",
        'FROM python:3.11\nEXPOSE 8000\nCMD ["uvicorn", "a:app"]\n',
        path="Dockerfile",
    ),
    Valid(
        "several ports",
        'FROM python:3.11\nEXPOSE 8080 9090\nCMD ["uvicorn", "a:app", "--port", "8000"]\n',
        path="Dockerfile",
    ),
    Valid(
        "a port that the platform says",
        "FROM python:3.11\nEXPOSE 8080\nCMD uvicorn a:app --port ${PORT:-8000}\n",
        path="Dockerfile",
    ),
    Valid(
        "a proxy in the image",
        "FROM python:3.11\nRUN apt-get install -y nginx\nEXPOSE 80\nCMD nginx && uvicorn a:app --port 8000\n",
        path="Dockerfile",
    ),
    Valid(
        "another port of the host",
        'services:\n  a:\n    image: x\n    command: uvicorn a:app --port 8000\n    ports: ["80:8000"]\n',
        path="compose.yaml",
    ),
    Valid(
        "the service sets the variable",
        'services:\n  a:\n    build: .\n    environment: ["PORT=9000"]\n    ports: ["80:9000"]\n',
        path="compose.yaml",
        files={"Dockerfile": "FROM python:3.11\nENV PORT=8000\nCMD uvicorn a:app --port $PORT\n"},
    ),
    Valid(
        "the service sets a variable that the program itself reads",
        'services:\n  a:\n    build: .\n    environment:\n      UVICORN_PORT: 9000\n    ports: ["80:9000"]\n',
        path="compose.yaml",
        files={"Dockerfile": "FROM python:3.11\nCMD uvicorn a:app\n"},
    ),
    Valid(
        "a file that the program reads by itself",
        "FROM python:3.11\nCOPY . /srv\nWORKDIR /srv\nEXPOSE 9000\nCMD gunicorn a:app\n",
        path="Dockerfile",
        files={"gunicorn.conf.py": "bind = '0.0.0.0:9000'\n"},
    ),
    Valid(
        "metrics beside the API",
        _POD + "          ports:\n            - containerPort: 8000\n            - containerPort: 9090\n"
        "          livenessProbe:\n            httpGet:\n              port: 9090\n",
        path="deployment.yaml",
    ),
    Valid(
        "a Service that leads to what is put beside the launch, too",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: api\nspec:\n  selector:\n    app: api\n"
        "  ports:\n    - port: 80\n      targetPort: 8000\n    - port: 81\n      targetPort: 9100\n",
        path="service.yaml",
        files={"deployment.yaml": _POD},
    ),
    Valid(
        "a named port",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: api\nspec:\n  selector:\n    app: api\n"
        "  ports:\n    - port: 80\n      targetPort: http\n",
        path="service.yaml",
        files={"deployment.yaml": _POD},
    ),
)

RULE: Rule[LaunchFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.WARNING,
    summary="A port is named for a launch that listens on another one",
    documentation=DOCUMENTATION,
    check=None,
    launch_check=_check,
    invalid=_INVALID,
    valid=_VALID,
)
