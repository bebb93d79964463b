#!/bin/sh
set -e
vllm serve Qwen/Qwen2.5-0.5B-Instruct --port 8000 &
PORT=8000 python server.py
