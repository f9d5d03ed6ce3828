"""JumpStart's first Llama-2 containers: `generation` in the answer, dialogs for the chat models.

A chat model is known by its name (`...-f`, or with `chat` in it); with a template of its own in the
configuration, and for base models, it gets text. These containers know no stop texts. The licence
is accepted by the setting `custom_attributes: accept_eula=true` only.
Source: https://aws.amazon.com/blogs/machine-learning/llama-2-foundation-models-from-meta-are-now-available-in-amazon-sagemaker-jumpstart/
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from adapters.base import Json, Request
from adapters.prompts.cards import LLAMA_2
from adapters.prompts.turns import merged, read_turns
from adapters.text.codec import text_format
from adapters.text.dialect import Dialect, rendered

#: What the name of a chat model makes of its prompt, with and without the begin mark.
_CHAT: Final = (LLAMA_2, replace(LLAMA_2, begin=""))


def _converse(request: Request, messages: list[Json]) -> tuple[Any, str]:
    """Give one dialog, in a list of its own, or a text."""
    if request.target.prompt not in _CHAT:
        return rendered(request, messages)
    turns = merged(read_turns(messages))
    dialog = [{"role": turn.speaker, "content": turn.text} for turn in turns]
    return [dialog], "\n".join(turn.text for turn in turns)


FORMAT = text_format("llama2", Dialect(stop_name=None, converse=_converse))
