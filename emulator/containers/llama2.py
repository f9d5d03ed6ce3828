"""A JumpStart Llama-2 container of the first generation: dialogs for chat, text for base models.

Knows the licence that it wants accepted and the order of roles that it insists on. Parameters
other than its own four are passed over: it knows neither stop texts nor seeds.

Source: the JumpStart Llama-2 model cards, and Meta's reference code (texts on roles).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from emulator.containers import djl
from emulator.containers.base import Answer, ContainerRequest, document
from emulator.containers.framing import framed
from emulator.containers.generation import Generation, generate
from emulator.containers.text import count, written
from emulator.endpoints import Llama2Endpoint

_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_LICENCE = (
    "Need to pass custom_attributes='accept_eula=true' as part of header. This means you have read "
    "and accept the end-user license agreement (EULA) of the model. EULA can be found in model "
    "card description or from "
    "https://ai.meta.com/resources/models-and-libraries/llama-downloads/."
)
_ROLES = (
    "model only supports 'system', 'user' and 'assistant' roles, starting with 'system', then "
    "'user' and alternating (u/a/u/a/u...)"
)
_KNOWN = ("max_new_tokens", "temperature", "top_p", "return_full_text")


class Llama2:
    """The container behind a `llama2` endpoint."""

    def __init__(self, settings: Llama2Endpoint) -> None:
        self._settings = settings

    def answer(self, request: ContainerRequest) -> Answer:
        """One text a dialog, or a prompt; streams increments when it can and the body says so."""
        if self._settings.needs_eula and not _accepts(request.headers):
            _fail(_LICENCE)
        content = djl.read(request.body)
        given = djl.parameters_of(content)
        parameters = {name: given[name] for name in _KNOWN if name in given}
        prompts = _dialogs(content) if self._settings.chat else _texts(content)
        generations = [self._generate(each, parameters, request.component) for each in prompts]
        if content.get("stream") and self._can_stream and len(generations) == 1:
            return framed(_increments(generations[0]), "jsonlines")
        wrap = self._wrapping(parameters)
        return document(
            [
                {"generation": wrap(prompt, each)}
                for prompt, each in zip(prompts, generations, strict=True)
            ]
        )

    @property
    def _can_stream(self) -> bool:
        return self._settings.streaming and not self._settings.whole_document

    def _wrapping(self, parameters: Mapping[str, Any]) -> Callable[[str, Generation], Any]:
        if self._settings.chat:
            return lambda _, each: {"role": "assistant", "content": each.text}
        if parameters.get("return_full_text"):
            return lambda prompt, each: prompt + each.text
        return lambda _, each: each.text

    def _generate(self, prompt: str, parameters: Mapping[str, Any], component: str) -> Generation:
        """An answer that does not fit behind the prompt is cut, as in the reference code."""
        settings = self._settings
        room = settings.context_length - count(prompt)
        if room < 0:
            _fail(f"prompt of {count(prompt)} tokens exceeds {settings.context_length}")
        limit = min(room, parameters.get("max_new_tokens", settings.default_max_new_tokens))
        text = written(settings.reply, prompt, parameters, component)
        return generate(text, limit, [], keeps_stop=False)


def _accepts(headers: Mapping[str, str]) -> bool:
    attributes = re.split(r"[,;]", headers.get(_ATTRIBUTES, ""))
    return "accept_eula=true" in {each.strip() for each in attributes}


def _dialogs(content: Mapping[str, Any]) -> list[str]:
    """The last message of each dialog."""
    dialogs = content.get("inputs")
    if not isinstance(dialogs, list) or not all(isinstance(each, list) for each in dialogs):
        _fail("inputs must be a list of dialogs, and a dialog a list of messages")
    return [_last(dialog) for dialog in dialogs]


def _last(dialog: list[Any]) -> str:
    if not all(_is_message(each) for each in dialog):
        _fail("a message has a role and a content, both text")
    roles = [each["role"] for each in dialog]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    if any(role != ("user", "assistant")[place % 2] for place, role in enumerate(turns)):
        _fail(_ROLES)
    if turns[-1:] != ["user"]:
        _fail(f"Last message must be from user, got {roles[-1] if roles else None}")
    text: str = dialog[-1]["content"]
    return text


def _is_message(message: Any) -> bool:
    return isinstance(message, dict) and all(
        isinstance(message.get(key), str) for key in ("role", "content")
    )


def _texts(content: Mapping[str, Any]) -> list[str]:
    given = content.get("inputs")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        _fail("inputs must be text")
    return texts


def _increments(generation: Generation) -> Iterator[dict[str, str]]:
    return ({"generation": piece} for piece in generation.pieces)


def _fail(text: str) -> NoReturn:
    djl.failure(text, "prediction failure")
