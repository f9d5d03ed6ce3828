"""One choice of a chat answer, and what is counted and told about its tokens."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.containers.chat_request import ChatRequest
from emulator.containers.text import tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of `n` answers.

    Attributes:
        index: Its place.
        reasoning: The tokens of the reasoning.
        pieces: The tokens of the text.
        calls: The tool calls, in OpenAI's form.
        finish_reason: `stop`, `length` or `tool_calls`.
    """

    index: int
    reasoning: list[str]
    pieces: list[str]
    calls: list[dict[str, Any]]
    finish_reason: str

    @property
    def completion_tokens(self) -> int:
        """Every token generated."""
        arguments = (call["function"]["arguments"] for call in self.calls)
        return len(self.reasoning) + len(self.pieces) + sum(len(tokens(each)) for each in arguments)


def usage(chat: ChatRequest, choices: Iterable[Choice]) -> dict[str, Any]:
    """The tokens counted, in OpenAI's form."""
    prompt, completion = chat.prompt_tokens, sum(each.completion_tokens for each in choices)
    return {
        "prompt_tokens": prompt,
        "total_tokens": prompt + completion,
        "completion_tokens": completion,
        "prompt_tokens_details": None,
    }


def logprobs(body: Mapping[str, Any], pieces: Iterable[str]) -> dict[str, Any] | None:
    """The log probabilities of some tokens, when the request wants them."""
    if not body.get("logprobs"):
        return None
    wide = body.get("top_logprobs") or 0
    return {"content": [_logprob(piece, wide) for piece in pieces]}


def _logprob(piece: str, wide: int) -> dict[str, Any]:
    own = {"token": piece, "logprob": -0.25, "bytes": list(piece.encode())}
    others = (
        {"token": f"~{place}", "logprob": -0.25 - place, "bytes": list(f"~{place}".encode())}
        for place in range(1, wide)
    )
    return {**own, "top_logprobs": [own, *others] if wide else []}
