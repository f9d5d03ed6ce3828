"""More of the models' own chat templates; see `real_templates`, whose makers are not repeated here.

From the same package, npm `@huggingface/ollama-utils` 0.0.18, but for solar: it is from the tests
of npm `@huggingface/jinja` (`packages/jinja/test/e2e.test.js` in huggingface/huggingface.js, MIT).
"""

from __future__ import annotations

from typing import Final

from tests.adapters.prompts.conversations import Deviation
from tests.adapters.prompts.real_templates import DEEPSEEK_BOS, DEEPSEEK_EOS, NO_DEFAULT, Real

SPACES: Final = (
    "a system text's white space is stripped, as that of all turns; the template keeps it"
)


def _no_default(text: str) -> tuple[Deviation, ...]:
    return (Deviation(NO_DEFAULT, text),)


def _chatml(text: str) -> tuple[Deviation, ...]:
    return _no_default(f"<|im_start|>system\n{text}<|im_end|>\n")


def _granite(text: str) -> tuple[Deviation, ...]:
    return _no_default(f"<|start_of_role|>system<|end_of_role|>{text}<|end_of_text|>\n")


OTHERS: Final = (
    Real(
        file="deepseek-v3",
        models=("deepseek-ai/DeepSeek-V3", "deepseek-ai/DeepSeek-V3-0324"),
        bos=DEEPSEEK_BOS,
        eos=DEEPSEEK_EOS,
    ),
    Real(
        file="deepseek-v2.5",
        models=("deepseek-ai/DeepSeek-V2.5",),
        bos=DEEPSEEK_BOS,
        eos=DEEPSEEK_EOS,
        deviations=(
            Deviation(
                "the template's indentation before the begin mark is a slip, mended in V3",
                " " * 8 + DEEPSEEK_BOS,
                DEEPSEEK_BOS,
            ),
        ),
    ),
    Real(
        file="deepseek-coder-v2",
        models=(
            "deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct",
            "deepseek-ai/DeepSeek-V2-Chat",
            "deepseek-ai/deepseek-llm-7b-chat",
        ),
        bos=DEEPSEEK_BOS,
        eos=DEEPSEEK_EOS,
    ),
    Real(
        file="deepseek-coder",
        models=("deepseek-ai/deepseek-coder-6.7b-instruct",),
        bos=DEEPSEEK_BOS,
        deviations=_no_default(
            "You are an AI programming assistant, utilizing the Deepseek Coder model, developed by "
            "Deepseek Company, and you only answer questions related to computer science. For "
            "politically sensitive questions, security and privacy issues, and other non-computer "
            "science questions, you will refuse to answer\n"
        ),
    ),
    Real(file="solar", models=("upstage/SOLAR-10.7B-Instruct-v1.0",)),
    Real(file="granite-3.0", models=("ibm-granite/granite-3.0-8b-instruct",)),
    Real(
        file="granite-3.3",
        models=("ibm-granite/granite-3.3-8b-instruct",),
        deviations=_granite(
            " Knowledge Cutoff Date: April 2024.\n Today's Date: July 26, 2024. "
            "You are Granite, developed by IBM. You are a helpful AI assistant."
        ),
    ),
    Real(
        file="granite-4.0",
        models=("ibm-granite/granite-4.0-350m",),
        reads_parts=True,
        deviations=_granite(
            "You are a helpful assistant. "
            "Please ensure responses are professional, accurate, and safe."
        ),
    ),
    Real(
        file="command-r",
        models=("CohereForAI/c4ai-command-r-v01", "CohereForAI/c4ai-command-r-plus"),
        bos="<BOS_TOKEN>",
        deviations=(Deviation(SPACES, "<|SYSTEM_TOKEN|> S\n<", "<|SYSTEM_TOKEN|>S<"),),
    ),
    Real(
        file="aya-expanse",
        models=("CohereForAI/aya-expanse-8b",),
        bos="<BOS_TOKEN>",
        deviations=(Deviation(SPACES, "<|SYSTEM_TOKEN|> S\n<", "<|SYSTEM_TOKEN|>S<"),),
    ),
    Real(
        file="olmo-2",
        models=("allenai/OLMo-2-1124-7B-Instruct",),
        bos="<|endoftext|>",
        eos="<|endoftext|>",
    ),
    Real(file="tulu-3", models=("allenai/Llama-3.1-Tulu-3-8B",), eos="<|end_of_text|>"),
    Real(
        file="internlm2",
        models=("internlm/internlm2-chat-1_8b", "internlm/internlm2_5-7b-chat"),
        bos="<s>",
    ),
    Real(
        file="stable-code",
        models=("stabilityai/stable-code-instruct-3b",),
        deviations=_chatml("You are a helpful assistant."),
    ),
    Real(
        file="nous-hermes-2-mixtral",
        models=("NousResearch/Nous-Hermes-2-Mixtral-8x7B-DPO",),
        bos="<s>",
    ),
    Real(
        file="hermes-3",
        models=("NousResearch/Hermes-3-Llama-3.1-70B", "NousResearch/Hermes-3-Llama-3.2-3B"),
        bos="<|begin_of_text|>",
        deviations=_chatml("You are a helpful assistant."),
    ),
    Real(
        file="smollm2",
        models=("HuggingFaceTB/SmolLM2-1.7B-Instruct",),
        deviations=_chatml("You are a helpful AI assistant named SmolLM, trained by Hugging Face"),
    ),
    Real(
        file="opencoder",
        models=("infly/OpenCoder-8B-Instruct",),
        deviations=_chatml("You are OpenCoder, created by OpenCoder Team."),
    ),
    Real(file="dolphin-mixtral", models=("cognitivecomputations/dolphin-2.7-mixtral-8x7b",)),
)
