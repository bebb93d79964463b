"""Logs of real runs (uvicorn 0.54.0, vLLM 0.32.0 on a CPU), and the one cause that each has to be given."""

from __future__ import annotations

from pathlib import Path

import pytest

from portside.failures import Failure, explain

LOGS = Path(__file__).parent / "logs"
HOME = "/home/ada/project"

# The log, the failure, the user's line. Nothing failed in `vllm-good` and `t1-boot-final`.
CASES: dict[str, tuple[str | None, str | None]] = {
    "2a-serve-port-taken": ("port-taken", None),
    "2b-guard-port-taken": ("port-taken", None),
    "2c-noguard-lazy": ("no-main-guard", "apps/noguard_lazy.py:13"),
    "2c-noguard-llm": ("no-main-guard", "apps/noguard_llm.py:3"),
    "script-guard-taken": ("port-taken", None),
    "script-noguard": ("no-main-guard", "noguard_llm.py:4"),
    "script-noguard-app": ("no-main-guard", "noguard_app.py:14"),
    "script-noserve": ("llm-has-no-serve", "noserve.py:5"),
    "t1-boot-final": (None, None),
    "uvicorn-addr": ("address-not-here", None),
    "uvicorn-badoption": ("argument-unknown", None),
    "uvicorn-hostname": ("host-unknown", None),
    "uvicorn-lifespan": ("exception-in-your-code", "lifespan.py:6"),
    "uvicorn-nested-loop": ("event-loop-running", "nested.py:5"),
    "uvicorn-nested-missing": ("module-missing", "nomodule.py:2"),
    "uvicorn-noattr": ("app-attribute-missing", None),
    "uvicorn-nomodule": ("app-module-missing", None),
    "uvicorn-obj": ("needs-import-string", None),
    "uvicorn-taken": ("port-taken", None),
    "uvicorn-taken-asyncio": ("port-taken", None),
    "uvicorn-taken-reload": ("port-taken", None),
    "vllm-addr": ("address-not-here", None),
    "vllm-badarch": ("architecture-unknown", None),
    "vllm-badflag": ("argument-unknown", None),
    "vllm-badtype": ("architecture-unknown", None),
    "vllm-compile": ("interrupted", None),
    "vllm-good": (None, None),
    "vllm-kv": ("cpu-cache-too-big", None),
    "vllm-lora": ("chat-template-missing", None),
    "vllm-maxlen": ("context-longer-than-model", None),
    "vllm-nocache": ("model-not-cached", None),
    "vllm-noconfig": ("model-not-found", None),
    "vllm-nopath": ("model-not-found", None),
    "vllm-notok": ("model-file-missing", None),
    "vllm-noweights": ("model-file-missing", None),
    "vllm-port": ("port-no-port", None),
    "vllm-quant": ("quantization-mismatch", None),
    "vllm-taken": ("port-taken", None),
    "vllm-tp": ("heads-not-divisible", None),
    "vllm-truncated": ("model-json-broken", None),
    "vllm-uri": ("vllm-port-is-a-uri", None),
}


def failures_of(name: str) -> tuple[Failure, ...]:
    with (LOGS / f"{name}.log").open(encoding="utf-8") as lines:
        return explain(lines, HOME)


def test_every_log_has_its_case() -> None:
    assert {path.stem for path in LOGS.glob("*.log")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_log_is_explained_by_its_one_cause(name: str) -> None:
    expected, where = CASES[name]
    found = [(failure.name, failure.where and str(failure.where)) for failure in failures_of(name)]
    assert found == ([] if expected is None else [(expected, where)])


def test_a_port_that_is_asked_for_last_is_explained_as_that() -> None:
    """The sequence of the field report: the engine is ready for minutes, then the address is in use."""
    for name in ("2b-guard-port-taken", "script-guard-taken"):
        (failure,) = failures_of(name)
        assert "asks for the port afterwards" in failure.cause
        assert failure.rules[0] == "uvicorn-run-in-main"


def test_a_port_that_is_taken_at_once_is_not_said_to_be_late() -> None:
    (failure,) = failures_of("uvicorn-taken")
    assert "afterwards" not in failure.cause


def test_a_server_that_met_itself_is_told_from_one_that_met_another() -> None:
    (failure,) = failures_of("2c-noguard-lazy")
    assert failure.happened == "port 8123 is taken by this program itself"
    assert "ran twice" in failure.cause


def test_the_engines_own_process_is_named() -> None:
    (failure,) = failures_of("vllm-kv")
    assert failure.process == "Worker"
    assert failure.happened.startswith("100.0 GiB are asked for the KV cache")
