"""The models' own chat templates, and where a built-in layout differs from one on purpose.

The files in `templates/` are public tokenizer data, unchanged, from packages under the MIT license:

* npm `@huggingface/ollama-utils` 0.0.18 (`src/chat-template-automap.ts`, key `gguf`): deepseek-r1,
  deepseek-r1-0528, gemma-3, llama-2, llama-3, llama-4, llama-guard-3-1b, llama-guard-3-8b,
  mistral-large-2411, mistral-small-24b, mistral-v0.1, mixtral-8x7b, mixtral-8x22b, openchat,
  phi-3-mini, phi-4, phi-4-mini, qwen, qwen2, qwen3, tinyllama, yi-1.5;
* source archive of `llama-cpp-python` 0.3.9 (`vendor/llama.cpp/models/templates/`):
  deepseek-r1-distill, gemma-2, llama-3.1 (3.3 has the same text), llama-3.2, mistral-nemo,
  phi-3.5, qwen2.5; (`vendor/llama.cpp/tests/test-chat-template.cpp`): openhermes;
* `litellm` 1.60.0 (`litellm_core_utils/prompt_templates/factory.py`): llama-guard-7b.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.adapters.prompts.conversations import SYSTEM_FIRST, Deviation

TEMPLATES: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """A template file, the names that must choose the same layout, and what it is rendered with."""

    file: str
    models: tuple[str, ...]
    bos: str = ""
    eos: str = ""
    #: The template takes content as a list of parts only.
    wants_parts: bool = False
    #: The template reads a list of parts in its own way, other than their texts joined.
    reads_parts: bool = False
    #: The template refuses a system message: the text is then the user's.
    refuses_system: bool = False
    deviations: tuple[Deviation, ...] = ()


NO_DEFAULT = "no words are put into the system's mouth: a default is the operator's choice"
NO_DATE = "no knowledge cutoff and no date: Llama 3's marks, as on the card of all four versions"
NO_THINK = "the thought is opened by the model itself, as on R1's first card"
L3_SYSTEM = "<|start_header_id|>system<|end_header_id|>\n\n"
DATED = (
    Deviation(NO_DATE, "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"),
    Deviation(NO_DATE, f"{L3_SYSTEM}<|eot_id|>"),
)
DEEPSEEK_BOS = "<\uff5cbegin\u2581of\u2581sentence\uff5c>"
DEEPSEEK_EOS = "<\uff5cend\u2581of\u2581sentence\uff5c>"

REAL: Final = (
    Real(
        file="llama-2",
        models=("meta-llama/Llama-2-7b-chat-hf", "codellama/CodeLlama-7b-Instruct-hf"),
        bos="<s>",
        eos="</s>",
    ),
    Real(
        file="llama-3",
        models=("meta-llama/Meta-Llama-3-8B-Instruct",),
        bos="<|begin_of_text|>",
    ),
    Real(
        file="llama-3.1",
        models=("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.3-70B-Instruct"),
        bos="<|begin_of_text|>",
        deviations=DATED,
    ),
    Real(
        file="llama-3.2",
        models=("meta-llama/Llama-3.2-3B-Instruct",),
        bos="<|begin_of_text|>",
        deviations=DATED,
    ),
    Real(
        file="llama-4",
        models=("meta-llama/Llama-4-Scout-17B-16E-Instruct",),
        bos="<|begin_of_text|>",
        deviations=(
            Deviation(
                "texts are left as they are; the template leaves them too, but for the system's",
                "\n\nS<|eot|><|header_start|>user<|header_end|>\n\n U <",
                "\n\n S\n<|eot|><|header_start|>user<|header_end|>\n\n U <",
            ),
        ),
    ),
    Real(
        file="mistral-v0.1",
        models=("mistralai/Mistral-7B-Instruct-v0.1",),
        bos="<s>",
        eos="</s>",
        refuses_system=True,
    ),
    Real(
        file="mixtral-8x7b",
        models=("mistralai/Mixtral-8x7B-Instruct-v0.1", "mistralai/Mistral-7B-Instruct-v0.2"),
        bos="<s>",
        eos="</s>",
    ),
    Real(
        file="mixtral-8x22b",
        models=("mistralai/Mixtral-8x22B-Instruct-v0.1", "mistralai/Mistral-7B-Instruct-v0.3"),
        bos="<s>",
        eos="</s>",
        deviations=(
            Deviation(
                SYSTEM_FIRST,
                "[INST] U[/INST] A</s>[INST] S\n\nU2[/INST]",
                "[INST] S\n\nU[/INST] A</s>[INST] U2[/INST]",
            ),
        ),
    ),
    Real(
        file="mistral-nemo",
        models=("mistralai/Mistral-Nemo-Instruct-2407", "mistralai/Ministral-8B-Instruct-2410"),
        bos="<s>",
        eos="</s>",
        deviations=(
            Deviation(
                SYSTEM_FIRST,
                "[INST]U[/INST]A</s>[INST]S\n\nU2[/INST]",
                "[INST]S\n\nU[/INST]A</s>[INST]U2[/INST]",
            ),
        ),
    ),
    Real(
        file="mistral-small-24b",
        models=("mistralai/Mistral-Small-24B-Instruct-2501",),
        bos="<s>",
        eos="</s>",
    ),
    Real(
        file="mistral-large-2411",
        models=("mistralai/Mistral-Large-Instruct-2411",),
        bos="<s>",
        eos="</s>",
    ),
    Real(
        file="tinyllama",
        models=("TinyLlama/TinyLlama-1.1B-Chat-v1.0", "HuggingFaceH4/zephyr-7b-beta"),
        eos="</s>",
    ),
    Real(file="openhermes", models=("teknium/OpenHermes-2.5-Mistral-7B", "01-ai/Yi-34B-Chat")),
    Real(
        file="qwen",
        models=("Qwen/Qwen1.5-72B-Chat",),
        deviations=(
            Deviation(NO_DEFAULT, "<|im_start|>system\nYou are a helpful assistant<|im_end|>\n"),
        ),
    ),
    Real(
        file="qwen2",
        models=("Qwen/Qwen2-7B-Instruct",),
        deviations=(
            Deviation(NO_DEFAULT, "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"),
        ),
    ),
    Real(
        file="qwen2.5",
        models=("Qwen/Qwen2.5-7B-Instruct",),
        deviations=(
            Deviation(
                NO_DEFAULT,
                "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. "
                "You are a helpful assistant.<|im_end|>\n",
            ),
        ),
    ),
    Real(file="qwen3", models=("Qwen/Qwen3-0.6B",)),
    Real(file="yi-1.5", models=("01-ai/Yi-1.5-6B-Chat",)),
    Real(
        file="gemma-2",
        models=("google/gemma-2-2b-it", "google/gemma-7b-it"),
        bos="<bos>",
        refuses_system=True,
    ),
    Real(
        file="gemma-3",
        models=("google/gemma-3-1b-it",),
        bos="<bos>",
        wants_parts=True,
        deviations=(
            Deviation(
                "a turn's whole text is stripped, as by Gemma 1 and 2; Gemma 3 leaves the system's",
                "user\n S\n\n\nU<",
                "user\nS\n\n\n U<",
            ),
        ),
    ),
    Real(file="phi-3-mini", models=("microsoft/Phi-3-mini-4k-instruct",)),
    Real(file="phi-3.5", models=("microsoft/Phi-3.5-mini-instruct",)),
    Real(file="phi-4", models=("microsoft/phi-4",)),
    Real(file="phi-4-mini", models=("microsoft/Phi-4-mini-instruct",)),
    Real(
        file="deepseek-r1",
        models=("deepseek-ai/DeepSeek-R1",),
        bos=DEEPSEEK_BOS,
        eos=DEEPSEEK_EOS,
    ),
    Real(
        file="deepseek-r1-distill",
        models=("deepseek-ai/DeepSeek-R1-Distill-Llama-8B",),
        bos=DEEPSEEK_BOS,
        eos=DEEPSEEK_EOS,
        deviations=(Deviation(NO_THINK, "<think>\n"),),
    ),
    Real(
        file="deepseek-r1-0528",
        models=("deepseek-ai/DeepSeek-R1-0528",),
        bos=DEEPSEEK_BOS,
        eos=DEEPSEEK_EOS,
    ),
    Real(file="openchat", models=("openchat/openchat-3.5-0106",), bos="<s>"),
    Real(file="llama-guard-7b", models=("meta-llama/LlamaGuard-7b",), refuses_system=True),
    Real(
        file="llama-guard-3-8b",
        models=("meta-llama/Llama-Guard-3-8B",),
        refuses_system=True,
        deviations=(
            Deviation(
                "the template's space before the begin mark is a slip: the model card has none",
                " <|begin_of_text|>",
                "<|begin_of_text|>",
            ),
        ),
    ),
    Real(
        file="llama-guard-3-1b",
        models=("meta-llama/Llama-Guard-3-1B",),
        wants_parts=True,
        refuses_system=True,
    ),
)
