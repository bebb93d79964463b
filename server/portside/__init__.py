"""Launch hygiene and a dev server for people who serve language models with vLLM."""

__version__ = "0.1.0"
