"""OpenAI's parameters: which there are, and what a dialect without them does.

Sources: https://platform.openai.com/docs/api-reference/chat/create and
https://platform.openai.com/docs/api-reference/completions/create
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from adapters.base import Json, Target, Task
from adapters.errors import UnsupportedParameter

#: The chat parameters that shape an answer. Any other key of a request is the container's own.
CHAT: Final = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "modalities",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "reasoning_effort",
        "response_format",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "verbosity",
        "web_search_options",
    }
)

#: The completion parameters that shape an answer.
COMPLETION: Final = frozenset(
    {
        "best_of",
        "echo",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_tokens",
        "n",
        "presence_penalty",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "suffix",
        "temperature",
        "top_p",
    }
)

#: One wish under several names: a request that brings one of them brings none of the defaults.
TOKEN_LIMITS: Final = frozenset({"max_completion_tokens", "max_new_tokens", "max_tokens"})

#: What vLLM and SGLang call the variables of a model's chat template.
SWITCHES: Final = "chat_template_kwargs"

#: The parameters of embeddings: https://platform.openai.com/docs/api-reference/embeddings/create
EMBEDDING: Final = frozenset({"dimensions", "encoding_format"})

#: Bookkeeping between a client and OpenAI: says nothing about the answer, so no call fails for it.
BOOKKEEPING: Final = frozenset(
    {
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "store",
        "user",
    }
)

#: Values that ask for what a plain answer is anyway; clients send them unasked.
_NEUTRAL: Final[dict[str, tuple[Any, ...]]] = {
    "best_of": (1,),
    "echo": (False,),
    "frequency_penalty": (0,),
    "function_call": ("none", "auto"),
    "functions": ([],),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"],),
    "n": (1,),
    "parallel_tool_calls": (True, False),
    "presence_penalty": (0,),
    "response_format": ({"type": "text"},),
    "suffix": ("",),
    "tool_choice": ("none", "auto"),
    "tools": ([],),
    "top_logprobs": (0,),
}

_NO_REMEDIES: Final[Mapping[str, str]] = MappingProxyType({})


def effective(params: Json, target: Target, task: Task) -> Json:
    """Give what a request asks of a deployment: its defaults under it, without what it drops.

    The object is the caller's own; what is in it is the client's.
    """
    defaults = target.defaults_for(task)
    asked = over(params, defaults) if defaults else dict(params)
    for name in target.parameters.dropped:
        asked.pop(name, None)
    return asked


def over(params: Json, defaults: Mapping[str, Any]) -> Json:
    """Give a request's parameters over a deployment's defaults: the request always wins.

    A template's switches are many things under one name: each of them has its own default.
    """
    if not TOKEN_LIMITS.isdisjoint(params):
        defaults = {name: defaults[name] for name in defaults.keys() - TOKEN_LIMITS}
    asked = {**defaults, **params}
    ours, theirs = defaults.get(SWITCHES), params.get(SWITCHES)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        asked[SWITCHES] = {**ours, **theirs}
    return asked


def select(
    params: Json,
    target: Target,
    *,
    known: frozenset[str],
    supported: frozenset[str],
    remedies: Mapping[str, str] = _NO_REMEDIES,
) -> Json:
    """Give the parameters that may be written for a dialect that has only some of OpenAI's.

    A known parameter that is null is one that was not given: it is left out.

    Args:
        params: The request's parameters.
        target: The deployment, with its policy.
        known: The task's parameters; every other name is the container's own and passes.
        supported: Those of them that the dialect can express.
        remedies: What else helps with a parameter that the dialect lacks: a whole sentence.

    Raises:
        UnsupportedParameter: names every parameter that the dialect lacks, and what helps.
    """
    policy = target.parameters
    kept: Json = {}
    lacking: list[str] = []
    for name, value in params.items():
        if name in BOOKKEEPING or (value is None and name in known):
            continue
        if name not in known or name in supported or name in policy.allowed:
            kept[name] = value
        elif not policy.drop_unsupported and not _is_neutral(name, value):
            lacking.append(name)
    if lacking:
        raise _refusal(target.model, sorted(lacking), remedies)
    return kept


def _is_neutral(name: str, value: Any) -> bool:
    """Tell whether a value asks for nothing; 0 is not false: `logprobs: 0` asks for some."""
    return any(
        value == neutral and isinstance(value, bool) == isinstance(neutral, bool)
        for neutral in _NEUTRAL.get(name, ())
    )


def _refusal(model: str, lacking: list[str], remedies: Mapping[str, str]) -> UnsupportedParameter:
    """Name what the dialect lacks and what helps; a remedy of several parameters is said once."""
    names = ", ".join(f"'{name}'" for name in lacking)
    them = "it" if len(lacking) == 1 else "them"
    advice = (
        f"Leave {them} out, or set 'drop_params: true' to drop {them} or 'allowed_openai_params' "
        f"to forward {them} in the configuration."
    )
    further = dict.fromkeys(remedies[name] for name in lacking if name in remedies)
    said = (f"The model '{model}' does not support {names}.", advice, *further)
    return UnsupportedParameter(" ".join(said), param=lacking[0])
