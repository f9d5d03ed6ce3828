"""How one family of text containers spells a request: data, and a few lines of writing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Final

from adapters.base import Adjustable, Json, Prompt, Request, Target
from adapters.openai.parameters import SWITCHES
from adapters.prompts import plain
from adapters.value import value

#: OpenAI's parameters that every text dialect can express.
BASIC: Final = frozenset(
    {
        "echo",
        "max_completion_tokens",
        "max_tokens",
        "n",
        "stop",
        "stream",
        "stream_options",
        "temperature",
        "top_p",
    }
)
#: Keys that steer the gateway, or are written elsewhere in the body.
_NOT_PARAMETERS: Final = frozenset(
    {
        "aws_sagemaker_allow_zero_temp",
        SWITCHES,
        "echo",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "model",
        "n",
        "prompt",
        "stop",
        "stream",
        "stream_options",
    }
)
#: What a container that refuses temperature 0 gets instead.
_LEAST_TEMPERATURE: Final = 0.1
_MESSAGES_API: Final = (
    "A container that has the Messages API (vLLM, SGLang, TGI, LMI) takes it when it is addressed "
    "as 'sagemaker_chat/<endpoint>'."
)
_DETAILS: Final = (
    "If the container is Text Generation Inference or LMI, set 'format: tgi' or 'format: lmi'."
)
#: What helps where a text dialect lacks a parameter.
REMEDIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "function_call": _MESSAGES_API,
        "functions": _MESSAGES_API,
        "logprobs": _DETAILS,
        "parallel_tool_calls": _MESSAGES_API,
        "response_format": _MESSAGES_API,
        "suffix": "That needs a container that completes prompts itself: set 'format: openai'.",
        "tool_choice": _MESSAGES_API,
        "tools": _MESSAGES_API,
        "top_logprobs": _DETAILS,
    }
)


def rendered(request: Request, messages: list[Json]) -> tuple[Any, str]:
    """Write a conversation as one prompt text; it is the input, and what is counted."""
    text = _prompt(request).render(messages)
    return text, text


def _prompt(request: Request) -> Prompt:
    """Give the model's prompt, switched as the request wants it; built-in ones have no switches."""
    prompt = request.target.prompt or plain
    switches = request.params.get(SWITCHES)
    if switches and isinstance(prompt, Adjustable):
        return prompt.adjusted(switches)
    return prompt


@value(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A text container's way to be asked.

    Args:
        supported: OpenAI's parameters that it can express.
        remedies: What helps with those that it can't: whole sentences by their names.
        finish: Writes what this dialect has beyond the common parameters: takes those written so
            far, and the request's.
        stop_name: Its name for stop texts; None where it knows none.
        converse: Gives the `inputs` that a conversation becomes, and the text to count.
        asks_details: Ask for finish reason and exact counts; only a container that is known to
            have them is asked.
        asks_usage: Ask for a usage record at a stream's end, which OpenAI's servers have and others
            pass over.
        knows_echo: It has `return_full_text`, and is told not to put the prompt before its answer.
        may_echo: It may put the prompt before a whole answer, unasked.
        verbatim: The request is the client's own: nothing is added to what comes, or cut from it.
    """

    supported: frozenset[str] = BASIC
    remedies: Mapping[str, str] = field(default_factory=lambda: REMEDIES)
    finish: Callable[[Json, Json], None] | None = None
    stop_name: str | None = "stop"
    converse: Callable[[Request, list[Json]], tuple[Any, str]] = rendered
    asks_details: bool = False
    asks_usage: bool = False
    knows_echo: bool = False
    may_echo: bool = False
    verbatim: bool = False

    def parameters(self, params: Json, target: Target) -> Json:
        """Write the container's `parameters` for a request's."""
        written = {name: value for name, value in params.items() if name not in _NOT_PARAMETERS}
        limit = token_limit(params)
        if limit is not None:
            written["max_new_tokens"] = limit
        wanted = stops(params)
        if wanted and self.stop_name is not None:
            written[self.stop_name] = wanted
        allow_zero = params.get("aws_sagemaker_allow_zero_temp", target.allow_zero_temperature)
        if written.get("temperature") == 0 and not allow_zero:
            written["temperature"] = _LEAST_TEMPERATURE
        if self.finish is not None:
            self.finish(written, params)
        if self.asks_details:
            written.setdefault("details", True)
        if self.knows_echo:
            written.setdefault("return_full_text", False)
        return written

    def streaming(self, request: Request) -> Json:
        """Write what asks for a stream, where one is wanted."""
        if not request.params.get("stream"):
            return {}
        if not (self.asks_usage and request.ask_usage):
            return {"stream": True}
        return {"stream": True, "stream_options": {"include_usage": True}}

    def limit(self, params: Json) -> int | None:
        """Give the number of tokens that an answer may have, where a request says it to us."""
        return None if self.verbatim else token_limit(params)


def token_limit(params: Json) -> int | None:
    """Give the wanted number of tokens, at least 1: containers refuse 0.

    The containers' own name for it holds where OpenAI's are not said.
    """
    asked = params.get("max_completion_tokens")
    if asked is None:
        asked = params.get("max_tokens")
    if asked is not None:
        return max(int(asked), 1)
    own = params.get("max_new_tokens")
    return own if type(own) is int else None


def texts_per_call(params: Json) -> int:
    """Give the number of texts that one call is asked for, in the containers' own words."""
    asked = params.get("num_return_sequences")
    return asked if type(asked) is int and asked > 0 else 1


def stops(params: Json) -> list[str]:
    """Give a request's stop texts as a list; an empty one stops nothing, and is left out."""
    stop = params.get("stop")
    if stop is None:
        return []
    return [text for text in ([stop] if isinstance(stop, str) else stop) if text]


def alternatives(written: Json, params: Json) -> int | None:
    """Ask for details if log probabilities are wanted.

    Takes OpenAI's two parameters out of what is written: chat says `logprobs: true` and
    `top_logprobs`, completions say a number.

    Returns:
        The number of alternatives wanted for each token; None where nothing is.
    """
    asked, top = written.pop("logprobs", None), written.pop("top_logprobs", None)
    if asked is None or asked is False:
        return None
    written["details"] = True
    return top or 0 if "messages" in params else int(asked)
