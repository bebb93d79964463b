"""How a script is named on the command line, by where it lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.folders import lay_out

from portside.python.launching.script_place import ImportTarget, other_target, own_target
from portside.workspace.import_roots import import_root, script_place


def make(root: Path, files: tuple[str, ...]) -> None:
    lay_out(root, dict.fromkeys(files, ""))


@pytest.mark.parametrize(
    ("files", "script", "root"),
    [
        (("server.py",), "server.py", ""),
        (("core/server.py", "pyproject.toml"), "core/server.py", ""),
        (("src/pkg/__init__.py", "src/pkg/api.py"), "src/pkg/api.py", "src"),
        (("src/api.py",), "src/api.py", "src"),
        (("src/__init__.py", "src/api.py"), "src/api.py", ""),
        (
            ("services/api/pyproject.toml", "services/api/app/main.py"),
            "services/api/app/main.py",
            "services/api",
        ),
        (
            ("services/api/pyproject.toml", "services/api/src/app/main.py"),
            "services/api/src/app/main.py",
            "services/api/src",
        ),
        (("pkg/__init__.py", "pkg/requirements.txt", "pkg/api.py"), "pkg/api.py", ""),
    ],
)
def test_the_import_root(tmp_path: Path, files: tuple[str, ...], script: str, root: str) -> None:
    make(tmp_path, files)
    assert import_root(tmp_path / script, tmp_path) == tmp_path / root


def test_the_import_root_of_a_script_at_the_top_of_a_disk() -> None:
    top = Path(Path.cwd().anchor)
    assert import_root(top / "server.py", top) == top


@pytest.mark.parametrize(
    ("files", "script", "imported", "opened", "expected"),
    [
        (("a.py",), "a.py", (), (), ImportTarget("a")),
        (("core/a.py",), "core/a.py", (), (), ImportTarget("core.a")),
        (("core/a.py", "core/b.py"), "core/a.py", ("b",), (), ImportTarget("a", "core")),
        (("core/a.py", "core/lib/b.py"), "core/a.py", ("lib",), (), ImportTarget("a", "core")),
        (("core/a.py", "core/b.py"), "core/a.py", ("core", "os"), (), ImportTarget("core.a")),
        (
            ("api/a.py", "api/utils/b.py", "core/c.py", "utils/d.py"),
            "api/a.py",
            ("api", "core", "utils"),
            (),
            ImportTarget("api.a"),
        ),
        (
            ("api/a.py", "api/utils/b.py", "api/near.py", "utils/d.py"),
            "api/a.py",
            ("api", "near", "utils"),
            (),
            ImportTarget("a", "api"),
        ),
        (
            ("app/mcp/a.py", "app/mcp/__init__.py", "app/__init__.py"),
            "app/mcp/a.py",
            ("app", "mcp"),
            (),
            ImportTarget("app.mcp.a"),
        ),
        (
            ("app/mcp/a.py", "app/mcp/__init__.py", "app/__init__.py"),
            "app/mcp/a.py",
            ("mcp",),
            (),
            ImportTarget("app.mcp.a"),
        ),
        (("src/p/a.py",), "src/p/a.py", (), (), ImportTarget("p.a", "src")),
        (("my-api/a.py",), "my-api/a.py", (), (), ImportTarget("a", "my-api")),
        (("vllm/a.py",), "vllm/a.py", (), (), ImportTarget("a", "vllm")),
        (("core/a.py", "core/x.json"), "core/a.py", (), ("x.json",), ImportTarget("a", None, "core")),
        (
            ("core/a.py", "core/static/x.js"),
            "core/a.py",
            (),
            ("static/x.js",),
            ImportTarget("a", None, "core"),
        ),
        (("core/a.py", "x.json"), "core/a.py", (), ("x.json",), ImportTarget("core.a")),
        (
            ("core/a.py", "core/x.json", "x.json"),
            "core/a.py",
            (),
            ("x.json",),
            ImportTarget("core.a"),
        ),
    ],
)
def test_the_module_of_a_script(  # noqa: PLR0917
    tmp_path: Path,
    files: tuple[str, ...],
    script: str,
    imported: tuple[str, ...],
    opened: tuple[str, ...],
    expected: ImportTarget,
) -> None:
    make(tmp_path, files)
    place = script_place(tmp_path / script, tmp_path)
    assert own_target(place, imported, opened) == expected


@pytest.mark.parametrize("name", ["my.server.py", "a:b.py", "__main__.py"])
def test_a_name_that_can_t_be_imported(tmp_path: Path, name: str) -> None:
    make(tmp_path, (name,))
    refused = own_target(script_place(tmp_path / name, tmp_path), (), ())
    assert isinstance(refused, str)
    assert name in refused


@pytest.mark.parametrize(
    ("files", "script", "module", "expected"),
    [
        (("run.py", "app/main.py"), "run.py", "app.main", ImportTarget("app.main")),
        (("app/run.py", "app/main.py"), "app/run.py", "main", ImportTarget("main", "app")),
        (("scripts/run.py", "app/main.py"), "scripts/run.py", "app.main", ImportTarget("app.main")),
        (("src/run.py", "src/app/main.py"), "src/run.py", "app.main", ImportTarget("app.main", "src")),
    ],
)
def test_the_module_of_an_import_string(
    tmp_path: Path, files: tuple[str, ...], script: str, module: str, expected: ImportTarget
) -> None:
    make(tmp_path, files)
    assert other_target(script_place(tmp_path / script, tmp_path), module) == expected


def test_installed_commands_are_known(tmp_path: Path) -> None:
    make(tmp_path, ("src/pkg/api.py",))
    (tmp_path / "pyproject.toml").write_text(
        '[project.scripts]\na = "pkg.api:main"\n'
        '[tool.poetry.scripts]\nb = "pkg.api:cli.run"\nc = "pkg.other:x"\n'
    )
    assert script_place(tmp_path / "src/pkg/api.py", tmp_path).entry_points == {"main", "cli"}


def test_installed_commands_of_a_package_in_a_folder_of_another_name_are_known(tmp_path: Path) -> None:
    make(tmp_path, ("src/cmd/cli.py", "other/cli.py"))
    (tmp_path / "pyproject.toml").write_text(
        '[project.scripts]\na = "pkg.cmd.cli:main"\nb = "pkg.cli:run"\n'
        '[tool.setuptools.package-dir]\npkg = "src"\n"pkg.cmd" = "src/cmd"\n'
    )
    assert script_place(tmp_path / "src/cmd/cli.py", tmp_path).entry_points == {"main"}
    assert not script_place(tmp_path / "other/cli.py", tmp_path).entry_points


def test_a_package_beside_the_script_is_found_first(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "__init__.py").touch()
    (tmp_path / "server.py").touch()
    place = script_place(tmp_path / "server.py", tmp_path)
    found = own_target(place, (), ())
    assert found == "the package `server` beside it is found first, so the file can't be imported"


def test_a_folder_that_is_no_package_is_found_last(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server.py").touch()
    place = script_place(tmp_path / "server.py", tmp_path)
    assert own_target(place, (), ()) == ImportTarget("server")


@pytest.mark.parametrize(
    ("root", "dots", "expected"),
    [
        ("shop", 1, ImportTarget("shop.api", "..")),
        ("shop/orders", 2, ImportTarget("shop.orders.api", "../..")),
        ("shop", 0, ImportTarget("api")),
    ],
)
def test_relative_imports_prove_the_packages_around_the_folder_that_was_opened(
    tmp_path: Path, root: str, dots: int, expected: ImportTarget
) -> None:
    make(tmp_path, (f"{root}/api.py",))
    assert (
        own_target(script_place(tmp_path / root / "api.py", tmp_path / root), (), (), relative_dots=dots)
        == expected
    )


def test_a_folder_that_is_no_name_is_no_package(tmp_path: Path) -> None:
    make(tmp_path, ("my-shop/api.py",))
    root = tmp_path / "my-shop"
    assert isinstance(own_target(script_place(root / "api.py", root), (), (), relative_dots=1), str)


@pytest.mark.parametrize(
    ("path", "dots", "expected"),
    [
        ("my-shop/backend/api.py", 1, ImportTarget("backend.api", "my-shop")),
        ("a/my.shop/b/c/api.py", 2, ImportTarget("b.c.api", "a/my.shop")),
        ("my-shop/api.py", 1, None),
        ("my-shop/backend/api.py", 2, None),
    ],
)
def test_relative_imports_are_of_the_packages_below_a_folder_that_is_none(
    tmp_path: Path, path: str, dots: int, expected: ImportTarget | None
) -> None:
    make(tmp_path, (path,))
    found = own_target(script_place(tmp_path / path, tmp_path), (), (), relative_dots=dots)
    assert found == expected if expected is not None else isinstance(found, str)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ("pyproject.toml", '[tool.uv.workspace]\nmembers = ["packages/*"]\n'),
        ("packages/api/pyproject.toml", '[tool.uv.sources]\ncore = {path = "../core", editable = true}\n'),
        (
            "packages/api/pyproject.toml",
            '[tool.poetry.dependencies]\npython = "*"\ncore = {path = "../core"}\n',
        ),
    ],
)
def test_projects_that_are_installed_with_this_one_are_known(
    tmp_path: Path, settings: str, text: str
) -> None:
    make(tmp_path, ("packages/api/src/api/main.py", "packages/core/src/words/__init__.py", "other/x.py"))
    (tmp_path / settings).write_text(text)
    script = tmp_path / "packages/api/src/api/main.py"
    assert "words" in script_place(script, tmp_path).installed
    assert "words" in script_place(script, tmp_path / "packages/api").installed
    assert "x" not in script_place(script, tmp_path).installed


@pytest.mark.parametrize(
    ("built", "known"), [('[build-system]\nrequires = ["hatchling"]\n', True), ("", False)]
)
def test_packages_in_the_src_folder_of_a_project_that_is_built_are_installed(
    tmp_path: Path, built: str, known: bool
) -> None:
    make(tmp_path, ("scripts/run.py", "src/words/__init__.py"))
    (tmp_path / "pyproject.toml").write_text(f'{built}[project]\nname = "words"\n')
    assert ("words" in script_place(tmp_path / "scripts/run.py", tmp_path).installed) is known


def test_settings_that_can_t_be_read_say_of_no_project_that_it_is_installed(tmp_path: Path) -> None:
    make(tmp_path, ("a.py",))
    for text in ("[tool.uv", '[tool.uv.workspace]\nmembers = ["/x", "**x/", "", 3]\n', "[tool]\nuv = 3\n"):
        (tmp_path / "pyproject.toml").write_text(text)
        assert script_place(tmp_path / "a.py", tmp_path).installed == frozenset()
