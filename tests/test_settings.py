"""Settings: the file that counts, what it says, and every mistake with its line."""

from __future__ import annotations

import errno
import os
import textwrap
from pathlib import Path

import pytest

from portside.lint.engine import RULE_FAILED
from portside.lint.finding import Severity
from portside.rules import ALL
from portside.settings import ServerSettings, SettingsError, SettingsFinder, load


def write(folder: Path, text: str, name: str = "pyproject.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(textwrap.dedent(text), "utf-8")
    return file


def mistakes(folder: Path) -> list[tuple[int, str, str]]:
    with pytest.raises(SettingsError) as caught:
        load(folder)
    return [(mistake.line, mistake.key, mistake.message) for mistake in caught.value.mistakes]


def test_everything_that_can_be_set(tmp_path: Path) -> None:
    write(
        tmp_path,
        """\
        [tool.portside]
        select = ["PS1", "hardcoded-port"]
        ignore = ["missing-main-guard"]
        exclude = ["generated/", "*_pb2.py"]
        port-variable = "API_PORT"
        [tool.portside.per-file-ignores]
        "scripts/**" = ["PS201"]
        [tool.portside.severity]
        hardcoded-port = "error"
        [tool.portside.servers.api]
        app = "core.server:app"
        host = "0.0.0.0"
        port = 8010
        app-dir = "src"
        factory = true
        env = { MODEL = "m" }
        env-file = ".env"
        watch = ["core"]
        [tool.portside.servers.engine]
        command = ["vllm", "serve", "m"]
        """,
    )
    settings = load(tmp_path / "core")
    assert settings.root == tmp_path
    assert settings.port_variable == "API_PORT"
    chosen = settings.selection_for(tmp_path / "core" / "server.py")
    family = {rule.code for rule in ALL if rule.code.startswith("PS1")}
    assert chosen.enabled == family - {"PS102"} | {"PS201", RULE_FAILED}
    assert chosen.severity == {"PS201": Severity.ERROR}
    elsewhere = settings.selection_for(tmp_path / "scripts" / "a.py")
    assert elsewhere.enabled == family - {"PS102"} | {RULE_FAILED}
    assert settings.excludes(tmp_path / "generated", folder=True)
    assert settings.excludes(tmp_path / "deep" / "x_pb2.py")
    assert not settings.excludes(tmp_path / "generated.py")
    assert settings.servers["api"] == ServerSettings(
        app="core.server:app",
        host="0.0.0.0",
        port=8010,
        app_dir="src",
        factory=True,
        env={"MODEL": "m"},
        env_file=(".env",),
        watch=("core",),
    )
    assert settings.servers["engine"].command == ("vllm", "serve", "m")


def test_portside_toml_has_its_keys_at_the_top(tmp_path: Path) -> None:
    write(tmp_path, 'ignore = ["PS201"]\n', "portside.toml")
    assert load(tmp_path).ignore == {"PS201"}


def test_portside_toml_counts_where_both_lie(tmp_path: Path) -> None:
    write(tmp_path, '[tool.portside]\nport-variable = "A"\n')
    write(tmp_path, 'port-variable = "B"\n', "portside.toml")
    assert load(tmp_path).port_variable == "B"


def test_the_nearest_file_that_has_the_table_counts(tmp_path: Path) -> None:
    write(tmp_path, '[tool.portside]\nport-variable = "OUTER"\n')
    write(tmp_path / "package", '[project]\nname = "no-table-here"\n')
    assert load(tmp_path / "package").port_variable == "OUTER"
    write(tmp_path / "package" / "inner", '[tool.portside]\nport-variable = "INNER"\n')
    assert load(tmp_path / "package" / "inner" / "file.py").port_variable == "INNER"


def test_without_settings_the_root_is_the_top_of_the_project(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a" / "b").mkdir(parents=True)
    settings = load(tmp_path / "a" / "b")
    assert (settings.root, settings.file, settings.is_guess) == (tmp_path, None, False)
    assert settings.selection_for(tmp_path / "x.py").enabled is None


@pytest.mark.parametrize(
    ("line", "key", "message"),
    [
        ('selct = ["PS101"]', "selct", "is no setting; did you mean `select`?"),
        ('port_variable = "P"', "port_variable", "is no setting; did you mean `port-variable`?"),
        ('ignore = ["hardcoded-prot"]', "ignore", "did you mean `hardcoded-port`?"),
        ('ignore = ["PS999"]', "ignore", "there is no rule `PS999`"),
        ("select = 3", "select", "has to be a list of strings, not a whole number"),
        ('select = "PS101"', "select", "has to be a list of strings, not a string"),
        ("select = [1]", "select", "has to be a list of strings, not a list with something else in it"),
        ('exclude = ["[z-a]"]', "exclude", "is no pattern as .gitignore knows them"),
        ("exclude = true", "exclude", "has to be a list of strings, not true or false"),
        ("port-variable = 8000", "port-variable", "has to be a string, not a whole number"),
        ('port-variable = "8000"', "port-variable", "can't be the name of an environment variable"),
        ('port-variable = "VLLM_PORT"', "port-variable", "is vLLM's own"),
        ('severity = { PS201 = "eror" }', "severity.PS201", "did you mean `error`?"),
        ("severity = { PS201 = 1 }", "severity.PS201", "has to be one of"),
        ('severity = { "no such" = "error" }', 'severity."no such"', "there is no rule `no such`"),
        ('per-file-ignores = { "a.py" = ["nope"] }', 'per-file-ignores."a.py"', "there is no rule `nope`"),
        ('per-file-ignores = { "../a.py" = [] }', 'per-file-ignores."../a.py"', "no pattern leads above"),
        ('per-file-ignores = { "" = [] }', 'per-file-ignores.""', "name the files that are meant"),
        ('per-file-ignores = { "!a.py" = [] }', 'per-file-ignores."!a.py"', "name the files that are meant"),
        ('exclude = ["a", "!./../b"]', "exclude", "no pattern leads above"),
        ("per-file-ignores = []", "per-file-ignores", "has to be a table, not a list"),
        ("servers = 1", "servers", "has to be a table"),
        ("servers.a = 1", "servers.a", "has to be a table"),
        ('servers.a = { host = "h" }', "servers.a", "needs exactly one of"),
        ('servers.a = { app = "a:b", script = "c" }', "servers.a", "it has `app`, `script`"),
        ('servers.a = { app = "server.py" }', "servers.a.app", "is not of the form `module:attribute`"),
        ('servers.a = { app = "a:b", port = 70000 }', "servers.a.port", "70000 is no port"),
        ('servers.a = { app = "a:b", port = true }', "servers.a.port", "has to be a whole number"),
        ('servers.a = { app = "a:b", prot = 1 }', "servers.a.prot", "did you mean `port`?"),
        ('servers.a = { app = "a:b", env = { A = 1 } }', "servers.a.env.A", "has to be a string"),
        ('servers.a = { command = "vllm serve m | tee log" }', "servers.a.command", "`|` is for one"),
        ('servers.a = { command = "vllm serve $MODEL" }', "servers.a.command", "`$MODEL` is for one"),
        ("servers.a = { command = 'vllm \"serve' }", "servers.a.command", "no closing quotation"),
        ("servers.a = { command = [] }", "servers.a.command", "is empty"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_key_and_line(tmp_path: Path, line: str, key: str, message: str) -> None:
    write(tmp_path, f"[project]\nname = 'x'\n\n[tool.portside]\n{line}\n")
    found = mistakes(tmp_path)
    assert [(at, named) for at, named, _ in found] == [(5, key)]
    assert message in found[0][2]


@pytest.mark.parametrize(
    ("pattern", "matched", "other"),
    [
        ("./scripts/*.py", "scripts/a.py", "deep/scripts/a.py"),
        ("./a.py", "a.py", "deep/a.py"),
        ("/./a.py", "a.py", "deep/a.py"),
        (".//./scripts/", "scripts/a.py", "deep/scripts/a.py"),
        ("./**/a.py", "deep/a.py", "deep/b.py"),
        ("./", "deep/a.py", None),
        (".hidden/", ".hidden/a.py", "hidden/a.py"),
        ("[[]id]/*.py", "[id]/a.py", "i/a.py"),
        ("[a&&b].py", "&.py", "c.py"),
        ("{top}/scripts", "scripts/a.py", "deep/scripts/a.py"),
        ("{top}", "{inside}/a.py", "a.py"),
        ("{top}/*.py", "{inside}/a.py", "deep/a.py"),
    ],
)
def test_a_pattern_may_say_where_it_counts_from(
    tmp_path: Path, pattern: str, matched: str, other: str | None
) -> None:
    parts = {"top": tmp_path.as_posix(), "inside": tmp_path.as_posix().lstrip("/")}
    pattern = pattern.format(**parts)
    text = f"exclude = ['{pattern}']\nper-file-ignores = {{ '{pattern}' = ['PS201'] }}"
    settings = load(write(tmp_path, text, "portside.toml"))
    meant = tmp_path / matched.format(**parts)
    assert settings.excludes(meant)
    assert "PS201" not in settings.selection_for(meant).enabled
    assert other is None or not settings.excludes(tmp_path / other)


def test_what_a_pattern_takes_out_again_may_say_where_it_counts_from(tmp_path: Path) -> None:
    text = f"exclude = ['*.py', '!./a.py', '!{tmp_path.as_posix()}/b.py']\n"
    settings = load(write(tmp_path, text, "portside.toml"))
    assert [settings.excludes(tmp_path / name) for name in ("a.py", "b.py", "c.py")] == [False, False, True]


def test_keys_beside_the_table_of_a_portside_toml_are_mistakes(tmp_path: Path) -> None:
    text = "ignore = []\n\n[tool.portside]\nselect = []\n\n[severity]\nPS201 = 'error'\n"
    write(tmp_path, text, "portside.toml")
    found = mistakes(tmp_path)
    assert [(line, key) for line, key, _ in found] == [(1, "ignore"), (6, "severity")]
    assert "stands beside `tool.portside`, which is what counts" in found[0][2]


def test_what_is_not_of_portside_may_stand_beside_its_table(tmp_path: Path) -> None:
    write(
        tmp_path, "title = 'x'\n[tool.portside]\nignore = ['PS201']\n[tool.other]\nx = 1\n", "portside.toml"
    )
    assert load(tmp_path).ignore == {"PS201"}


def test_all_mistakes_come_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    write(
        tmp_path,
        """\
        [tool.portside.servers.b]
        app = "a:b"
        port = -1

        [tool.portside]
        ignore = [
            "PS201",
            "nope",
        ]
        nonsense = 1
        """,
    )
    assert [(line, key) for line, key, _ in mistakes(tmp_path)] == [
        (3, "servers.b.port"),
        (6, "ignore"),
        (10, "nonsense"),
    ]


def test_a_file_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    write(tmp_path, "[tool.portside]\nselect = [\n  'a'\n  'b'\n]\n")
    [(line, key, message)] = mistakes(tmp_path)
    assert (line, key) == (4, "")
    assert "line" not in message


def test_a_file_that_ends_too_early_names_its_last_line(tmp_path: Path) -> None:
    write(tmp_path, "[tool.portside]\nselect = [\n\n")
    assert [line for line, _, _ in mistakes(tmp_path)] == [2]


def test_a_file_that_is_not_utf_8_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.portside]\n# caf\xe9\n")
    assert mistakes(tmp_path) == [(2, "", "is not UTF-8, which TOML has to be")]


def test_a_file_that_may_not_be_read_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "[tool.portside]\n")

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert mistakes(tmp_path) == [(1, "", "can't be read: permission denied")]


def test_a_mistake_reads_like_a_compilers(tmp_path: Path) -> None:
    file = write(tmp_path, "[tool.portside]\nnonsense = 1\n")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(f"{file}:2: nonsense: is no setting")
    error = caught.value
    assert (error.file, error.key, error.line) == (file, "nonsense", 2)


def test_without_any_sign_of_a_project_the_opened_folder_is_the_root(tmp_path: Path) -> None:
    inner = tmp_path / "work" / "app"
    inner.mkdir(parents=True)
    assert SettingsFinder().of_folder(inner).root == inner
    assert SettingsFinder([tmp_path / "work", tmp_path / "other"]).of_folder(inner).root == tmp_path / "work"
    assert SettingsFinder([tmp_path / "work"]).of_folder(inner).is_guess
    (inner / "__init__.py").touch()
    assert SettingsFinder().of_folder(inner).root == tmp_path / "work"
    (inner / "setup.py").touch()
    assert SettingsFinder([tmp_path / "work"]).of_folder(inner).root == inner


def test_a_command_may_be_one_string(tmp_path: Path) -> None:
    write(tmp_path, "[tool.portside]\nservers.a.command = \"vllm serve 'my model' --port=8010\"\n")
    assert load(tmp_path).servers["a"].command == ("vllm", "serve", "my model", "--port=8010")


@pytest.mark.parametrize("name", ["pyproject.toml", "portside.toml"])
def test_settings_that_are_no_file_are_a_mistake(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder" / name).mkdir(parents=True)
    assert mistakes(tmp_path / "folder") == [(1, "", "is a folder")]
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / name).symlink_to("gone.toml")
    assert mistakes(tmp_path / "link") == [(1, "", "is a link that leads to no file")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_settings_in_another_encoding_are_a_mistake(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_bytes("[tool.portside]\nignore = ['ALL']\n".encode(encoding))
    assert len(mistakes(tmp_path)) == 1
    file.write_bytes("[tool.other]\n".encode(encoding))
    assert load(tmp_path).file is None


def test_settings_that_nest_too_deep_are_a_mistake(tmp_path: Path) -> None:
    write(tmp_path, f"[tool.portside]\nx = {'[' * 5_000}{']' * 5_000}\n")
    assert mistakes(tmp_path) == [(1, "", "nests too deep to be read")]
    write(tmp_path, f"[tool.portside.{'a.' * 5_000}a]\n")
    assert [(line, key) for line, key, _ in mistakes(tmp_path)] == [(1, "a")]
