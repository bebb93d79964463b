"""What the editor is told that the session can do, and what of a launch is debugpy's to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portside.devserver.workers.processes import INSIDE

# debugpy 1.8, adapter/clients.py, initialize_request; what is asked before any worker is there is left out.
CAPABILITIES: dict[str, Any] = {
    **dict.fromkeys(
        (
            "supportsClipboardContext",
            "supportsCompletionsRequest",
            "supportsConditionalBreakpoints",
            "supportsConfigurationDoneRequest",
            "supportsDelayedStackTraceLoading",
            "supportsEvaluateForHovers",
            "supportsExceptionInfoRequest",
            "supportsExceptionOptions",
            "supportsFunctionBreakpoints",
            "supportsGotoTargetsRequest",
            "supportsHitConditionalBreakpoints",
            "supportsLogPoints",
            "supportsModulesRequest",
            "supportsRestartRequest",
            "supportsSetExpression",
            "supportsSetVariable",
            "supportsStepInTargetsRequest",
            "supportsTerminateRequest",
            "supportTerminateDebuggee",
            "supportsValueFormattingOptions",
        ),
        True,
    ),
    "exceptionBreakpointFilters": [
        {
            "filter": "raised",
            "label": "Raised Exceptions",
            "default": False,
            "description": "Break whenever any exception is raised.",
        },
        {
            "filter": "uncaught",
            "label": "Uncaught Exceptions",
            "default": True,
            "description": "Break when the process ends due to an unhandled exception.",
        },
        {
            "filter": "userUnhandled",
            "label": "User Uncaught Exceptions",
            "default": False,
            "description": "Break when an exception escapes into library code.",
        },
    ],
}

_PASSED_ON = ("django", "gevent", "jinja", "justMyCode", "pathMappings", "showReturnValue")


def attach_arguments(launch: Mapping[str, Any]) -> dict[str, Any]:
    """What debugpy is to know for each generation."""
    passed = {name: launch[name] for name in _PASSED_ON if name in launch}
    return {
        "name": launch.get("name", "portside"),
        "type": "python",
        "request": "attach",
        "showReturnValue": True,
        "jinja": True,
        **passed,
        # Portside's own frames below the app are nobody's code to step into, wherever it is installed.
        "rules": [{"path": str(INSIDE / "**"), "include": False}, *launch.get("rules", ())],
    }
