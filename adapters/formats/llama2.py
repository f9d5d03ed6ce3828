"""JumpStart's first Llama-2 containers: `generation` in the answer, dialogs for the chat models.

A chat model is known by its name (`...-f`, or with `chat` in it); with a template of its own in the
configuration, and for base models, it gets text. These containers know no stop texts. The licence
is accepted by the setting `custom_attributes: accept_eula=true` only.
Source: https://aws.amazon.com/blogs/machine-learning/llama-2-foundation-models-from-meta-are-now-available-in-amazon-sagemaker-jumpstart/
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from adapters.base import Format, Json, Payload, Request, Target
from adapters.errors import UnsupportedTask
from adapters.prompts.cards import LLAMA_2
from adapters.prompts.turns import merged, read_turns
from adapters.text.codec import TextCodec, chat_codec, completion_codec
from adapters.text.dialect import Dialect, rendered

#: What the name of a chat model makes of its prompt, with and without the begin mark.
_CHAT: Final = (LLAMA_2, replace(LLAMA_2, begin=""))
#: How these containers answer what they can't read.
_NOT_UNDERSTOOD: Final = (400, 424)


def _converse(request: Request, messages: list[Json]) -> tuple[Any, str]:
    """Give one dialog, in a list of its own, or a text."""
    if not _takes_dialogs(request.target):
        return rendered(request, messages)
    turns = merged(read_turns(messages))
    dialog = [{"role": turn.speaker, "content": turn.text} for turn in turns]
    return [dialog], "\n".join(turn.text for turn in turns)


class _Completion(TextCodec):
    """Completions, of base models: a chat model takes dialogs only."""

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write the prompts.

        Raises:
            UnsupportedTask: the model chats.
        """
        if _takes_dialogs(request.target):
            raise UnsupportedTask(
                f"The model '{request.target.model}' takes conversations only: ask "
                "/chat/completions, or a Llama-2 endpoint that is no chat model.",
                param="model",
            )
        return TextCodec.encode(self, request)


def advise(status: int, complaint: str, target: Target) -> str | None:
    """Give what an operator can do about a complaint of these containers, or None."""
    del status, target
    if "custom_attributes" not in complaint or "accept_eula=true" not in complaint:
        return None
    return (
        "Once the licence is accepted, the model's setting 'custom_attributes: accept_eula=true' "
        "says so."
    )


def advise_format(status: int, complaint: str, target: Target) -> str | None:
    """Give the same where no format is named; a chat model's complaint may be about that."""
    advice = advise(status, complaint, target)
    if advice is None and status in _NOT_UNDERSTOOD and _takes_dialogs(target):
        return (
            "If this is JumpStart's first container for Llama-2 chat models, it takes dialogs: set "
            "'format: llama2'."
        )
    return advice


def _takes_dialogs(target: Target) -> bool:
    return target.prompt in _CHAT


_DIALECT: Final = Dialect(stop_name=None, converse=_converse)

FORMAT = Format(
    name="llama2",
    chat=chat_codec(_DIALECT),
    completion=completion_codec(_DIALECT, _Completion),
    advise=advise,
)
