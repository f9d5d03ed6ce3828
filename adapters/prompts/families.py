"""The built-in model families: which model's, or endpoint's, name means which layout.

A name without its chat mark is a base model and has no family. Knows the hub's names and those of
SageMaker JumpStart, whose endpoints may hold letters, digits and dashes only (`v0-2` is `v0.2`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from adapters.base import Prompt
from adapters.prompts import cards, guard
from adapters.prompts.guard import Moderation
from adapters.prompts.layout import Layout

#: What a lower-cased name must hold (every pattern, anywhere) to mean a family; the first row that
#: fits wins, so the narrower name stands above the wider one: DeepSeek's distillations keep the
#: name of the model that they were made from (Qwen, Llama).
_NAMES: Final[tuple[tuple[tuple[str, ...], Layout | Moderation], ...]] = (
    (("deepseek-(llm-)?r1",), cards.DEEPSEEK_R1),
    # V3.1 and later open the answer with a thought, or without one.
    ((r"deepseek-(v3(?![.-]\d\b)|v2[.-]5)(?!.*\bbase\b)",), cards.DEEPSEEK_R1),
    (("deepseek-(llm-7b|llm-67b|v2)(?!.*base)", "chat"), cards.DEEPSEEK_V2),
    (("deepseek-coder-v2", "instruct"), cards.DEEPSEEK_V2),
    (("deepseek-coder-.*instruct",), cards.DEEPSEEK_CODER),
    (("llama-?guard-7b",), guard.LLAMA_GUARD_7B),
    (("llama-guard-3-8b",), guard.LLAMA_GUARD_3_8B),
    (("llama-guard-3-1b",), guard.LLAMA_GUARD_3_1B),
    (("codellama-70b", "instruct"), cards.CODELLAMA_70B),
    (("codellama", "instruct"), cards.LLAMA_2),
    (("togethercomputer/llama-2", "instruct"), cards.LLAMA_2),
    # JumpStart's endpoint names: `meta-textgeneration-llama-2-7b-f` is the chat model.
    ((r"llama-2(?!\d)", r"chat|-f\b"), cards.LLAMA_2),
    ((r"\bllama-3(?!\d)", "instruct"), cards.LLAMA_3),
    ((r"\bllama-4(?!\d)", "instruct"), cards.LLAMA_4),
    ((r"mistral-7b-instruct-v0[.-]1",), cards.MISTRAL_V1),
    ((r"mistral-7b-instruct-v0[.-]2",), cards.MISTRAL_V2),
    ((r"mistral-7b-instruct-v(0[.-])?3",), cards.MISTRAL_V3),
    # JumpStart says no version: its Neuron model is v0.1, the other v0.2.
    (("huggingface-llmneuron-mistral-7b-instruct",), cards.MISTRAL_V1),
    (("huggingface-llm-mistral-7b-instruct",), cards.MISTRAL_V2),
    (("mixtral-8x22b", "instruct"), cards.MISTRAL_V3),
    (("mixtral", "instruct"), cards.MISTRAL_V2),
    (
        ("mistral-nemo-instruct|ministral-8b-instruct-2410|pixtral-12b-2409",),
        cards.MISTRAL_V3_TEKKEN,
    ),
    (("mistral-large-instruct-2407|codestral-22b",), cards.MISTRAL_V3),
    (("mistral-large-instruct-2411",), cards.MISTRAL_V7),
    ((r"mistral-small-(3[.-][12]-)?24b-instruct",), cards.MISTRAL_V7_TEKKEN),
    (("zephyr-7b-gemma",), cards.ZEPHYR_GEMMA),
    (("stablelm.*zephyr",), cards.STABLELM_ZEPHYR),
    ((r"zephyr|tinyllama-1[.-]1b-chat-v1[.-]0",), cards.ZEPHYR),
    (("chatml|qwen|openhermes",), cards.CHATML),
    (("smollm2|opencoder|stable-code", "instruct"), cards.CHATML),
    ((r"dolphin-2[.-]\d-mixtral",), cards.CHATML),
    (("nous-hermes-2-mixtral|internlm2[^/]*-chat",), cards.CHATML_LLAMA),
    ((r"\bhermes-3-llama-3",), cards.CHATML_LLAMA_3),
    ((r"\bmpt-(7b|30b)", "chat"), cards.CHATML),
    ((r"\byi-1[.-]5-", "chat"), cards.YI_1_5),
    (("01-ai/yi-", "chat"), cards.CHATML),
    (("falcon-180b-chat",), cards.FALCON_180B),
    # Only the first generation: Falcon-Mamba, Falcon-H1 and Falcon3 have other marks.
    (("falcon-(7b|40b)", "instruct"), cards.FALCON),
    ((r"\bmpt-7b", "instruct"), cards.MPT_7B_INSTRUCT),
    ((r"\bmpt-30b", "instruct"), cards.MPT_30B_INSTRUCT),
    (("dolly",), cards.ALPACA),
    (("alpaca|wizardlm/wizardcoder|gryphe/mytho(max|mix|logic)-l2-13b",), cards.ALPACA),
    (("guanaco",), cards.GUANACO),
    (("vicuna",), cards.VICUNA),
    (("phind/phind-codellama",), cards.PHIND),
    # `it` as a word of its own: a base model called `gemma-capital` has no chat mark; JumpStart
    # says `instruct`. Gemma 4 has other marks (`medgemma-4b` is a size, not a version).
    (("gemma(?!-?4(?!b))", r"\b(it|instruct)\b"), cards.GEMMA),
    ((r"\bphi-3",), cards.PHI_3),
    (("phi-4-mini-instruct",), cards.PHI_4_MINI),
    # `phi-4-reasoning` opens with a system text of its own, whatever is said.
    ((r"\bphi-4(?!-(mini|multimodal|reasoning))",), cards.PHI_4),
    (("openchat[-_]3[.-]5|starling-lm-7b",), cards.OPENCHAT),
    ((r"solar-10[.-]7b-instruct",), cards.SOLAR),
    ((r"granite-(3[.-]\d.*instruct|4[.-]0(?!.*base))",), cards.GRANITE),
    # Command R7B, Command A and Aya's vision models have marks of their own.
    (("command-r(?!-?7b)|aya-expanse",), cards.COHERE),
    ((r"\btulu-3(?!.*\brm\b)",), cards.TULU_3),
    (("olmo-2-.*instruct",), cards.OLMO_2),
)


def family_for(name: str, *, add_bos: bool = True) -> Prompt | None:
    """Choose a built-in layout by a model's or an endpoint's name, in whatever case.

    Args:
        name: LiteLLM's `hf_model_name` (`meta-llama/Llama-2-7b-chat-hf`) or an endpoint name.
        add_bos: Write the family's begin mark; false where the container adds it by itself.

    Returns:
        None for unknown names and for base models, which carry no chat mark.
    """
    lowered = name.lower()
    for patterns, layout in _NAMES:
        if all(re.search(pattern, lowered) for pattern in patterns):
            return layout if add_bos else replace(layout, begin="")
    return None
