"""Trees of public repositories at a commit, with the files that Portside may look at."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Python, and what tells Portside where a workspace's modules are and who starts them.
PATTERNS = (
    "*.py",
    "*.pyi",
    "pyproject.toml",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "portside.toml",
    "Dockerfile*",
    "*compose*.y*ml",
    "*.sh",
    "Procfile*",
    "*.bash",
    "*.sbatch",
    "*.service",
    "*akefile*",
    "*.mk",
    "package.json",
    ".env*",
    "launch.json",
    "tasks.json",
    "*.yaml",
    "*.yml",
)
# A directory of Git; nothing that it says of hooks or filters is to run here.
_GIT = (
    "git",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.symlinks=false",
    "-c",
    "advice.detachedHead=false",
)


def tree_of(repository: str, commit: str, cache: Path, mirrors: Path | None) -> Path:
    """The folder with the repository's files at this commit; fetched on first use."""
    folder = cache / repository.replace("/", "+") / commit[:12]
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            _fetch(repository, commit, Path(scratch), mirrors)
            made = Path(scratch) / "tree"
            made.rename(folder)
    return folder


def _fetch(repository: str, commit: str, scratch: Path, mirrors: Path | None) -> None:
    tree = scratch / "tree"
    tree.mkdir()
    if mirrors is not None and (mirror := _mirror(repository, mirrors)) is not None:
        _from_mirror(mirror, commit, tree)
        return
    _run(*_GIT, "init", "--quiet", str(tree))
    _run(*_GIT, "-C", str(tree), "sparse-checkout", "set", "--no-cone", *PATTERNS)
    url = f"https://github.com/{repository}"
    _run(*_GIT, "-C", str(tree), "remote", "add", "origin", url)
    _run(*_GIT, "-C", str(tree), "fetch", "--quiet", "--depth=1", "--filter=blob:none", "origin", commit)
    _run(*_GIT, "-C", str(tree), "checkout", "--quiet", commit)
    shutil.rmtree(tree / ".git")


def _mirror(repository: str, mirrors: Path) -> Path | None:
    """A bare repository below MIRRORS/owner+name, in whatever folder it is there."""
    place = mirrors / repository.replace("/", "+")
    return next(
        (head.parent for head in sorted(place.glob("**/HEAD")) if (head.parent / "objects").is_dir()), None
    )


def _from_mirror(mirror: Path, commit: str, tree: Path) -> None:
    """Files that the mirror lacks are left out: a mirror need not be whole."""
    listed = _run("git", "--git-dir", str(mirror), "ls-tree", "-r", "-z", "-l", commit)
    wanted = list(_wanted(listed))
    batch = "".join(f"{blob}\n" for blob, _ in wanted).encode()
    texts = _run("git", "--git-dir", str(mirror), "cat-file", "--batch", given=batch)
    start = 0
    for _, path in wanted:
        end = texts.index(b"\n", start)
        size = int(texts[start:end].split()[2])
        place = tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(texts[end + 1 : end + 1 + size])
        start = end + size + 2


def _wanted(listed: bytes) -> Iterator[tuple[str, str]]:
    for entry in listed.decode("utf-8", "surrogateescape").split("\0"):
        if entry:
            about, path = entry.split("\t", 1)
            mode, _, blob, size = about.split()
            name = Path(path).name
            if mode.startswith("100") and size.isdigit() and any(_matches(name, each) for each in PATTERNS):
                yield blob, path


def _matches(name: str, pattern: str) -> bool:
    return Path(name).match(pattern)


def _run(*command: str, given: bytes | None = None) -> bytes:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
    return subprocess.run(command, input=given, env=environment, check=True, capture_output=True).stdout
