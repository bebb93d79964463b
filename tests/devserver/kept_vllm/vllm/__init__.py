"""As much of vLLM 0.32 as a kept engine rests on: real sockets, messages and processes, and no model."""

__version__ = "0.32.0"
