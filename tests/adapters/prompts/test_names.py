"""Which name means which family: the hub's names, and those of SageMaker JumpStart.

JumpStart's are the `model_id`s of the SageMaker Python SDK's table of built-in models
(`doc/doc_utils/pretrainedmodels.rst`), which also says which hub model each one is.
"""

from __future__ import annotations

import pytest

from adapters.base import Prompt
from adapters.prompts import cards, guard
from adapters.prompts.families import family_for
from adapters.prompts.guard import Moderation
from adapters.prompts.layout import Layout

FAMILIES: list[tuple[Prompt, list[str]]] = [
    (
        cards.LLAMA_2,
        [
            "jumpstart-dft-meta-textgeneration-llama-2-7b-f",
            "meta-textgeneration-llama-2-70b-b-f",
            "meta-textgeneration-llama-2-13b-f-2024-06-03-12-48-37-395",
            "my-LLAMA-2-chat",
            "togethercomputer/Llama-2-7B-32K-Instruct",
            "togethercomputer/CodeLlama-13b-Instruct",
            "codellama/CodeLlama-34b-Instruct-hf",
            "meta-textgeneration-llama-codellama-7b-instruct",
        ],
    ),
    (
        cards.CODELLAMA_70B,
        ["codellama/CodeLlama-70b-Instruct-hf", "meta-textgeneration-llama-codellama-70b-instruct"],
    ),
    (
        cards.LLAMA_3,
        [
            "meta-llama/Llama-3.3-70B-Instruct",
            "jumpstart-dft-meta-textgeneration-llama-3-8b-instruct",
            "llama-3-8b-instruct",
            "meta-textgenerationneuron-llama-3-1-8b-instruct",
            "meta-textgeneration-llama-3-1-405b-instruct-fp8",
            "llama-3-2-3b-instruct",
            "llama-3-3-70b-instruct",
        ],
    ),
    (
        cards.LLAMA_4,
        ["meta-llama/Llama-4-Maverick-17B-128E-Instruct", "llama-4-scout-17b-16e-instruct"],
    ),
    (
        guard.LLAMA_GUARD_7B,
        ["meta-llama/LlamaGuard-7b", "jumpstart-dft-meta-textgeneration-llama-guard-7b"],
    ),
    (
        guard.LLAMA_GUARD_3_8B,
        ["meta-llama/Llama-Guard-3-8B", "meta-textgenerationneuron-llama-guard-3-8b"],
    ),
    (
        guard.LLAMA_GUARD_3_1B,
        ["meta-llama/Llama-Guard-3-1B", "meta-textgeneration-llama-guard-3-1b"],
    ),
    (
        cards.MISTRAL_V1,
        ["mistral-7b-instruct-v0-1", "huggingface-llmneuron-mistral-7b-instruct"],
    ),
    (
        cards.MISTRAL_V2,
        [
            "mistral-7b-instruct-v0-2",
            "huggingface-llm-mistral-7b-instruct",
            "huggingface-llm-mixtral-8x7b-instruct",
            "mistralai/Mixtral-8x7B-Instruct-v0.1",
        ],
    ),
    (
        cards.MISTRAL_V3,
        [
            "mistral-7b-instruct-v0-3",
            "huggingface-llm-mistral-7b-instruct-v3",
            "huggingface-llm-mistralai-mixtral-8x22B-instruct-v0-1",
            "mistralai/Mistral-Large-Instruct-2407",
            "mistralai/Codestral-22B-v0.1",
        ],
    ),
    (
        cards.MISTRAL_V3_TEKKEN,
        ["huggingface-llm-mistral-nemo-instruct-2407", "mistralai/Pixtral-12B-2409"],
    ),
    (cards.MISTRAL_V7, ["mistralai/Mistral-Large-Instruct-2411"]),
    (
        cards.MISTRAL_V7_TEKKEN,
        [
            "huggingface-llm-mistral-small-24B-Instruct-2501",
            "mistralai/Mistral-Small-3.1-24B-Instruct-2503",
        ],
    ),
    (
        cards.ZEPHYR,
        [
            "huggingface-llm-huggingfaceh4-zephyr-7b-beta",
            "huggingface-llm-zephyr-7b-beta",
            "huggingface-llm-tinyllama-tinyllama-1-1b-chat-v1-0",
        ],
    ),
    (cards.ZEPHYR_GEMMA, ["HuggingFaceH4/zephyr-7b-gemma-v0.1", "huggingface-llm-zephyr-7b-gemma"]),
    (
        cards.STABLELM_ZEPHYR,
        ["stabilityai/stablelm-zephyr-3b", "stabilityai/stablelm-2-zephyr-1_6b"],
    ),
    (
        cards.CHATML,
        [
            "mosaicml/mpt-30b-chat",
            "teknium/OpenHermes-2.5-Mistral-7B",
            "huggingface-llm-teknium-openhermes-2-mistral-7b",
            "my-chatml-endpoint",
            "huggingface-llm-qwen2-5-7b-instruct",
            "huggingface-reasoning-qwen3-8b",
            "01-ai/Yi-34B-Chat",
            "HuggingFaceTB/SmolLM2-135M-Instruct",
            "stabilityai/stable-code-instruct-3b",
            "infly/OpenCoder-1.5B-Instruct",
            "cognitivecomputations/dolphin-2.5-mixtral-8x7b",
        ],
    ),
    (cards.YI_1_5, ["01-ai/Yi-1.5-9B-Chat", "huggingface-llm-yi-1-5-9b-chat"]),
    (
        cards.FALCON,
        [
            "huggingface-llm-falcon-7b-instruct-bf16",
            "huggingface-llm-falcon-40b-instruct-bf16",
            "tiiuae/falcon-40b-instruct",
        ],
    ),
    (cards.FALCON_180B, ["tiiuae/falcon-180B-chat", "huggingface-llm-falcon-180b-chat-bf16"]),
    (cards.MPT_7B_INSTRUCT, ["mosaicml/mpt-7b-instruct"]),
    (cards.MPT_30B_INSTRUCT, ["mosaicml/mpt-30b-instruct"]),
    (cards.ALPACA, ["Gryphe/MythoMax-L2-13b", "my-alpaca", "databricks/dolly-v2-12b"]),
    (
        cards.GEMMA,
        [
            "google/gemma-3-4b-it",
            "google/medgemma-4b-it",
            "huggingface-llm-gemma-7b-instruct",
            "huggingface-llm-gemma-2-27b-instruct",
            "huggingface-llm-gemma-3-1b-instruct",
        ],
    ),
    (
        cards.PHI_3,
        ["huggingface-llm-phi-3-mini-4k-instruct", "huggingface-llm-phi-3-5-mini-instruct"],
    ),
    (cards.PHI_4, ["microsoft/phi-4", "my-phi-4-endpoint"]),
    (cards.PHI_4_MINI, ["microsoft/Phi-4-mini-instruct"]),
    (
        cards.OPENCHAT,
        [
            "openchat/openchat_3.5",
            "openchat/openchat-3.5-0106",
            "huggingface-llm-nexusflow-starling-lm-7b-beta",
        ],
    ),
    (
        cards.DEEPSEEK_R1,
        [
            "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
            "deepseek-llm-r1-distill-llama-8b",
            "deepseek-llm-r1-distill-qwen-1-5b",
            "deepseek-llm-r1-0528",
            "deepseek-ai/DeepSeek-V3",
            "deepseek-ai/DeepSeek-V2.5-1210",
        ],
    ),
    (
        cards.DEEPSEEK_V2,
        [
            "deepseek-ai/deepseek-llm-67b-chat",
            "deepseek-ai/DeepSeek-V2-Lite-Chat",
            "deepseek-ai/DeepSeek-Coder-V2-Instruct-0724",
        ],
    ),
    (cards.DEEPSEEK_CODER, ["deepseek-ai/deepseek-coder-33b-instruct"]),
    (cards.SOLAR, ["upstage/SOLAR-10.7B-Instruct-v1.0", "solar-10-7b-instruct"]),
    (
        cards.GRANITE,
        ["ibm-granite/granite-3.1-8b-instruct", "granite-3-3-2b-instruct", "granite-4.0-h-small"],
    ),
    (
        cards.COHERE,
        [
            "CohereForAI/c4ai-command-r-plus-08-2024",
            "CohereLabs/c4ai-command-r-v01",
            "CohereForAI/aya-expanse-32b",
        ],
    ),
    (cards.TULU_3, ["allenai/Llama-3.1-Tulu-3-70B", "allenai/Llama-3.1-Tulu-3-8B-SFT"]),
    (cards.OLMO_2, ["allenai/OLMo-2-1124-13B-Instruct"]),
    (
        cards.CHATML_LLAMA,
        ["NousResearch/Nous-Hermes-2-Mixtral-8x7B-SFT", "internlm/internlm2-chat-20b"],
    ),
    (cards.CHATML_LLAMA_3, ["NousResearch/Hermes-3-Llama-3.1-8B", "hermes-3-llama-3-1-8b"]),
]
OTHER_NAMES = ["guanaco-65b", "lmsys/vicuna-13b-v1.5", "Phind/Phind-CodeLlama-34B-v2"]
PAIRS = [(name, family) for family, names in FAMILIES for name in names]


@pytest.mark.parametrize(("name", "family"), PAIRS, ids=[name for name, _ in PAIRS])
def test_a_name_chooses_its_family(name: str, family: Prompt) -> None:
    """Hub and endpoint names, in whatever case, with dashes where an endpoint can't have dots."""
    assert family_for(name) == family


@pytest.mark.parametrize(
    "name",
    [
        "tiiuae/falcon-7b",
        "tiiuae/Falcon3-7B-Instruct",
        "huggingface-llm-falcon-3-7B-Instruct",
        "huggingface-llm-falcon-40b-bf16",
        "huggingface-llm-falcon-180b-bf16",
        "huggingface-llm-falcon2-11b",
        "mosaicml/mpt-7b",
        "codellama/CodeLlama-7b-hf",
        "codellama/CodeLlama-70b-hf",
        "meta-textgeneration-llama-codellama-13b",
        "meta-textgenerationneuron-llama-codellama-7b-python",
        "meta-llama/Llama-2-7b-hf",
        "jumpstart-dft-meta-textgeneration-llama-2-7b",
        "my-llama-2-fine-tuned",
        "meta-llama/Meta-Llama-3-8B",
        "meta-textgeneration-llama-3-1-70b",
        "meta-textgenerationneuron-llama-3-2-1b",
        "meta-textgeneration-llama-3-1-405b-fp8",
        "meta-tc-llama-prompt-guard-86m",
        "nousresearch-hermes-2-pro-llama-3-8b",
        "mistralai/Mistral-7B-v0.1",
        "huggingface-llm-mistral-7b",
        "huggingface-llm-mistral-7b-v3",
        "huggingface-llm-mistral-nemo-base-2407",
        "huggingface-llm-mistral-7b-openorca-gptq",
        "mistralai/Mixtral-8x7B-v0.1",
        "huggingface-llm-mixtral-8x22B",
        "google/gemma-7b",
        "huggingface-llm-gemma-2-27b",
        "google/gemma-4-31B-it",
        "gemma-capital",
        "huggingface-llm-phi-2",
        "microsoft/Phi-4-reasoning",
        "microsoft/Phi-4-multimodal-instruct",
        "huggingface-llm-yi-1-5-34b",
        "huggingface-llm-tinyllama-1-1b-intermediate-step-1431k-3",
        "openchat/openchat-3.6-8b-20240522",
        "deepseek-ai/DeepSeek-V3-Base",
        "deepseek-ai/DeepSeek-V3.1",
        "deepseek-ai/DeepSeek-V2",
        "deepseek-ai/DeepSeek-V2-Lite",
        "deepseek-ai/deepseek-coder-6.7b-base",
        "deepseek-ai/deepseek-llm-7b-base",
        "deepseek-ai/DeepSeek-Coder-V2-Lite-Base",
        "upstage/SOLAR-10.7B-v1.0",
        "ibm-granite/granite-3.0-8b-base",
        "ibm-granite/granite-4.0-h-small-base",
        "ibm-granite/granite-8b-code-instruct",
        "CohereForAI/c4ai-command-r7b-12-2024",
        "CohereLabs/c4ai-command-a-03-2025",
        "CohereLabs/aya-vision-8b",
        "allenai/OLMo-2-1124-7B",
        "allenai/OLMo-7B-Instruct",
        "allenai/Llama-3.1-Tulu-3-8B-RM",
        "HuggingFaceTB/SmolLM2-135M",
        "HuggingFaceTB/SmolLM3-3B",
        "internlm/internlm2-7b",
        "openai/gpt-oss-20b",
        "mistralai/Devstral-Small-2507",
        "my-endpoint",
        "",
    ],
)
def test_a_base_model_has_no_family(name: str) -> None:
    """A name without its chat mark, of a model with marks of its own, or unknown: nothing."""
    assert family_for(name) is None


def test_every_layout_has_a_name() -> None:
    """No layout is written for nothing: a name chooses each one."""
    layouts = [
        layout
        for module in (cards, guard)
        for layout in vars(module).values()
        if isinstance(layout, Layout | Moderation)
    ]
    named = [family for family, _ in FAMILIES] + [family_for(name) for name in OTHER_NAMES]
    assert [layout for layout in layouts if layout not in named] == []
