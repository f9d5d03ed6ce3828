"""The built-in model families: their marks, and which name means which family.

Each layout is the one of the family's model card. A name without its chat mark is a base model and
has no family. Everything here is data; `layout` writes with it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from adapters.base import Prompt
from adapters.prompts.layout import Layout, Marks

LLAMA_2: Final = Layout(
    begin="<s>",
    fold=Marks("<<SYS>>\n", "\n<</SYS>>\n\n"),
    user=Marks("[INST] ", " [/INST]"),
    assistant=Marks(" ", " </s>"),
    again="<s>",
    trim=True,
)
CODELLAMA_70B: Final = Layout(
    begin="<s>",
    system=Marks("Source: system\n\n ", " <step> "),
    user=Marks("Source: user\n\n ", " <step> "),
    assistant=Marks("Source: assistant\n\n ", " <step> "),
    opening="Source: assistant\nDestination: user\n\n ",
    system_anywhere=True,
    trim=True,
)
LLAMA_3: Final = Layout(
    begin="<|begin_of_text|>",
    system=Marks("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"),
    user=Marks("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
    assistant=Marks("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
    opening="<|start_header_id|>assistant<|end_header_id|>\n\n",
    system_anywhere=True,
    trim=True,
)
LLAMA_4: Final = Layout(
    begin="<|begin_of_text|>",
    system=Marks("<|header_start|>system<|header_end|>\n\n", "<|eot|>"),
    user=Marks("<|header_start|>user<|header_end|>\n\n", "<|eot|>"),
    assistant=Marks("<|header_start|>assistant<|header_end|>\n\n", "<|eot|>"),
    opening="<|header_start|>assistant<|header_end|>\n\n",
    system_anywhere=True,
    trim=True,
)
MISTRAL_V1: Final = Layout(
    begin="<s>",
    user=Marks("[INST] ", " [/INST]"),
    assistant=Marks("", "</s>"),
    again=" ",
)
MISTRAL_V2: Final = Layout(
    begin="<s>",
    user=Marks(" [INST] ", " [/INST]"),
    assistant=Marks(" ", "</s>"),
)
MISTRAL_V3: Final = Layout(
    begin="<s>",
    user=Marks("[INST] ", " [/INST]"),
    assistant=Marks(" ", "</s>"),
)
ZEPHYR: Final = Layout(
    system=Marks("<|system|>\n", "</s>\n"),
    user=Marks("<|user|>\n", "</s>\n"),
    assistant=Marks("<|assistant|>\n", "</s>\n"),
    opening="<|assistant|>\n",
    system_anywhere=True,
)
CHATML: Final = Layout(
    system=Marks("<|im_start|>system\n", "<|im_end|>\n"),
    user=Marks("<|im_start|>user\n", "<|im_end|>\n"),
    assistant=Marks("<|im_start|>assistant\n", "<|im_end|>\n"),
    opening="<|im_start|>assistant\n",
    system_anywhere=True,
)
FALCON: Final = Layout(
    system=Marks("", "\n\n"),
    user=Marks("User: ", "\n\n"),
    assistant=Marks("Assistant: ", "\n\n"),
    opening="Assistant:",
)
FALCON_180B: Final = Layout(
    system=Marks("System: ", "\n"),
    user=Marks("User: ", "\n"),
    assistant=Marks("Falcon: ", "\n"),
    opening="Falcon:",
    system_anywhere=True,
)
ALPACA: Final = Layout(
    system=Marks("", "\n\n"),
    user=Marks("### Instruction:\n", "\n\n"),
    assistant=Marks("### Response:\n", "\n\n"),
    opening="### Response:\n",
    default_system=(
        "Below is an instruction that describes a task. "
        "Write a response that appropriately completes the request."
    ),
)
DOLLY: Final = replace(
    ALPACA,
    system=Marks("", "\n"),
    user=Marks("### Instruction:\n", "\n"),
    assistant=Marks("### Response:\n", "\n"),
)
GUANACO: Final = Layout(
    system=Marks("", "\n"),
    user=Marks("### Human: ", "\n"),
    assistant=Marks("### Assistant: ", "\n"),
    opening="### Assistant:",
)
VICUNA: Final = Layout(
    system=Marks("", " "),
    user=Marks("USER: ", " "),
    assistant=Marks("ASSISTANT: ", "</s>"),
    opening="ASSISTANT:",
)
PHIND: Final = Layout(
    system=Marks("### System Prompt\n", "\n\n"),
    user=Marks("### User Message\n", "\n\n"),
    assistant=Marks("### Assistant\n", "\n\n"),
    opening="### Assistant\n",
    system_anywhere=True,
)
GEMMA: Final = Layout(
    begin="<bos>",
    user=Marks("<start_of_turn>user\n", "<end_of_turn>\n"),
    assistant=Marks("<start_of_turn>model\n", "<end_of_turn>\n"),
    opening="<start_of_turn>model\n",
    trim=True,
)
PHI_3: Final = Layout(
    system=Marks("<|system|>\n", "<|end|>\n"),
    user=Marks("<|user|>\n", "<|end|>\n"),
    assistant=Marks("<|assistant|>\n", "<|end|>\n"),
    opening="<|assistant|>\n",
    system_anywhere=True,
)
DEEPSEEK_R1: Final = Layout(
    begin="<\uff5cbegin\u2581of\u2581sentence\uff5c>",
    system=Marks(),
    user=Marks("<\uff5cUser\uff5c>"),
    assistant=Marks("<\uff5cAssistant\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>"),
    opening="<\uff5cAssistant\uff5c>",
)

#: What a lower-cased name must hold (every pattern, anywhere) to mean a family; the first row that
#: fits wins, so the narrower name stands above the wider one: DeepSeek's distillations keep the
#: name of the model that they were made from (Qwen, Llama).
_NAMES: Final[tuple[tuple[tuple[str, ...], Layout], ...]] = (
    (("deepseek-r1",), DEEPSEEK_R1),
    (("codellama-70b", "instruct"), CODELLAMA_70B),
    (("(codellama|togethercomputer)/codellama", "instruct"), LLAMA_2),
    (("togethercomputer/llama-2", "instruct"), LLAMA_2),
    # JumpStart's endpoint names: `meta-textgeneration-llama-2-7b-f` is the chat model.
    ((r"llama-2(?!\d)", r"chat|-f\Z"), LLAMA_2),
    ((r"meta-llama(/llama)?-3(?!\d)", "instruct"), LLAMA_3),
    ((r"meta-llama(/llama)?-4(?!\d)", "instruct"), LLAMA_4),
    ((r"mistral-7b-instruct-v0\.1",), MISTRAL_V1),
    ((r"mistral-7b-instruct-v0\.2",), MISTRAL_V2),
    (("mixtral", "instruct"), MISTRAL_V2),
    ((r"mistral-7b-instruct-v0\.3",), MISTRAL_V3),
    (("zephyr",), ZEPHYR),
    (("chatml|qwen|openhermes",), CHATML),
    (("mosaicml/mpt", "chat"), CHATML),
    (("tiiuae/falcon-180b-chat",), FALCON_180B),
    # Only the first generation: Falcon-Mamba, Falcon-H1 and Falcon3 have other marks.
    (("tiiuae/falcon-(7b|40b)", "instruct"), FALCON),
    (("mosaicml/mpt", "instruct"), DOLLY),
    (("dolly",), DOLLY),
    (("alpaca|wizardlm/wizardcoder|gryphe/mytho(max|mix|logic)-l2-13b",), ALPACA),
    (("guanaco",), GUANACO),
    (("vicuna",), VICUNA),
    (("phind/phind-codellama",), PHIND),
    # `it` as a word of its own: a base model called `gemma-capital` has no chat mark.
    (("gemma", r"\bit\b"), GEMMA),
    (("phi-3",), PHI_3),
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
