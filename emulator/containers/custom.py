"""A container with somebody's own handler: `inputs`/`parameters` in, one of many shapes out.

Shapes with an increment can be streamed; with the others the handler ignores `stream`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from emulator.containers import toolkit
from emulator.containers.base import Answer, ContainerRequest, document
from emulator.containers.chat import Chat
from emulator.containers.completions import Completions
from emulator.containers.framing import framed
from emulator.containers.generation import generate
from emulator.containers.text import count, written
from emulator.endpoints import CustomEndpoint

_Shape = Callable[[str], Any]

#: A whole text in each shape; OpenAI's shapes are made elsewhere.
_WHOLE: dict[str, _Shape] = {
    "generated_text": lambda text: [{"generated_text": text}],
    "object": lambda text: {"generated_text": text},
    "nested": lambda text: [[{"generated_text": text}]],
    "generated_texts": lambda text: {"generated_texts": [text]},
    "outputs": lambda text: {"outputs": [text]},
    "generation": lambda text: {"generation": text},
    "text": lambda text: {"text": text},
    "surprise": lambda _: {"surprise": 1},
}
#: The shapes that an increment has as well.
_STREAMED = {"outputs", "generation", "surprise"}
#: What asks for a stream, in OpenAI's words and in everybody's.
_STREAMING = ("stream", "stream_options")


class Custom:
    """The container behind a `custom` endpoint."""

    def __init__(self, settings: CustomEndpoint) -> None:
        self._settings = settings
        openai = settings.openai(framing=settings.framing)
        self._chat = Chat(openai)
        self._completions = Completions(openai)

    def answer(self, request: ContainerRequest) -> Answer:
        """Generates, and wraps the text in its shape."""
        content = toolkit.read(request.body, "inputs")
        prompt, parameters = content["inputs"], content.get("parameters") or {}
        if not isinstance(prompt, str) or not isinstance(parameters, dict):
            toolkit.refuse("inputs must be text and parameters an object")
        _check(parameters)
        streams = bool(content.get("stream"))
        if self._settings.shape == "choices":
            messages = {"messages": [{"role": "user", "content": prompt}]}
            body = self._openai(messages, content)
            return self._chat.answer(body, request.component)
        if self._settings.shape == "text_choices":
            body = self._openai({"prompt": prompt}, content)
            return self._completions.answer(body, request.component)
        return self._wrapped(prompt, parameters, request.component, streams=streams)

    def _openai(self, body: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
        """The request in OpenAI's words, for the shapes that are OpenAI's."""
        parameters = content.get("parameters") or {}
        streaming = {name: content[name] for name in _STREAMING if name in content}
        limit = parameters.get("max_new_tokens", self._settings.default_max_new_tokens)
        rest = {name: value for name, value in parameters.items() if name != "max_new_tokens"}
        return {**rest, **body, "max_tokens": limit, **streaming}

    def _wrapped(
        self, prompt: str, parameters: Mapping[str, Any], component: str, *, streams: bool
    ) -> Answer:
        settings = self._settings
        limit = parameters.get("max_new_tokens", settings.default_max_new_tokens)
        if count(prompt) + limit > settings.context_length:
            toolkit.refuse(f"prompt and answer exceed {settings.context_length} tokens")
        text = written(settings.reply, prompt, parameters, component)
        generation = generate(text, limit, parameters.get("stop") or [], keeps_stop=False)
        wrap = _WHOLE[settings.shape]
        if streams and settings.shape in _STREAMED and not settings.whole_document:
            return framed(map(wrap, generation.pieces), settings.framing)
        echo = prompt if parameters.get("return_full_text", settings.echoes) else ""
        return document(wrap(echo + generation.text))


def _check(parameters: Mapping[str, Any]) -> None:
    """What `generate` of the handler's model trips over."""
    if type(parameters.get("max_new_tokens", 1)) is not int:
        toolkit.refuse("`max_new_tokens` must be an integer")
    stops = parameters.get("stop") or []
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        toolkit.refuse("`stop` must be a list of strings")
