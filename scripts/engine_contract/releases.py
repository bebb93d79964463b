"""The releases of vLLM that the package index has, and some of their source files.

Asked through pip, so with the index, the certificates and the proxy that pip is set up with. A wheel of
vLLM has hundreds of megabytes: pip's own reader of ranges (the one behind `--use-feature=fast-deps`) gets
the few files that are wanted. Nothing is installed, built or run. Files are kept by version and digest in
the user's cache, since a release never changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import Version

PACKAGE = "vllm"
_AT_ONCE = 4
_PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(40, 4, -1)] + [
    "manylinux1_x86_64",
    "linux_x86_64",
]


class UnreachableError(Exception):
    """The index can't be asked, or a wheel can't be read."""


@dataclass(frozen=True)
class Release:
    version: Version
    file: str
    """The wheel's name."""
    sha256: str
    link: Any


@dataclass(frozen=True)
class Source:
    """Where the wanted files of a release lie, with their names in the wheel below it."""

    release: Release
    folder: Path

    def text(self, name: str) -> str | None:
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else None


class Index:
    """The package index as pip sees it. pip has no public interface for this; what it lacks is told."""

    def __init__(self) -> None:
        try:
            from pip._internal.commands import create_command  # noqa: PLC0415
            from pip._internal.models.target_python import TargetPython  # noqa: PLC0415
            from pip._internal.network.lazy_wheel import LazyZipOverHTTP  # noqa: PLC0415
        except ImportError as missing:
            raise UnreachableError(f"this pip can't be asked for parts of a wheel: {missing}") from None
        self._lazy_zip: Any = LazyZipOverHTTP
        self._command: Any = create_command("download", isolated=False)
        self._options, _ = self._command.parse_args([PACKAGE])
        self._target = TargetPython(platforms=_PLATFORMS, py_version_info=(3, 12))

    @contextlib.contextmanager
    def _session(self) -> Iterator[Any]:
        with self._command.main_context():
            yield self._command.get_default_session(self._options)

    def releases(self) -> list[Release]:
        """Those that have a wheel, oldest first."""
        with self._session() as session:
            finder = self._command._build_package_finder(self._options, session, target_python=self._target)
            candidates = finder.find_all_candidates(PACKAGE)
        found = {}
        for candidate in candidates:
            version, link = Version(str(candidate.version)), candidate.link
            if link.is_wheel and not link.is_yanked and not version.is_prerelease:
                found[version] = Release(version, link.filename, (link._hashes or {}).get("sha256", ""), link)
        if not found:
            raise UnreachableError(f"the package index lists no wheel of {PACKAGE}: is there a network?")
        return [found[version] for version in sorted(found)]

    def sources(self, releases: list[Release], wanted: Collection[str]) -> list[Source]:
        """The wanted files of every release; from the cache where they lie there."""
        kind = hashlib.sha256(" ".join(sorted(wanted)).encode()).hexdigest()[:8]
        sources = [
            Source(release, _cache() / f"{release.version}-{release.sha256[:12]}-{kind}")
            for release in releases
        ]
        missing = [source for source in sources if not source.folder.exists()]
        if missing:
            with self._session() as session, ThreadPoolExecutor(_AT_ONCE) as pool:
                for source in pool.map(lambda one: self._fetch(session, one, wanted), missing):
                    print(f"· read {source.release.file}", file=sys.stderr)
        return sources

    def _fetch(self, session: Any, source: Source, wanted: Collection[str]) -> Source:
        """Effect: makes the source's folder, as a whole or not at all."""
        source.folder.parent.mkdir(parents=True, exist_ok=True)
        url = source.release.link.url_without_fragment
        with tempfile.TemporaryDirectory(dir=source.folder.parent) as scratch:
            try:
                with self._lazy_zip(url, session) as file, zipfile.ZipFile(file) as wheel:
                    for name in sorted(set(wanted).intersection(wheel.namelist())):
                        wheel.extract(name, Path(scratch, "files"))
            except Exception as error:  # of pip, of the libraries in it, of the zip file
                raise UnreachableError(f"{source.release.file} can't be read: {error!r}") from error
            Path(scratch, "files").mkdir(exist_ok=True)
            with contextlib.suppress(OSError):  # another run was quicker
                Path(scratch, "files").replace(source.folder)
        return source


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "portside" / "vllm-sources"
