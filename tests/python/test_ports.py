"""Which literals reach a listening port. The literal is marked in each case."""

# ruff: noqa: E501 -- a case is one line

from __future__ import annotations

import pytest
from tests.rules.marked import unmark

from portside.lint.source import SourceFile
from portside.python.names.names import Names
from portside.python.ports.ports import port_uses
from portside.python.source.syntax import parse

U = "import uvicorn\n"
S = "import subprocess\n"
GRADIO_UI = (
    "import gradio as gr\nclass UI:\n    def create(self):\n        with gr.Blocks() as demo:\n"
    "            pass\n        return demo\n"
)

Z = "import zmq\ncontext = zmq.Context()\ns = context.socket(zmq.REP)\n"
B = "import socket\ns = socket.socket(socket.AF_BLUETOOTH, socket.SOCK_STREAM, socket.BTPROTO_RFCOMM)\n"
COMMANDS = (
    "COMMANDS = {'a': 'cd /a && uvicorn a:app --port «8001»', 'b': 'uvicorn b:app --port «8002»', "
    "'c': 'make'}\n"
)

FLAGGED = {
    "an object that a method of its class makes": U
    + "class C:\n    def __init__(self, port):\n        self.port = port\n    @classmethod\n    def local(cls):\n"
    "        return cls(port=«8124»)\nc = C.local()\nuvicorn.run('m:app', port=c.port)",
    "an object that a method makes and gives a name": U
    + "class C:\n    def __init__(self, port):\n        self.port = port\n    @staticmethod\n    def local():\n"
    "        made = C(port=«8124»)\n        return made\nc = C.local()\nuvicorn.run('m:app', port=c.port)",
    "Twisted": "from twisted.internet import reactor\nreactor.listenTCP(«8007», factory)\nreactor.run()",
    "Twisted's endpoint": "from twisted.internet import endpoints, reactor\n"
    "endpoints.TCP4ServerEndpoint(reactor, «8007»).listen(f)",
    "Twisted's description": "from twisted.internet import endpoints, reactor\n"
    "endpoints.serverFromString(reactor, 'tcp:«1079»').listen(f)",
    "ZeroMQ": Z + "s.bind('tcp://*:«5555»')",
    "ZeroMQ at once": "import zmq\nzmq.Context.instance().socket(zmq.PUB).bind('tcp://0.0.0.0:«5556»')",
    "ZeroMQ in asyncio": "from zmq.asyncio import Context\ns = Context().socket(1)\ns.bind('tcp://*:«5555»')",
    "ZeroMQ, an f-string": Z + "PORT = «5555»\ns.bind(f'tcp://*:{PORT}')",
    "ZeroMQ, a format": Z + "port = «'5556'»\ns.bind('tcp://*:%s' % port)",
    "ZeroMQ, an attribute": "import zmq\nclass Worker:\n    def __init__(self):\n"
    "        self.context = zmq.Context()\n        self.s = self.context.socket(zmq.PULL)\n"
    "        self.s.bind('tcp://*:«5557»')\n",
    "ZeroMQ in a thread of one's own": "import zmq, threading\nclass Worker(threading.Thread):\n"
    "    def __init__(self):\n        super().__init__()\n        self.context = zmq.Context()\n"
    "        self.s = self.context.socket(zmq.PULL)\n        self.s.bind('tcp://*:«5557»')\n",
    "ZeroMQ in a class with bases": "import abc, typing, zmq\nT = typing.TypeVar('T')\n"
    "class Base(abc.ABC, typing.Generic[T]):\n    def __init__(self):\n        self.context = zmq.Context()\n"
    "class Worker(Base[int]):\n    def run(self):\n        self.context.socket(zmq.PULL).bind('tcp://*:«5557»')\n",
    "grpc, a format": "import grpc\nserver = grpc.server(pool)\nport = «50051»\n"
    "server.add_insecure_port('[::]:%d' % port)",
    "Ray Serve": "from ray import serve\nserve.start(detached=True, http_options={'host': '::', 'port': «8000»})",
    "Panel": "import panel as pn\npn.serve(app, «8000», show=False)",
    "PyWebIO": "from pywebio import start_server\nstart_server(app, port=«8000»)",
    "RPyC": "from rpyc.utils.server import ThreadedServer\nThreadedServer(Service, port=«8000»).start()",
    "Flower": "import flwr as fl\nfl.server.start_server(server_address='0.0.0.0:«8000»')",
    "SGLang": "from sglang.srt.server_args import ServerArgs\nServerArgs(model_path='m', port=«8000»)",
    "LMDeploy": "from lmdeploy import serve\nserve('m', server_port=«8000»)",
    "Ray Serve's options": "from ray.serve.config import HTTPOptions\nHTTPOptions(host='::', port=«8000»)",
    "pymodbus": "from pymodbus.server import StartTcpServer\naddress = ('', «5020»)\n"
    "StartTcpServer(context=c, address=address)",
    "pyModbusTCP": "from pyModbusTCP.server import ModbusServer\nModbusServer('localhost', «5020»).start()",
    "a star import": "from socket import *\ns = socket(AF_INET, SOCK_STREAM)\ns.bind(('', «3434»))\ns.listen(5)",
    "in two branches": U
    + "if here:\n    port = «8443»\nelse:\n    port = «8000»\nuvicorn.run(app, port=port)",
    "in a table that is asked": S + COMMANDS + "def start(key):\n    command = COMMANDS.get(key)\n"
    "    subprocess.Popen(command, shell=True)",
    "uvicorn.run": U + "uvicorn.run(app, port=«8000»)",
    "an alias of the module": "import uvicorn as u\nu.run(app, port=«8000»)",
    "an alias of the function": "from uvicorn import run as start\nstart(app, port=«8000»)",
    "a function imported inside": "def main():\n    import uvicorn\n    uvicorn.run(app, port=«8000»)",
    "Config": "from uvicorn import Config\nc = Config(app, port=«8000»)",
    "Config by position": U + "uvicorn.Config(app, '0.0.0.0', «8000»)",
    "through a constant": U + "PORT = «8000»\nuvicorn.run(app, port=PORT)",
    "through a local": U + "def main():\n    port = «8000»\n    uvicorn.run(app, port=port)",
    "converted": U + "PORT = «'8000'»\nuvicorn.run(app, port=int(PORT))",
    "through a class": U + "class C:\n    PORT = «8000»\nuvicorn.run(app, port=C.PORT)",
    "in unpacked options": U + "options = {'port': «8000»}\nuvicorn.run(app, **options)",
    "in unpacked dict()": U + "options = dict(port=«8000»)\nuvicorn.run(app, **options)",
    "unpacked at once": U + "uvicorn.run(app, **{'port': «8000»})",
    "twice": U + "if ssl:\n    uvicorn.run(app, port=«8443»)\nelse:\n    uvicorn.run(app, port=«8000»)",
    "in a thread": U + "from threading import Thread\nThread(target=uvicorn.run, kwargs={'port': «8000»})",
    "in a partial": U + "from functools import partial\npartial(uvicorn.run, app, port=«8000»)()",
    "to_thread": U + "import asyncio\nasyncio.to_thread(uvicorn.run, app, port=«8000»)",
    "through a helper": U + "def main(port):\n    uvicorn.run(app, port=port)\nmain(«8000»)",
    "through a helper by name": U + "def main(host, port=1):\n    uvicorn.run(app, port=port)\n"
    "main(port=«8000»)",
    "through a helper in a process": U
    + "from multiprocessing import Process\ndef main(port):\n    uvicorn.run(app, port=port)\n"
    "Process(target=main, args=(«8000»,)).start()",
    "through a constructor": U
    + "class Server:\n    def __init__(self, app, port):\n        self.port = port\n"
    "    def run(self):\n        uvicorn.run(app, port=self.port)\nServer(app, «8000»).run()",
    "a socket through a constructor": (
        "import socket\nclass S:\n    def __init__(self, host, port):\n        self.host = host\n"
        "        self.port = port\n        self.sock = socket.socket()\n    def start(self):\n"
        "        self.sock.bind((self.host, self.port))\n        self.sock.listen(5)\n"
        "s = S('h', «8000»)\ns.start()"
    ),
    "an address through a helper": (
        "from http.server import HTTPServer\ndef serve(port):\n    HTTPServer(('', port), H).serve_forever()\n"
        "serve(«8000»)"
    ),
    "a whole address through a helper": (
        "from http.server import HTTPServer\ndef serve(address):\n    HTTPServer(address, H).serve_forever()\n"
        "serve(('', «8000»))"
    ),
    "grpc through a helper": (
        "import grpc\ndef serve(port):\n    server = grpc.server(pool)\n"
        "    server.add_insecure_port(f'[::]:{port}')\nserve(«50051»)"
    ),
    "through a constructor, with the host": U
    + "class Server:\n    def __init__(self, host, port):\n        self.host, self.port = host, port\n"
    "    def run(self):\n        uvicorn.run(app, port=self.port)\nServer('h', «8000»).run()",
    "granian": "from granian import Granian\nGranian('m:app', port=«8000»).serve()",
    "flask": "from flask import Flask\napp = Flask(__name__)\napp.run(port=«5000»)",
    "flask by position": "import flask\napp = flask.Flask(__name__)\napp.run('0.0.0.0', «5000»)",
    "flask from a factory": (
        "from flask import Flask\ndef create_app():\n    app = Flask(__name__)\n    return app\n"
        "create_app().run(port=«5000»)"
    ),
    "flask from a factory that returns two": (
        "from flask import Flask\ndef create_app():\n    app = Flask(__name__)\n    return app, None\n"
        "app, socket = create_app()\napp.run(port=«5000»)"
    ),
    "a command that a constructor is given": (
        "import subprocess\nclass Service:\n    def __init__(self, name, cmd, port):\n        self.cmd = cmd\n"
        "    def start(self):\n        self.process = subprocess.Popen(self.cmd, stdout=None)\n"
        "Service('a', ['llama-server', '-m', M, *extra, '--port', «'9180'»], port=9180).start()\n"
    ),
    "a command that another object holds": (
        "import subprocess\ndef build():\n    return ['vllm', 'serve', 'm', '--port', «'8000'»]\n"
        "def launch():\n    info = Info()\n    info.command = build()\n    subprocess.Popen(info.command)\n"
    ),
    "a choice of two": (
        "import sys, uvicorn\nport = int(«'8000'» if '--dev' in sys.argv else «80»)\nuvicorn.run(app, port=port)"
    ),
    "a choice that the code has made": (
        "import random, uvicorn\nFREE = False\nport = random.randint(1024, 9999) if FREE else «8000»\n"
        "uvicorn.run(app, port=port)"
    ),
    "a command that goes through two functions": (
        "import subprocess\ndef run(cmd):\n    subprocess.run([*cmd, '--dtype', 'auto'])\n"
        "def start(command):\n    run(command)\nstart(['vllm', 'serve', 'm', '--port', «'8000'»])\n"
    ),
    "a command of an object that a function is given": (
        "import subprocess\ndef run(cmd):\n    subprocess.Popen(cmd)\nclass Runner:\n"
        "    def __init__(self, cmd):\n        self.cmd = cmd\n    def go(self):\n        run(self.cmd + MORE)\n"
        "Runner(['vllm', 'serve', 'm', '--port', «'8000'»]).go()\n"
    ),
    "flask through self": (
        "from flask import Flask\nclass S:\n    def __init__(self):\n        self.app = Flask(__name__)\n"
        "    def run(self):\n        self.app.run(port=«5000»)"
    ),
    "flask of an instance": (
        "from flask import Flask\nclass S:\n    def __init__(self):\n        self.app = Flask(__name__)\n"
        "s = S()\ns.app.run(port=«5000»)"
    ),
    "an app of a pair that a method makes": (
        "from flask import Flask\nfrom flask_socketio import SocketIO\nclass S:\n    def __init__(self):\n"
        "        self.app, self.io = self.make()\n    def make(self):\n        app = Flask(__name__)\n"
        "        return app, SocketIO(app)\n    def run(self):\n        self.io.run(self.app, port=«5000»)"
    ),
    "an app of a pair": (
        "from flask import Flask\nclass S:\n    def __init__(self):\n        self.name, self.app = 'a', Flask('a')\n"
        "    def run(self):\n        self.app.run(port=«5000»)"
    ),
    "flask of a class": "from flask import Flask\nclass S:\n    app = Flask(__name__)\nS.app.run(port=«5000»)",
    "gradio from a method": GRADIO_UI + "ui = UI()\ndemo = ui.create()\ndemo.launch(server_port=«7860»)",
    "gradio from a method at once": GRADIO_UI + "UI().create().launch(server_port=«7860»)",
    "gradio from a method of its own": GRADIO_UI
    + "    def launch(self):\n        demo = self.create()\n        demo.launch(server_port=«7860»)\n",
    "fastmcp": "import asyncio\nfrom fastmcp import FastMCP\nmcp = FastMCP()\n"
    "asyncio.run(mcp.run_async(transport='sse', port=«8000»))",
    "the MCP SDK's server": (
        "import asyncio\nfrom mcp.server.fastmcp import FastMCP\nmcp = FastMCP('a', host=HOST, port=«8000»)\n"
        "asyncio.run(mcp.run(transport='sse'))"
    ),
    "an MCP server whose settings say the port": (
        "from mcp.server import FastMCP\nmcp = FastMCP('a', port=9000)\ndef main():\n"
        "    mcp.settings.port = «8001»\n    mcp.run('streamable-http')\nmain()"
    ),
    "an MCP server by its own method": (
        "import asyncio\nfrom mcp.server.fastmcp import FastMCP\nPORT = «8000»\n"
        "server = FastMCP('a', port=PORT)\nasyncio.run(server.run_streamable_http_async())"
    ),
    "an MCP server with a transport from outside": (
        "import sys\nfrom mcp.server.fastmcp import FastMCP\nmcp = FastMCP('a', port=«8000»)\n"
        "mcp.run(transport=sys.argv[1])"
    ),
    "quart": "from quart import Quart\napp = Quart(__name__)\napp.run(port=«5000»)",
    "sanic": "from sanic import Sanic\napp = Sanic('a')\napp.run(host='h', port=«5000»)",
    "aiohttp": "from aiohttp import web\nweb.run_app(app, port=«8080»)",
    "aiohttp site": "from aiohttp import web\nweb.TCPSite(runner, 'localhost', «8080»)",
    "hypercorn": "from hypercorn.config import Config\nc = Config()\nc.bind = ['0.0.0.0:«8000»']",
    "hypercorn, one text": "from hypercorn import Config\nc = Config()\nc.bind = '[::]:«8000»'",
    "hypercorn, an f-string": (
        "from hypercorn import Config\nPORT = «8000»\nc = Config()\nc.bind = [f'0.0.0.0:{PORT}']"
    ),
    "gunicorn": (
        "from gunicorn.app.base import BaseApplication\nclass A(BaseApplication):\n"
        "    def __init__(self, app, options):\n        pass\n"
        "options = {'bind': '0.0.0.0:«8000»', 'workers': 2}\nA(app, options).run()"
    ),
    "llm.serve": "from vllm import LLM\nllm = LLM(model='m')\nllm.serve(port=«1234»)",
    "serve_http": "from vllm.entrypoints.launcher import serve_http\nserve_http(app, sock=None, port=«8000»)",
    "a socket": "import socket\ns = socket.socket()\ns.bind(('', «8000»))\ns.listen()",
    "a socket in a with block": (
        "import socket\nwith socket.socket(a, b) as s:\n    s.bind(('0.0.0.0', «8000»))\n    s.listen(5)"
    ),
    "a socket that is closed in any case": (
        "import socket\nfrom contextlib import closing\nwith closing(socket.socket()) as s:\n"
        "    s.bind(('', «8000»))\n    s.listen(1)"
    ),
    "a socket for a server": (
        "import socket, uvicorn\ns = socket.socket()\ns.bind(('', «8000»))\n"
        "uvicorn.Server(c).run(sockets=[s])"
    ),
    "http.server": "from http.server import HTTPServer\nHTTPServer(('', «8000»), H)",
    "http.server with an address in a name": (
        "import http.server\naddress = ('', «8000»)\nhttp.server.ThreadingHTTPServer(address, H)"
    ),
    "a subclass of a server": (
        "from http.server import HTTPServer\nclass S(HTTPServer):\n    pass\nS(('', «8000»), H)"
    ),
    "asyncio.start_server": "import asyncio\nasyncio.start_server(f, '0.0.0.0', «8000»)",
    "create_server": "import asyncio\nloop = asyncio.get_running_loop()\nloop.create_server(P, 'h', «8000»)",
    "prometheus": "from prometheus_client import start_http_server\nstart_http_server(«9100»)",
    "grpc": "import grpc\ns = grpc.server(pool)\ns.add_insecure_port('[::]:«50051»')",
    "gradio": "import gradio as gr\nwith gr.Blocks() as demo:\n    pass\ndemo.launch(server_port=«7860»)",
    "vllm serve": S + "subprocess.run(['vllm', 'serve', 'm', '--port', «'8000'»])",
    "vllm serve with =": S + "subprocess.run(['vllm', 'serve', 'm', '--port=«8000»'])",
    "vllm serve by name": S + "cmd = ['vllm', 'serve', m, '--port', «'8000'»]\nsubprocess.Popen(cmd)",
    "vllm serve, str()": S + "subprocess.Popen(['vllm', 'serve', m, '--port', str(«8000»)])",
    "vllm serve, a constant": S + "PORT = «8000»\n"
    "subprocess.Popen(['vllm', 'serve', m, '--port', str(PORT)])",
    "vllm serve, a part of a string": S
    + "import os\nbase = f'{sys.executable} -m vllm.entrypoints.openai.api_server'\n"
    "os.system(f'{base} --model {m} --port «8000»')",
    "vllm serve, a quoted path or the name": S
    + "import shlex\nexe = str(path) if path.exists() else 'vllm'\nbase = f'{shlex.quote(exe)} serve'\n"
    "command = f'{base} {m} --port «8000»'\nsubprocess.Popen(f'exec {command}', shell=True)",
    "vllm serve, with an environment": S
    + "def command():\n    cmd = f'vllm serve {m} --port «8000»'\n    return cmd, env\n"
    "cmd, env = command()\nsubprocess.Popen(cmd, shell=True, env=env)",
    "vllm serve, added": S + "cmd = ['vllm', 'serve', m]\ncmd += ['--port', «'8000'»]\nsubprocess.Popen(cmd)",
    "vllm serve, extended": S
    + "cmd = ['vllm', 'serve', m]\nif x:\n    cmd.extend(['--port', «'8000'»])\nsubprocess.Popen(cmd)",
    "vllm serve, added in many steps": S
    + "cmd = ['vllm', 'serve', m]\n"
    + "".join(f"if x{i}:\n    cmd += ['--x{i}', 'y']\n" for i in range(20))
    + "cmd += ['--port', «'8000'»]\ncmd += ['-x']\nsubprocess.Popen(cmd)",
    "vllm serve, summed": S + "subprocess.Popen(['vllm', 'serve', m] + ['--port', «'8000'»])",
    "the vllm module": S
    + "import sys\nsubprocess.Popen([sys.executable, '-m', 'vllm.entrypoints.openai.api_server', '--port', «'8000'»])",
    "sglang": S + "subprocess.run(['python3', '-m', 'sglang.launch_server', '--port', «'30000'»])",
    "uvicorn as a command": S + "subprocess.run(['uvicorn', 'm:app', '--port', «'8000'»])",
    "gunicorn as a command": S + "subprocess.run(['gunicorn', '-b', '0.0.0.0:«8000»', 'm:app'])",
    "the port as an argument": S
    + "import sys\nsubprocess.Popen([sys.executable, '-m', 'http.server', '-b', 'h', «'8000'», '-d', '90'])",
    "host and port as arguments": S
    + "def run(port):\n    subprocess.Popen(['python', '-m', 'lmcache.v1.server', 'localhost', str(port)])\n"
    "run(«8100»)",
    "Django's server": "import os\nos.system('python manage.py runserver 0.0.0.0:«8000»')",
    "a server by its module": S
    + "subprocess.run(['python', '-m', 'tensorboard.main', '--logdir', 'a', '--port', «'6006'»])",
    "another program that serves": S + "subprocess.run(['infinity_emb', 'v2', '--port', «'7997'»])",
    "a shell string": "import os\nos.system('vllm serve m --port «8000» &')",
    "a shell string with a prefix": (
        "import os\nos.system('cd x && CUDA_VISIBLE_DEVICES=0 nohup python -m uvicorn m:app --port=«8000»')"
    ),
    "an f-string": S + "subprocess.Popen(f'vllm serve {model} --port «8000» -x', shell=True)",
    "an f-string with the port": S
    + "PORT = «8000»\nsubprocess.Popen(f'vllm serve {model} --port {PORT}', shell=True)",
    "split": S + "cmd = f'vllm serve {model} --port «8000»'\nsubprocess.Popen(cmd.split())",
    "shlex.split": S + "import shlex\nsubprocess.Popen(shlex.split('vllm serve m --port «8000»'))",
    "bash -c": S + "subprocess.Popen(['bash', '-c', 'vllm serve m --port «8000»'])",
    "over several lines": S
    + 'cmd = """\nvllm serve m \\\\\n  --port «8000»\n"""\nsubprocess.run(cmd, shell=True)',
    "in several pieces": S + "subprocess.run('vllm serve m '\n    '--port «8000»', shell=True)",
    "create_subprocess_exec": (
        "import asyncio\nasyncio.create_subprocess_exec('vllm', 'serve', 'm', '--port', «'8000'»)"
    ),
    "create_subprocess_exec, unpacked": (
        "import asyncio\ncmd = ['vllm', 'serve', 'm', '--port', «'8000'»]\n"
        "asyncio.create_subprocess_exec(*cmd)"
    ),
    "create_subprocess_shell": "import asyncio\n"
    "asyncio.create_subprocess_shell('uvicorn m:app --port «8000»')",
    "sys.argv": "import sys\nsys.argv = ['vllm', 'serve', 'm', '--port', «'8000'»]",
    "sys.argv of a script": (
        "import sys\nfrom vllm.entrypoints.cli.main import main\n"
        "sys.argv = [sys.argv[0], '--port', «'8000'»]\nmain()"
    ),
    "the arguments of vLLM's own parser": (
        "from vllm.entrypoints.openai.cli_args import make_arg_parser\nparser = make_arg_parser(p)\n"
        "args = parser.parse_args(['--model', 'm', '--port', «'8000'»])"
    ),
    "sys.argv of a module that is run": (
        "import runpy, sys\nsys.argv += ['--port', «'8000'»]\n"
        "runpy.run_module('vllm.entrypoints.openai.api_server', run_name='__main__')"
    ),
    "sys.argv, extended": "import sys, vllm\nsys.argv.extend(['--port', «'8000'»])",
    "an attribute of vLLM's arguments": (
        "from vllm.entrypoints.openai.cli_args import make_arg_parser\nargs = make_arg_parser(p).parse_args()\n"
        "args.port = «8000»"
    ),
    "through a method": U
    + "class S:\n    def run(self, port=1):\n        uvicorn.run(app, port=port)\nS().run(«8000»)\ns = S()\ns.run(port=«8001»)",
    "through a method of its own": U
    + "class S:\n    def run(self, port):\n        uvicorn.run(app, port=port)\n    def go(self):\n        self.run(«8000»)",
    "through a helper that starts it": S
    + "def start(cmd):\n    return subprocess.Popen(cmd)\nstart(['vllm', 'serve', 'm', '--port', «'8000'»])",
}

QUIET = {
    "a module of Python that calls servers": S + "subprocess.run(['python', '-m', 'http.client', '8000'])",
    "a server without a port": S + "subprocess.run(['python', '-m', 'http.server', '-d', '8000'])",
    "a cluster's own ports": S
    + "subprocess.run(['ray', 'start', '--head', '--port=6379'])\nsubprocess.run('torchrun --master_port 29500 a.py')",
    "an MCP server on standard input": (
        "from mcp.server.fastmcp import FastMCP\nmcp = FastMCP('a', port=8000)\nmcp.run()"
    ),
    "an MCP server that says so": (
        "from mcp.server.fastmcp import FastMCP\nmcp = FastMCP('a', port=8000)\nmcp.run(transport='stdio')"
    ),
    "an MCP server whose settings come from outside": (
        "import os\nfrom mcp.server.fastmcp import FastMCP\nmcp = FastMCP('a', port=8000)\n"
        "mcp.settings.port = int(os.environ['PORT'])\nmcp.run(transport='sse')"
    ),
    "a choice with an option": U
    + "args = p.parse_args()\nport = args.port if args.port else 8000\nuvicorn.run(app, port=port)",
    "a choice with a port that is found": U
    + "import sys\nuvicorn.run(app, port=free_port() if '-f' in sys.argv else 8000)",
    "port 0": U + "uvicorn.run(app, port=0)",
    "no port": U + "uvicorn.run(app)",
    "none": U + "uvicorn.run(app, port=None)",
    "the environment": U + "import os\nuvicorn.run(app, port=int(os.environ.get('PORT', 8000)))",
    "the environment, __import__": U
    + "uvicorn.run(app, port=int(__import__('os').environ.get('PORT', 8000)))",
    "the environment, or": U + "import os\nuvicorn.run(app, port=int(os.getenv('PORT') or 8000))",
    "argparse": U + "p.add_argument('--port', default=8000)\nargs = p.parse_args()\n"
    "uvicorn.run(app, port=args.port)",
    "a parameter's default": U + "def main(port=8000):\n    uvicorn.run(app, port=port)",
    "a parameter's default, called": U + "def main(port=8000):\n    uvicorn.run(app, port=port)\nmain()",
    "click": U
    + "import click\n@click.option('--port', default=8000)\ndef main(port):\n    uvicorn.run(app, port=port)",
    "typer": U + "import typer\ndef main(port: int = typer.Option(8000)):\n    uvicorn.run(app, port=port)",
    "settings": U
    + "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    port: int = 8000\n"
    "uvicorn.run(app, port=S().port)",
    "sys.argv": U + "import sys\nuvicorn.run(app, port=int(sys.argv[1]))",
    "two values": U + "P = 8000\nif x:\n    P = 9000\nuvicorn.run(app, port=P)",
    "computed": U + "uvicorn.run(app, port=8000 + rank)",
    "a free port": U + "uvicorn.run(app, port=find_free_port())",
    "redis": "import redis\nredis.Redis(host='h', port=6379)",
    "requests": "import requests\nrequests.get('http://localhost:8000')",
    "a grpc channel": "import grpc\ngrpc.insecure_channel('localhost:50051')",
    "URL.replace": "url.replace(port=8000)",
    "a run of something else": "import mlflow\nmlflow.run(uri, port=8000)",
    "a local run": "def run(app, port):\n    print(port)\nrun(app, port=8000)",
    "uvicorn shadowed": "import uvicorn\nuvicorn = fake\nuvicorn.run(app, port=8000)",
    "an app of nobody knows what": "app.run(port=8000)",
    "a docstring": '"""uvicorn.run(app, port=8000)"""',
    "a string": "x = 'uvicorn.run(app, port=8000)'",
    "a comment": U + "# uvicorn.run(app, port=8000)\n",
    "a bind that looks for a free port": (
        "import socket\ndef free():\n    s = socket.socket()\n    s.bind(('', 8000))\n    s.close()"
    ),
    "a bind to port 0": "import socket\ns = socket.socket()\ns.bind(('', 0))\ns.listen()",
    "a connection": "import socket\ns = socket.socket()\ns.connect(('h', 8000))",
    "a bind of something else": "button.bind(('<Key>', 8000))\nbutton.listen()",
    "a command that is not a server": S + "subprocess.run(['mycli', '--port', '8000'])",
    "a command that is only built": "cmd = ['vllm', 'serve', 'm', '--port', '8000']\nprint(cmd)",
    "a command in docker": S
    + "subprocess.run(['docker', 'run', 'vllm', 'vllm', 'serve', 'm', '--port', '8000'])",
    "a command that is looked for": S + "subprocess.run(['pkill', '-f', 'vllm serve m --port 8000'])",
    "a shell command that is printed": "import os\nos.system('echo vllm serve m --port 8000')",
    "another command in the same line": "import os\nos.system('vllm serve m && client --port 8000')",
    "a command with a parameter": S
    + "def start(port=8000):\n    subprocess.run(['vllm', 'serve', 'm', '--port', str(port)])",
    "a command with argparse": S + "p.add_argument('--port', default=8000)\nargs = p.parse_args()\n"
    "subprocess.run(['vllm', 'serve', 'm', '--port', str(args.port)])",
    "the arguments of some parser": "import uvicorn\nargs = parser.parse_args(['--port', '8000'])",
    "a method of something else": U
    + "class S:\n    def run(self, port):\n        uvicorn.run(app, port=port)\nother.run(8000)\n",
    "an attribute of some arguments": U + "args = parser.parse_args()\nargs.port = 8000\n",
    "another option": S + "subprocess.run(['vllm', 'serve', 'm', '--master-port', '29501'])",
    "ZeroMQ's client": Z + "s.connect('tcp://localhost:5555')",
    "ZeroMQ within the host": Z + "s.bind('ipc:///tmp/feed:5555')\ns.bind('inproc://feed:5555')",
    "a Bluetooth channel": B + "s.bind(('B8:27:EB:26:99:51', 3))\ns.listen(1)",
    "a Bluetooth channel of an attribute": "import socket\nclass A:\n    def __init__(self):\n"
    "        self.s = None\n    def connect(self):\n        self.s = socket.socket(socket.AF_BLUETOOTH)\n"
    "        self.s.bind(('', 4))\n        self.s.listen(1)",
    "a branch that asks": U + "port = 8000\nif sys.argv[1:]:\n    port = int(sys.argv[1])\n"
    "uvicorn.run(app, port=port)",
    "an object that a method of its class makes, and changes": U
    + "class C:\n    def __init__(self, port):\n        self.port = port\n    @classmethod\n    def local(cls):\n"
    "        made = cls(port=8124)\n        made.port = free()\n        return made\n"
    "c = C.local()\nuvicorn.run('m:app', port=c.port)",
    "a port that is counted up": U
    + "port = 8000\nwhile busy(port):\n    port += 1\nuvicorn.run(app, port=port)",
    "Twisted's client": "from twisted.internet import reactor\nreactor.connectTCP('localhost', 8007, f)",
    "a table that nothing starts": COMMANDS.replace("«", "").replace("»", "") + "print(COMMANDS.get('a'))",
    "debugpy": "import debugpy\ndebugpy.listen(5678)",
    "too large": U + "uvicorn.run(app, port=70000)",
}


def _uses(text: str):
    return port_uses(Names(parse(SourceFile("a.py", text))))


@pytest.mark.parametrize("code", FLAGGED.values(), ids=FLAGGED)
def test_a_literal_that_reaches_a_listener_is_found(code):
    marked = unmark(code)
    found = sorted(use.literal.span for use in _uses(marked.text))
    assert [marked.text[s.start : s.end] for s in found] == [
        marked.text[s.start : s.end] for s in marked.spans
    ]
    assert found == list(marked.spans)


@pytest.mark.parametrize("code", QUIET.values(), ids=QUIET)
def test_what_is_no_hardcoded_listening_port_is_left_alone(code):
    assert _uses(code) == ()


@pytest.mark.parametrize(
    "path", ["gunicorn.conf.py", "deploy/gunicorn_config.py", "hypercorn_conf.py", "gunicorn.py"]
)
def test_the_bind_of_a_configuration_file_is_found(path):
    text = "bind = '0.0.0.0:8000'\nworkers = 4\n"
    (use,) = port_uses(Names(parse(SourceFile(path, text))))
    assert use.port == 8000
    assert port_uses(Names(parse(SourceFile("settings.py", text)))) == ()


def test_the_use_is_where_the_listener_gets_it():
    text = U + "PORT = 8000\nuvicorn.run(app, port=PORT)"
    (use,) = _uses(text)
    assert (use.listener.label, use.port) == ("uvicorn.run", 8000)
    assert text[use.use.start : use.use.end] == "PORT"
    assert use.use.start > use.literal.span.end


def test_a_vllm_command_is_known_as_such():
    (use,) = _uses(S + "subprocess.run(['vllm', 'serve', 'm', '--port', '8000'])")
    assert (use.listener.label, use.listener.vllm) == ("vllm serve", True)
    (use,) = _uses(S + "subprocess.run(['uvicorn', 'm:app', '--port', '8000'])")
    assert (use.listener.label, use.listener.vllm) == ("uvicorn", False)
