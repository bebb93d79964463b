"""PS205: a server is told to listen on a number that is no port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from portside.knowledge.port_ranges import HIGHEST
from portside.launchfiles.facts import Format, ListeningPort, Mention, Port
from portside.lint.finding import Finding, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.lint.source import Span
from portside.python.facts import FileFacts
from portside.python.ports.port_use import Listener, Sourced
from portside.python.values.value_types import CommandLine, Environment, Literal, Value

if TYPE_CHECKING:
    from portside.launchfiles.graph.launch_facts import LaunchFacts

CODE, NAME = "PS205", "invalid-port"

DOCUMENTATION = """\
## What it does

Flags a number above 65535, or below 0, that a server would listen on: written at the call, in a constant,
in a command that the program starts, or as the default of an environment variable or an option. What is
underlined is the number itself. In launch files: in the commands of servers, in EXPOSE, in `ports` of
compose and in the ports of Kubernetes.

A number that is no port gets this finding and no `hardcoded-port`: the number has to go before it
matters where it is written. The other way round, a port that is valid but an awkward choice is said by
`hardcoded-port` at the same number, in one finding:

- from 32768 to 60999 the kernel takes the local ports of outgoing connections, so a server does not
  start at times, for a client that happens to have its port;
- below 1024 a server needs root, or `CAP_NET_BIND_SERVICE`.

Such a number is right in many places (80 in a container, 50051 of gRPC), and what ends both findings is the
same variable: a finding of its own would tell of one cause twice.

Negative numbers are flagged with uvicorn, vLLM and Python's own servers and sockets; some other servers
take them for "none".

Not flagged: port 0, defaults of parameters, which a caller may always give.

## Why it matters

What happens depends on the server. With asyncio, with vLLM's own server and with `socket`, it does not
start:

```text
OverflowError: bind(): port must be 0-65535.
```

`vllm serve --port 99999` ends so with exit code 1, after 7 s of imports.

uvicorn with uvloop, which it takes wherever it is installed, says nothing. It logs that it runs on
70000, and listens on 4464, which is 70000 - 65536:

```text
INFO:     Uvicorn running on http://127.0.0.1:70000 (Press CTRL+C to quit)
```

Docker, compose and Kubernetes refuse the file, or what is made from it:

```text
invalid containerPort: 70000
spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive
```

## Example

```python
uvicorn.run(app, port=80000)
```

Correct:

```python
uvicorn.run(app, port=8000)
```

## Fix and its safety

None: which port was meant is not in the code.

## Since

Every version. Measured with uvicorn 0.54.0, uvloop 0.23.0 and vLLM 0.32.0.

## References

- [Linux: `ip(7)`, `ip_local_port_range`](https://man7.org/linux/man-pages/man7/ip.7.html)
- [Python: `socket.bind`](https://docs.python.org/3/library/socket.html#socket.socket.bind)
"""

_OVERFLOW = "`OverflowError: bind(): port must be 0-65535.`"
_NO_SERVICE = "`socket.gaierror: [Errno -8] Servname not supported for ai_socktype`"
# What hands the number to the operating system's sockets, by Python's own.
_STANDARD = frozenset(
    {
        "socket.bind",
        "socket.create_server",
        "asyncio.start_server",
        "HTTPServer",
        "ThreadingHTTPServer",
        "TCPServer",
        "ThreadingTCPServer",
        "ForkingTCPServer",
        "WSGIServer",
        "SimpleXMLRPCServer",
    }
)


def _check(facts: FileFacts) -> Iterator[Finding]:
    seen: set[Span] = set()
    for sourced in facts.listened.sourced:
        number, condition = _written(sourced.value)
        if number is None or (port := _number(number)) is None or not _is_refused(sourced.listener, port):
            continue
        span = number.span if number.path is None else sourced.use
        if span not in seen:
            seen.add(span)
            bound = f"end at `{HIGHEST}`" if port > 0 else "begin at `0`"
            fact = f"{condition}`{port}` is no port, those {bound}"
            message = f"{fact}: {_consequence(sourced.listener, port)}"
            yield Finding(CODE, NAME, span, message, Severity.ERROR, related=_related(facts, sourced, span))


def _is_refused(listener: Listener, port: int) -> bool:
    """Whether it is no port; of negative ones, only where no server takes them for "none"."""
    is_known = listener.label.startswith("uvicorn") or listener.vllm or listener.label in _STANDARD
    return port > HIGHEST or (port < 0 and is_known)


def _written(value: Value) -> tuple[Literal | None, str]:
    """The number in the code, and when it counts."""
    match value:
        case Literal():
            return value, ""
        case Environment() if value.default is not None:
            return _written(value.default)[0], f"where `{value.variable}` is not set, "
        case CommandLine() if value.default is not None:
            option = f"`{value.option}`" if value.option is not None else "the option"
            return _written(value.default)[0], f"where {option} is not given, "
    return None, ""


def _number(literal: Literal) -> int | None:
    value = literal.value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _consequence(listener: Listener, port: int) -> str:
    label = f"`{listener.label}`"
    if port < 0 and listener.label.startswith("uvicorn"):
        return f"{label} ends in {_OVERFLOW}, with uvloop in {_NO_SERVICE}"
    if listener.label.startswith("uvicorn"):
        other = port % (HIGHEST + 1)
        return f"with uvloop {label} listens on `{other}` and says nothing, else it ends in {_OVERFLOW}"
    if listener.vllm or listener.label in _STANDARD:
        return f"{label} ends in {_OVERFLOW}"
    return f"{label} can't listen there"


def _related(facts: FileFacts, sourced: Sourced, span: Span) -> tuple[Related, ...]:
    if sourced.use.touches(span):
        return ()
    return (Related(facts.source.path, sourced.use, f"`{sourced.listener.label}` listens on it here"),)


# Launch files


def _check_launches(facts: LaunchFacts) -> Iterator[Finding]:
    seen: set[Span] = set()
    for unit in facts.file.units:
        for launch in unit.launches:
            for listening in launch.ports:
                if listening.what == "API":
                    label = f"`{launch.program}`"
                    yield from _of_port(facts, seen, listening.port, _ends(listening, launch.program, label))
        for mention in unit.mentions:
            yield from _of_port(facts, seen, mention.port, _refused(facts.file.format, mention.kind))


def _of_port(facts: LaunchFacts, seen: set[Span], port: Port, consequence: str) -> Iterator[Finding]:
    span = port.digits or port.span
    if port.number is None or port.number <= HIGHEST or span in seen:
        return
    seen.add(span)
    known = port.is_default and port.variable is not None
    condition = f"where `{port.variable}` is not set, " if known else ""
    message = f"{condition}`{port.number}` is no port, those end at `{HIGHEST}`: {consequence}"
    related: tuple[Related, ...] = ()
    if not span.touches(port.span):
        related = (Related(facts.source.path, port.span, "it is used here"),)
    yield Finding(CODE, NAME, span, message, Severity.ERROR, related=related)


def _ends(listening: ListeningPort, program: str, label: str) -> str:
    if program.partition(" ")[0] in ("uvicorn", "fastapi") and listening.port.number is not None:
        other = listening.port.number % (HIGHEST + 1)
        return f"with uvloop {label} listens on `{other}` and says nothing, else it ends in {_OVERFLOW}"
    return f"{label} can't listen there"


def _refused(format_: Format, kind: Mention) -> str:
    match format_, kind:
        case Format.KUBERNETES, _:
            return "Kubernetes refuses the manifest"
        case (Format.DOCKERFILE, Mention.EXPOSED) | (Format.COMPOSE, Mention.PUBLISHED | Mention.CONTAINER):
            return "Docker refuses it with `invalid port`"
        case _:
            return "nothing can answer there"


_INVALID = (
    Invalid(
        "a negative number",
        "import uvicorn\n\nuvicorn.run('m:app', port=«-1»)\n",
        messages=("`-1` is no port, those begin at `0`: `uvicorn.run` ends in `OverflowError",),
    ),
    Invalid(
        "at the run call",
        "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\ndef main():\n"
        "    uvicorn.run(app, port=«80000»)\n",
        messages=("`80000` is no port, those end at `65535`: with uvloop `uvicorn.run` listens on `14464`",),
    ),
    Invalid(
        "in a constant",
        "import uvicorn\n\nPORT = «70000»\n\n\ndef main():\n    uvicorn.run('m:app', port=PORT)\n",
        messages=("listens on `4464` and says nothing, else it ends in `OverflowError",),
    ),
    Invalid("one too many", "from http.server import HTTPServer\n\nHTTPServer(('', «65_536»), None)\n"),
    Invalid(
        "in vLLM's command",
        "import subprocess\n\nsubprocess.Popen(['vllm', 'serve', 'm', '--port', «'99999'»])\n",
        messages=("`vllm serve` ends in `OverflowError: bind(): port must be 0-65535.`",),
    ),
    Invalid("in a shell string", "import os\n\nos.system('vllm serve m --port «80800» --dtype auto')\n"),
    Invalid(
        "the default of a variable",
        "import os, uvicorn\n\nuvicorn.run('m:app', port=int(os.environ.get('PORT', «'80000'»)))\n",
        messages=("where `PORT` is not set, `80000` is no port",),
    ),
    Invalid(
        "the default of an option",
        "import argparse, uvicorn\n\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--port', type=int, default=«80001»)\n"
        "uvicorn.run('m:app', port=parser.parse_args().port)\n",
        messages=("where `--port` is not given, `80001` is no port",),
    ),
    Invalid(
        "an address", "import hypercorn\n\nconfig = hypercorn.Config()\nconfig.bind = ['0.0.0.0:«80000»']\n"
    ),
    Invalid("Flask", "from flask import Flask\n\napp = Flask('a')\napp.run('0.0.0.0', «90000»)\n"),
    Invalid(
        "by a function of the file",
        "import uvicorn\n\n\ndef serve(port):\n    uvicorn.run('m:app', port=port)\n\n\nserve(«80000»)\n",
    ),
    Invalid(
        "twice the same",
        "import uvicorn\n\nPORT = «80000»\n\n\ndef a():\n    uvicorn.run('m:app', port=PORT)\n\n\n"
        "def b():\n    uvicorn.run('m:app', port=PORT)\n",
    ),
    Invalid(
        "in a shell script",
        "#!/bin/sh\nuvicorn server:app --port «80000»\n",
        messages=("with uvloop `uvicorn` listens on `14464` and says nothing",),
        path="start.sh",
    ),
    Invalid(
        "where a variable is set",
        "FROM python:3.12\nENV PORT=«70000»\nCMD vllm serve m --port $PORT\n",
        messages=("`70000` is no port, those end at `65535`: `vllm serve` can't listen there",),
        path="Dockerfile",
    ),
    Invalid(
        "the default of a shell variable",
        "vllm serve m --port ${PORT:-«99999»}\n",
        messages=("where `PORT` is not set, `99999` is no port",),
        path="start.sh",
    ),
    Invalid(
        "published by compose",
        'services:\n  api:\n    image: a\n    ports:\n      - "«80800»:8000"\n',
        messages=("`80800` is no port, those end at `65535`: Docker refuses it with `invalid port`",),
        path="docker-compose.yml",
    ),
    Invalid("exposed", "FROM a\nEXPOSE «80000»\n", path="Dockerfile"),
    Invalid(
        "of a Kubernetes Service",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: api\nspec:\n  ports:\n    - port: «80000»\n"
        "      targetPort: 8000\n",
        messages=("Kubernetes refuses the manifest",),
        path="k8s/service.yaml",
    ),
)

_VALID = (
    Valid("the highest", "import uvicorn\n\nuvicorn.run('m:app', port=65535)\n"),
    Valid("any free one", "import uvicorn\n\nuvicorn.run('m:app', port=0)\n"),
    Valid(
        "a negative number that a server may take for none",
        "from flask import Flask\n\napp = Flask('a')\napp.run(port=-1)\n",
    ),
    Valid("no port", "import uvicorn\n\nuvicorn.run('m:app', limit_concurrency=70000, backlog=80000)\n"),
    Valid(
        "a parameter's default",
        "import uvicorn\n\n\ndef serve(port=80000):\n    uvicorn.run('m:app', port=port)\n",
    ),
    Valid("a client", "import redis\n\nredis.Redis(port=80000)\n"),
    Valid("a model's field", "class Config:\n    max_port = 99999\n\nimport uvicorn\nuvicorn.run('m:app')\n"),
    Valid("an ephemeral one", "import uvicorn\n\nuvicorn.run('m:app', port=50051)\n"),
    Valid("text", '"""uvicorn.run(app, port=80000)"""\nimport uvicorn\n'),
    Valid("in a launch file, the highest", "vllm serve m --port 65535\n", path="start.sh"),
    Valid("in a launch file, another number", "uvicorn m:app --limit-max-requests 70000\n", path="start.sh"),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.ERROR,
    in_notebooks=True,
    summary="A server is told to listen on a number above 65535",
    documentation=DOCUMENTATION,
    check=_check,
    launch_check=_check_launches,
    invalid=_INVALID,
    valid=_VALID,
)
