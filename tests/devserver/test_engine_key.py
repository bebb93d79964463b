"""What tells one engine from another."""

from __future__ import annotations

import enum
import os
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from portside.inside import engine_key


class Kind(enum.Enum):
    ONE = 1


class Plain:
    def __init__(self) -> None:
        self.rope = {"theta": 1.5, "kinds": [1, 2]}

    def to_dict(self) -> dict[str, Any]:
        return {"rope": self.rope}


class Opaque:
    __slots__ = ()


@dataclass
class Model:
    model: str = "tiny"
    max_model_len: int = 128
    dtype: Any = Kind.ONE
    hf_config: Any = field(default_factory=Plain)
    hf_token: str | None = None
    unknown: Any = field(default_factory=Opaque)
    names: frozenset[str] = frozenset({"b", "a"})


@dataclass
class Config:
    model_config: Model = field(default_factory=Model)
    instance_id: str = ""
    scheduler_cls: Any = None
    itself: Any = None


def describe(config: Config, **environment: str) -> engine_key.Description:
    return engine_key.describe(config, True, environment)


def test_equal_configurations_have_one_key() -> None:
    one, other = Config(instance_id="a"), Config(instance_id="b")
    one.itself, other.itself = one, other
    assert engine_key.digest(describe(one)) == engine_key.digest(describe(other))


def test_each_value_is_there_by_its_path() -> None:
    found = describe(Config())
    assert found["model_config.max_model_len"] == "128"
    assert found["model_config.hf_config.rope.theta"] == "1.5"
    assert found["model_config.hf_config.rope.kinds"] == "[1, 2]"
    assert found["model_config.names"] == "['a', 'b']"
    assert not any(" at 0x" in value for value in found.values())


def test_another_value_is_another_key() -> None:
    before, after = describe(Config()), describe(Config(Model(max_model_len=256)))
    assert {path for path in before if before[path] != after[path]} == {"model_config.max_model_len"}
    assert engine_key.digest(before) != engine_key.digest(after)


def test_another_type_with_the_same_values_is_another_key() -> None:
    @dataclass
    class Other(Model):
        pass

    assert describe(Config())["model_config type"] != describe(Config(Other()))["model_config type"]


@pytest.mark.parametrize(
    ("variable", "counts"),
    [
        ("CUDA_VISIBLE_DEVICES", True),
        ("VLLM_ATTENTION_BACKEND", True),
        ("HF_HOME", True),
        ("PYTORCH_CUDA_ALLOC_CONF", True),
        ("VLLM_LOGGING_LEVEL", False),
        ("VLLM_ENGINE_READY_TIMEOUT_S", False),
        ("VLLM_API_KEY", False),
        ("HF_TOKEN", False),
        ("HOME", False),
    ],
)
def test_variables_count_where_they_make_another_engine(variable: str, counts: bool) -> None:
    plain, with_it = describe(Config()), describe(Config(), **{variable: "1"})
    assert (engine_key.digest(plain) != engine_key.digest(with_it)) is counts


def test_a_secret_is_there_as_its_digest() -> None:
    one = describe(Config(Model(hf_token="hf_first")))
    other = describe(Config(Model(hf_token="hf_second")))
    assert one != other
    assert not any("hf_first" in value for value in one.values())


def test_a_changed_file_of_a_local_model_is_another_key(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"1")
    config = Config(Model(model=str(tmp_path)))
    before = describe(config)
    assert f"file {weights}" in before
    os.utime(weights, ns=(1, 1))
    assert describe(config) != before


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Modules that count as imported: mine imports mine_part and the standard library, other nothing."""
    texts = {"mine": "import os\nfrom mine_part import x\n", "mine_part": "x = 1\n", "other": "y = 1\n"}
    for name, text in texts.items():
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        module = types.ModuleType(name)
        module.__file__ = str(path)
        monkeypatch.setitem(sys.modules, name, module)
    return tmp_path


def test_code_of_the_project_counts_that_the_engine_imports(project: Path) -> None:
    scheduler = type("Mine", (), {"__module__": "mine"})
    config = Config(scheduler_cls=scheduler)
    code = {path for path in describe(config) if path.startswith("code ")}
    assert code == {f"code {project / 'mine.py'}", f"code {project / 'mine_part.py'}"}


def test_code_counts_also_where_it_is_named(project: Path) -> None:
    before = describe(Config(scheduler_cls="mine.Mine"))
    (project / "mine_part.py").write_text("x = 2\n", encoding="utf-8")
    after = describe(Config(scheduler_cls="mine.Mine"))
    assert {path for path in after if before.get(path) != after[path]} == {f"code {project / 'mine_part.py'}"}


def test_a_registered_model_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = types.ModuleType("vllm.model_executor.models.registry")
    entry = types.SimpleNamespace(module_name="mine", class_name="Mine")
    installed = types.SimpleNamespace(module_name="json", class_name="JSONDecoder")
    registry.ModelRegistry = types.SimpleNamespace(  # type: ignore[attr-defined]
        models={"Mine": entry, "Installed": installed}
    )
    monkeypatch.setitem(sys.modules, "vllm.model_executor.models.registry", registry)
    assert f"code {project / 'mine.py'}" in describe(Config())


def test_a_plugin_that_is_installed_from_the_project_counts(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "site" / "mine-1.0.dist-info"
    metadata.mkdir(parents=True)
    text = "[console_scripts]\nother = other:main\n\n[vllm.general_plugins]\nmine = mine:register\n"
    (metadata / "entry_points.txt").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), "/nowhere"])
    found = {path for path in describe(Config()) if path.startswith("code ")}
    assert found == {f"code {project / 'mine.py'}", f"code {project / 'mine_part.py'}"}
