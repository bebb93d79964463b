"""Ways to fail at a model: finding it, being let to it, reading it."""

from __future__ import annotations

from portside.knowledge.failure_entry import Known, Rank

_REPO = r"(?P<model>[\w.-]+/[\w.-]+)"

ENTRIES = (
    Known(
        "model-gated",
        "models",
        (
            r"You are trying to access a gated repo",
            r"Cannot access gated repo for url https?://[\w.]+/(?:api/models/)?(?P<model>[\w.-]+/[\w.-]+)",
            r"Access to model " + _REPO + r" is restricted",
            r"\bGatedRepoError\b",
        ),
        "the model {model} is gated: its owner lets in who has agreed to the terms",
        "the server has no Hugging Face token, or one of an account that was not let in",
        ("agree to the terms on the model's page", "give the server the token: HF_TOKEN, or `hf auth login`"),
        bare="the model is gated: its owner lets in who has agreed to the terms",
        sources=("huggingface_hub 1.x utils/_http.py:890", "transformers 5 utils/hub.py:611"),
        printed=(
            "OSError: You are trying to access a gated repo.",
            "Cannot access gated repo for url https://huggingface.co/meta-llama/Llama-3.1-8B/resolve/main/config.json.",
        ),
    ),
    Known(
        "token-refused",
        "models",
        (
            r"Invalid user token",
            r"Invalid credentials in Authorization header",
            r"401 Client Error: Unauthorized for url: https://huggingface",
            r"(?i)LocalTokenNotFoundError|Token is required",
        ),
        "Hugging Face refused the token, or there is none",
        "HF_TOKEN is wrong, expired or not set where the server runs",
        ("`hf auth whoami` with the same environment; then set HF_TOKEN anew",),
        sources=("huggingface_hub 1.x utils/_http.py",),
        printed=("huggingface_hub.errors.HfHubHTTPError: 401 Client Error. Invalid user token.",),
    ),
    Known(
        "model-not-found",
        "models",
        (
            r"(?P<model>\S+) is not a local folder and is not a valid model identifier",
            r"Repository Not Found for url: https?://[\w.]+/(?:api/models/)?(?P<model>[\w.%-]+/[\w.%-]+?)(?:/(?:resolve|revision|tree)\b|\.?$)",
            r"Invalid repository ID or local directory specified: '(?P<model>[^']+)'",
            r"Repo id must be in the form 'repo_name' or 'namespace/repo_name': '(?P<model>[^']+)'",
            r"Repo id must use alphanumeric chars.*?: '(?P<model>[^']+)'",
            r"\bRepositoryNotFoundError\b",
            r"Incorrect path_or_model_id: '(?P<model>[^']+)'",
        ),
        "the model {model} was not found",
        "no folder of that name is here (a relative one counts from where the server was started, a container sees only "
        "what is mounted), and Hugging Face has no such repository, or hides a private one",
        (
            "check the spelling; for a folder give its absolute path, and mount it into the container",
            "for a private repository set HF_TOKEN",
        ),
        bare="the model was not found",
        sources=(
            "transformers 5 utils/hub.py:570",
            "huggingface_hub 1.x utils/_http.py:947, utils/_validators.py:134",
        ),
        seen=(
            "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/models/none'. "
            "Use `repo_type` argument if needed.",
        ),
        printed=(
            "OSError: Qwen/Qwen9-7B is not a local folder and is not a valid model identifier listed on 'https://huggingface.co/models'",
            "Repository Not Found for url: https://huggingface.co/api/models/Qwen/Qwen9-7B.",
        ),
    ),
    Known(
        "model-not-cached",
        "models",
        (
            r"Cannot find an appropriate cached snapshot folder",
            r"outgoing traffic has been disabled",
            r"Cannot reach \S+: offline mode is enabled",
            r"\bOfflineModeIsEnabled\b",
            r"\bLocalEntryNotFoundError\b",
        ),
        "the model is not in the cache, and it may not be downloaded",
        "HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set, or the download was not let through",
        (
            "download it once: `hf download MODEL`",
            "unset HF_HUB_OFFLINE",
            "see that HF_HOME names the cache that has it",
        ),
        sources=("huggingface_hub 1.x _snapshot_download.py:383",),
        seen=(
            "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder for the specified "
            "revision on the local disk and outgoing traffic has been disabled.",
        ),
    ),
    Known(
        "model-server-unreachable",
        "models",
        (
            r"We couldn't connect to '(?P<url>[^']+)' to load",
            r"An error happened while trying to locate the file on the Hub and we cannot find the requested files in the local cache",
            r"host='(?P<url>huggingface\.co|[\w.-]*hf\.co|[\w.-]*xethub[\w.-]*|modelscope\.\w+|hf-mirror\.com)'.*(?:Max retries|timed out|Connection)",
            r"HTTPSConnectionPool\(host='(?P<url>[\w.-]+)'.*Max retries exceeded",
            r"Data processing error: CAS service error",
            r"429 Client Error: Too Many Requests",
            r"Consistency check failed: file should be of size",
        ),
        "{url} could not be reached to load the model",
        "no network, a proxy, a firewall, or a server that is down or wants fewer requests",
        (
            "`curl -I https://huggingface.co` from where the server runs",
            "behind a proxy set HTTPS_PROXY; a mirror: HF_ENDPOINT",
            "or download the model elsewhere and give its folder",
        ),
        bare="the model could not be downloaded",
        sources=(
            "transformers 5 utils/hub.py:621",
            "requests, urllib3, huggingface_hub 1.x file_download.py:443",
        ),
        seen=(
            "OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find them in the cached files.",
        ),
    ),
    Known(
        "model-file-missing",
        "models",
        (
            r"(?P<model>\S+) does not appear to have a file named (?P<file>\S+?)\.?(?: |$)",
            r"Can't load the configuration of '(?P<model>[^']+)'",
            r"Can't load tokenizer for '(?P<model>[^']+)'",
            r"Can't load (?:image|feature|video)? ?(?:processor|extractor|preprocessor)\w* for '(?P<model>[^']+)'",
            r"Cannot find any model weights with `(?P<model>[^`]+)`",
            r"Couldn't instantiate the backend tokenizer",
            r"Error no file named .* found in directory (?P<model>\S+)",
            r"No config file found in (?P<model>\S+)|neither '?config\.json'? nor",
            r"404 Client Error.*(?:Entry|Repository) Not Found|Entry Not Found for url: (?P<model>\S+)",
        ),
        "files of the model {model} are missing or not readable",
        "a model's folder needs config.json, the tokenizer's files and the weights (*.safetensors); an adapter's, a GGUF "
        "file's or a half-finished download's lacks some",
        (
            "look into the folder; download it again: `hf download MODEL`",
            "for a LoRA adapter serve its base model with `--enable-lora`; for GGUF give --tokenizer and the file",
        ),
        bare="files of the model are missing or not readable",
        sources=(
            "transformers 5 utils/hub.py, configuration_utils.py:865, tokenization_utils_base.py:1729",
            "vLLM 0.32.0 model_executor/model_loader/default_loader.py:260",
        ),
        printed=(
            "OSError: ./model does not appear to have a file named config.json. Checkout 'https://huggingface.co/x/tree/main' for available files.",
            "RuntimeError: Cannot find any model weights with `./model`",
            "OSError: Can't load tokenizer for './model'. If you were trying to load it from 'https://huggingface.co/models', make sure",
        ),
    ),
    Known(
        "weights-broken",
        "models",
        (
            r"Error while deserializing header: (?P<reason>\w+)",
            r"SafetensorError: (?P<reason>.+)",
            r"PytorchStreamReader failed|invalid load key, 'v'|UnpicklingError",
            r"(?:GGUF|gguf).*(?:magic|invalid|not a valid)",
        ),
        "a file of the model's weights is not whole",
        "a download was cut off, or git-lfs left a pointer instead of the file",
        (
            "remove it and download the model again: `hf download MODEL --force-download`",
            "for a git clone: `git lfs pull`",
        ),
        sources=("safetensors 0.6", "torch 2.13.0"),
        seen=(
            "safetensors_rust.SafetensorError: Error while deserializing header: incomplete metadata, file not fully covered",
        ),
    ),
    Known(
        "model-json-broken",
        "models",
        (
            r"(?:Unterminated string starting at|Expecting (?:value|property name|',' delimiter|':' delimiter)[^:]*): line \d+ column \d+",
            r"It looks like the config file at '(?P<file>[^']+)' is not a valid JSON file",
        ),
        "a JSON file could not be read to its end",
        "mostly a file of the model's folder that was cut off or edited, or the header of a weights file",
        ("download the model again: `hf download MODEL --force-download`",),
        rank=Rank.SYMPTOM,
        sources=("CPython json/decoder.py", "transformers 5 configuration_utils.py"),
        seen=(
            "  Value error, Unterminated string starting at: line 1 column 987 (char 986) [type=value_error, input_value=x]",
        ),
    ),
    Known(
        "weights-do-not-fit-model",
        "models",
        (
            r"(?:size|shape) mismatch for (?P<layer>\S+)",
            r"There is no module or parameter named '(?P<layer>[^']+)'",
            r"Following weights were not initialized from checkpoint",
            r"Attempted to load weight \(.*\) into parameter",
            r"^KeyError: '(?P<layer>(?:model\.|layers\.|lm_head|language_model\.|visual\.)[\w.]+)'",
        ),
        "the weights are not those that this architecture has ({layer})",
        "the model is newer than this release of vLLM, was merged or quantized in another way, or is an adapter",
        ("update vLLM", "try the model as its owner published it"),
        bare="the weights are not those that this architecture has",
        sources=("vLLM 0.32.0 model_executor/models/utils.py", "torch 2.13.0"),
        printed=(
            "ValueError: There is no module or parameter named 'lm_head.weight_scale' in Qwen2ForCausalLM",
        ),
    ),
    Known(
        "architecture-unknown",
        "models",
        (
            r"Model architectures \[(?P<architecture>[^\]]*)\] (?:are not supported|failed to be inspected)",
            r"model type `(?P<architecture>[^`]+)` but Transformers does not recognize this architecture",
            r"(?P<architecture>\w+For\w+) has no (?:vLLM|Transformers) implementation",
            r"Unrecognized model in (?P<architecture>\S+?)\.? Should have a `model_type`",
            r"Unrecognized configuration class .*(?P<architecture>\w+Config)",
            r"No model architectures are specified",
            r"Tokenizer class (?P<architecture>\w+) does not exist or is not currently imported",
        ),
        "this version does not know the model's architecture ({architecture})",
        "the model is newer than the installed vLLM or transformers, or is of a kind that they do not serve",
        ("update both: `pip install --upgrade vllm transformers`", "see vLLM's list of supported models"),
        bare="this version does not know the model's architecture",
        sources=(
            "vLLM 0.32.0 model_executor/models/registry.py:1206",
            "transformers 5 models/auto/configuration_auto.py:432",
        ),
        printed=(
            "ValueError: The checkpoint you are trying to load has model type `qwen9` but Transformers does not recognize this "
            "architecture. This could be because of an issue with the checkpoint, or because your version of Transformers is out of date.",
        ),
        seen=(
            "  Value error, Model architectures ['LlamaForSingingBirds'] are not supported for now. Supported architectures: x",
        ),
    ),
    Known(
        "code-not-trusted",
        "models",
        (
            r"(?:pass|set|setting|use|using|add|with|option|argument|flag) (?:the (?:argument|option|flag) )?"
            r"`?(?:trust_remote_code=True|--trust-remote-code)",
            r"contains custom code which must be executed",
            r"requires you to execute the (?:configuration|code|tokenizer)",
        ),
        "the model comes with code of its own, which is not run unless you allow it",
        "its architecture is not in transformers or vLLM, so its repository brings the code",
        ("read that code, then `--trust-remote-code`", "or update vLLM: it may know the model by now"),
        sources=("transformers 5 dynamic_module_utils.py",),
        printed=(
            "ValueError: The repository ./model contains custom code which must be executed to correctly load the model. Please pass "
            "the argument `trust_remote_code=True` to allow custom code to be run.",
        ),
    ),
    Known(
        "model-not-served",
        "models",
        (r"The model `(?P<model>[^`]+)` does not exist\.",),
        "a client asked for the model {model}, which this server does not serve",
        "the name in a request has to be that of --served-model-name, or of the model as it was given",
        ("ask `GET /v1/models` for the names",),
        rank=Rank.SYMPTOM,
        loud=True,
        sources=("vLLM 0.32.0 entrypoints/openai/serving_engine.py",),
        printed=("The model `gpt-4` does not exist.",),
    ),
)
