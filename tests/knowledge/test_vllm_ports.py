"""The ports that a vLLM run opens, from its command and its environment."""

from __future__ import annotations

import json

import pytest

from portside.knowledge.vllm_ports import PlannedPort, planned

NIXL = json.dumps({"kv_connector": "NixlConnector", "kv_role": "kv_both"})
MULTI = json.dumps(
    {
        "kv_connector": "MultiConnector",
        "kv_connector_extra_config": {
            "connectors": [{"kv_connector": "NixlConnector"}, {"kv_connector": "P2pNcclConnector"}]
        },
    }
)
EVENTS = '{"enable_kv_cache_events": true, "endpoint": "tcp://*:6000", "replay_endpoint": "tcp://*:6100"}'


def plan(words: str | list[str], **environment: str) -> list[PlannedPort]:
    given = words.split() if isinstance(words, str) else words
    return planned(["vllm", "serve", "m", *given], environment, "0.0.0.0", 8000)


def brief(found: list[PlannedPort]) -> list[tuple[str, int, int]]:
    return [(one.setting, one.port, one.count) for one in found]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", []),
        ("--tensor-parallel-size 8", []),
        ("--data-parallel-size 4", []),  # all ranks here: the handshake goes over ipc
        ("-dp 4 -dpl 2", [("--data-parallel-rpc-port", 29550, 1)]),
        ("--data_parallel_size=4 -dpl 2 -dpp 13345", [("--data-parallel-rpc-port", 13345, 1)]),
        ("-dp 4 -dpl 2 --data-parallel-start-rank 2", []),  # the head is another machine
        ("-dp 4 -dpl 2 --headless", []),
        ("--nnodes 2 --node-rank 0", [("--master-port", 29501, 1)]),
        ("--nnodes 2 --node-rank 1", []),
        ("--nnodes 2 --master-port 4000", [("--master-port", 4000, 1)]),
        ("--grpc-port 50051", [("--grpc-port", 50051, 1)]),
        (["--kv-transfer-config", NIXL], [("VLLM_NIXL_SIDE_CHANNEL_PORT", 5600, 1)]),
        (["--kv-transfer-config", NIXL, "-dp", "2"], [("VLLM_NIXL_SIDE_CHANNEL_PORT", 5600, 2)]),
        (
            ["--kv-transfer-config", MULTI, "-tp", "2"],
            [("VLLM_NIXL_SIDE_CHANNEL_PORT", 5600, 1), ("--kv-transfer-config kv_port", 14579, 2)],
        ),
        (
            "--kv-transfer-config.kv_connector P2pNcclConnector --kv-transfer-config.kv_port 15000",
            [("--kv-transfer-config kv_port", 15000, 1)],
        ),
        (
            ["--kv-events-config", EVENTS],
            [("--kv-events-config endpoint", 6000, 1), ("--kv-events-config replay_endpoint", 6100, 1)],
        ),
        (["--kv-transfer-config", "[" * 100_000 + "]" * 100_000], []),
        (["--kv-events-config", '{"endpoint": "tcp://*:6000"}'], []),  # off by default
        (
            ["--kv-events-config", '{"enable_kv_cache_events": true, "endpoint": "tcp://router:6000"}'],
            [],  # that is connected to
        ),
        (
            ["--ec-transfer-config", '{"ec_connector": "X", "ec_role": "ec_producer"}'],
            [("VLLM_EC_SIDE_CHANNEL_PORT", 5601, 1)],
        ),
        ("--distributed-executor-backend ray", [("Ray", 6379, 1), ("Ray", 8265, 1)]),
        (
            "--data-parallel-multi-port-external-lb -dp 8 -dpl 4",
            [
                ("--data-parallel-supervisor-port", 9256, 1),
                ("--port", 8001, 3),
                ("--data-parallel-rpc-port", 29550, 1),
            ],
        ),
    ],
)  # fmt: skip
def test_options_say_which_ports_are_opened(
    words: str | list[str], expected: list[tuple[str, int, int]]
) -> None:
    assert brief(plan(words)) == expected


def test_the_environment_says_it_too() -> None:
    found = plan("", VLLM_PORT="9000", VLLM_NIXL_SIDE_CHANNEL_PORT="5700", VLLM_DP_MASTER_PORT="29600")
    assert brief(found) == [
        ("VLLM_DP_MASTER_PORT", 29600, 1),
        ("VLLM_PORT", 9000, 1),
        ("VLLM_NIXL_SIDE_CHANNEL_PORT", 5700, 1),
    ]
    assert [one.moves for one in found] == [False, True, False]


def test_ray_that_runs_already_opens_nothing() -> None:
    assert plan("--distributed-executor-backend ray", RAY_ADDRESS="auto") == []


def test_what_is_no_number_is_a_mistake() -> None:
    (found,) = plan("", VLLM_PORT="tcp://10.0.0.1:8000")
    assert (
        found.mistake == "VLLM_PORT=tcp://10.0.0.1:8000 is no port number: vLLM fails on it, after some 20 s"
    )


@pytest.mark.parametrize(
    "config", ["{", "[]", "7", '{"kv_connector": null}', '{"kv_connector_extra_config": []}']
)
def test_a_config_that_cannot_be_read_says_nothing(config: str) -> None:
    assert plan(["--kv-transfer-config", config]) == []


def test_options_of_a_config_file_come_second() -> None:
    more = {"master-port": 4000, "nnodes": 2}
    assert brief(planned(["vllm", "serve", "m"], {}, "", 8000, more)) == [("--master-port", 4000, 1)]
    words = ["vllm", "serve", "m", "--master-port", "5000"]
    assert brief(planned(words, {}, "", 8000, more)) == [("--master-port", 5000, 1)]
