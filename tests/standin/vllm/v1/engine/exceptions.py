class EngineGenerateError(Exception):
    """A request failed; the engine lives."""


class EngineDeadError(Exception):
    """The engine core is gone."""

    def __init__(self) -> None:
        super().__init__("EngineCore encountered an issue. See stack trace (above) for the root cause.")
