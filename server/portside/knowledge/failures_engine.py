"""Ways to fail inside vLLM: the engine's processes, its memory plan, its settings."""

from __future__ import annotations

from portside.knowledge.failure_entry import Known, Rank

ENTRIES = (
    Known(
        "engine-failed",
        "engine",
        (
            r"Engine core initialization failed",
            r"EngineCore (?:failed to start|encountered (?:a fatal error|an issue))|EngineCore hit an exception",
            r"WorkerProc (?:initialization failed|failed to start)",
            r"Frontend process failed during engine core initialization",
            r"Engine process failed to start",
            r"\bEngineDeadError\b|\bAsyncEngineDeadError\b|\bMQEngineDeadError\b",
            r"(?:Background loop has errored|Background loop is stopped)",
            r"Engine background task failed|Engine loop (?:is not running|has died)",
            r"Engine core proc \S+ died unexpectedly",
            r"RuntimeError: Worker failed with error",
            r"Worker(?:Proc| proc) .*died unexpectedly|VllmWorkerProcess .* died|Worker .* pid \d+ died, exit code",
            r"One of the (?:engine|worker) processes died",
            r"multiprocessing\.(?:process\.)?ChildProcessError|ChildFailedError|ProcessExitedException",
            r"Executor failed\.?$|RuntimeError: cancelled$",
            r"Error in (?:calling|executing) (?:custom )?method|Error executing method",
            r"DP Coordinator process failed|Server process \d+ .*died|RayActorError|ActorDiedError",
        ),
        "the engine did not start, or died",
        "this line only tells that one of its processes ended; the reason is the first exception of that process, "
        "further up, and this log does not hold it",
        (
            "look above for the first line with ERROR or Traceback of EngineCore or Worker",
            "start again with VLLM_LOGGING_LEVEL=DEBUG and keep the whole log",
            "see whether the kernel killed it: `dmesg | grep -i kill`",
        ),
        rank=Rank.POINTER,
        sources=(
            "vLLM 0.32.0 v1/engine/utils.py:1432, v1/engine/core.py:1510, v1/executor/multiproc_executor.py:790",
        ),
        seen=(
            "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
            "(EngineCore pid=7) ERROR 11-21 18:42:51 [core.py:1510] EngineCore failed to start.",
        ),
        printed=(
            "Exception: WorkerProc initialization failed due to an exception in a background process. See stack trace for root cause.",
        ),
    ),
    Known(
        "gpu-memory-taken",
        "memory",
        (
            r"Free memory on device(?: \S+)? \((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup is less than desired GPU "
            r"memory utilization \((?P<share>[\d.]+), (?P<wanted>[\d.]+) GiB\)",
        ),
        "only {free} of {total} GiB of the GPU are free, and vLLM wants {wanted} (utilization {share})",
        "another process uses the GPU, often an engine that an earlier run left behind; or the display does",
        (
            "see who: `nvidia-smi`, `portside ps`; stop what is left of earlier runs",
            "ask for less: `--gpu-memory-utilization` below free ÷ total",
        ),
        sources=("vLLM 0.33.0 v1/worker/utils.py:762",),
        printed=(
            "ValueError: Free memory on device cuda:0 (3.22/24.0 GiB) on startup is less than desired GPU memory utilization "
            "(0.92, 22.08 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.",
        ),
    ),
    Known(
        "no-memory-for-cache",
        "memory",
        (r"No available memory for the cache blocks",),
        "after the weights nothing is left for the KV cache",
        "the model takes all of the share of the GPU that vLLM may use",
        (
            "give it more: `--gpu-memory-utilization 0.95`; free the GPU of other processes",
            "load less: a quantized model, `--tensor-parallel-size`, smaller `--max-num-seqs` and `--max-model-len`",
        ),
        sources=("vLLM 0.32.0 v1/core/kv_cache_utils.py:1011",),
        printed=(
            "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when "
            "initializing the engine.",
        ),
    ),
    Known(
        "context-too-long-for-cache",
        "memory",
        (
            r"with the model(?:'s|s's|s'|s)? max seq len \((?P<asked>\d+)\), \(?(?P<need>[\d.]+) GiB KV cache is needed, which is "
            r"larger than the available KV cache memory \((?P<have>[\d.]+) GiB\)",
            r"max seq len \((?P<asked>\d+)\) is larger than the maximum number of tokens that can be stored in KV cache "
            r"\((?P<room>\d+)\)",
        ),
        "one request of {asked} tokens does not fit into the KV cache",
        "the cache has to hold at least one request of --max-model-len tokens",
        (
            "shorten the context: `--max-model-len`; where the log estimates a maximum, take that",
            "make room: `--gpu-memory-utilization 0.95`, `--kv-cache-dtype fp8`, a smaller or quantized model, more GPUs",
        ),
        sources=("vLLM 0.32.0 v1/core/kv_cache_utils.py:1033", "vLLM 0.6 worker/worker.py"),
        printed=(
            "ValueError: To serve at least one request with the models's max seq len (32768), (4.50 GiB KV cache is needed, "
            "which is larger than the available KV cache memory (2.10 GiB). Based on the available memory, the estimated "
            "maximum model length is 15280.",
            "ValueError: The model's max seq len (131072) is larger than the maximum number of tokens that can be stored in "
            "KV cache (80896). Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when initializing the engine.",
        ),
    ),
    Known(
        "cpu-cache-too-big",
        "memory",
        (
            r"Available memory on node \d+ \((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on kv cache allocation is less than "
            r"requested memory for kv \((?P<wanted>[\d.]+) GiB\)",
        ),
        "{wanted} GiB are asked for the KV cache, and {free} GiB of memory are free",
        "on a CPU the cache lies in the machine's memory",
        ("ask for less: VLLM_CPU_KVCACHE_SPACE (GiB), or `--kv-cache-memory-bytes`",),
        sources=("vLLM 0.32.0 v1/worker/cpu_worker.py",),
        seen=(
            "ValueError: Available memory on node 0 (11.94/15.09 GiB) on kv cache allocation is less than requested memory for "
            "kv (100.0 GiB). Decrease --kv-cache-memory-bytes, VLLM_CPU_KVCACHE_SPACE, or reduce CPU memory used by other processes.",
        ),
    ),
    Known(
        "memory-changed-while-profiling",
        "memory",
        (r"Error in memory profiling\.",),
        "the GPU's free memory grew while vLLM measured it",
        "another process on the same GPU ended at that moment, so the measurement can't be used",
        ("start again once the other one has ended",),
        sources=("vLLM 0.32.0 v1/worker/gpu_worker.py:720",),
        printed=(
            "AssertionError: Error in memory profiling. Initial free memory 21.1 GiB, current free memory 22.3 GiB. This "
            "happens when other processes sharing the same container release GPU memory while vLLM is profiling during initialization.",
        ),
    ),
    Known(
        "context-longer-than-model",
        "settings",
        (
            r"max_model_len \((?P<asked>\d+)\) is greater than the derived max_model_len \((?:max_position_embeddings=)?(?P<most>\w+)",
        ),
        "--max-model-len {asked} is more than the model was made for ({most})",
        "its config.json says how long a context may be",
        ("take at most {most}", "or, knowing that answers may get worse: VLLM_ALLOW_LONG_MAX_MODEL_LEN=1"),
        sources=("vLLM 0.32.0 config/model.py",),
        seen=(
            "  Value error, User-specified max_model_len (100000) is greater than the derived max_model_len "
            "(max_position_embeddings=512.0 or model_max_length=None in model's config.json).",
        ),
    ),
    Known(
        "heads-not-divisible",
        "settings",
        (
            r"Total number of attention heads \((?P<heads>\d+)\) must be divisible by tensor parallel size \((?P<size>\d+)\)",
            r"(?P<heads>\d+) is not divisible by (?P<size>\d+)",
        ),
        "{heads} attention heads can't be divided among {size} GPUs",
        "with tensor parallelism each GPU takes an equal part of the heads",
        ("take a --tensor-parallel-size that divides {heads}",),
        sources=("vLLM 0.32.0 config/model.py:1549",),
        seen=(
            "  Value error, Total number of attention heads (2) must be divisible by tensor parallel size (4).",
        ),
    ),
    Known(
        "too-few-gpus",
        "settings",
        (
            r"(?:Tensor parallel size|World size|world size) \((?P<size>\d+)\) (?:is|cannot be) larger than the number of available "
            r"(?:GPUs|devices) \((?P<have>\d+)\)",
            r"The number of required GPUs exceeds the total number of available GPUs",
            r"(?:CUDA|HIP) error: invalid device ordinal",
            r"is out of bounds.*device|device_id out of range|DP adjusted local rank \d+ is out of bounds",
            r"Total number of (?:GPUs|devices) .* less than",
        ),
        "{size} GPUs are asked for, {have} are there",
        "`--tensor-parallel-size` times `--pipeline-parallel-size` may not be more than the GPUs that this process sees "
        "(CUDA_VISIBLE_DEVICES, a container's `--gpus`)",
        ("lower --tensor-parallel-size, or make more GPUs visible: `nvidia-smi -L`",),
        bare="more GPUs are asked for than are there",
        sources=("vLLM 0.8 to 0.33 config/parallel.py, v1/executor", "torch 2.13.0"),
        printed=(
            "ValueError: World size (4) is larger than the number of available GPUs (1) in this node. If this is intentional "
            "and you are using: - ray, set '--distributed-executor-backend ray'.",
            "torch.AcceleratorError: CUDA error: invalid device ordinal",
        ),
    ),
    Known(
        "batched-tokens-too-few",
        "settings",
        (r"max_num_batched_tokens \((?P<batch>\d+)\) is smaller than max_model_len \((?P<length>\d+)\)",),
        "--max-num-batched-tokens {batch} is less than --max-model-len {length}",
        "without chunked prefill a whole prompt has to fit into one batch",
        ("raise --max-num-batched-tokens to {length}, lower --max-model-len, or enable chunked prefill",),
        sources=("vLLM 0.32.0 config/scheduler.py",),
        printed=(
            "ValueError: max_num_batched_tokens (8192) is smaller than max_model_len (32768). This effectively limits the "
            "maximum sequence length to max_num_batched_tokens",
        ),
    ),
    Known(
        "quantization-mismatch",
        "settings",
        (
            r"Quantization method specified in the model config \((?P<model>[\w-]+)\) does not match the quantization method "
            r"specified in the `quantization` argument \((?P<given>[\w-]+)\)",
            r"Cannot find the config file for (?P<given>\w+)",
            r"Unknown quantization method: (?P<given>\S+?)\.? ",
            r"Invalid quantization method: (?P<given>\S+)",
        ),
        "--quantization {given} is not how this model was quantized",
        "a quantized model says itself how; the option can't quantize one that is not (except fp8 and bitsandbytes)",
        ("leave --quantization out", "or take a model that was quantized that way"),
        sources=("vLLM 0.32.0 config/model.py:1454, model_executor/model_loader/weight_utils.py",),
        printed=(
            "ValueError: Quantization method specified in the model config (gptq) does not match the quantization method "
            "specified in the `quantization` argument (awq).",
        ),
        seen=("ValueError: Cannot find the config file for awq",),
    ),
    Known(
        "gpu-too-old",
        "settings",
        (
            r"(?i)bfloat16 is only supported on GPUs with compute capability of at least",
            r"(?:quantization method|Quantization scheme) ?(?P<method>\S*) is not supported for the current GPU",
            r"FlashAttention only supports Ampere GPUs or newer",
            r"(?:only supported on|requires) (?:\w+ )?GPUs? with (?:compute )?capability",
            r"no kernel image is available for execution on the device|device kernel image is invalid",
            r"Sinks are only supported in FlashAttention 3",
            r"(?i)(?:not supported|unsupported) (?:on|by|for) (?:this|your|current|the current)? ?(?:GPU|CUDA arch|device capability)",
            r"No valid attention backend|no valid attention backend",
            r"ptxas fatal *: *Value '(?P<arch>sm_\w+)' is not defined",
            r"type fp8e4nv not supported in this architecture",
        ),
        "this GPU can't do what the settings, the model or the build ask for",
        "some formats and kernels need a newer (or, for a build, a known) GPU generation: bfloat16 and FlashAttention 2 "
        "need Ampere (8.0), FP8 needs Ada or Hopper (8.9), FlashAttention 3 needs Hopper (9.0)",
        (
            "on a T4, V100 or older: `--dtype half`, a model that is quantized for it (GPTQ, AWQ)",
            'for "no kernel image": a build of vLLM and torch for this GPU',
        ),
        sources=("vLLM 0.32.0 config/vllm.py:903, platforms/cuda.py", "torch 2.13.0", "flash-attn 2"),
        printed=(
            "ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your Tesla T4 GPU has "
            "compute capability 7.5. You can use float16 instead by explicitly setting the `dtype` flag in CLI, for example: --dtype=half.",
            "torch.AcceleratorError: CUDA error: no kernel image is available for execution on the device",
            "ValueError: The quantization method awq_marlin is not supported for the current GPU. Minimum capability: 80. Current capability: 75.",
        ),
    ),
    Known(
        "dtype-not-supported",
        "settings",
        (
            r"dtype:? ?(?P<dtype>torch\.\w+) is not supported for quantization method (?P<method>\w+)",
            r"(?P<dtype>torch\.\w+) is not supported for quantization method (?P<method>\w+)",
        ),
        "{method} does not work with {dtype}",
        "the method has kernels for certain types only",
        ("`--dtype half` (AWQ, GPTQ), or the type that the message names",),
        sources=("vLLM config/vllm.py",),
        printed=(
            "ValueError: torch.bfloat16 is not supported for quantization method awq. Supported dtypes: [torch.float16]",
        ),
    ),
    Known(
        "engine-start-timed-out",
        "engine",
        (
            r"Timed out waiting for engine (?:core )?process(?:es)? to start",
            r"Did not receive response from front-end process within",
            r"TimeoutError: .*RPC call to \w+ timed out",
        ),
        "the engine was not ready in time",
        "slow disks or networks, or a compile that takes minutes; vLLM gives up after VLLM_ENGINE_READY_TIMEOUT_S (600)",
        ("raise VLLM_ENGINE_READY_TIMEOUT_S", "put the weights on a local disk"),
        sources=("vLLM 0.32.0 v1/engine/core_client.py:743",),
        printed=(
            "RuntimeError: Timed out waiting for engine core processes to start. This is often caused by slow weight loading "
            "for large models. Waited 600s (configured by VLLM_ENGINE_READY_TIMEOUT_S).",
        ),
    ),
    Known(
        "lora-rank-too-high",
        "settings",
        (r"LoRA rank (?P<rank>\d+) is greater than max_lora_rank (?P<most>\d+)",),
        "the adapter's rank {rank} is above --max-lora-rank {most}",
        "room for adapters is made when the engine starts",
        ("`--max-lora-rank {rank}`",),
        sources=("vLLM lora/peft_helper.py",),
        printed=("ValueError: LoRA rank 64 is greater than max_lora_rank 16.",),
    ),
    Known(
        "chat-template-missing",
        "settings",
        (
            r"The supplied chat template (?:string )?\((?P<path>[^)]*)\) (?:appears path-like|looks like a file path), but doesn't exist",
            r"chat template.*?(?P<path>\S+\.jinja).*(?:does not|doesn't) exist",
        ),
        "the chat template {path} does not exist",
        "the path counts from the folder in which the server was started",
        ("correct --chat-template",),
        sources=("vLLM 0.32.0 entrypoints/chat_utils.py",),
        printed=(
            "ValueError: The supplied chat template (./template.jinja) looks like a file path, but doesn't exist! Tried: x",
        ),
    ),
    Known(
        "tool-parser-unknown",
        "settings",
        (r"invalid (?:tool call|reasoning) parser: (?P<name>\S+)",),
        "there is no parser {name}",
        "parsers are named by the release; the message lists them",
        ("take one of the list",),
        sources=("vLLM entrypoints/openai/api_server.py",),
        printed=("KeyError: 'invalid tool call parser: qwen (chose from { hermes,mistral })'",),
    ),
    Known(
        "ray-not-usable",
        "engine",
        (
            r"Could not find any running Ray instance",
            r"Ray is not installed|Please install Ray with",
            r"Failed to connect to (?:GCS|Ray)",
            r"(?i)cannot provide a placement group",
        ),
        "Ray can't be used as it is here",
        "several nodes, or --distributed-executor-backend ray, need a running Ray cluster with enough GPUs",
        (
            "on one machine leave Ray out: `--distributed-executor-backend mp`",
            "else `ray start --head`, and `ray status`",
        ),
        sources=("Ray 2.x", "vLLM 0.32.0 v1/executor/ray_utils.py:277"),
        printed=(
            "ConnectionError: Could not find any running Ray instance. Please specify the one to connect to by setting `--address` flag",
        ),
    ),
    Known(
        "request-too-long",
        "requests",
        (
            r"This model's maximum context length is (?P<most>\d+) tokens.*?requested (?P<asked>\d+)",
            r"This model's maximum context length is (?P<most>\d+) tokens",
        ),
        "a request was longer than the context of {most} tokens",
        "prompt and answer together have to fit into --max-model-len",
        (
            "send less, or ask for fewer tokens (max_tokens)",
            "raise --max-model-len, if model and memory allow",
        ),
        rank=Rank.SYMPTOM,
        sources=("vLLM 0.32.0 entrypoints/openai",),
        printed=(
            "ValueError: This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
        ),
    ),
    Known(
        "setting-invalid",
        "settings",
        (
            r"^\s*Value error, (?P<reason>.+?)(?: \[type=value_error.*)?$",
            r"^\s*Assertion failed, (?P<reason>.+?)(?: \[type=assertion_error.*)?$",
        ),
        "the settings do not fit: {reason}",
        "vLLM checks its settings against the model's config.json before anything loads",
        ("change the option that the message names",),
        rank=Rank.SYMPTOM,
        sources=("vLLM 0.32.0 config/*.py with pydantic 2",),
        printed=(
            "  Value error, Speculative decoding needs a draft model. [type=value_error, input_value=x]",
        ),
    ),
)
