from vllm.v1.engine.async_llm import AsyncLLM

AsyncLLMEngine = AsyncLLM  # an alias since vLLM 0.12

__all__ = ["AsyncLLMEngine"]
