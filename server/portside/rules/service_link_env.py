"""PS206: Kubernetes gives vLLM a `VLLM_PORT` that is a URL, for a Service called `vllm`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from portside.lint.finding import Applicability, Finding, Fix, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid

if TYPE_CHECKING:
    from portside.launchfiles.graph.launch_facts import LaunchFacts
    from portside.launchfiles.kubernetes.service_links import Linked

CODE, NAME = "PS206", "service-link-env"

DOCUMENTATION = """\
## What it does

Flags a container of a Kubernetes manifest that runs vLLM, where a Service called `vllm` is in its namespace
and service links are on, as they are by default. The Service is looked for in the same file and in the
manifests of the same folder.

Not flagged: a pod with `enableServiceLinks: false`; a container that sets `VLLM_PORT` itself, which wins over
what Kubernetes gives; a Service of another name (`vllm-api` gives `VLLM_API_PORT`), of another namespace, or
a headless one. Compose gives its containers no such variables (the links of old did).

## Why it matters

Kubernetes gives every container variables for each Service that is there when its pod starts:

```text
VLLM_PORT=tcp://10.0.0.1:8000
VLLM_SERVICE_HOST=10.0.0.1
```

`VLLM_PORT` is vLLM's own: the first of the ports that its engine uses internally. The server loads for some
20 seconds (the Service has to be there before the pod, so often only the second rollout fails), then a worker
finds a URL where a number should be, and the server ends with exit code 1 (measured with vLLM 0.32.0):

```text
ValueError: VLLM_PORT 'tcp://10.0.0.1:8000' appears to be a URI. This may be caused by a Kubernetes
service discovery issue,check the warning in: https://docs.vllm.ai/en/latest/configuration/env_vars.html
```

## Example

```yaml
apiVersion: v1
kind: Service
metadata:
  name: vllm
```

Better, in the pod:

```yaml
spec:
  enableServiceLinks: false
  containers:
    - name: vllm
```

or another name for the Service.

## Fix and its safety

"Turn service links off for this pod" writes `enableServiceLinks: false` above its `containers`. Unsafe: what
runs in the pod may read such variables of other Services; few programs do since there is DNS.

## Since

Every version of vLLM that reads `VLLM_PORT` (0.2 on). Releases without the message above fail with
`invalid literal for int()`.

## References

- [Kubernetes: environment variables of Services](https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables)
- [vLLM: environment variables](https://docs.vllm.ai/en/latest/configuration/env_vars.html)
"""


def _check(facts: LaunchFacts) -> Iterator[Finding]:
    from portside.launchfiles.kubernetes.service_links import linked

    for found in linked(facts.workspace.around, facts.file):
        yield _finding(facts, found)


def _finding(facts: LaunchFacts, found: Linked) -> Finding:
    from portside.launchfiles.kubernetes.service_links import name_span, switched_off

    message = (
        "the Service `vllm` gives this pod `VLLM_PORT=tcp://…`, which vLLM takes for its engine's internal "
        "port: it ends with `VLLM_PORT … appears to be a URI`"
    )
    edit = switched_off(facts.source, found.container)
    note = "What runs in this pod no longer gets variables for other Services."
    title = "Turn service links off for this pod"
    fixes = () if edit is None else (Fix(title, (edit,), Applicability.UNSAFE, (note,)),)
    service = Related(facts.workspace.shown(found.service.path), found.service.span, "the Service")
    span = name_span(facts.source, found.container)
    return Finding(CODE, NAME, span, message, Severity.WARNING, fixes, (service,))


_SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: vllm\nspec:\n  ports:\n    - port: 8000\n"
_DEPLOYMENT = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: vllm\nspec:\n  template:\n    spec:\n"
    "{}      containers:\n        - name: «server»\n          image: vllm/vllm-openai:v0.32.0\n"
    "          args: [--model, m]\n"
)
_LINKED = _DEPLOYMENT.replace("{}", "")
_PLAIN = _LINKED.replace("«", "").replace("»", "")
_OFF = _DEPLOYMENT.replace("{}", "      enableServiceLinks: false\n").replace("«", "").replace("»", "")

_INVALID = (
    Invalid(
        "in one file with the Service",
        f"{_SERVICE}---\n{_LINKED}",
        f"{_SERVICE}---\n{_OFF}",
        ("the Service `vllm` gives this pod `VLLM_PORT=tcp://…`",),
        "k8s/vllm.yaml",
    ),
    Invalid(
        "the Service in another file of the folder",
        _LINKED,
        _OFF,
        path="k8s/deployment.yaml",
        files={"k8s/service.yaml": _SERVICE},
    ),
    Invalid(
        "turned on by hand",
        f"{_SERVICE}---\n" + _DEPLOYMENT.replace("{}", "      enableServiceLinks: true\n"),
        f"{_SERVICE}---\n{_OFF}",
        path="k8s/vllm.yaml",
    ),
    Invalid(
        "a command of vLLM in any image",
        f"{_SERVICE}---\n"
        + _LINKED.replace("vllm/vllm-openai:v0.32.0", "me/llm").replace(
            "args: [--model, m]", "command: [vllm, serve, m]"
        ),
        f"{_SERVICE}---\n"
        + _OFF.replace("vllm/vllm-openai:v0.32.0", "me/llm").replace(
            "args: [--model, m]", "command: [vllm, serve, m]"
        ),
        path="k8s/vllm.yaml",
    ),
)

_VALID = (
    Valid("turned off", f"{_SERVICE}---\n{_OFF}", "k8s/vllm.yaml"),
    Valid("another name", f"{_SERVICE.replace('vllm', 'vllm-api')}---\n{_PLAIN}", "k8s/vllm.yaml"),
    Valid(
        "another namespace",
        f"{_SERVICE.replace('name: vllm', 'name: vllm' + chr(10) + '  namespace: llm')}---\n{_PLAIN}",
        "k8s/vllm.yaml",
    ),
    Valid(
        "a variable of its own",
        f"{_SERVICE}---\n{_PLAIN}          env:\n            - name: VLLM_PORT\n"
        "              value: '29500'\n",
        "k8s/vllm.yaml",
    ),
    Valid(
        "a headless Service",
        f"{_SERVICE}  clusterIP: None\n---\n{_PLAIN}",
        "k8s/vllm.yaml",
    ),
    Valid(
        "another server",
        f"{_SERVICE}---\n{_PLAIN.replace('vllm/vllm-openai:v0.32.0', 'nginx')}",
        "k8s/a.yaml",
    ),
    Valid("a Service of another folder", _PLAIN, "b/deployment.yaml", {"a/service.yaml": _SERVICE}),
    Valid(
        "compose",
        "services:\n  vllm:\n    image: vllm/vllm-openai\n  api:\n    image: a\n    links: [vllm]\n",
        "compose.yaml",
    ),
)

RULE: Rule[LaunchFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.WARNING,
    summary="A Kubernetes Service called `vllm` gives vLLM a `VLLM_PORT` that is a URL",
    documentation=DOCUMENTATION,
    check=None,
    launch_check=_check,
    invalid=_INVALID,
    valid=_VALID,
)
