"""Ways to fail at a port, an address or a socket."""

from __future__ import annotations

from portside.knowledge.failure_entry import Known

TAKEN_LATE_WHY = (
    "uvicorn runs the app's startup first and asks for the port afterwards, so the conflict shows only "
    "once the model has loaded; the port was taken all the time"
)
TWICE_WHY = (
    "the program ran twice: a child that was spawned for the engine ran the same file again, with no main "
    "guard around the launch, and asked for the port that its parent holds"
)
SELF_WHY = (
    "VLLM_PORT is the first of vLLM's internal ports, and the engine took it; then the API asked for the "
    "same number: the program conflicts with itself"
)

ENTRIES = (
    Known(
        "internal-port-taken",
        "ports",
        (
            r"(?:server socket has failed to (?:listen|bind)).*?(?:port: (?P<port>\d+)|\[::\]:(?P<port2>\d+))?.*EADDRINUSE",
            r"\bEADDRINUSE\b",
            r"server socket has failed to (?:listen|bind) on (?:any local network address|\S+)",
            r"ZMQError: Address already in use(?: \(addr='?(?P<address>[^')]+))?",
            r"Ray component \w+ is trying to use a port number (?P<port>\d+) that is used by other components",
            r"(?i)cannot use the port (?P<port>\d+).*ray",
        ),
        "a port that the engine's processes use among themselves is taken",
        "torch.distributed, ZeroMQ and Ray take ports of their own beside the API's: two engines on one machine "
        "with the same fixed number, or what is left of an earlier run, collide there",
        (
            "see what is left of earlier runs: `portside ps`, `portside ports`",
            "leave VLLM_PORT and MASTER_PORT unset, or give each engine its own",
        ),
        rules=("vllm-port-misuse",),
        sources=(
            "torch 2.13 TCPStoreLibUvBackend.cpp",
            "pyzmq 27.3 zmq/error.py",
            "Ray 2.x _private/node.py",
        ),
        printed=(
            "torch.distributed.DistNetworkError: The server socket has failed to listen on any local network address. "
            "port: 29500, useIpv6: false, code: -98, name: EADDRINUSE, message: address already in use",
            "RuntimeError: The server socket has failed to listen on any local network address. useIpv6: 0, code: -98, "
            "name: EADDRINUSE, message: address already in use",
            "zmq.error.ZMQError: Address already in use (addr='tcp://127.0.0.1:5557')",
        ),
    ),
    Known(
        "port-taken",
        "ports",
        (
            r"\[Errno (?:98|48|10048)\] error while attempting to bind on address "
            r"\('(?P<host>[^']*)', (?P<port>\d+)[^)]*\)",
            r"Connection in use: \('(?P<host>[^']*)', (?P<port>\d+)\)",
            r"\[Errno (?:98|48)\] Address already in use",
            r"\[(?:Errno|WinError) 10048\]",
            r"couldn't bind (?:to server socket|HTTP server socket).*hostname[=:] ?(?P<host>\S+?),? port[=:] ?(?P<port>\d+)",
            r"AddrInUse, message",
            r"(?i)^(?:error: )?port (?P<port>\d+) is (?:already )?in use",
            r"(?i)listen tcp[46]? (?P<host>\S*?):(?P<port>\d+): bind: address already in use",
            r"(?i)^(?!.*retrying).*\baddress already in use\b",
        ),
        "port {port} is taken: another process listens there, or has bound it",
        "the system gives a port to one listener at a time; often it is an earlier run of the same server, "
        "or an engine process that outlived it",
        (
            "see who has it: `portside ports`",
            "start with `portside serve`: it claims the port before anything loads, names the holder, and offers "
            "to stop it or to take the next port",
            "take another port: `--port N`",
        ),
        bare="the port is taken: another process listens there, or has bound it",
        rules=("hardcoded-port",),
        sources=(
            "uvicorn 0.54.0 server.py (asyncio's wording) and config.py bind_socket",
            "vLLM 0.32.0 entrypoints/launchers/launcher.py create_server_socket",
            "gunicorn 23 sock.py",
            "CPython 3.10 to 3.14 asyncio/base_events.py create_server",
        ),
        seen=(
            "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8123): address already in use",
            "ERROR:    [Errno 98] Address already in use",
            "OSError: [Errno 98] Address already in use",
        ),
        printed=(
            "ERROR:    [Errno 98] error while attempting to bind on address ('::1', 8123, 0, 0): [errno 98] address already in use",
            "ERROR:    [Errno 48] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
            "OSError: [WinError 10048] Only one usage of each socket address (protocol/network address/port) is normally permitted",
            "[2026-01-01 10:00:00 +0000] [7] [ERROR] Connection in use: ('127.0.0.1', 8000)",
            'Os { code: 98, kind: AddrInUse, message: "Address already in use" }',
            "Error: listen tcp 127.0.0.1:11434: bind: address already in use",
        ),
    ),
    Known(
        "container-port-taken",
        "ports",
        (
            r"Bind for (?P<host>\S+?):(?P<port>\d+) failed: port is already allocated",
            r"(?:failed to bind host port for|failed to bind port) (?P<host>[\d.\[\]:]*?):(?P<port>\d+)",
            r"Ports are not available.*?:(?P<port>\d+)",
        ),
        "port {port} of the host is taken, so the container can't publish it",
        "another container, or a process outside of containers, has it",
        (
            "`docker ps --filter publish={port}` names the container",
            "`portside ports` names a process",
            "publish another one: `-p N:{port}`",
        ),
        sources=("Docker Engine 27 libnetwork/portallocator", "Docker Desktop"),
        printed=(
            "Error response from daemon: driver failed programming external connectivity on endpoint vllm: "
            "Bind for 0.0.0.0:8000 failed: port is already allocated",
        ),
    ),
    Known(
        "port-not-permitted",
        "ports",
        (
            r"\[Errno 13\] error while attempting to bind on address \('(?P<host>[^']*)', (?P<port>\d+)",
            r"^(?:PermissionError: )?\[Errno 13\] Permission denied$",
            r"\[WinError 10013\]",
            r"bind\(\) to \S+?:(?P<port>\d+) failed \(13: Permission denied\)",
        ),
        "port {port} may not be used by this user",
        "ports below 1024 are for root (sysctl net.ipv4.ip_unprivileged_port_start); on Windows a service may have "
        "reserved the range",
        ("take a port from 1024 on: `--port 8000`, and let a proxy or the container publish the low one",),
        bare="the port, or the socket file, may not be used by this user",
        sources=("uvicorn 0.54.0 server.py and config.py bind_socket",),
        printed=(
            "ERROR:    [Errno 13] error while attempting to bind on address ('0.0.0.0', 80): permission denied",
            "ERROR:    [Errno 13] Permission denied",
        ),
    ),
    Known(
        "address-not-here",
        "ports",
        (
            r"\[Errno (?:99|49)\] error while attempting to bind on address \('(?P<host>[^']*)', (?P<port>\d+)",
            r"\[Errno (?:99|49)\] (?:Cannot assign|Can't assign) requested address",
            r"\[(?:Errno|WinError) 10049\]",
        ),
        "{host} is not an address of this machine",
        "a server can only listen on an address that one of its network interfaces has; in a container those are "
        "the container's, not the host's",
        ("listen on 127.0.0.1, or on 0.0.0.0 for all addresses: `--host 0.0.0.0`",),
        bare="the address to listen on is not one of this machine",
        sources=("uvicorn 0.54.0 server.py", "vLLM 0.32.0 entrypoints/launchers/launcher.py"),
        seen=(
            "ERROR:    [Errno 99] error while attempting to bind on address ('10.255.255.1', 18913): cannot assign requested address",
            "OSError: [Errno 99] Cannot assign requested address",
        ),
    ),
    Known(
        "host-unknown",
        "ports",
        (
            r"^\[Errno -(?:2|3|5)\] (?:Name or service not known|Temporary failure in name resolution|No address)",
            r"^\[Errno 8\] nodename nor servname provided",
        ),
        "the host name to listen on has no address",
        "the name given with --host can't be resolved",
        ("give an address: `--host 127.0.0.1`, or `0.0.0.0` for all",),
        sources=("uvicorn 0.54.0 server.py",),
        seen=("ERROR:    [Errno -2] Name or service not known",),
    ),
    Known(
        "port-no-port",
        "ports",
        (r"bind\(\): port must be 0-65535", r"Port could not be cast to integer value"),
        "the port is no port: they go from 0 to 65535",
        "a number above that can't be bound; uvloop takes it modulo 65536 and listens somewhere else",
        ("correct the number",),
        rules=("invalid-port",),
        sources=("CPython socketmodule.c",),
        seen=("OverflowError: bind(): port must be 0-65535.",),
    ),
    Known(
        "vllm-port-is-a-uri",
        "ports",
        (r"VLLM_PORT '(?P<value>[^']*)' (?:appears to be a URI|must be a valid integer)",),
        "VLLM_PORT is {value}, which is no number",
        "Kubernetes sets VLLM_PORT=tcp://… in every pod when a Service is called `vllm`; VLLM_PORT is vLLM's own, "
        "for its internal ports",
        (
            "rename the Service, or set `enableServiceLinks: false` in the pod",
            "unset VLLM_PORT; the API's port is `--port`",
        ),
        rules=("vllm-port-misuse",),
        sources=("vLLM 0.32.0 envs.py:539",),
        seen=(
            "ValueError: VLLM_PORT 'tcp://10.0.0.1:8000' appears to be a URI. This may be caused by a Kubernetes service "
            "discovery issue,check the warning in: https://docs.vllm.ai/en/latest/configuration/env_vars.html",
        ),
    ),
    Known(
        "deaf-event-loop",
        "ports",
        (r"the event loop is not listening",),
        "the server says that it has started, but nothing listens",
        "uvloop swallows a listen() that fails (0.19 to 0.23): another process took the port between bind and listen",
        ("see who listens: `portside ports`",),
        sources=("Portside", "uvloop 0.23.0"),
        seen=("RuntimeError: the event loop is not listening",),
    ),
    Known(
        "too-many-files",
        "ports",
        (r"\[Errno 24\] Too many open files$",),
        "the process has as many files and connections open as it may",
        "each connection is a file; the limit is `ulimit -n`",
        ("raise it before the start: `ulimit -n 65535`", "close clients and files that are done"),
        sources=("CPython",),
        printed=("OSError: [Errno 24] Too many open files",),
    ),
)
