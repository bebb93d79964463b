"""What the kept engine rests on in vLLM, in one table: names, parameters, fields, by version.

Nothing else here knows a version. A version that is not in `LAYOUTS`, and one whose modules are not what the
table says, is not hooked: its engine starts and ends with the worker, as it would without Portside.

Read in vllm/v1/engine/{__init__,core,core_client,utils}.py of each version; run with 0.32.0.
"""

from __future__ import annotations

import inspect
import re
from typing import Any, NamedTuple

Version = tuple[int, int, int]

CLIENT_MODULE = "vllm.v1.engine.core_client"
MESSAGES_MODULE = "vllm.v1.engine"
LAUNCH_MODULE = "vllm.v1.engine.utils"
CORE_MODULE = "vllm.v1.engine.core"


class Layout(NamedTuple):
    """How the engine is launched, from version `first` on.

    gets: parameters of `launch_core_engines` beyond the first three. yields: what it gives its `with`:
    `tuple` (engine manager, coordinator, addresses, …) or `record` with attributes of these names.
    """

    first: Version
    gets: frozenset[str]
    yields: str


LAYOUTS = (
    Layout((0, 10, 2), frozenset({"num_api_servers"}), "tuple"),
    Layout((0, 17, 0), frozenset({"addresses", "num_api_servers"}), "tuple"),
    Layout((0, 27, 0), frozenset({"addresses"}), "tuple"),
    Layout((0, 28, 0), frozenset({"addresses"}), "record"),
)
BEYOND: Version = (0, 34, 0)
"""The first version that nobody has looked at."""

LAUNCH_PARAMETERS = ("vllm_config", "executor_class", "log_stats")

PARAMETERS: dict[tuple[str, str], tuple[str, ...]] = {
    (CLIENT_MODULE, "MPClient.__init__"): (
        "self", "asyncio_mode", "vllm_config", "executor_class", "log_stats", "client_addresses",
    ),
    (CLIENT_MODULE, "MPClient.shutdown"): ("self",),
    (CLIENT_MODULE, "AsyncMPClient.__init__"): ("self", "vllm_config", "executor_class", "log_stats"),
    (CLIENT_MODULE, "SyncMPClient.__init__"): ("self", "vllm_config", "executor_class", "log_stats"),
    (CLIENT_MODULE, "SyncMPClient._send_input"): ("self", "request_type", "request"),
    (LAUNCH_MODULE, "launch_core_engines"): LAUNCH_PARAMETERS,
}  # fmt: skip
"""The parameters that each of these begins with."""

CLIENT_ADDRESSES = ("input_address", "output_address")
"""Keys that `MPClient.__init__` takes out of `client_addresses`."""

FIELDS: dict[tuple[str, str], tuple[str, ...]] = {
    (MESSAGES_MODULE, "EngineCoreRequest"): ("request_id", "client_index"),
    (MESSAGES_MODULE, "EngineCoreOutput"): ("request_id", "finish_reason"),
    (MESSAGES_MODULE, "EngineCoreOutputs"): ("outputs", "utility_output", "finished_requests"),
    (MESSAGES_MODULE, "UtilityOutput"): ("call_id", "failure_message"),
}
"""Fields of the messages: structs that travel as arrays, so where each stands is asked of the struct."""

REQUEST_TYPES = {"ADD": b"\x00", "ABORT": b"\x01", "UTILITY": b"\x03"}
"""Members of `EngineCoreRequestType`. A utility call is (client index, call id, method, arguments)."""

DEAD = b"ENGINE_CORE_DEAD"
"""`EngineCoreProc.ENGINE_CORE_DEAD`: alone in a frame it tells a client that the engine is gone."""


class UnknownVersionError(Exception):
    """The table does not speak of it."""


def parse(version: str) -> Version:
    """The first three numbers: `0.32.0+cpu` is (0, 32, 0). Raises UnknownVersionError."""
    numbers = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    if numbers is None or re.search(r"dev|rc|a\d|b\d", version.partition("+")[0]):
        raise UnknownVersionError(f"vLLM {version} is no release")
    major, minor, patch = numbers.groups("0")
    return int(major), int(minor), int(patch)


def layout_of(version: str) -> Layout:
    """Raises UnknownVersionError."""
    number = parse(version)
    known = [layout for layout in LAYOUTS if layout.first <= number]
    if not known or number >= BEYOND:
        raise UnknownVersionError(f"vLLM {version} is not one of those that can be kept")
    return known[-1]


def difference(modules: dict[str, Any], layout: Layout) -> str | None:
    """Where these modules, by their names, are not what the table says; None: they are."""
    for (module, name), parameters in PARAMETERS.items():
        if module in modules and _parameters(modules[module], name)[: len(parameters)] != parameters:
            return f"{module}.{name} has other parameters"
    for (module, name), fields in FIELDS.items():
        if module in modules and not set(fields) <= set(_fields(modules[module], name)):
            return f"{module}.{name} has other fields"
    if MESSAGES_MODULE in modules:
        kinds = getattr(modules[MESSAGES_MODULE], "EngineCoreRequestType", None)
        for name, value in REQUEST_TYPES.items():
            if getattr(getattr(kinds, name, None), "value", None) != value:
                return f"{MESSAGES_MODULE}.EngineCoreRequestType.{name} is another"
    if LAUNCH_MODULE in modules:
        return _difference_of_launch(modules[LAUNCH_MODULE], layout)
    return None


def _difference_of_launch(module: Any, layout: Layout) -> str | None:
    found = set(_parameters(module, "launch_core_engines")) - set(LAUNCH_PARAMETERS)
    if found & {"addresses", "num_api_servers"} != layout.gets:
        return f"{LAUNCH_MODULE}.launch_core_engines has other parameters"
    return None


def _parameters(module: Any, name: str) -> tuple[str, ...]:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is None:
        return ()
    return tuple(inspect.signature(found).parameters)


def _fields(module: Any, name: str) -> tuple[str, ...]:
    return tuple(getattr(getattr(module, name, None), "__struct_fields__", ()))
