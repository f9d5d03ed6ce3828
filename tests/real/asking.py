"""Questions to the real model, and its answer as one value whichever way it came."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam
from openai.types.completion_usage import CompletionUsage

CAPITAL: tuple[ChatCompletionMessageParam, ...] = (
    {"role": "user", "content": "What is the capital of France?"},
)
#: The same words every time.
SURE: Mapping[str, Any] = {"temperature": 0, "seed": 1}


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole text, why it ended, and what it cost."""

    text: str
    finish_reason: str | None
    usage: CompletionUsage | None


def copying(text: str) -> list[ChatCompletionMessageParam]:
    """A conversation that shows what copying is, and asks for one more."""
    messages: list[ChatCompletionMessageParam] = []
    for shown in ("Köln", "東京", "Ωμέγα"):
        messages.append({"role": "user", "content": f"Copy: {shown}"})
        messages.append({"role": "assistant", "content": shown})
    return [*messages, {"role": "user", "content": f"Copy: {text}"}]


def whole(
    client: OpenAI,
    messages: Iterable[ChatCompletionMessageParam],
    model: str = "gemma",
    **more: Any,
) -> Answer:
    """Asks for the answer in one piece."""
    reply = client.chat.completions.create(model=model, messages=messages, **SURE, **more)
    choice = reply.choices[0]
    return Answer(choice.message.content or "", choice.finish_reason, reply.usage)


def streamed(
    client: OpenAI,
    messages: Iterable[ChatCompletionMessageParam],
    model: str = "gemma",
    **more: Any,
) -> Answer:
    """Asks for the answer in chunks, with usage at the end, and joins them."""
    texts, reasons, usages = [], [], []
    chunks = client.chat.completions.create(
        model=model,
        messages=messages,
        stream=True,
        stream_options={"include_usage": True},
        **SURE,
        **more,
    )
    for chunk in chunks:
        usages += [chunk.usage] if chunk.usage else []
        for choice in chunk.choices:
            texts.append(choice.delta.content or "")
            reasons += [choice.finish_reason] if choice.finish_reason else []
    (reason,), (usage,) = reasons, usages
    return Answer("".join(texts), reason, usage)
