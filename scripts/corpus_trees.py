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
    "*.env",
    "launch.json",
    "tasks.json",
    "*.yaml",
    "*.yml",
)
# Weights, pictures and data, not code: a server that is not asked of them starts without.
_LARGE = 400_000
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


def default_cache() -> Path:
    """Where trees are kept from one measurement to the next."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "portside-corpus"


def tree_of(repository: str, commit: str, cache: Path, mirrors: Path | None, *, whole: bool = False) -> Path:
    """The folder with the repository's files at this commit; fetched on first use.

    whole: all files, those above a size as empty ones, not only those that Portside may look at.
    """
    folder = cache / repository.replace("/", "+") / f"{commit[:12]}{'-whole' * whole}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            _fetch(repository, commit, Path(scratch), mirrors, whole)
            made = Path(scratch) / "tree"
            try:
                made.rename(folder)
            except OSError:
                # Another thread was faster.
                if not folder.is_dir():
                    raise
    return folder


def _fetch(repository: str, commit: str, scratch: Path, mirrors: Path | None, whole: bool) -> None:
    tree = scratch / "tree"
    tree.mkdir()
    if mirrors is not None and (mirror := _mirror(repository, mirrors)) is not None:
        _from_mirror(mirror, commit, tree, whole)
        return
    _run(*_GIT, "init", "--quiet", str(tree))
    if not whole:
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


def _from_mirror(mirror: Path, commit: str, tree: Path, whole: bool) -> None:
    """Files that the mirror lacks are left out: a mirror need not be whole."""
    listed = _run("git", "--git-dir", str(mirror), "ls-tree", "-r", "-z", "-l", commit)
    wanted = list(_wanted(listed, whole))
    batch = "".join(f"{blob}\n" for blob, _ in wanted if blob).encode()
    texts = _run("git", "--git-dir", str(mirror), "cat-file", "--batch", given=batch)
    start = 0
    for blob, path in wanted:
        place = tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not blob:
            place.touch()
            continue
        end = texts.index(b"\n", start)
        size = int(texts[start:end].split()[2])
        place.write_bytes(texts[end + 1 : end + 1 + size])
        start = end + size + 2


def _wanted(listed: bytes, whole: bool) -> Iterator[tuple[str, str]]:
    """Blobs and their paths; no blob for what is there and not worth its size."""
    for entry in listed.decode("utf-8", "surrogateescape").split("\0"):
        if entry:
            about, path = entry.split("\t", 1)
            mode, _, blob, size = about.split()
            if not mode.startswith("100"):
                continue
            if size.isdigit() and (whole or any(_matches(Path(path).name, each) for each in PATTERNS)):
                yield (blob if not whole or int(size) <= _LARGE or path.endswith(".py") else ""), path
            elif whole:
                yield "", path


def _matches(name: str, pattern: str) -> bool:
    return Path(name).match(pattern)


def _run(*command: str, given: bytes | None = None) -> bytes:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
    return subprocess.run(command, input=given, env=environment, check=True, capture_output=True).stdout
