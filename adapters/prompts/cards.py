"""The built-in layouts, each with its model family's marks.

Everything here is data; `layout` writes with it, and `families` knows which name means which.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

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
    user=Marks("[INST] ", "[/INST]"),
    assistant=Marks(" ", "</s>"),
)
#: The same marks for the Tekken tokenizer, which needs no spaces.
MISTRAL_V3_TEKKEN: Final = Layout(
    begin="<s>",
    user=Marks("[INST]", "[/INST]"),
    assistant=Marks("", "</s>"),
)
MISTRAL_V7: Final = replace(
    MISTRAL_V3, system=Marks("[SYSTEM_PROMPT] ", "[/SYSTEM_PROMPT]"), system_anywhere=True
)
MISTRAL_V7_TEKKEN: Final = replace(
    MISTRAL_V3_TEKKEN, system=Marks("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"), system_anywhere=True
)
ZEPHYR: Final = Layout(
    system=Marks("<|system|>\n", "</s>\n"),
    user=Marks("<|user|>\n", "</s>\n"),
    assistant=Marks("<|assistant|>\n", "</s>\n"),
    opening="<|assistant|>\n",
    system_anywhere=True,
)
STABLELM_ZEPHYR: Final = replace(
    ZEPHYR,
    system=Marks("<|system|>\n", "<|endoftext|>\n"),
    user=Marks("<|user|>\n", "<|endoftext|>\n"),
    assistant=Marks("<|assistant|>\n", "<|endoftext|>\n"),
)
CHATML: Final = Layout(
    system=Marks("<|im_start|>system\n", "<|im_end|>\n"),
    user=Marks("<|im_start|>user\n", "<|im_end|>\n"),
    assistant=Marks("<|im_start|>assistant\n", "<|im_end|>\n"),
    opening="<|im_start|>assistant\n",
    system_anywhere=True,
)
ZEPHYR_GEMMA: Final = replace(CHATML, begin="<bos>")
CHATML_LLAMA: Final = replace(CHATML, begin="<s>")
CHATML_LLAMA_3: Final = replace(CHATML, begin="<|begin_of_text|>")
#: Its system text stands bare.
YI_1_5: Final = replace(CHATML, system=Marks(), system_anywhere=False)
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
MPT_7B_INSTRUCT: Final = replace(
    ALPACA,
    system=Marks("", "\n"),
    user=Marks("### Instruction:\n", "\n"),
    assistant=Marks("### Response:\n", "\n"),
)
MPT_30B_INSTRUCT: Final = replace(
    ALPACA,
    user=Marks("### Instruction\n", "\n\n"),
    assistant=Marks("### Response\n", "\n\n"),
    opening="### Response\n",
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
PHI_4: Final = Layout(
    system=Marks("<|im_start|>system<|im_sep|>", "<|im_end|>"),
    user=Marks("<|im_start|>user<|im_sep|>", "<|im_end|>"),
    assistant=Marks("<|im_start|>assistant<|im_sep|>", "<|im_end|>"),
    opening="<|im_start|>assistant<|im_sep|>",
    system_anywhere=True,
)
PHI_4_MINI: Final = Layout(
    system=Marks("<|system|>", "<|end|>"),
    user=Marks("<|user|>", "<|end|>"),
    assistant=Marks("<|assistant|>", "<|end|>"),
    opening="<|assistant|>",
    system_anywhere=True,
)
OPENCHAT: Final = Layout(
    begin="<s>",
    system=Marks("GPT4 Correct System: ", "<|end_of_turn|>"),
    user=Marks("GPT4 Correct User: ", "<|end_of_turn|>"),
    assistant=Marks("GPT4 Correct Assistant: ", "<|end_of_turn|>"),
    opening="GPT4 Correct Assistant:",
    system_anywhere=True,
)
DEEPSEEK_R1: Final = Layout(
    begin="<\uff5cbegin\u2581of\u2581sentence\uff5c>",
    system=Marks(),
    user=Marks("<\uff5cUser\uff5c>"),
    assistant=Marks("<\uff5cAssistant\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>"),
    opening="<\uff5cAssistant\uff5c>",
)
#: Its chats before V2.5, and its coders from V2.
DEEPSEEK_V2: Final = Layout(
    begin="<\uff5cbegin\u2581of\u2581sentence\uff5c>",
    system=Marks("", "\n\n"),
    user=Marks("User: ", "\n\n"),
    assistant=Marks("Assistant: ", "<\uff5cend\u2581of\u2581sentence\uff5c>"),
    opening="Assistant:",
    system_anywhere=True,
)
DEEPSEEK_CODER: Final = Layout(
    begin="<\uff5cbegin\u2581of\u2581sentence\uff5c>",
    system=Marks(),
    user=Marks("### Instruction:\n", "\n"),
    assistant=Marks("### Response:\n", "\n<|EOT|>\n"),
    opening="### Response:\n",
    system_anywhere=True,
)
SOLAR: Final = Layout(
    system=Marks("### System:\n", "\n\n"),
    user=Marks("### User:\n", "\n\n"),
    assistant=Marks("### Assistant:\n"),
    opening="### Assistant:\n",
    system_anywhere=True,
)
GRANITE: Final = Layout(
    system=Marks("<|start_of_role|>system<|end_of_role|>", "<|end_of_text|>\n"),
    user=Marks("<|start_of_role|>user<|end_of_role|>", "<|end_of_text|>\n"),
    assistant=Marks("<|start_of_role|>assistant<|end_of_role|>", "<|end_of_text|>\n"),
    opening="<|start_of_role|>assistant<|end_of_role|>",
    system_anywhere=True,
)
COHERE: Final = Layout(
    begin="<BOS_TOKEN>",
    system=Marks("<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    user=Marks("<|START_OF_TURN_TOKEN|><|USER_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    assistant=Marks("<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    opening="<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
    trim=True,
)
TULU_3: Final = Layout(
    system=Marks("<|system|>\n", "\n"),
    user=Marks("<|user|>\n", "\n"),
    assistant=Marks("<|assistant|>\n", "<|end_of_text|>\n"),
    opening="<|assistant|>\n",
    system_anywhere=True,
)
OLMO_2: Final = replace(
    TULU_3, begin="<|endoftext|>", assistant=Marks("<|assistant|>\n", "<|endoftext|>\n")
)
