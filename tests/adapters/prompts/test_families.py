from __future__ import annotations

import pytest

from adapters.base import Json
from adapters.errors import InvalidRequest
from adapters.prompts.families import family_for

SYSTEM: Json = {"role": "system", "content": "S"}
U1: Json = {"role": "user", "content": "U"}
A1: Json = {"role": "assistant", "content": "A"}
U2: Json = {"role": "user", "content": "U2"}
ALPACA_S = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)
L3 = "<|start_header_id|>{}<|end_header_id|>\n\n"
L4 = "<|header_start|>{}<|header_end|>\n\n"

#: A name, the layout of S U A U2, and the layout of U alone.
GOLDEN = {
    "meta-llama/Llama-2-7b-chat-hf": (
        "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST] A </s><s>[INST] U2 [/INST]",
        "<s>[INST] U [/INST]",
    ),
    "codellama/CodeLlama-70b-Instruct-hf": (
        (
            "<s>Source: system\n\n S <step> Source: user\n\n U <step> "
            "Source: assistant\n\n A <step> Source: user\n\n U2 <step> "
            "Source: assistant\nDestination: user\n\n "
        ),
        "<s>Source: user\n\n U <step> Source: assistant\nDestination: user\n\n ",
    ),
    "meta-llama/Meta-Llama-3-8B-Instruct": (
        (
            f"<|begin_of_text|>{L3.format('system')}S<|eot_id|>{L3.format('user')}U<|eot_id|>"
            f"{L3.format('assistant')}A<|eot_id|>{L3.format('user')}U2<|eot_id|>"
            f"{L3.format('assistant')}"
        ),
        f"<|begin_of_text|>{L3.format('user')}U<|eot_id|>{L3.format('assistant')}",
    ),
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": (
        (
            f"<|begin_of_text|>{L4.format('system')}S<|eot|>{L4.format('user')}U<|eot|>"
            f"{L4.format('assistant')}A<|eot|>{L4.format('user')}U2<|eot|>{L4.format('assistant')}"
        ),
        f"<|begin_of_text|>{L4.format('user')}U<|eot|>{L4.format('assistant')}",
    ),
    "mistralai/Mistral-7B-Instruct-v0.1": (
        "<s>[INST] S\n\nU [/INST]A</s> [INST] U2 [/INST]",
        "<s>[INST] U [/INST]",
    ),
    "mistralai/Mistral-7B-Instruct-v0.2": (
        "<s> [INST] S\n\nU [/INST] A</s> [INST] U2 [/INST]",
        "<s> [INST] U [/INST]",
    ),
    "mistralai/Mistral-7B-Instruct-v0.3": (
        "<s>[INST] S\n\nU[/INST] A</s>[INST] U2[/INST]",
        "<s>[INST] U[/INST]",
    ),
    "HuggingFaceH4/zephyr-7b-beta": (
        "<|system|>\nS</s>\n<|user|>\nU</s>\n<|assistant|>\nA</s>\n<|user|>\nU2</s>\n<|assistant|>\n",
        "<|user|>\nU</s>\n<|assistant|>\n",
    ),
    "Qwen/Qwen2-7B-Instruct": (
        (
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"
            "A<|im_end|>\n<|im_start|>user\nU2<|im_end|>\n<|im_start|>assistant\n"
        ),
        "<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n",
    ),
    "stabilityai/stablelm-zephyr-3b": (
        (
            "<|system|>\nS<|endoftext|>\n<|user|>\nU<|endoftext|>\n<|assistant|>\nA<|endoftext|>\n"
            "<|user|>\nU2<|endoftext|>\n<|assistant|>\n"
        ),
        "<|user|>\nU<|endoftext|>\n<|assistant|>\n",
    ),
    "HuggingFaceH4/zephyr-7b-gemma-v0.1": (
        (
            "<bos><|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n"
            "<|im_start|>assistant\nA<|im_end|>\n<|im_start|>user\nU2<|im_end|>\n"
            "<|im_start|>assistant\n"
        ),
        "<bos><|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n",
    ),
    "tiiuae/falcon-7b-instruct": (
        "S\n\nUser: U\n\nAssistant: A\n\nUser: U2\n\nAssistant:",
        "User: U\n\nAssistant:",
    ),
    "tiiuae/falcon-180B-chat": (
        "System: S\nUser: U\nFalcon: A\nUser: U2\nFalcon:",
        "User: U\nFalcon:",
    ),
    "mosaicml/mpt-7b-instruct": (
        "S\n### Instruction:\nU\n### Response:\nA\n### Instruction:\nU2\n### Response:\n",
        f"{ALPACA_S}\n### Instruction:\nU\n### Response:\n",
    ),
    "WizardLM/WizardCoder-Python-34B-V1.0": (
        "S\n\n### Instruction:\nU\n\n### Response:\nA\n\n### Instruction:\nU2\n\n### Response:\n",
        f"{ALPACA_S}\n\n### Instruction:\nU\n\n### Response:\n",
    ),
    "TheBloke/guanaco-65B": (
        "S\n### Human: U\n### Assistant: A\n### Human: U2\n### Assistant:",
        "### Human: U\n### Assistant:",
    ),
    "lmsys/vicuna-13b-v1.5": (
        "S USER: U ASSISTANT: A</s>USER: U2 ASSISTANT:",
        "USER: U ASSISTANT:",
    ),
    "Phind/Phind-CodeLlama-34B-v2": (
        (
            "### System Prompt\nS\n\n### User Message\nU\n\n### Assistant\nA\n\n"
            "### User Message\nU2\n\n### Assistant\n"
        ),
        "### User Message\nU\n\n### Assistant\n",
    ),
    "google/gemma-7b-it": (
        (
            "<bos><start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n"
            "<start_of_turn>user\nU2<end_of_turn>\n<start_of_turn>model\n"
        ),
        "<bos><start_of_turn>user\nU<end_of_turn>\n<start_of_turn>model\n",
    ),
    "microsoft/Phi-3-mini-4k-instruct": (
        (
            "<|system|>\nS<|end|>\n<|user|>\nU<|end|>\n<|assistant|>\nA<|end|>\n<|user|>\nU2<|end|>\n"
            "<|assistant|>\n"
        ),
        "<|user|>\nU<|end|>\n<|assistant|>\n",
    ),
    "deepseek-ai/DeepSeek-R1": (
        (
            "<\uff5cbegin\u2581of\u2581sentence\uff5c>S<\uff5cUser\uff5c>U<\uff5cAssistant\uff5c>A"
            "<\uff5cend\u2581of\u2581sentence\uff5c><\uff5cUser\uff5c>U2<\uff5cAssistant\uff5c>"
        ),
        "<\uff5cbegin\u2581of\u2581sentence\uff5c><\uff5cUser\uff5c>U<\uff5cAssistant\uff5c>",
    ),
}


def written(name: str, messages: list[Json], *, add_bos: bool = True) -> str:
    prompt = family_for(name, add_bos=add_bos)
    assert prompt is not None
    return prompt.render(messages)


@pytest.mark.parametrize("name", GOLDEN)
def test_each_family_is_written_as_its_model_card_says(name: str) -> None:
    """System text, an earlier exchange, and the user's text alone: literally the card's layout."""
    conversation, alone = GOLDEN[name]
    assert written(name, [SYSTEM, U1, A1, U2]) == conversation
    assert written(name, [U1]) == alone


@pytest.mark.parametrize("name", GOLDEN)
def test_neighbours_of_one_role_are_one_turn(name: str) -> None:
    """Two users, or two systems, in a row are one turn with a blank line between the texts."""
    joined: Json = {"role": "user", "content": "U\n\nU2"}
    systems: Json = {"role": "system", "content": "S\n\nT"}
    late: Json = {"role": "developer", "content": "T"}
    assert written(name, [U1, U2]) == written(name, [joined])
    assert written(name, [SYSTEM, late, U1]) == written(name, [systems, U1])


@pytest.mark.parametrize("name", GOLDEN)
def test_no_turn_is_invented_before_the_assistant(name: str) -> None:
    """A conversation that the assistant begins has its text first, and only the user's turn."""
    text = written(name, [A1, U1])
    assert text.count("U") == written(name, [U1]).count("U")
    assert text.index("A") < text.rindex("U")


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("meta-llama/Llama-2-7b-chat-hf", "<s>"),
        ("codellama/CodeLlama-70b-Instruct-hf", "<s>"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "<|begin_of_text|>"),
        ("mistralai/Mistral-7B-Instruct-v0.2", "<s>"),
        ("google/gemma-7b-it", "<bos>"),
        ("deepseek-ai/DeepSeek-R1", "<\uff5cbegin\u2581of\u2581sentence\uff5c>"),
        ("lmsys/vicuna-13b-v1.5", ""),
    ],
)
def test_the_begin_mark_can_be_left_to_the_container(name: str, begin: str) -> None:
    """`add_bos: false` removes the first begin mark, and nothing else."""
    messages = [SYSTEM, U1, A1, U2]
    assert written(name, messages) == begin + written(name, messages, add_bos=False)


def test_texts_are_stripped_where_the_model_card_strips_them() -> None:
    """Llama-3's own template trims each text; ChatML's does not."""
    spaced: list[Json] = [{"role": "user", "content": "  U \n"}]
    assert written("meta-llama/llama-3-8b-instruct", spaced) == (
        f"<|begin_of_text|>{L3.format('user')}U<|eot_id|>{L3.format('assistant')}"
    )
    assert written("codellama-70b-instruct", spaced).startswith("<s>Source: user\n\n U <step> ")
    assert "\n  U \n<|im_end|>" in written("qwen", spaced)


def test_a_late_system_text_stays_in_place_where_the_family_can_say_so() -> None:
    """ChatML writes it between the turns; Llama-2 and Vicuna, which can't, let the user say it."""
    messages = [U1, A1, SYSTEM, U2]
    assert "A<|im_end|>\n<|im_start|>system\nS<|im_end|>\n" in written("qwen", messages)
    assert written("vicuna", messages) == "USER: U ASSISTANT: A</s>USER: S\n\nU2 ASSISTANT:"
    assert written("llama-2-chat", messages).endswith("</s><s>[INST] S\n\nU2 [/INST]")


def test_a_system_text_alone_is_the_users_turn_where_there_is_no_system_role() -> None:
    """Gemma and Llama-2 get it where their models expect it, with no words added."""
    assert "<start_of_turn>user\nS<end_of_turn>" in written("gemma-it", [SYSTEM])
    assert written("llama-2-chat", [SYSTEM, A1]) == (
        "<s>[INST] <<SYS>>\nS\n<</SYS>> [/INST] A </s>"
    )


def test_list_content_tool_history_and_null_become_text() -> None:
    """Parts are joined, calls are JSON, a tool's answer is told by the user, null says nothing."""
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    messages: list[Json] = [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "d", "tool_call_id": "c"},
        {"role": "assistant", "content": None},
    ]
    assert written("vicuna", messages) == (
        'USER: ab ASSISTANT: [{"id":"c","function":{"name":"f","arguments":"{}"}}]</s>'
        "USER: d ASSISTANT:"
    )


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([{"role": "user", "content": None}], "messages"),
        ([U1, {"role": "wizard", "content": "x"}], "messages[1].role"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "messages[0].content[0]"),
    ],
)
def test_what_cannot_be_said_is_refused_by_its_place(messages: list[Json], param: str) -> None:
    """No text at all, an unknown role, an image: 400 that names the place."""
    with pytest.raises(InvalidRequest) as caught:
        written("vicuna", messages)
    assert caught.value.param == param
