"""Files that get longer and longer, one for each way in which a check may look at everything twice.

Each is made of a number of like parts: a check of twice as many is to take twice the work.
"""

from __future__ import annotations

from collections.abc import Callable

Make = Callable[[int], str]

INPUTS: dict[str, tuple[str, Make]] = {
    "shell serve lines": (
        "start.sh",
        lambda n: "#!/bin/sh\n" + "".join(f"vllm serve model{i} --port {8000 + i}\n" for i in range(n)),
    ),
    "shell background": (
        "start.sh",
        lambda n: "#!/bin/sh\n" + "".join(f"vllm serve model{i} --port {8000 + i} &\n" for i in range(n)),
    ),
    "shell background same port": (
        "start.sh",
        lambda n: "#!/bin/sh\n" + "".join(f"vllm serve model{i} --port 8000 &\n" for i in range(n)),
    ),
    "shell assignments": (
        "start.sh",
        lambda n: (
            "#!/bin/sh\n" + "".join(f"A{i}=$A{i - 1}x\n" for i in range(n)) + "vllm serve m --port $A3\n"
        ),
    ),
    "shell functions": (
        "start.sh",
        lambda n: (
            "#!/bin/sh\n"
            + "".join(f"f{i}() {{\n  vllm serve m --port {8000 + i}\n}}\n" for i in range(n))
            + "".join(f"f{i} &\n" for i in range(n))
        ),
    ),
    "shell python": (
        "start.sh",
        lambda n: "#!/bin/sh\n" + "".join(f"python server{i}.py --port {8000 + i}\n" for i in range(n)),
    ),
    "shell loops": (
        "start.sh",
        lambda n: (
            "#!/bin/sh\n"
            + "".join("for p in 1 2; do\n  vllm serve m --port 80$p &\ndone\n" for i in range(n))
        ),
    ),
    "makefile": (
        "Makefile",
        lambda n: "".join(f"t{i}: t{i - 1}\n\tvllm serve m{i} --port {8000 + i}\n\n" for i in range(n)),
    ),
    "procfile": (
        "Procfile",
        lambda n: "".join(f"w{i}: uvicorn a{i}:app --port {8000 + i}\n" for i in range(n)),
    ),
    "procfile same port": (
        "Procfile",
        lambda n: "".join(f"w{i}: uvicorn a{i}:app --port 8000\n" for i in range(n)),
    ),
    "compose": (
        "compose.yaml",
        lambda n: (
            "services:\n"
            + "".join(
                f"  s{i}:\n    image: vllm/vllm-openai\n    command: --model m --port {8000 + i}\n    ports: ['{8000 + i}:{8000 + i}']\n"
                for i in range(n)
            )
        ),
    ),
    "compose same port": (
        "compose.yaml",
        lambda n: (
            "services:\n"
            + "".join(
                f"  s{i}:\n    image: vllm/vllm-openai\n    command: --model m --port 8000\n    ports: ['8000:8000']\n"
                for i in range(n)
            )
        ),
    ),
    "kubernetes": (
        "k.yaml",
        lambda n: "".join(
            f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a{i}\nspec:\n  template:\n    metadata:\n      labels: {{app: a{i}}}\n    spec:\n      containers:\n      - name: c\n        image: vllm/vllm-openai\n        args: [--model, m, --port, '{8000 + i}']\n        ports: [{{containerPort: 8000}}]\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: vllm\nspec:\n  selector: {{app: a{i}}}\n  ports: [{{port: 80, targetPort: 8000}}]\n---\n"
            for i in range(n)
        ),
    ),
    "dockerfile run": (
        "Dockerfile",
        lambda n: (
            "FROM python:3.12\n"
            + "".join(f"ENV A{i}={i}\nRUN echo {i}\nEXPOSE {8000 + i}\n" for i in range(n))
            + "CMD uvicorn a:app --port 8000 --reload\n"
        ),
    ),
    "dockerfile stages": (
        "Dockerfile",
        lambda n: (
            "FROM python:3.12 AS s0\n"
            + "".join(
                f"FROM s0 AS s{i + 1}\nENV A{i}=1\nCMD uvicorn a:app --port {8000 + i}\n" for i in range(n)
            )
        ),
    ),
    "systemd": (
        "a.service",
        lambda n: (
            "[Service]\n"
            + "".join(
                f"Environment=A{i}={i}\nExecStartPre=/usr/bin/uvicorn a:app --port {8000 + i}\n"
                for i in range(n)
            )
            + "ExecStart=/usr/bin/vllm serve m --port 8000\n"
        ),
    ),
    "package.json": (
        "package.json",
        lambda n: (
            '{"scripts": {' + ", ".join(f'"s{i}": "uvicorn a:app --port {8000 + i}"' for i in range(n)) + "}}"
        ),
    ),
    "launch.json": (
        ".vscode/launch.json",
        lambda n: (
            '{"configurations": ['
            + ", ".join(
                f'{{"name": "s{i}", "type": "debugpy", "request": "launch", "module": "uvicorn", "args": ["a:app", "--port", "{8000 + i}"]}}'
                for i in range(n)
            )
            + "]}"
        ),
    ),
    "tasks.json": (
        ".vscode/tasks.json",
        lambda n: (
            '{"tasks": ['
            + ", ".join(
                f'{{"label": "s{i}", "type": "shell", "command": "uvicorn a:app --port {8000 + i}"}}'
                for i in range(n)
            )
            + "]}"
        ),
    ),
    "env": (".env", lambda n: "".join(f"PORT{i}={8000 + i}\n" for i in range(n))),
    "py uvicorn.run": (
        "server.py",
        lambda n: (
            "import uvicorn\nfrom a import app\nif __name__ == '__main__':\n"
            + "".join(f"    uvicorn.run(app, port={8000 + i})\n" for i in range(n))
        ),
    ),
    "py uvicorn.run import": (
        "server.py",
        lambda n: (
            "import uvicorn\nfrom a import app\n"
            + "".join(f"uvicorn.run(app, port={8000 + i})\n" for i in range(n))
        ),
    ),
    "py functions running": (
        "server.py",
        lambda n: (
            "import uvicorn\nfrom a import app\n"
            + "".join(f"def f{i}():\n    uvicorn.run(app, port={8000 + i})\n" for i in range(n))
            + "if __name__ == '__main__':\n    f0()\n"
        ),
    ),
    "py call chain": (
        "server.py",
        lambda n: (
            "import uvicorn\nfrom a import app\ndef f0():\n    uvicorn.run(app, port=8000)\n"
            + "".join(f"def f{i}():\n    f{i - 1}()\n" for i in range(1, n))
            + f"if __name__ == '__main__':\n    f{n - 1}()\n"
        ),
    ),
    "py engines": (
        "server.py",
        lambda n: "from vllm import LLM\n" + "".join(f"llm{i} = LLM('m{i}')\n" for i in range(n)),
    ),
    "py engines in functions": (
        "server.py",
        lambda n: (
            "from vllm import LLM\n"
            + "".join(f"def f{i}():\n    return LLM('m{i}')\n" for i in range(n))
            + "".join(f"x{i} = f{i}()\n" for i in range(n))
        ),
    ),
    "py async engines lifespan": (
        "server.py",
        lambda n: (
            "from vllm import AsyncLLMEngine\nfrom fastapi import FastAPI\napp = FastAPI()\n"
            + "".join(
                f"e{i} = AsyncLLMEngine.from_engine_args({i})\n@app.get('/{i}')\nasync def g{i}():\n    return e{i}.generate()\n"
                for i in range(n)
            )
        ),
    ),
    "py apps": (
        "server.py",
        lambda n: (
            "from fastapi import FastAPI\nimport vllm\n"
            + "".join(f"app{i} = FastAPI()\n" for i in range(n))
            + "e = vllm.LLM('m')\n"
        ),
    ),
    "py constants": (
        "server.py",
        lambda n: (
            "import uvicorn\nP0=8000\n"
            + "".join(f"P{i}=P{i - 1}\n" for i in range(1, n))
            + f"uvicorn.run('a:app', port=P{n - 1})\n"
        ),
    ),
    "py aliases": (
        "server.py",
        lambda n: (
            "import uvicorn\nr0=uvicorn.run\n"
            + "".join(f"r{i}=r{i - 1}\n" for i in range(1, n))
            + f"r{n - 1}('a:app', port=8000)\n"
        ),
    ),
    "py same name": (
        "server.py",
        lambda n: (
            "import uvicorn\nport = 8000\n"
            + "".join(f"port = {8000 + i}\n" for i in range(1, n))
            + "uvicorn.run('a:app', port=port)\n"
        ),
    ),
    "py if name": (
        "server.py",
        lambda n: (
            "import uvicorn\nfrom a import app\n"
            + "".join(
                f"if __name__ == '__main__':\n    uvicorn.run(app, port={8000 + i})\n" for i in range(n)
            )
        ),
    ),
    "py broken guards": (
        "server.py",
        lambda n: (
            "import uvicorn\nfrom a import app\n"
            + "".join(f"if __name__ == 'main':\n    uvicorn.run(app, port={8000 + i})\n" for i in range(n))
        ),
    ),
    "py handlers": (
        "server.py",
        lambda n: (
            "import uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\n"
            + "".join(f"@app.get('/{i}')\ndef h{i}(x):\n    return app.state.x + {i}\n" for i in range(n))
            + "if __name__ == '__main__':\n    uvicorn.run(app, port=8000)\n"
        ),
    ),
    "py main effects": (
        "server.py",
        lambda n: (
            "import uvicorn, os\nfrom fastapi import FastAPI\napp = FastAPI()\nif __name__ == '__main__':\n"
            + "".join(f"    x{i} = {i}\n" for i in range(n))
            + "    uvicorn.run(app, port=8000)\n"
        ),
    ),
    "py argparse": (
        "server.py",
        lambda n: (
            "import uvicorn, argparse\nfrom fastapi import FastAPI\napp = FastAPI()\nif __name__ == '__main__':\n    p = argparse.ArgumentParser()\n"
            + "".join(f"    p.add_argument('--a{i}')\n" for i in range(n))
            + "    p.add_argument('--port', default=8000)\n    args = p.parse_args()\n    uvicorn.run(app, port=args.port)\n"
        ),
    ),
    "py subprocess": (
        "server.py",
        lambda n: (
            "import subprocess\n"
            + "".join(f"subprocess.run(['vllm', 'serve', 'm', '--port', '{8000 + i}'])\n" for i in range(n))
        ),
    ),
    "py retired imports": (
        "server.py",
        lambda n: "".join(f"from vllm.entrypoints.openai.serving_chat import X{i}\n" for i in range(n)),
    ),
    "py suppressions": (
        "server.py",
        lambda n: (
            "import uvicorn\n"
            + "".join(f"uvicorn.run('a:app', port={8000 + i})  # portside: ignore[PS201]\n" for i in range(n))
        ),
    ),
    "py unused suppressions": (
        "server.py",
        lambda n: "import uvicorn\n" + "".join(f"x = {i}  # portside: ignore[PS201]\n" for i in range(n)),
    ),
    "py sockets": (
        "server.py",
        lambda n: (
            "import socket\n"
            + "".join(
                f"s{i} = socket.socket()\ns{i}.bind(('', {8000 + i}))\ns{i}.listen()\n" for i in range(n)
            )
        ),
    ),
    "py cuda": (
        "server.py",
        lambda n: (
            "import torch\nfrom vllm import LLM\n"
            + "".join(f"torch.zeros({i}).cuda()\n" for i in range(n))
            + "if __name__ == '__main__':\n    LLM('m')\n"
        ),
    ),
    "py nested ifs": (
        "server.py",
        lambda n: (
            "import uvicorn\n"
            + "".join("    " * min(i, 50) + f"if a{i}:\n" for i in range(min(n, 50)))
            + "    " * min(n, 50)
            + "uvicorn.run('a:app', port=8000)\n"
        ),
    ),
    "py globals": (
        "server.py",
        lambda n: (
            "import uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\n"
            + "".join(f"g{i} = None\ndef h{i}():\n    global g{i}\n    g{i} = 1\n" for i in range(n))
            + "if __name__ == '__main__':\n    g0 = 2\n    uvicorn.run(app, port=8000)\n"
        ),
    ),
    "py classes": (
        "server.py",
        lambda n: (
            "from vllm import LLM\n"
            + "".join(f"class C{i}:\n    def __init__(self):\n        self.e = LLM('m')\n" for i in range(n))
            + "".join(f"c{i} = C{i}()\n" for i in range(n))
        ),
    ),
    "py dict config": (
        "server.py",
        lambda n: (
            "import uvicorn\nC = {\n"
            + "".join(f"  'k{i}': {i},\n" for i in range(n))
            + "  'port': 8000}\nuvicorn.run('a:app', port=C['port'])\n"
        ),
    ),
}
