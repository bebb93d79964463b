"""The way that some tutorials and error pages show it. No release of vLLM has `LLM.serve`."""

from vllm import LLM

llm = LLM(model="llama-3b")
llm.serve(port=1234)
