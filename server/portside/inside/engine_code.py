"""Code of the project's that an engine imports: a change of it needs another engine.

Known are the models that the project registers, classes that the configuration refers to, and vLLM plugins
that are installed from the project. With each of them counts what it imports of the project itself.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from . import modules

_REGISTRY = "vllm.model_executor.models.registry"
_METADATA = (".dist-info", ".egg-info")
_NAMING = frozenset({"worker_cls", "worker_extension_cls", "scheduler_cls", "logits_processors", "executor"})
"""Fields of the configuration that name a class: `package.module.Class` or `package.module:Class`."""


def registered() -> list[tuple[str, str]]:
    """Models that the project has registered: the architecture, and `module:class`."""
    registry = getattr(sys.modules.get(_REGISTRY), "ModelRegistry", None)
    found = []
    for architecture, model in dict(getattr(registry, "models", {})).items():
        cls = getattr(model, "model_cls", None)
        module = getattr(model, "module_name", None) or getattr(cls, "__module__", "")
        name = getattr(model, "class_name", None) or getattr(cls, "__qualname__", "")
        if module and _source(module):
            found.append((str(architecture), f"{module}:{name}"))
    return sorted(found)


def fingerprint(config: Any) -> Iterator[tuple[str, str]]:
    """Each file of the project that the engine would import, and a digest of what it says."""
    names = {spec.partition(":")[0] for _, spec in registered()} | set(_named(config)) | set(_plugins())
    for path in sorted(_closure(names)):
        yield path, _digest(path)


def _named(config: Any) -> Iterator[str]:
    """Modules of classes that the configuration refers to, directly or by name."""
    for part in [config, *vars(config).values()]:
        for field, value in getattr(part, "__dict__", {}).items():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(one, type) or (callable(one) and hasattr(one, "__qualname__")):
                    yield str(getattr(one, "__module__", ""))
                elif isinstance(one, str) and field in _NAMING:
                    yield one.partition(":")[0] if ":" in one else one.rpartition(".")[0]


def _plugins() -> Iterator[str]:
    """Modules that packages name in a group `vllm.…`. importlib.metadata would take five times as long."""
    for text in _entry_points():
        group = ""
        for line in text.splitlines():
            if line.startswith("["):
                group = line
            elif group.startswith("[vllm.") and "=" in line:
                yield line.partition("=")[2].partition(":")[0].strip()


def _entry_points() -> Iterator[str]:
    for folder in sys.path:
        try:
            names = [name for name in os.listdir(folder or os.curdir) if name.endswith(_METADATA)]
        except OSError:
            continue
        for name in names:
            try:
                with open(os.path.join(folder, name, "entry_points.txt"), encoding="utf-8") as file:
                    yield file.read()
            except (OSError, ValueError):
                continue


def _closure(names: set[str]) -> set[str]:
    """Source files of these modules, as far as they are the project's, and of what they import of it."""
    found: set[str] = set()
    queue = sorted(names)
    while queue:
        name = queue.pop()
        path = _source(name)
        if path is not None and path not in found:
            found.add(path)
            queue += _imports(path, name)
    return found


def _source(name: str) -> str | None:
    """Where a module of the project's lies; None for any other. Those that the program has imported count."""
    path = getattr(sys.modules.get(name), "__file__", None)
    if not isinstance(path, str) or not path.endswith(".py") or not modules.is_project(path):
        return None
    return path


def _imports(path: str, name: str) -> list[str]:
    """Names of modules that this one may import; of `from a import b` also `a.b`."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return []
    package = name if os.path.basename(path) == "__init__.py" else name.rpartition(".")[0]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    parents = [one.rsplit(".", depth)[0] for one in found for depth in range(1, one.count(".") + 1)]
    return [*found, *parents]


def _base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()[:16]
    except OSError:
        return "unreadable"
