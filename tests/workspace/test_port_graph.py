"""What launch files say of ports together: conflicts and mismatches over several files of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.folders import lay_out

from portside.launchfiles.graph import graph
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.launch_texts import LaunchTexts

UVICORN = 'FROM python:3.11\nENTRYPOINT ["uvicorn"]\nCMD ["app:app"]\n'


class Workspace:
    def __init__(self, root: Path, texts: Mapping[str, str]) -> None:
        lay_out(root, texts)
        self.files = LaunchIndex(LaunchTexts(root))

    def conflicts(self, path: str) -> list[tuple[int, str, str]]:
        file = self.files.file(path)
        assert file is not None
        return [(c.port, c.first.who, c.second.who) for c in graph.conflicts_in(self.files, file)]

    def mismatches(self, path: str) -> list[tuple[int, int, str]]:
        """The number that is named, the one that is listened on, and where that stands."""
        file = self.files.file(path)
        assert file is not None
        return [
            (m.number, m.listener.number, self.where(m.listener.place.path, m.listener.place.span.start))
            for m in graph.mismatches_in(self.files, file)
        ]

    def where(self, path: str, start: int) -> str:
        source = self.files.source(path)
        return f"{path}:{source.position(start).line}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def service(name: str, *lines: str) -> str:
    return f"  {name}:\n" + "".join(f"    {line}\n" for line in lines)


def compose(*services: str) -> str:
    return "services:\n" + "".join(services)


# -- mismatches --------------------------------------------------------------------------------


def test_a_command_goes_behind_the_entrypoint_of_the_image(root: Path) -> None:
    ports = 'ports: ["80:8000"]'
    workspace = Workspace(
        root,
        {
            "api/Dockerfile": UVICORN,
            "compose.yaml": compose(service("api", "build: ./api", "command: app:app --port 9000", ports)),
        },
    )
    assert workspace.mismatches("compose.yaml") == [(8000, 9000, "compose.yaml:4")]


def test_an_image_that_the_compose_file_itself_describes_is_none_of_another_dockerfile(root: Path) -> None:
    build = "build: {context: ., dockerfile_inline: 'FROM a'}"
    text = compose(service("api", build, 'ports: ["80:9000"]'))
    workspace = Workspace(root, {"Dockerfile": UVICORN, "compose.yaml": text})
    assert workspace.mismatches("compose.yaml") == []


def test_a_port_in_the_entrypoint_is_found_in_the_dockerfile(root: Path) -> None:
    dockerfile = 'FROM python:3.11\nENTRYPOINT ["uvicorn", "--port", "9000"]\nCMD ["app:app"]\n'
    text = compose(service("api", "build: .", "command: [other:app]", 'ports: ["80:8000"]'))
    workspace = Workspace(root, {"Dockerfile": dockerfile, "compose.yaml": text})
    assert workspace.mismatches("compose.yaml") == [(8000, 9000, "Dockerfile:2")]


def test_a_script_of_the_image_is_followed(root: Path) -> None:
    workspace = Workspace(
        root,
        {
            "Dockerfile": "FROM python:3.11\nWORKDIR /srv\nCOPY deploy/ ./\nENV PORT=8001\n"
            'CMD ["./start.sh"]\n',
            "deploy/start.sh": "#!/bin/sh\nexec uvicorn app:app --port ${PORT:-8000}\n",
            "compose.yaml": compose(service("api", "build: .", 'ports: ["80:8000"]')),
        },
    )
    assert workspace.mismatches("compose.yaml") == [(8000, 8001, "Dockerfile:4")]


def test_a_script_that_sets_its_port_itself_has_its_way(root: Path) -> None:
    workspace = Workspace(
        root,
        {
            "Dockerfile": 'FROM python:3.11\nCOPY . /srv\nENV PORT=8001\nCMD ["/srv/start.sh"]\n',
            "start.sh": "#!/bin/sh\nPORT=8002\nuvicorn app:app --port $PORT\n",
            "compose.yaml": compose(service("api", "build: .", 'ports: ["80:8002"]')),
        },
    )
    assert workspace.mismatches("compose.yaml") == []


@pytest.mark.parametrize("base", ["env_file: api.env", "env_file: [api.env]"])
def test_an_env_file_reaches_the_python_script(root: Path, base: str) -> None:
    script = "import os\nimport uvicorn\n\nif __name__ == '__main__':\n"
    script += "    uvicorn.run('a:app', port=int(os.environ.get('PORT', '8000')))\n"
    workspace = Workspace(
        root,
        {
            "Dockerfile": 'FROM python:3.11\nCOPY . /srv\nWORKDIR /srv\nCMD ["python", "serve.py"]\n',
            "serve.py": script,
            "api.env": "PORT=8005\n",
            "compose.yaml": compose(service("api", "build: .", base, 'ports: ["80:8000"]')),
        },
    )
    assert workspace.mismatches("compose.yaml") == [(8000, 8005, "Dockerfile:4")]


def test_an_env_file_that_is_not_there_may_say_anything(root: Path) -> None:
    workspace = Workspace(
        root,
        {
            "Dockerfile": "FROM python:3.11\nCMD uvicorn a:app --port ${PORT:-8000}\n",
            "compose.yaml": compose(service("api", "build: .", "env_file: .env", 'ports: ["80:9000"]')),
        },
    )
    assert workspace.mismatches("compose.yaml") == []


def test_the_stage_that_is_built_counts(root: Path) -> None:
    dockerfile = "FROM python:3.11 AS dev\nCMD uvicorn a:app --port 8001\n"
    dockerfile += "FROM python:3.11 AS prod\nCMD uvicorn a:app --port 8002\n"
    build = ("build:", "  context: .", "  target: dev")
    text = compose(service("api", *build, 'ports: ["80:8001"]'), service("b", *build, 'ports: ["81:8002"]'))
    workspace = Workspace(root, {"Dockerfile": dockerfile, "compose.yaml": text})
    assert workspace.mismatches("compose.yaml") == [(8002, 8001, "Dockerfile:2")]


def test_a_proxy_in_the_image_may_listen_on_what_is_named(root: Path) -> None:
    dockerfile = "FROM python:3.11\nRUN apt-get install -y nginx\nCMD ./run.sh\n"
    text = compose(service("api", "build: .", "command: uvicorn a:app --port 8000", 'ports: ["80:80"]'))
    workspace = Workspace(root, {"Dockerfile": dockerfile, "compose.yaml": text})
    assert workspace.mismatches("compose.yaml") == []


# -- conflicts ---------------------------------------------------------------------------------


def test_what_an_override_replaces_does_not_count(root: Path) -> None:
    base = compose(service("a", "image: x", 'ports: ["8000:80"]'), service("b", "image: y"))
    taken = service("b", 'ports: ["8000:80"]')
    workspace = Workspace(root, {"compose.yaml": base, "compose.override.yaml": compose(taken)})
    assert workspace.conflicts("compose.yaml") == [(8000, "service `a`", "service `b`")]
    given_up = compose(service("a", 'ports: !override ["8001:80"]'), taken)
    workspace = Workspace(root, {"compose.override.yaml": given_up})
    assert workspace.conflicts("compose.yaml") == []


def test_extended_and_included_services_count(root: Path) -> None:
    api = service("api", "extends:", "  file: common.yaml", "  service: base", 'ports: ["8001:81"]')
    texts = {
        "common.yaml": compose(service("base", "image: x", 'ports: ["8000:80"]')),
        "models/compose.yaml": compose(service("model", "image: y", 'ports: ["8001:8000"]')),
        "compose.yaml": "include: [models/compose.yaml]\n"
        + compose(api, service("web", "image: z", 'ports: ["8000:80"]')),
    }
    workspace = Workspace(root, texts)
    assert workspace.conflicts("compose.yaml") == [
        (8001, "service `model`", "service `api`"),
        (8000, "service `api`", "service `web`"),
    ]
    assert workspace.conflicts("common.yaml") == []
    assert workspace.conflicts("models/compose.yaml") == []


def test_a_service_in_the_network_of_another_shares_its_ports(root: Path) -> None:
    server = "command: uvicorn a:app --port 8000"
    text = compose(
        service("api", "image: x", server), service("side", "image: x", "network_mode: service:api", server)
    )
    workspace = Workspace(root, {"compose.yaml": text})
    assert workspace.conflicts("compose.yaml") == [(8000, "service `api`", "service `side`")]


def test_a_range_conflicts_with_a_port_in_it(root: Path) -> None:
    text = compose(
        service("a", "image: x", 'ports: ["8000-8003:8000-8003"]'),
        service("b", "image: y", 'ports: ["8002:80"]'),
    )
    assert Workspace(root, {"compose.yaml": text}).conflicts("compose.yaml") == [
        (8002, "service `a`", "service `b`")
    ]


def test_further_ports_of_vllm_count(root: Path) -> None:
    events = """--kv-events-config '{"enable_kv_cache_events": true, "endpoint": "tcp://*:8001"}'"""
    workspace = Workspace(root, {"start.sh": f"vllm serve m --port 8001 {events}\n"})
    assert [port for port, *_ in workspace.conflicts("start.sh")] == [8001]


def test_containers_of_a_script_publish_on_the_machine(root: Path) -> None:
    run = "docker run -d -p 8000:8000 vllm/vllm-openai --model"
    workspace = Workspace(root, {"both.sh": f"#!/bin/sh\n{run} a\n{run} b\n"})
    assert [port for port, *_ in workspace.conflicts("both.sh")] == [8000]
    workspace = Workspace(root, {"one.sh": f"#!/bin/sh\n{run} a\ndocker stop a\n{run} b\n"})
    assert workspace.conflicts("one.sh") == []


def test_configurations_conflict_where_a_compound_starts_them(root: Path) -> None:
    one = '{"name": "%s", "type": "debugpy", "request": "launch", "module": "uvicorn", "args": ["%s:app"]}'
    both = f"{one % ('a', 'a')}, {one % ('b', 'b')}"
    path = ".vscode/launch.json"
    assert Workspace(root, {path: f'{{"configurations": [{both}]}}'}).conflicts(path) == []
    compounds = '"compounds": [{"name": "all", "configurations": ["a", "b"]}]'
    found = Workspace(root, {path: f'{{"configurations": [{both}], {compounds}}}'}).conflicts(path)
    assert found == [(8000, "configuration `a`", "configuration `b`")]


def test_init_containers_are_gone_when_the_others_start(root: Path) -> None:
    container = 'image: x\n      command: ["uvicorn", "a:app", "--port", "8000"]\n'
    pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n"
    pod += f"  initContainers:\n    - name: first\n      {container}"
    pod += f"  containers:\n    - name: api\n      {container}"
    assert Workspace(root, {"pod.yaml": pod}).conflicts("pod.yaml") == []
