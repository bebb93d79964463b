"""Where every process of ours in somebody else's interpreter begins: `python boot.py ROLE FD`.

It stays the `__main__` of a worker that runs an app, so a child that
multiprocessing spawns runs this file again: it has to be guarded, and tiny.
The package is put into place by file, under a name of its own, because neither
its folder (its `worker.py` would shadow the user's) nor Portside's may be on
the path of the user's program.
"""

import importlib
import os
import sys
import types

PACKAGE = "_portside_inside"


def main() -> None:
    folder = os.path.dirname(os.path.realpath(__file__))
    if sys.path and os.path.realpath(sys.path[0] or os.curdir) == folder:
        del sys.path[0]
    package = types.ModuleType(PACKAGE)
    package.__path__ = [folder]
    sys.modules[PACKAGE] = package
    role, descriptor = sys.argv[1:3]
    importlib.import_module(f"{PACKAGE}.{role}").main(int(descriptor))


if __name__ == "__main__":
    main()
