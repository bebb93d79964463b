"""The generated pages: what they say, and that a difference is noticed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from portside.rules import ALL, by_name

SCRIPT = Path(__file__).parents[2] / "scripts/generate_docs.py"


@pytest.fixture
def generate(tmp_path, monkeypatch):
    """The script, at work in a folder of its own. Called with the command line's words."""
    spec = importlib.util.spec_from_file_location("generate_docs", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "README.md").write_text("# P\n\n<!-- rules -->\nold\n<!-- /rules -->\n\nend\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/launch-files.md").write_text("# L\n\n<!-- constructs -->\nold\n<!-- /constructs -->\n")
    (tmp_path / "docs/warm-reload.md").write_text("# W\n\n<!-- engines -->\nold\n<!-- /engines -->\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)

    def run(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["generate_docs.py", *words])
        return module.main()

    return run


def test_every_rule_has_a_page_and_a_row(generate, tmp_path):
    assert generate() == 0
    index = (tmp_path / "docs/rules/README.md").read_text()
    readme = (tmp_path / "README.md").read_text()
    for rule in ALL:
        page = (tmp_path / f"docs/rules/{rule.code}-{rule.name}.md").read_text()
        assert rule.documentation.strip() in page
        assert f"[{rule.name}]({rule.code}-{rule.name}.md)" in index
        assert f"[{rule.name}](docs/rules/{rule.code}-{rule.name}.md)" in readme
    assert readme.startswith("# P\n\n<!-- rules -->\n| code")
    assert readme.endswith("|\n<!-- /rules -->\n\nend\n")


def test_a_page_lists_the_examples_of_its_rule(generate, tmp_path):
    generate()
    rule = by_name("hardcoded-port")
    page = (tmp_path / "docs/rules/PS201-hardcoded-port.md").read_text()
    assert all(f"- {example.id}\n" in page for example in (*rule.invalid, *rule.valid))


def test_nothing_differs_after_writing(generate):
    generate()
    assert generate("--check") == 0


@pytest.mark.parametrize(
    "path", ["README.md", "docs/rules/README.md", "docs/rules/PS101-uvicorn-run-in-main.md"]
)
def test_a_difference_is_noticed_and_left_alone(generate, tmp_path, capsys, path):
    generate()
    file = tmp_path / path
    changed = file.read_text().replace("|", "!", 1).replace("What", "Whatever", 1)
    file.write_text(changed)
    assert generate("--check") == 1
    assert f"differs: {path}" in capsys.readouterr().out
    assert file.read_text() == changed


def test_the_page_of_a_rule_that_is_gone_is_deleted(generate, tmp_path):
    generate()
    stale = tmp_path / "docs/rules/PS999-gone.md"
    stale.write_text("old")
    assert generate("--check") == 1
    assert generate() == 0
    assert not stale.exists()
