"""Shapes that wait for the server together with others, and whose app is made only in the loop."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

import sys

from tests.proof.factories import GUARD, PLAIN, RUN
from tests.proof.factories_around import AROUND, ASYNC, BESIDE, CONFIG, MAIN, SERVE, SHOWS
from tests.proof.shapes import Movable, Unmovable

BUILD = "import asyncio\nimport uvicorn\nfrom fastapi import FastAPI\n\n\nasync def build(title='x'):\n    app = FastAPI(title=title)\n\n    @app.get('/x')\n    def x():\n        return app.title\n\n    await asyncio.sleep(0)\n    return app\n\n\n"
SHELL = "return starlette.applications.Starlette(lifespan=while_serving)"
LONG = BESIDE.replace("works = True\n", "works = True\n    await asyncio.sleep(60)\n")
GROUP = "    async with asyncio.TaskGroup() as group:\n"
API = "\n\nasync def serve():\n" + SERVE

TOGETHER = (
    Movable(
        "a list that is gathered",
        ASYNC + SHOWS + BESIDE + CONFIG + "    await asyncio.gather(*[server.serve(), work()])\n" + MAIN,
        PLAIN,
        kept=("beside = asyncio.gather(work())", AROUND),
        gone=("uvicorn",),
    ),
    Movable(
        "a list with a name that is gathered, in several lines",
        ASYNC + SHOWS + BESIDE + CONFIG + "    both = [\n        server.serve(),\n        work(),\n    ]\n    await asyncio.gather(*both)\n" + MAIN,
        PLAIN,
        kept=("beside = asyncio.gather(work())",),
        gone=("both",),
    ),
    Movable(
        "what is gathered, with comments between",
        ASYNC + SHOWS + BESIDE + CONFIG + "    await asyncio.gather(\n        server.serve(),  # the API\n        # and what it needs\n        work(),\n    )\n" + MAIN,
        PLAIN,
        kept=("beside = asyncio.gather(work())",),
    ),
    Movable(
        "a list of tasks, with a keyword of the gathering",
        ASYNC + SHOWS + BESIDE + CONFIG + "    tasks = [asyncio.create_task(server.serve()), asyncio.create_task(work())]\n    await asyncio.gather(*tasks, return_exceptions=True)\n" + MAIN,
        PLAIN,
        kept=("asyncio.gather(asyncio.create_task(work()), return_exceptions=True)",),
    ),
    Movable(
        "a list of functions of which one serves",
        ASYNC + SHOWS + API + BESIDE + "    tasks = [serve(), work()]\n    await asyncio.gather(*tasks)\n" + MAIN,
        PLAIN,
        kept=("    app = serve()\n", "beside = asyncio.gather(work())"),
    ),
    Movable(
        "a list that is filled, with others on a condition",
        ASYNC + SHOWS + BESIDE + CONFIG + "    tasks = []\n    tasks.append(asyncio.create_task(server.serve()))\n    if app.routes:\n        tasks.append(asyncio.create_task(work()))\n    await asyncio.gather(*tasks)\n" + MAIN,
        PLAIN,
        kept=("            tasks.append(asyncio.create_task(work()))\n", "beside = asyncio.gather(*tasks)"),
        gone=("server",),
    ),
    Movable(
        "a wait for all of a list",
        ASYNC + SHOWS + BESIDE + CONFIG + "    await asyncio.wait([asyncio.create_task(server.serve()), asyncio.create_task(work())])\n" + MAIN,
        PLAIN,
        kept=("beside = asyncio.gather(asyncio.create_task(work()))",),
    ),
    Movable(
        "a wait for the first of two tasks, which ends the other",
        ASYNC + SHOWS + LONG + CONFIG + "    serving = asyncio.create_task(server.serve())\n    working = asyncio.create_task(work())\n    done, pending = await asyncio.wait({serving, working}, return_when=asyncio.FIRST_COMPLETED)\n    for task in pending:\n        task.cancel()\n" + MAIN,
        PLAIN,
        kept=("        done, pending = set(), {asyncio.ensure_future(working)}\n", "        for task in pending:\n            task.cancel()\n"),
        gone=("serving =",),
        notes=("`working` runs beside the app: where it ends, the server goes on",),
    ),
    Movable(
        "a wait for a list that is filled",
        ASYNC + SHOWS + BESIDE + CONFIG + "    tasks = [asyncio.create_task(work())]\n    tasks.append(asyncio.create_task(server.serve()))\n    _, pending = await asyncio.wait(tasks)\n    for task in pending:\n        task.cancel()\n" + MAIN,
        PLAIN,
        kept=("        _, pending = set(), {*map(asyncio.ensure_future, tasks)}\n",),
    ),
    *(
        (
            Movable(
                "a group of tasks",
                ASYNC + SHOWS + BESIDE + CONFIG + GROUP + "        group.create_task(server.serve())\n        group.create_task(work())\n" + MAIN,
                PLAIN,
                kept=("beside = asyncio.gather(work())", AROUND),
                gone=("uvicorn", "TaskGroup"),
                notes=("`work()` runs beside the app: where it fails, the server goes on",),
            ),
            Movable(
                "a group of tasks with names, one of a function that serves, and code after it",
                ASYNC + SHOWS + API + BESIDE + GROUP + "        api = group.create_task(serve(), name='api')\n        # the other\n        worker = group.create_task(work(), name='work')\n    await asyncio.sleep(0)\n" + MAIN,
                PLAIN,
                kept=("    app = serve()\n", "beside = asyncio.gather(work())", "        await asyncio.sleep(0)\n"),
            ),
        )
        if sys.version_info >= (3, 11)
        else ()
    ),
)  # fmt: skip

LATE = (
    Movable(
        "an app that a coroutine makes",
        BUILD + "async def main():\n    app = await build()\n" + SERVE + MAIN,
        PLAIN,
        kept=("        app = await build()\n        outer.mount(\"\", app)\n", SHELL, "import starlette.applications"),
        gone=("uvicorn",),
        notes=("the app that is served is made when the server starts, within one that is empty",),
    ),
    Movable(
        "an app that a coroutine makes of arguments, with a lifespan of its own and a cleanup",
        "import argparse\nimport contextlib\n" + BUILD.replace("async def build", "seen = []\n\n\n@contextlib.asynccontextmanager\nasync def lifespan(app):\n    seen.append('up')\n    yield {'seen': seen}\n\n\nasync def build").replace("(title=title)", "(title=title, lifespan=lifespan)").replace("return app.title", "return seen")
        + "async def main(args):\n    app = await build(args.title)\n    config = uvicorn.Config(app, host=args.host, port=args.port)\n    server = uvicorn.Server(config)\n    try:\n        await server.serve()\n    finally:\n        await asyncio.sleep(0)\n"
        + GUARD + "    parser = argparse.ArgumentParser()\n    parser.add_argument('--host', default='0.0.0.0')\n    parser.add_argument('--port', type=int, default=8010)\n    parser.add_argument('--title', default='t')\n    asyncio.run(main(parser.parse_args()))\n",
        PLAIN,
        kept=("        finally:\n            await asyncio.sleep(0)\n", SHELL),
    ),
    Movable(
        "an app that is made within what is open while it serves, and gets middleware there",
        "import contextlib\nfrom starlette.middleware.gzip import GZipMiddleware\n" + ASYNC.replace("app = FastAPI()\n", "api = FastAPI()\n").replace("@app", "@api") + "\n\n@contextlib.asynccontextmanager\nasync def engine():\n    yield 1\n\n\ndef make(opened):\n    app = FastAPI()\n    app.include_router(api.router)\n    app.state.engine = opened\n    return app\n\n\n"
        "async def main():\n    async with engine() as opened:\n        app = make(opened)\n        app.add_middleware(GZipMiddleware)\n    " + CONFIG + "        await server.serve()\n" + MAIN,
        PLAIN,
        kept=("            app.add_middleware(GZipMiddleware)\n            outer.mount(\"\", app)\n", SHELL),
    ),
    Movable(
        "an app that is made where the configuration is, after what waits",
        BUILD.replace("async def", "def").replace("    await asyncio.sleep(0)\n", "") + "async def main():\n    await asyncio.sleep(0)\n    await uvicorn.Server(uvicorn.Config(build(), host='0.0.0.0', port=8010)).serve()\n" + MAIN,
        PLAIN,
        kept=("        app = build()\n        outer.mount(\"\", app)\n",),
    ),
    Movable(
        "an app of the module that a coroutine prepares and gives",
        ASYNC + "\n\nasync def init_app():\n    await asyncio.sleep(0)\n    app.state.ready = True\n    return app\n\n\nasync def main():\n    served = await init_app()\n" + SERVE.replace("(app", "(served") + MAIN,
        PLAIN,
        kept=("        served = await init_app()\n        outer.mount(\"\", served)\n",),
    ),
    Movable(
        "an app that a loop of the main block makes",
        BUILD + "if __name__ == '__main__':\n    app = asyncio.get_event_loop().run_until_complete(build())\n" + RUN,
        PLAIN,
        kept=("        app = await build()\n",),
    ),
    Movable(
        "an app that a coroutine makes, beside a worker",
        BUILD + "async def work():\n    await asyncio.sleep(0)\n\n\nasync def main():\n    app = await build()\n" + CONFIG + "    await asyncio.gather(server.serve(), work())\n" + MAIN,
        PLAIN,
        kept=("        beside = asyncio.gather(work())\n        outer.mount(\"\", app)\n",),
    ),
)  # fmt: skip

NOT_TOGETHER = (
    Unmovable(
        "a group of tasks that does more",
        ASYNC + BESIDE + CONFIG + GROUP + "        group.create_task(server.serve())\n        await work()\n" + MAIN,
        ((20, "`group.create_task(server.serve())` does more than to start the server"),),
    ),
    Unmovable(
        "servers in a list that are gathered",
        ASYNC + "\n\nasync def main():\n    servers = [uvicorn.Server(uvicorn.Config(app, port=8010)), uvicorn.Server(uvicorn.Config(app, port=8011))]\n    await asyncio.gather(*(each.serve() for each in servers))\n" + MAIN,
        ((15, "`(each.serve() for each in servers)` starts several servers, and one command starts one"),),
    ),
    Unmovable(
        "a list that more servers are added to",
        "import os\n" + ASYNC + "\n\nasync def main():\n    servers = [uvicorn.Server(uvicorn.Config(app, port=8010)).serve()]\n    if os.path.exists('key.pem'):\n"
        "        servers.append(uvicorn.Server(uvicorn.Config(app, port=8011)).serve())\n    await asyncio.gather(*servers)\n" + MAIN,
        ((15, "`[uvicorn.Server(uvicorn.Config(app, port=8010)).serve()]` starts several servers, and one command"),),
    ),
    Unmovable(
        "a list of tasks that others look at",
        ASYNC + BESIDE + CONFIG + "    tasks = [server.serve(), work()]\n    print(tasks)\n    await asyncio.gather(*tasks)\n" + MAIN,
        ((19, "`[server.serve(), work()]` does more than to start the server"),),
    ),
    Unmovable(
        "an app that is made only in the loop, by a module that is not known",
        ASYNC.replace("from fastapi import FastAPI", "from elsewhere import build").replace("app = FastAPI()", "app = None").replace("@app.get('/health')\n", "") + "\n\nasync def main():\n    api = await build()\n    await uvicorn.Server(uvicorn.Config(api)).serve()\n" + MAIN,
        ((14, "is made only after that, and the app is not known to have a lifespan of Starlette's"),),
    ),
)  # fmt: skip
