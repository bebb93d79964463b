"""What listens on a port in Python code, and which argument says on which.

From the documentation and signatures of: uvicorn 0.54, hypercorn 0.17, granian 2,
gunicorn 23, Flask 3, Quart 0.20, Sanic 24, aiohttp 3, tornado 6, gradio 5, the
standard library of 3.13, Twisted 25, pyzmq 27, Ray 2, pymodbus 3, pyModbusTCP 0.3,
Panel 1, PyWebIO 1, RPyC 6, Flower 1, SGLang 0.5 (`ServerArgs`), LMDeploy 0.10, vLLM up to 0.33
(`serve_http`), TRL (`vllm_serve`), and `FastMCP` of mcp 1 and fastmcp 2.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from portside.records import dataclass


class Takes(enum.Enum):
    """How the argument says the port."""

    PORT = "a number"
    ADDRESS = "a tuple of host and port"
    BIND = "a text like 0.0.0.0:8000, or a list of them"
    OPTIONS = "a dictionary with such a text under `bind`"
    SETTINGS = "a dictionary with a number under `port`"
    ENDPOINT = "a text like tcp://*:5555"
    COMMAND = "a command line that says it"


@dataclass(frozen=True, slots=True)
class Argument:
    """Which argument says the port. position: from 0, None where it has to be named.

    variable: what people call the environment variable of such a port, where it is
    rarely a program's main one.
    """

    keyword: str | None = "port"
    position: int | None = None
    takes: Takes = Takes.PORT
    variable: str | None = None


_NAMED = Argument()
_FIRST = Argument(position=0)
_SECOND = Argument(position=1)
_THIRD = Argument(position=2)
_ADDRESS = Argument("server_address", 0, Takes.ADDRESS)
_METRICS = Argument(position=0, variable="METRICS_PORT")
_GRPC = Argument("address", 0, Takes.BIND, "GRPC_PORT")
_UI = Argument("server_port", None, variable="GRADIO_SERVER_PORT")

# The modules of one release after another that have it.
_PYMODBUS = tuple(
    f"pymodbus.server{module}.{name}"
    for module in ("", ".sync", ".async_io")
    for name in ("StartTcpServer", "StartAsyncTcpServer")
)

_RPYC = ("ThreadedServer", "ThreadPoolServer", "ForkingServer", "OneShotServer")

FUNCTIONS: Mapping[str, Argument] = {
    "uvicorn.run": _NAMED,
    "uvicorn.main.run": _NAMED,
    "uvicorn.Config": _THIRD,
    "uvicorn.config.Config": _THIRD,
    "granian.Granian": _THIRD,
    "granian.server.Granian": _THIRD,
    "aiohttp.web.run_app": _NAMED,
    "aiohttp.web.TCPSite": _THIRD,
    "werkzeug.serving.run_simple": _SECOND,
    "waitress.serve": _NAMED,
    "bottle.run": _NAMED,
    "nicegui.ui.run": _NAMED,
    "fasthtml.common.serve": _NAMED,
    "vllm.entrypoints.launcher.serve_http": _NAMED,
    "vllm.entrypoints.launchers.launcher.serve_http": _NAMED,
    "trl.scripts.vllm_serve.ScriptArguments": _NAMED,
    "websockets.serve": _THIRD,
    "websockets.server.serve": _THIRD,
    "websockets.asyncio.server.serve": _THIRD,
    "websockets.sync.server.serve": _THIRD,
    "wsgiref.simple_server.make_server": _SECOND,
    "asyncio.start_server": _THIRD,
    "trio.serve_tcp": _SECOND,
    "anyio.create_tcp_listener": Argument("local_port"),
    "prometheus_client.start_http_server": _METRICS,
    "prometheus_client.exposition.start_http_server": _METRICS,
    "prometheus_client.start_wsgi_server": _METRICS,
    "http.server.HTTPServer": _ADDRESS,
    "http.server.ThreadingHTTPServer": _ADDRESS,
    "socketserver.TCPServer": _ADDRESS,
    "socketserver.ThreadingTCPServer": _ADDRESS,
    "socketserver.ForkingTCPServer": _ADDRESS,
    "wsgiref.simple_server.WSGIServer": _ADDRESS,
    "xmlrpc.server.SimpleXMLRPCServer": Argument("addr", 0, Takes.ADDRESS),
    "socket.create_server": Argument("address", 0, Takes.ADDRESS),
    "eventlet.listen": Argument("addr", 0, Takes.ADDRESS),
    "cheroot.wsgi.Server": Argument("bind_addr", 0, Takes.ADDRESS),
    "gevent.pywsgi.WSGIServer": Argument("listener", 0, Takes.ADDRESS),
    "gevent.server.StreamServer": Argument("listener", 0, Takes.ADDRESS),
    "twisted.internet.reactor.listenTCP": _FIRST,
    "twisted.internet.reactor.listenSSL": _FIRST,
    "twisted.internet.endpoints.TCP4ServerEndpoint": _SECOND,
    "twisted.internet.endpoints.TCP6ServerEndpoint": _SECOND,
    "twisted.internet.endpoints.SSL4ServerEndpoint": _SECOND,
    "twisted.internet.endpoints.serverFromString": Argument("description", 1, Takes.BIND),
    "ray.serve.start": Argument("http_options", takes=Takes.SETTINGS),
    "ray.serve.config.HTTPOptions": _NAMED,
    **{name: Argument("address", None, Takes.ADDRESS, "MODBUS_PORT") for name in _PYMODBUS},
    "pyModbusTCP.server.ModbusServer": Argument(position=1, variable="MODBUS_PORT"),
    "panel.serve": _SECOND,
    "pywebio.start_server": _SECOND,
    "pywebio.platform.tornado.start_server": _SECOND,
    **{f"rpyc.utils.server.{name}": Argument(position=3, variable="RPC_PORT") for name in _RPYC},
    "flwr.server.start_server": Argument("server_address", None, Takes.BIND, "FLOWER_PORT"),
    "sglang.srt.server_args.ServerArgs": _NAMED,
    "lmdeploy.serve": Argument("server_port"),
}

# By the class, or the function that makes the instance; then by the method.
_LOOP = {"create_server": _THIRD}
_FLASK = {"run": _SECOND}
_GRADIO = {"launch": _UI}
_RPC = {"add_insecure_port": _GRPC, "add_secure_port": _GRPC}
_LLM = {"serve": _NAMED}
_ZMQ = {"bind": Argument("addr", 0, Takes.ENDPOINT, "ZMQ_PORT")}
_TORNADO = {"listen": _FIRST, "bind": _FIRST}

_FASTMCP = (
    *("fastmcp.FastMCP", "fastmcp.server.FastMCP", "fastmcp.server.server.FastMCP"),
    *("mcp.server.FastMCP", "mcp.server.fastmcp.FastMCP", "mcp.server.fastmcp.server.FastMCP"),
)
_MCP = dict.fromkeys(
    ("run", "run_async", "run_http_async", "run_sse_async", "run_streamable_http_async"), _NAMED
)

METHODS: Mapping[str, Mapping[str, Argument]] = {
    "flask.Flask": _FLASK,
    "quart.Quart": {"run": _SECOND, "run_task": _SECOND},
    "sanic.Sanic": {"run": _SECOND, "prepare": _SECOND, "create_server": _SECOND},
    "bottle.Bottle": {"run": _NAMED},
    "microdot.Microdot": {"run": _SECOND, "start_server": _SECOND},
    "robyn.Robyn": {"start": Argument(position=1)},
    "dash.Dash": {"run": _NAMED, "run_server": _NAMED},
    "flask_socketio.SocketIO": {"run": _THIRD},
    "litserve.LitServer": {"run": _NAMED},
    **dict.fromkeys(_FASTMCP, _MCP),
    "tornado.web.Application": {"listen": _FIRST},
    "tornado.httpserver.HTTPServer": _TORNADO,
    "gradio.Blocks": _GRADIO,
    "gradio.Interface": _GRADIO,
    "gradio.ChatInterface": _GRADIO,
    "gradio.TabbedInterface": _GRADIO,
    "grpc.server": _RPC,
    "grpc.aio.server": _RPC,
    "asyncio.get_event_loop": _LOOP,
    "asyncio.get_running_loop": _LOOP,
    "asyncio.new_event_loop": _LOOP,
    "zmq.Socket": _ZMQ,
    "zmq.asyncio.Socket": _ZMQ,
    "vllm.LLM": _LLM,
    "vllm.entrypoints.llm.LLM": _LLM,
}

# Classes whose constructor is given the port, or their `settings`, on which a method listens later.
LISTEN_LATER = frozenset(_FASTMCP)
# The methods among those that talk by standard input where nothing else is said.
STDIO_METHODS = frozenset({"run", "run_async"})

# Classes whose instances a method of another library class makes.
MADE_BY_METHODS: Mapping[str, str] = {
    f"{module}.Context{made}().socket()": f"{module}.Socket"
    for module in ("zmq", "zmq.asyncio")
    for made in ("", ".instance")
}

HYPERCORN_CONFIGS = frozenset({"hypercorn.Config", "hypercorn.config.Config"})
HYPERCORN_BINDS = frozenset({"bind", "insecure_bind", "quic_bind"})
GUNICORN_APPLICATIONS = frozenset(
    {"gunicorn.app.base.BaseApplication", "gunicorn.app.wsgiapp.WSGIApplication"}
)
SOCKETS = frozenset({"socket.socket", "socket.SocketType"})
# Families of sockets whose numbers are channels of a radio, not ports of this host.
RADIO_FAMILIES = frozenset({"AF_BLUETOOTH"})

# What calls a function that it is given; the function is the first argument.
CALLERS = frozenset({"functools.partial", "asyncio.to_thread", "anyio.to_thread.run_sync"})
CALLING_METHODS = frozenset({"submit"})
# … or stands under `target`, with its arguments under `args` and `kwargs`.
STARTERS = frozenset(
    {
        "threading.Thread",
        "multiprocessing.Process",
        "multiprocessing.context.Process",
        "torch.multiprocessing.Process",
    }
)
