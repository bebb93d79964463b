"""Ways to fail at a GPU, its driver and its compilers."""

from __future__ import annotations

from portside.knowledge.failure_entry import Known, Rank

ENTRIES = (
    Known(
        "gpu-out-of-memory",
        "memory",
        (
            r"(?:CUDA|HIP|XPU|MPS backend|NPU|ROCm) out of memory\.? ?(?:\(.*?\))?(?:Tried to allocate (?P<size>[\d.]+ \w+))?",
            r"(?:CUDA|HIP) out of memory occurred when warming up",
            r"CUDA [Ee]rror: out of memory|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation",
            r"CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED",
            r"OutOfMemoryError: .*",
            r"cudaMalloc failed: out of memory",
        ),
        "the GPU's memory is full: {size} more were not to be had",
        "weights, KV cache and what other processes hold do not fit together; what an earlier run left behind counts too",
        (
            "see who holds memory: `nvidia-smi`, `portside ps`",
            "ask for less: `--gpu-memory-utilization 0.85`, `--max-model-len`, `--max-num-seqs`, a quantized model",
            "spread it: `--tensor-parallel-size 2`",
        ),
        bare="the GPU's memory is full",
        sources=(
            "torch 2.13.0 c10/cuda/CUDACachingAllocator.cpp",
            "vLLM 0.32.0 v1/worker/gpu_model_runner.py:5991",
        ),
        printed=(
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.32 GiB. GPU 0 has a total capacity of 23.57 GiB of "
            "which 1.20 GiB is free.",
            "RuntimeError: CUDA out of memory occurred when warming up sampler with 256 dummy requests. Please try lowering "
            "`max_num_seqs` or `gpu_memory_utilization` when initializing the engine.",
        ),
    ),
    Known(
        "memory-full",
        "memory",
        (
            r"DefaultCPUAllocator: (?:can't|not enough) (?:allocate )?memory",
            r"^MemoryError\b",
            r"\[Errno 12\] Cannot allocate memory",
            r"numpy\._core\._exceptions\._ArrayMemoryError",
        ),
        "the machine's memory is full",
        "the weights pass through it on their way to the GPU, and stay there on a CPU",
        ("free some, or load less: a smaller model, fewer workers",),
        sources=("torch 2.13.0 c10/core/impl/alloc_cpu.cpp", "CPython"),
        printed=(
            "RuntimeError: [enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
            "allocate 544997376 bytes. Error code 12 (Cannot allocate memory)",
        ),
    ),
    Known(
        "no-gpu",
        "gpu",
        (
            r"No CUDA GPUs are available",
            r"Found no NVIDIA driver on your system",
            r"Failed to infer device type",
            r"Torch not compiled with CUDA enabled",
            r"NVMLError_(?:LibraryNotFound|DriverNotLoaded)|NVML Shared Library Not Found|(?i:can't initialize nvml)",
            r"Device string must not be empty",
            r"no CUDA-capable device is detected",
            r"could not select device driver \"\w*\" with capabilities: \[\[gpu\]\]",
            r"CUDA unknown error - this may be due to an incorrectly set up environment",
            r"Attempting to deserialize object on a CUDA device but torch\.cuda\.is_available\(\) is False",
            r"libcuda\.so(?:\.1)?: cannot open shared object file",
        ),
        "no GPU can be used here",
        "there is none, its driver is not loaded, CUDA_VISIBLE_DEVICES hides it, the container was started without it, or "
        "torch was built for the CPU",
        (
            "`nvidia-smi` has to list it, in the same place where the server runs",
            "in a container: `docker run --gpus all` with the NVIDIA container toolkit",
            "on purpose without a GPU: vLLM's CPU build",
        ),
        loud=True,
        sources=(
            "torch 2.13.0 torch/cuda/__init__.py:522",
            "vLLM 0.32.0 config/device.py:56",
            "Docker Engine",
        ),
        printed=(
            "RuntimeError: No CUDA GPUs are available",
            "RuntimeError: Failed to infer device type, please set the environment variable `VLLM_LOGGING_LEVEL=DEBUG` to turn on "
            "verbose logging to help debug the issue.",
            "AssertionError: Torch not compiled with CUDA enabled",
            'docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].',
        ),
    ),
    Known(
        "driver-too-old",
        "gpu",
        (
            r"The NVIDIA driver on your system is too old(?: \(found version (?P<version>\d+)\))?",
            r"CUDA driver version is insufficient for CUDA runtime version",
            r"the provided PTX was compiled with an unsupported toolchain",
            r"unsatisfied condition: cuda>=(?P<wanted>[\d.]+)",
            r"CUDA error: (?:system not yet initialized|forward compatibility was attempted)",
            r"Error 80[234]: (?:system not yet initialized|system has unsupported display driver|forward compatibility)",
        ),
        "the GPU's driver does not fit the CUDA that this build uses",
        "torch and vLLM bring a CUDA runtime that needs a driver of at least its own version (803, 804: driver and "
        "libraries of two versions; 802: fabric manager not running)",
        (
            "update the driver, or install a build for the CUDA version that `nvidia-smi` shows",
            "after an update of the driver: restart the machine",
        ),
        loud=True,
        sources=("torch 2.13.0 c10/cuda/CUDAFunctions.cpp", "nvidia-container-cli"),
        printed=(
            "RuntimeError: The NVIDIA driver on your system is too old (found version 12040).",
            "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.9, please update your driver",
        ),
    ),
    Known(
        "cuda-error",
        "gpu",
        (
            r"(?:CUDA|HIP) error: (?P<reason>[^(\n]+?)(?:\.|$)",
            r"AcceleratorError: (?P<reason>.+)",
            r"Triton Error \[CUDA\]: (?P<reason>.+)",
            r"CUBLAS_STATUS_\w+|CUDNN_STATUS_\w+",
            r"cudaErrorIllegalAddress|CUDA_ERROR_\w+",
        ),
        "a computation on the GPU failed: {reason}",
        "CUDA reports such errors late, so the traceback may show another place; the causes are kernels that do not fit the "
        "GPU or the model, a broken index, or a fault of the device",
        (
            "start with CUDA_LAUNCH_BLOCKING=1 to see the place",
            "try `--enforce-eager`",
            "`nvidia-smi -q | grep -i xid`, `dmesg | grep -i xid`",
        ),
        bare="a computation on the GPU failed",
        rank=Rank.SYMPTOM,
        sources=("torch 2.13.0 c10/cuda/CUDAException.cpp",),
        printed=("torch.AcceleratorError: CUDA error: an illegal memory access was encountered",),
    ),
    Known(
        "nccl-error",
        "gpu",
        (
            r"NCCL error(?: in)?:? ?(?P<reason>.*)",
            r"ncclSystemError|ncclInternalError|ncclUnhandledCudaError|ncclRemoteError",
            r"NCCL (?:WARN|communicator).*(?:fail|error|timeout)",
            r"ProcessGroupNCCL.*(?:timeout|timed out)",
            r"Watchdog caught collective operation timeout",
        ),
        "the GPUs could not talk to each other (NCCL)",
        "mostly too little shared memory, a network interface that NCCL may not use, or peer access that the machine lacks",
        (
            "NCCL_DEBUG=INFO names the reason",
            "in a container: `--ipc=host`, or a larger --shm-size",
            "try NCCL_P2P_DISABLE=1, or NCCL_SOCKET_IFNAME=<interface>",
        ),
        rank=Rank.SYMPTOM,
        sources=("NCCL 2.28", "vLLM 0.32.0 distributed/device_communicators/pynccl_wrapper.py"),
        printed=("RuntimeError: NCCL error: unhandled system error (run with NCCL_DEBUG=INFO for details)",),
    ),
    Known(
        "compiler-missing",
        "gpu",
        (
            r"Failed to find C compiler",
            r"Python\.h: No such file or directory",
            r"(?i)could not find nvcc|CUDA_HOME environment variable is not set|nvcc: (?:command )?not found",
            r"No such file or directory: '(?:[\w./-]*/)?(?P<tool>nvcc|ninja|gcc|g\+\+|cc|c\+\+)'",
            r"InvalidCxxCompiler|No working C\+\+ compiler found",
            r"Ninja is required to load C\+\+ extensions",
        ),
        "a compiler is missing that the kernels need",
        "Triton, torch.compile and FlashInfer compile kernels when the engine starts: they need gcc, Python's headers, "
        "ninja, some also nvcc",
        (
            "install them: `apt-get install build-essential python3-dev`, `pip install ninja`; for nvcc the CUDA toolkit",
            "or leave compiling out: `--enforce-eager`",
        ),
        sources=(
            "triton 3.5 runtime/build.py",
            "torch 2.13.0 _inductor/cpp_builder.py, utils/cpp_extension.py",
        ),
        printed=(
            "RuntimeError: Failed to find C compiler. Please specify via CC environment variable.",
            "FileNotFoundError: [Errno 2] No such file or directory: 'nvcc'",
        ),
    ),
    Known(
        "compile-failed",
        "gpu",
        (
            r"CalledProcessError: Command '?\[?'?(?P<tool>[^' ]*(?:gcc|cc|g\+\+|c\+\+|ninja|nvcc))\b",
            r"Ninja build failed",
            r"(?:torch\._inductor\.exc\.|^)InductorError",
            r"PassManager::run failed",
            r"BackendCompilerFailed",
            r"ptxas fatal",
            r"nvcc fatal",
        ),
        "a kernel could not be compiled",
        "the compiler's own message stands above: often headers that are missing, or a compiler that is too old or too new",
        ("read the lines above this one", "leave compiling out: `--enforce-eager`"),
        rank=Rank.SYMPTOM,
        sources=("torch 2.13.0 _inductor", "triton 3.5 runtime/build.py", "flashinfer jit"),
        printed=(
            "subprocess.CalledProcessError: Command '['/usr/bin/gcc', '/tmp/tmp1/main.c', '-O3']' returned non-zero exit status 1.",
            "RuntimeError: Ninja build failed. Ninja output:",
        ),
    ),
)
