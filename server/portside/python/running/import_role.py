"""Whether a file is a script, or a module that other code imports."""

from __future__ import annotations

from portside.python.facts import FileFacts


def made_on_import_of_module(facts: FileFacts) -> bool:
    """Whether what the file does on import happens in a module rather than in a script.

    It has an app (or a part of one), starts a server, is imported by a file of the
    workspace, or can't be run as a script at all.
    """
    name = facts.source.path.replace("\\", "/").rpartition("/")[2]
    if name == "__init__.py" or facts.module.serves:
        return True
    if any(found.module.startswith(".") for found in facts.module.imports):
        return True
    return bool(facts.workspace.imported_by)
