"""All ports that a vLLM run opens besides the API's, as far as its command and environment tell.

From vLLM 0.32 and 0.33: `envs.py`, `config/{parallel,kv_transfer,ec_transfer,kv_events}.py`,
`entrypoints/launchers/dp_supervisor.py`, and the connectors under `distributed/kv_transfer`. Engines that
Python code makes tell by their environment alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from portside.records import dataclass

_LOOPBACK = "127.0.0.1"
_ANY = "0.0.0.0"  # noqa: S104


@dataclass(frozen=True, slots=True)
class PlannedPort:
    """One port, or `count` from `port` on. setting: the option or variable that says it, "" for the API's.

    moves: vLLM takes another by itself where it is taken. follows: it is counted from the API's port.
    mistake: why the setting can't be one.
    """

    what: str
    host: str
    port: int
    setting: str = ""
    count: int = 1
    moves: bool = False
    follows: bool = False
    is_default: bool = False
    mistake: str = ""

    @property
    def ports(self) -> range:
        return range(self.port, self.port + self.count)


def planned(
    words: Sequence[str], environment: Mapping[str, str], host: str, port: int, more: Mapping[str, Any] = {}
) -> list[PlannedPort]:
    """What a vLLM server opens besides its API. words: its command, or nothing for an engine in an app.

    more: options from a --config file.
    """
    run = _Run({**more, **options_of(words)}, environment)
    found = [*run.data_parallel(host, port), *run.rendezvous(), *run.side_channels(), *run.connectors()]
    found += [*run.events(), *run.ray(), *run.others(host)]
    return [one for one in found if one.mistake or 0 < one.port <= 65535]


class _Run:
    """The options and the environment of one run, asked about each kind of port."""

    def __init__(self, options: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._options = options
        self._environment = environment
        self._size = self._number("data-parallel-size", 1)
        self._local = self._number("data-parallel-size-local", self._size)
        self._transfer = _table(options, "kv-transfer-config")
        self._first = self._number("node-rank", 0) == 0 and not options.get("headless")

    # -- several engines, several machines -----------------------------------------------------

    def data_parallel(self, host: str, port: int) -> Iterator[PlannedPort]:
        ranks = "data-parallel-rank" in self._options
        if "data-parallel-multi-port-external-lb" in self._options:
            what = "health of the data parallel supervisor"
            yield self._option("data-parallel-supervisor-port", 9256, what, host)
            if self._local > 1:
                what = "HTTP API of the other data parallel ranks"
                yield PlannedPort(what, host, port + 1, "--port", self._local - 1, follows=True)
        leads = self._number("data-parallel-rank", self._number("data-parallel-start-rank", 0)) == 0
        if self._size > 1 and (self._local != self._size or ranks) and leads and self._first:
            address = str(self._options.get("data-parallel-address", _LOOPBACK))
            yield self._option("data-parallel-rpc-port", 29550, "data parallel RPC", address)

    def rendezvous(self) -> Iterator[PlannedPort]:
        if self._number("nnodes", 1) > 1 and self._first:
            address = str(self._options.get("master-addr", _LOOPBACK))
            yield self._option("master-port", 29501, "rendezvous of several machines", address)
        if "VLLM_DP_MASTER_PORT" in self._environment:
            address = self._environment.get("VLLM_DP_MASTER_IP", _LOOPBACK)
            yield from self._variable("VLLM_DP_MASTER_PORT", "data parallel master", address)
        yield from self._variable("VLLM_PORT", "first of vLLM's internal ports", _ANY, moves=True)

    # -- caches that are passed on -------------------------------------------------------------

    def side_channels(self) -> Iterator[PlannedPort]:
        names = _connector_names(self._transfer)
        replicas = max(1, self._local)
        is_consumer = self._transfer.get("kv_role") == "kv_consumer"
        encoder = _table(self._options, "ec-transfer-config")
        makes = bool(encoder.get("ec_connector")) and encoder.get("ec_role") != "ec_consumer"
        for wanted, prefix, default, what in (
            (_any_has(names, "nixl"), "VLLM_NIXL", 5600, "NIXL side channel"),
            ('"p2p"' in json.dumps(self._transfer.get("kv_connector_extra_config") or {}).lower(),
             "VLLM_P2P", 5710, "side channel of P2P offloading"),
            (makes, "VLLM_EC", 5601, "side channel of the encoder's cache"),
        ):  # fmt: skip
            variable = f"{prefix}_SIDE_CHANNEL_PORT"
            host = self._environment.get(f"{prefix}_SIDE_CHANNEL_HOST", "localhost")
            yield from self._variable(variable, what, host, default if wanted else None, replicas)
        bootstraps = _any_has(names, "mooncake") and not is_consumer
        variable, what = "VLLM_MOONCAKE_BOOTSTRAP_PORT", "Mooncake bootstrap"
        yield from self._variable(variable, what, _ANY, 8998 if bootstraps else None)

    def connectors(self) -> Iterator[PlannedPort]:
        workers = self._number("tensor-parallel-size", 1) * self._number("pipeline-parallel-size", 1)
        for table in (self._transfer, *_nested(self._transfer)):
            if "kv_port" in table or _any_has([str(table.get("kv_connector"))], "p2pnccl"):
                host = str(table.get("kv_ip", _ANY))
                given = _whole(table.get("kv_port", 14579))
                yield _planned("KV connector", host, given, "--kv-transfer-config kv_port", workers)
            extra = table.get("kv_connector_extra_config") or {}
            for key in ("handshake_port", "notify_port"):
                if isinstance(extra, dict) and key in extra:
                    setting = f"--kv-transfer-config {key}"
                    yield _planned("KV connector", _ANY, _whole(extra[key]), setting, workers)
        encoder = _table(self._options, "ec-transfer-config")
        if "ec_port" in encoder:
            host, setting = str(encoder.get("ec_ip", _LOOPBACK)), "--ec-transfer-config ec_port"
            yield _planned("encoder cache connector", host, _whole(encoder["ec_port"]), setting)

    def events(self) -> Iterator[PlannedPort]:
        """ZmqEventPublisher binds endpoints with a wildcard, connects to others, and binds for replays."""
        table = _table(self._options, "kv-events-config")
        if not table.get("enable_kv_cache_events") and table.get("publisher") != "zmq":
            return
        endpoint = str(table.get("endpoint", "tcp://*:5557"))
        if "*" in endpoint or "::" in endpoint:
            yield from self._endpoint("KV events", endpoint, "--kv-events-config endpoint")
        replay = str(table.get("replay_endpoint") or "")
        yield from self._endpoint("replay of KV events", replay, "--kv-events-config replay_endpoint")

    def _endpoint(self, what: str, endpoint: str, setting: str) -> Iterator[PlannedPort]:
        found = re.fullmatch(r"tcp://(.+):(\d+)", endpoint)
        if found:
            host = {"*": _ANY, "[::]": "::"}.get(found[1], found[1].strip("[]"))
            yield PlannedPort(what, host, int(found[2]), setting, max(1, self._local))

    # -- others --------------------------------------------------------------------------------

    def ray(self) -> Iterator[PlannedPort]:
        backends = (
            self._options.get("distributed-executor-backend"),
            self._options.get("data-parallel-backend"),
        )
        if "ray" in backends and "RAY_ADDRESS" not in self._environment:
            yield PlannedPort("Ray's head", _ANY, 6379, "Ray", moves=True, is_default=True)
            yield PlannedPort("Ray's dashboard", _LOOPBACK, 8265, "Ray", moves=True, is_default=True)

    def others(self, host: str) -> Iterator[PlannedPort]:
        for option, what in (
            ("grpc-port", "gRPC"),
            ("weight-cache-health-port", "health of the weight cache"),
            ("weight-cache-master-port", "rendezvous of the weight cache"),
        ):
            if option in self._options:
                yield self._option(option, 0, what, host)

    # -- reading -------------------------------------------------------------------------------

    def _number(self, option: str, default: int) -> int:
        found = _whole(self._options.get(option))
        return default if found is None else found

    def _option(self, option: str, default: int, what: str, host: str) -> PlannedPort:
        given = self._options.get(option, default)
        found = _planned(what, host, _whole(given), f"--{option}")
        return found if option in self._options else _as_default(found)

    def _variable(
        self,
        name: str,
        what: str,
        host: str,
        default: int | None = None,
        count: int = 1,
        *,
        moves: bool = False,
    ) -> Iterator[PlannedPort]:
        """Set, it is planned; else only with a default."""
        given = self._environment.get(name)
        if given is None:
            if default is not None:
                yield PlannedPort(what, host, default, name, count, moves=moves, is_default=True)
            return
        port = _whole(given)
        if port is None:
            # envs.py; Kubernetes sets NAME_PORT=tcp://… for a service that is called vllm.
            mistake = f"{name}={given} is no port number: vLLM fails on it, after some 20 s"
            yield PlannedPort(what, host, 0, name, mistake=mistake)
        else:
            yield PlannedPort(what, host, port, name, count, moves=moves)


def _planned(what: str, host: str, port: int | None, setting: str, count: int = 1) -> PlannedPort:
    mistake = "" if port is not None else f"{setting} is no port number"
    return PlannedPort(what, host, port or 0, setting, max(1, count), mistake=mistake)


def _as_default(port: PlannedPort) -> PlannedPort:
    return PlannedPort(port.what, port.host, port.port, port.setting, port.count, is_default=True)


def _whole(value: Any) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def _any_has(names: Sequence[str], word: str) -> bool:
    return any(word in name.lower() for name in names)


def _nested(transfer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a MultiConnector is made of."""
    extra = transfer.get("kv_connector_extra_config")
    found = extra.get("connectors", ()) if isinstance(extra, dict) else ()
    return [table for table in found if isinstance(table, dict)]


def _connector_names(transfer: Mapping[str, Any]) -> list[str]:
    return [str(table.get("kv_connector", "")) for table in (transfer, *_nested(transfer))]


def _table(options: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A JSON option: given as a whole, or key by key (`--kv-transfer-config.kv_port 1`)."""
    given = options.get(name)
    try:
        table = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        table = None
    found: dict[str, Any] = dict(table) if isinstance(table, dict) else {}
    for key, value in options.items():
        if key.startswith(name + "."):
            found[key.removeprefix(name + ".").replace("-", "_")] = value
    return found


# vllm/engine/arg_utils.py and vllm/entrypoints/cli: the short forms of options above.
_SHORT = {
    "-dp": "data-parallel-size", "-dpl": "data-parallel-size-local", "-dpn": "data-parallel-rank",
    "-dpr": "data-parallel-start-rank", "-dpa": "data-parallel-address", "-dpp": "data-parallel-rpc-port",
    "-dpb": "data-parallel-backend", "-tp": "tensor-parallel-size", "-pp": "pipeline-parallel-size",
    "-n": "nnodes", "-r": "node-rank",
}  # fmt: skip


def short_forms(option: str) -> tuple[str, ...]:
    """`-dpp` for `--data-parallel-rpc-port`."""
    return tuple(short for short, long in _SHORT.items() if long == option[2:])


def options_of(words: Sequence[str]) -> dict[str, Any]:
    """Options by their long names, with dashes; vLLM takes underscores as well. Flags are True."""
    found: dict[str, Any] = {}
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        option = _SHORT.get(name) or (name[2:] if name.startswith("--") else "")
        if not option:
            continue
        head, dot, rest = option.partition(".")
        option = head.replace("_", "-") + dot + rest
        following = words[index + 1] if index + 1 < len(words) else ""
        if equals:
            found[option] = value
        elif not following or (following.startswith("-") and not following[1:2].isdigit()):
            found[option] = True
        else:
            found[option] = following
    return found
