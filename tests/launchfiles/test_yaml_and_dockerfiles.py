"""Dockerfiles, compose files and manifests: line ends, what is none of them, and files made to do harm."""

from __future__ import annotations

import re
import time

import pytest
from tests.launchfiles.rendering import lines_of
from tests.launchfiles.test_constructs import ALL, Construct

from portside.launchfiles.facts import Format
from portside.launchfiles.reading import format_of, read

OWN = [one for one in ALL if one.page in {"dockerfile", "compose", "kubernetes"}]
NAMES = {"dockerfile": "Dockerfile", "compose": "compose.yaml", "kubernetes": "deployment.yaml"}
POD = 'apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, command: [uvicorn, "a:b"]}]}\n'
SERVICE = "services:\n  a:\n    image: python\n    command: uvicorn a:b --port 8000\n"
STAGE = 'FROM python\nCMD ["uvicorn", "a:b", "--port", "8000"]\n'


@pytest.mark.parametrize("one", OWN, ids=[f"{one.page}: {one.name}" for one in OWN])
def test_line_ends_of_windows_change_nothing(one: Construct) -> None:
    text = one.text.replace("\n", "\r\n")
    file = read(one.path, text)
    assert file is not None
    assert lines_of(file, text) == one.facts.splitlines()


@pytest.mark.parametrize("one", OWN, ids=[f"{one.page}: {one.name}" for one in OWN])
def test_a_byte_order_mark_changes_nothing_but_places(one: Construct) -> None:
    file = read(NAMES[one.page], "\ufeff" + one.text)
    plain = read(NAMES[one.page], one.text)
    assert file is not None
    assert plain is not None
    assert lines_of(file, "\ufeff" + one.text) == lines_of(plain, one.text)


@pytest.mark.parametrize("one", OWN, ids=[f"{one.page}: {one.name}" for one in OWN])
def test_every_place_is_where_the_text_says_so(one: Construct) -> None:
    """Of launches, of what they serve, and of settings."""
    file = read(one.path, one.text)
    assert file is not None
    for unit in file.units:
        for launch in unit.launches:
            assert 0 <= launch.span.start <= launch.span.end <= len(one.text)
            target = launch.target
            if (
                target is not None
                and not target.places
                and target.start < target.end
                and "{" not in target.text
            ):
                assert target.text in one.text[target.start : target.end]
        for setting in unit.settings.values():
            if setting.value is not None and len(setting.value) == setting.span.end - setting.span.start:
                assert one.text[setting.span.start : setting.span.end] == setting.value


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("Dockerfile", "", Format.DOCKERFILE),
        ("docker/Dockerfile.gpu", "", Format.DOCKERFILE),
        ("api.dockerfile", "", Format.DOCKERFILE),
        ("Containerfile", "", Format.DOCKERFILE),
        ("compose.yaml", "", Format.COMPOSE),
        ("docker-compose.prod.yml", "", Format.COMPOSE),
        ("compose.yml.j2", "", Format.COMPOSE),
        ("stack.yml", SERVICE, Format.COMPOSE),
        ("stack.yml", SERVICE.replace("services:", "services: # all"), Format.COMPOSE),
        ("pod.yaml", POD, Format.KUBERNETES),
        ("config.yaml", "services:\n  - name: a\n    port: 8000\n", None),
        ("config.yaml", "services:\n  a:\n    url: x\n", None),
        ("ci.yml", "jobs:\n  a:\n    services:\n      b: {image: c}\n", None),
        ("values.yaml", "image: a\nport: 8000\n", None),
    ],
)
def test_what_kind_of_file_it_is(path: str, text: str, expected: Format | None) -> None:
    assert format_of(path, text) is expected


LAUGHS = "x: &a0 [lol]\n" + "".join(f"y{i}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]\n" for i in range(40))
MERGES = "x: &a0 {k: v}\n" + "".join(
    f"y{i}: &a{i + 1}\n  <<: [{', '.join([f'*a{i}'] * 9)}]\n" for i in range(40)
)
HARMFUL = {
    "many aliases of aliases": LAUGHS + SERVICE,
    "many merges of merges": MERGES + SERVICE.replace("python\n", "python\n    <<: *a40\n", 1),
    "a service that merges itself": "services:\n  a: &a\n    <<: *a\n    image: python\n",
    "a service that extends itself": "services:\n  a: {image: b, extends: a}\n",
    "services that extend each other": "services:\n  a: {extends: c}\n  c: {image: b, extends: a}\n",
    "brackets without end": "services: " + "[" * 100_000,
    "braces without end": "services: " + "{a: " * 100_000,
    "dashes without end": "services:\n" + "- " * 20_000 + "a\n",
    "deep indentation": "".join(f"{' ' * i}a:\n" for i in range(1500)),
    "tabs": SERVICE.replace("    ", "\t\t") * 100,
    "6,000 services": "services:\n"
    + "".join(f"  a{i}:\n    image: python\n    command: uvicorn a:b --port 8000\n" for i in range(6000)),
    "5 MB of one line": "services: {a: {image: python, command: '" + "a " * 2_500_000 + "'}}",
    "5 MB of quotes": SERVICE + "'\"" * 2_500_000,
    "many documents": (POD + "---\n") * 300,
    "templates without end": "{{ if a }}\n" * 20_000 + POD,
    "5 MB of braces of templates": "{{" * 1_000_000 + "}}",
    "conflict markers": ("<<<<<<< a\n" + SERVICE + "=======\n>>>>>>> b\n") * 100,
    "variables without end": SERVICE.replace("8000", "${A:-" * 5000 + "1"),
    "control characters": SERVICE + "\x00\x01\x07\ud800",
    "hashes": "#" * 1_000_000 + "\n" + SERVICE,
    "continued lines": STAGE + "RUN a \\\n" * 100_000,
    "a document that never ends": STAGE + "RUN <<EOF\n" + "uvicorn a:b\n" * 100_000,
    "many stages, each from the last": "".join(f"FROM s{i} AS s{i + 1}\nENV A{i}=$A\n" for i in range(1000)),
    "copies of copies": "FROM a AS s0\nCOPY . /a\nCOPY . /a\n"
    + "".join(f"FROM s{i} AS s{i + 1}\nCOPY --from=s{i} /a /a\n" for i in range(40)),
    "5 MB of words": STAGE + "ENV " + "A=1 " * 1_000_000,
    "5 MB of EXPOSE": STAGE + "EXPOSE " + "8000 " * 1_000_000,
    "backslashes": STAGE + "ENV A=" + "\\" * 1_000_000,
    "echoes": STAGE + "RUN " + "echo " * 100_000 + ">",
}


@pytest.mark.parametrize("format_", NAMES.values())
@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL.keys())
def test_no_file_takes_long_or_fails(text: str, format_: str) -> None:
    before = time.process_time()
    file = read(format_, text)
    assert time.process_time() - before < 4  # 2 s on an idle machine
    if file is not None:
        lines_of(file, text)


def test_a_mistake_is_reported_where_it_is() -> None:
    text = SERVICE + '  b:\n    image: "x\n  c:\n    image: d\n'
    file = read("compose.yaml", text)
    assert file is not None
    assert text[file.errors[0].start :].startswith('"x')
    assert [unit.name for unit in file.units] == ["a", "c"]


def test_what_a_compose_file_brings_in_is_said() -> None:
    file = read("compose.yaml", "include:\n  - a.yml\n  - path: [b.yml, c.yml]\n" + SERVICE)
    assert file is not None
    assert file.includes == ("a.yml", "b.yml", "c.yml")


def test_services_of_one_project_are_one_group() -> None:
    named = read("x/compose.yaml", "name: demo\n" + SERVICE)
    folder = read("x/compose.yaml", SERVICE)
    top = read("compose.yaml", SERVICE)
    assert [file.units[0].group for file in (named, folder, top) if file is not None] == ["demo", "x", "."]


def test_pods_of_one_file_are_groups_of_their_own() -> None:
    file = read("pods.yaml", POD + "---\n" + POD)
    assert file is not None
    assert len({unit.group for unit in file.units}) == 2


def test_a_word_in_a_block_keeps_its_place() -> None:
    text = "services:\n  a:\n    image: python\n    command:\n      - sh\n      - -c\n      - |\n" + (
        "        uvicorn a:b \\\n          --port 8123\n"
    )
    file = read("compose.yaml", text)
    assert file is not None
    port = file.units[0].launches[0].ports[0].port
    assert port.digits is not None
    assert port.digits.start == re.search("8123", text).start()  # type: ignore[union-attr]
