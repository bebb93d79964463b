"""Which files an import means."""

from __future__ import annotations

from pathlib import Path

from portside.workspace.module_files import ModuleFiles


def test_a_module_made_between_two_looks_is_found(tmp_path: Path) -> None:
    script, module = tmp_path / "app" / "script.py", tmp_path / "app" / "engine.py"
    script.parent.mkdir()
    files = ModuleFiles(tmp_path)

    def found() -> tuple[Path, ...]:
        with files.glance():
            return files.of_import(script, "engine", "LLM", tmp_path)

    assert found() == ()
    module.touch()
    assert found() == (module,)
    module.unlink()
    assert found() == ()


def test_the_nearest_folder_that_has_the_module_counts(tmp_path: Path) -> None:
    for path in ("engine/__init__.py", "app/engine/load.py", "app/inner/script.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    files = ModuleFiles(tmp_path, steady=True)
    script = tmp_path / "app" / "inner" / "script.py"
    assert files.of_import(script, "engine.load", None, tmp_path) == (tmp_path / "app/engine/load.py",)
    assert files.of_import(script, "engine", None, tmp_path) == (tmp_path / "engine/__init__.py",)
    assert files.of_import(script, "torch.nn", None, tmp_path) == ()
    assert files.of_import(script, "engine.load.weights", None, tmp_path) == ()
    assert files.of_import(script, "torch", None, tmp_path) == ()


def test_what_is_installed_from_src_is_found_by_scripts_beside_it(tmp_path: Path) -> None:
    for path in ("src/lib/__init__.py", "src/lib/server.py", "scripts/start.py", "app/src/__init__.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "app/src/inner.py").touch()
    lib = (tmp_path / "src/lib/__init__.py", tmp_path / "src/lib/server.py")
    files = ModuleFiles(tmp_path)
    script, beside_package = tmp_path / "scripts/start.py", tmp_path / "app/run.py"
    assert files.of_import(script, "lib.server", "start", tmp_path) == lib
    with files.glance():
        assert files.of_import(script, "lib.server", "start", tmp_path) == lib
        assert files.of_import(beside_package, "inner", None, tmp_path) == ()
    (tmp_path / "scripts/lib").mkdir()
    (tmp_path / "scripts/lib/server.py").touch()
    assert files.of_import(script, "lib.server", "start", tmp_path) == (tmp_path / "scripts/lib/server.py",)
