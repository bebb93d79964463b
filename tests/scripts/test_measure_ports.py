"""The measure of port rules on public launch files: what makes it fail, and what its facts must hold."""

from __future__ import annotations

import json
from pathlib import Path

import measure_ports as measure
import pytest

FOUND = {
    "repository": "owner/name",
    "commit": "0" * 40,
    "path": "compose.yaml",
    "line": 3,
    "rule": "port-conflict",
}
TRUE, FALSE = {**FOUND, "verdict": "true"}, {**FOUND, "verdict": "false"}


@pytest.mark.parametrize(
    ("judged", "found", "code"),
    [
        pytest.param([TRUE], [FOUND], 0, id="judged true"),
        pytest.param([FALSE], [], 0, id="judged false, and gone"),
        pytest.param([FALSE], [FOUND], 1, id="judged false, and there"),
        pytest.param([], [FOUND], 1, id="judged by nobody"),
        pytest.param([TRUE], [], 1, id="judged true, and gone"),
        pytest.param([TRUE], [{**FOUND, "line": 4}], 1, id="elsewhere"),
    ],
)
def test_the_exit_code_tells_of_what_differs(
    judged: list[dict[str, object]], found: list[dict[str, object]], code: int
) -> None:
    assert measure._report(judged, found) == code


def test_a_finding_in_a_tree_is_found(tmp_path: Path) -> None:
    tree = tmp_path / "owner+name" / ("0" * 12)
    tree.mkdir(parents=True)
    text = 'services:\n  a:\n    ports: ["1:80"]\n    image: x\n  b:\n    ports: ["1:80"]\n    image: y\n'
    (tree / "compose.yaml").write_text(text)
    found, count = measure._findings(tmp_path, None, ("owner/name", "0" * 40))
    assert [fact["line"] for fact in found] == [3, 6]
    assert count == 1


def test_every_fact_is_complete_and_each_finding_is_judged() -> None:
    facts = [json.loads(line) for line in measure.FACTS.read_text(encoding="utf-8").splitlines()]
    repositories = {fact["repository"] for fact in facts if "path" not in fact}
    assert len(repositories) > 50
    for fact in facts:
        assert len(fact["commit"]) == 40
        assert fact["repository"] in repositories
        if "path" in fact:
            assert fact["verdict"] in {"true", "false"}
            assert fact["why"]
