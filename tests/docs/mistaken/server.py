from vllm import LLM

MODEL = LLM
