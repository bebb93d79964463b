"""The measurement on labelled real files: its own logic, with a repository made here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import corpus_labels as labels
import corpus_trees as trees
import measure_corpus as measure
import pytest

Mark = labels.Mark


def labelled(*findings: tuple[str, int], either: tuple[tuple[str, int], ...] = ()) -> object:
    return labels.Labelled(
        "o/n", "c" * 40, "a.py", "first", tuple(Mark(*f) for f in findings), tuple(Mark(*f) for f in either)
    )


def test_a_finding_counts_for_a_label_in_one_of_its_lines() -> None:
    judged = labels.judge(labelled(("PS101", 5)), [Mark("PS101", 3, 9)])
    assert (judged.right, judged.missed, judged.wrong) == ((Mark("PS101", 5),), (), ())


def test_another_rule_or_line_is_a_miss_and_a_wrong_finding() -> None:
    judged = labels.judge(labelled(("PS101", 5)), [Mark("PS102", 5), Mark("PS101", 6)])
    assert judged.missed == (Mark("PS101", 5),)
    assert judged.wrong == (Mark("PS101", 6), Mark("PS102", 5))


def test_one_finding_is_worth_one_label() -> None:
    judged = labels.judge(labelled(("PS201", 5), ("PS201", 6)), [Mark("PS201", 5, 6)])
    assert judged.missed == (Mark("PS201", 6),)


def test_what_may_be_either_counts_for_nothing() -> None:
    file = labelled(either=(("PS302", 4),))
    assert labels.judge(file, [Mark("PS302", 4)]).wrong == ()
    assert labels.judge(file, []).missed == ()
    assert labels.judge(file, [Mark("PS302", 5)]).wrong == (Mark("PS302", 5),)


def test_shares_are_of_the_labels_and_of_the_findings() -> None:
    judged = [
        labels.judge(labelled(("PS101", 1), ("PS101", 2)), [Mark("PS101", 1), Mark("PS101", 7)]),
        labels.judge(labelled(), [Mark("PS102", 1)]),
    ]
    of_rule, of_all = labels.score(judged, "PS101"), labels.score(judged)
    assert (of_rule.recall, of_rule.precision) == (0.5, 0.5)
    assert of_all.precision == pytest.approx(1 / 3)
    assert labels.score(judged, "PS304").recall is None
    assert [each.wrong for each in labels.silent(judged)] == [(Mark("PS102", 1),)]


@pytest.fixture
def mirror(tmp_path: Path) -> tuple[Path, str]:
    """A bare repository owner+name, with a server, a blank file name and a picture."""
    work, bare = tmp_path / "work", tmp_path / "mirrors" / "owner+name" / "repo"
    (work / "core").mkdir(parents=True)
    (work / "core" / "my server.py").write_text('import uvicorn\n\nuvicorn.run("a:b", port=8010)\n')
    (work / "still.py").write_text("print(1)\n")
    (work / "picture.png").write_bytes(b"\x89PNG")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "One"]):
        subprocess.run([*git, *command], cwd=work, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=work, check=True, capture_output=True, text=True)
    return tmp_path / "mirrors", head.stdout.strip()


def test_a_tree_comes_from_a_mirror(tmp_path: Path, mirror: tuple[Path, str]) -> None:
    mirrors, commit = mirror
    tree = trees.tree_of("owner/name", commit, tmp_path / "cache", mirrors)
    assert sorted(path.name for path in tree.rglob("*.*")) == ["my server.py", "still.py"]
    assert trees.tree_of("owner/name", commit, tmp_path / "cache", None) == tree


def test_real_findings_are_compared_with_the_labels(
    tmp_path: Path,
    mirror: tuple[Path, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mirrors, commit = mirror
    facts = {"repository": "owner/name", "commit": commit, "part": "first"}
    lines = [
        {**facts, "path": "core/my server.py", "findings": [[3, "PS102"], [3, "PS205"]]},
        {**facts, "path": "still.py", "findings": []},
    ]
    file = tmp_path / "labels.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    options = ["--labels", str(file), "--cache", str(tmp_path / "cache"), "--mirrors", str(mirrors)]
    monkeypatch.setattr(sys, "argv", ["measure_corpus.py", *options])
    assert measure.main() == 0
    out = capsys.readouterr().out
    assert "2 files of 1 repositories" in out
    assert "| PS102 | 1 | 1 | 0 | 0 | 1.000 | 1.000 |" in out
    assert "| PS201 | 0 | 0 | 0 | 1 |  | 0.000 |" in out
    assert "files that should stay silent: 1, with a finding: 0" in out
    assert "missed PS205 in line 3 in owner/name/core/my server.py" in out
    assert "wrong PS201 in line 3 in owner/name/core/my server.py" in out


def test_a_part_that_is_measured_alone_leaves_the_others_as_they_are() -> None:
    miss = labels.judge(labelled(("PS101", 5)), [])
    before = (
        "Text.\n<!-- figures -->\n\n### second\n\nas it was\n\n### Worst misses\n\n"
        "- missed PS101 in line 9 in o/n/a.py\n- wrong PS201 in line 1 in o/n/b.py\n\n"
        "<!-- end of figures -->\nEnd.\n"
    )
    page = measure.page([miss], before)
    assert page.startswith("Text.\n<!-- figures -->\n\n### second\n\nas it was\n\n### first\n\n1 files of 1")
    assert "1 files should stay silent" not in page
    assert page.endswith(
        "### Worst misses\n\n- missed PS101 in line 5 in o/n/a.py\n- wrong PS201 in line 1 in o/n/b.py\n\n"
        "<!-- end of figures -->\nEnd.\n"
    )
    assert measure.page([miss], page) == page


def test_a_file_is_judged_by_the_rules_that_it_was_read_for() -> None:
    file = labels.Labelled("owner/name", "0" * 40, "a.py", "rare", rules=("PS202",))
    found = [labels.Mark("PS101", 3, 3), labels.Mark("PS202", 7, 7)]
    assert labels.judge(file, found).wrong == (labels.Mark("PS202", 7, 7),)


def test_a_path_that_is_not_there_is_no_miss(tmp_path: Path, mirror: tuple[Path, str]) -> None:
    mirrors, commit = mirror
    file = labels.Labelled("owner/name", commit, "gone.py", "first")
    with pytest.raises(SystemExit, match=r"not in its repository at that commit: owner/name/gone\.py"):
        measure.measure([file], tmp_path / "cache", mirrors)


def test_the_labels_name_files_once_and_hold_no_code() -> None:
    lines = measure.LABELS.read_text(encoding="utf-8").splitlines()
    files = [json.loads(line) for line in lines]
    places = [(file["repository"], file["commit"], file["path"]) for file in files]
    assert len(set(places)) == len(places) > 300
    allowed = {"repository", "commit", "path", "part", "rules", "findings", "either"}
    assert all(set(file) <= allowed and len(file["commit"]) == 40 for file in files)
    assert len(labels.read_labels(measure.LABELS)) == len(files)
