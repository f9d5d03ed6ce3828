"""Prompts to continue, and what came of them as one value whichever way it came."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from openai import OpenAI
from openai.types.completion_usage import CompletionUsage

#: What the chat template makes of `asking.CAPITAL`.
QUESTION = "Question: What is the capital of France?\nAnswer:"
COUNTING = "One, two,"
#: The same words every time.
SURE: Mapping[str, Any] = {"temperature": 0, "seed": 1}

Prompt = str | list[str] | Iterable[int] | Iterable[Iterable[int]]


@dataclass(frozen=True, slots=True)
class Continued:
    """The choices' texts and reasons in the order of their indexes, and what they cost."""

    texts: list[str]
    reasons: list[str | None]
    usage: CompletionUsage | None

    @property
    def counts(self) -> tuple[int, int, int]:
        """Tokens of the prompts, of the answers, and together."""
        assert self.usage is not None
        return self.usage.prompt_tokens, self.usage.completion_tokens, self.usage.total_tokens


Continue = Callable[..., Continued]


def whole(client: OpenAI, prompt: Prompt, model: str = "gemma-native", **more: Any) -> Continued:
    """Asks for the choices in one piece."""
    asked = {**SURE, **more}
    reply = client.completions.create(model=model, prompt=prompt, **asked)
    choices = reply.choices
    assert [choice.index for choice in choices] == list(range(len(choices)))
    return Continued(
        [choice.text for choice in choices],
        [choice.finish_reason for choice in choices],
        reply.usage,
    )


def streamed(client: OpenAI, prompt: Prompt, model: str = "gemma-native", **more: Any) -> Continued:
    """Asks for the choices in chunks, with usage in the last one, and joins each of them."""
    texts: dict[int, str] = defaultdict(str)
    reasons: dict[int, str] = {}
    usage: CompletionUsage | None = None
    asked = {**SURE, **more, "stream": True, "stream_options": {"include_usage": True}}
    for chunk in client.completions.create(model=model, prompt=prompt, **asked):
        usage = chunk.usage
        for choice in chunk.choices:
            assert choice.index not in reasons, "a choice goes on behind its end"
            texts[choice.index] += choice.text
            if choice.finish_reason:
                reasons[choice.index] = choice.finish_reason
    order = sorted(texts)
    assert order == list(range(len(order)))
    return Continued([texts[index] for index in order], [reasons[i] for i in order], usage)
