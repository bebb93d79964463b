"""What is left out is what git leaves out."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from portside.workspace.walk import is_below, nothing_excluded, paths_below

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git says what is right")

FOLDERS = ("a", "b", "src", "Xtest", "foo.d", "[a]", "sp ace", "-", "&")
FILES = ("x.py", "y.py", "a.py", "b", "Makefile", ".h.py", "!b", "a-b.py", "é.py")
PATTERNS = (
    "*", "*.py", "a", "b", "src", "x.py", "*.*", "**/a", "a/**", "/a", "/*", "src/*", "a/b", "**", "*/",
    "a*", "?.py", "[ab]", "!b", ".h*", "foo.*", "/src/a", "**/b/*", "a/**/x.py", r"\!b", "b ", r"b\ ",
    "x.p[!a]", "**foo", "a**", "/", "//", "a//b", "/**", "/**/a", "[", "[a-", "[]a]", r"[\]a]", "[^a-c]*",
    "[[:alpha:]].py", "[[:nothing:]]", "[z-a]", "[a-z][.]py", "\\", "a\\", r"\a", "#a", r"\#a", "***",
    "**/**", "src/**/", "*/a.py", "a/*/", "./a", "../a", "[/]a", "a[/]b", "?", "sp ace", "*[a]*", r"\[a\]",
    "[a-]*.py", "é*", "[é].py", "X*t", "*.p?", "a/", "!", "!!b", "a\t",
    "*o*.*", "*s*c*", "*a*.p*", "f*o*d", "*r*c/*.p*", "**/*s*/x*", "*[a-x]*.p?", "b*/**/*y*",
    "[a--b]", "[+--b]*", "[--b].py", "[a-c-e]", "[a&&b]", "[a||b]*", "[a~~b].py", "[[]a]", "[a[b]*",
)  # fmt: skip


def _line(random_: random.Random) -> str:
    written = random_.choice(PATTERNS)
    if random_.random() < 0.3 and not written.endswith("/"):
        written += "/"
    if random_.random() < 0.35:
        written = "!" + written
    return written + random_.choice(("\n", "\n", "\n", "\r\n"))


def _grown(top: Path, random_: random.Random) -> list[str]:
    """A tree with .gitignore files in it; the texts of those."""
    folders = [""]
    for _ in range(8):
        within = random_.choice(folders)
        name = f"{within}/{random_.choice(FOLDERS)}".lstrip("/")
        if name.count("/") < 4 and name not in folders and not (top / name).exists():
            (top / name).mkdir()
            folders.append(name)
    for _ in range(16):
        file = top / random_.choice(folders) / random_.choice(FILES)
        if not file.exists():
            file.touch()
    texts = []
    for folder in random_.sample(folders, min(len(folders), random_.choice((1, 1, 2)))):
        text = "".join(_line(random_) for _ in range(random_.randint(1, 5)))
        (top / folder / ".gitignore").write_bytes(random_.choice((b"", b"", b"\xef\xbb\xbf")) + text.encode())
        texts.append(f"{folder}: {text!r}")
    return texts


@pytest.mark.parametrize("seed", range(8))
def test_a_walk_comes_to_what_git_would_add(seed: int, tmp_path: Path) -> None:
    for number in range(20):
        random_ = random.Random(seed * 1000 + number)
        top = tmp_path / str(number)
        subprocess.run(["git", "init", "-q", top], check=True)
        texts = _grown(top, random_)
        added = subprocess.run(
            ["git", "-C", top, "ls-files", "--others", "--exclude-standard", "-z"],
            capture_output=True,
            check=True,
        ).stdout.split(b"\0")
        expected = {name for name in map(os.fsdecode, added) if name.endswith(".py")}
        walked = paths_below(top, nothing_excluded, lambda name: name.endswith(".py"))
        assert {os.path.relpath(path, top) for path in walked} == expected, texts
        every = {str(path.relative_to(top)) for path in top.rglob("*.py")}
        below = {name for name in every if is_below(str(top), str(top / name), nothing_excluded)}
        assert below == expected, texts


def test_a_list_of_what_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*\n!*/\n!*.*\n!Dockerfile\n*.log\n")
    folder = tmp_path / "ai" / "agents"
    folder.mkdir(parents=True)
    for name in ("server.py", "binary", "Dockerfile", "run.log"):
        (folder / name).touch()
    walked = paths_below(tmp_path, nothing_excluded, lambda name: not name.startswith("."))
    assert {Path(path).name for path in walked} == {"server.py", "Dockerfile"}


def test_a_name_with_many_stars_is_answered_at_once(tmp_path: Path) -> None:
    """git itself takes hours for this one."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*a" * 40 + "b\n")
    file = tmp_path / f"{'a' * 200}.py"
    file.touch()
    assert list(paths_below(tmp_path, nothing_excluded, lambda name: name.endswith(".py"))) == [str(file)]
