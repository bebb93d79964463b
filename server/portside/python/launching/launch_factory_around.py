"""What has to run around the server, in its loop: a factory leaves it to the lifespan of the app.

async def main():                                  def main():
    await bot.start()
    try:                                               @contextlib.asynccontextmanager
        server = uvicorn.Server(Config(app))           async def while_serving(app, lifespan=app.router…):
        await server.serve()                               await bot.start()
    finally:                                  ->           try:
        await bot.close()                                      async with lifespan(app) as state:
                                                                   yield state
                                                           finally:
                                                               await bot.close()

                                                       app.router.lifespan_context = while_serving
                                                       return app

The times are the same: before the app's own startup, and after its own shutdown. Where the app is there only
once the loop runs, another one that is empty takes it in:

async def main():                                  def main():
    async with client() as opened:                     @contextlib.asynccontextmanager
        app = await build(opened)                      async def while_serving(outer):
        server = uvicorn.Server(Config(app))               async with client() as opened:
        await server.serve()                  ->               app = await build(opened)
                                                               outer.mount("", app)
                                                               async with app.router.lifespan_context(app)…:
                                                                   yield state

                                                       return Starlette(lifespan=while_serving)
"""

from __future__ import annotations

from tree_sitter import Node

from portside.python.launching.launch_site import Level
from portside.records import dataclass


@dataclass(frozen=True)
class Around:
    """What becomes a lifespan.

    level: whose block it is. first: where it begins, up to the end of the block. step: the statement in
    it that serves. beside: what runs at the same time as the server. shared, outer: names that it
    binds and that are the module's, or those of the function around it. app, lifespan, state, name, others:
    what these are called. served: what has to be called first to have the app, None for nothing. late:
    whether the app is made in the loop, by what runs around the server.
    """

    level: Level
    first: Node
    step: Node
    beside: tuple[Node, ...]
    shared: tuple[str, ...]
    outer: tuple[str, ...]
    app: str
    lifespan: str
    state: str
    name: str
    others: str
    served: str | None
    late: bool = False

    def covers(self, node: Node) -> bool:
        """Whether the node is in the code that runs around the server."""
        return self.first.start_byte <= node.start_byte < self.level.block.end_byte
