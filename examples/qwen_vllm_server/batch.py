"""Answer every line of questions.txt, in one batch."""

import os
import pathlib

from vllm import LLM, SamplingParams

QUESTIONS = pathlib.Path(__file__).with_name("questions.txt")

llm = LLM(model=os.environ.get("MODEL_ID", "Qwen/Qwen2.5-VL-3B-Instruct"), max_model_len=4096)
questions = QUESTIONS.read_text(encoding="utf-8").splitlines()
for output in llm.generate(questions, SamplingParams(temperature=0, max_tokens=64)):
    print(f"Q: {output.prompt}\nA:{output.outputs[0].text}\n")
