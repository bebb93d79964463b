#!/usr/bin/env bash
# Starts the server on this machine. MODEL_ID picks another model.
set -euo pipefail
cd "$(dirname "$0")"

export MODEL_ID="${MODEL_ID:-Qwen/Qwen2.5-VL-3B-Instruct}"
export HF_HUB_ENABLE_HF_TRANSFER=0

exec python core/qwen_vllm_server.py
