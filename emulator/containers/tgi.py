"""A Hugging Face Text Generation Inference container.

Knows which bodies a release takes, and how long a text may be. It writes the text that
`text.compose` composes instead of running a model.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from emulator.containers import tgi_request
from emulator.containers.base import Answer, ContainerRequest, document
from emulator.containers.framing import framed
from emulator.containers.generation import Generation, generate
from emulator.containers.specimen import specimen
from emulator.containers.text import count, written
from emulator.containers.tgi_answer import TgiAnswer
from emulator.containers.tgi_chat import TgiChat
from emulator.endpoints import TgiEndpoint


class Tgi:
    """The container behind a `tgi` endpoint."""

    def __init__(self, settings: TgiEndpoint) -> None:
        self._settings = settings
        self._openai = TgiChat(settings)

    def answer(self, request: ContainerRequest) -> Answer:
        """Generates, streaming when the body says `stream`."""
        content = tgi_request.read(request.body)
        flavour = self._settings.flavour
        if flavour == "messages":
            return self._openai.chat(content, request.component)
        if flavour == "all" and "inputs" not in content:
            return self._openai_answer(content, request.component)
        tgi_request.check_inputs(content, len(request.body))
        return self._generated(content, request.component)

    def _openai_answer(self, content: Mapping[str, Any], component: str) -> Answer:
        if "messages" in content:
            return self._openai.chat(content, component)
        if "prompt" not in content:
            tgi_request.misfit("data did not match any variant of untagged enum SagemakerRequest")
        return self._openai.completion(content, component)

    def _generated(self, content: Mapping[str, Any], component: str) -> Answer:
        prompt: str = content["inputs"]
        parameters: Mapping[str, Any] = content.get("parameters") or {}
        generation = self._generate(prompt, parameters, component)
        answer = TgiAnswer(prompt, parameters, generation, self._settings.echoes)
        if content.get("stream") and not self._settings.whole_document:
            return framed(answer.records(), "sse")
        return document([answer.document()])

    def _generate(self, prompt: str, parameters: Mapping[str, Any], component: str) -> Generation:
        limit = parameters.get("max_new_tokens") or self._settings.default_max_new_tokens
        if count(prompt) + limit > self._settings.context_length:
            tgi_request.refuse(
                f"`inputs` tokens + `max_new_tokens` must be <= {self._settings.context_length}. "
                f"Given: {count(prompt)} `inputs` tokens and {limit} `max_new_tokens`"
            )
        text = self._text(prompt, parameters, component)
        return generate(text, limit, parameters.get("stop") or [], keeps_stop=True)

    def _text(self, prompt: str, parameters: Mapping[str, Any], component: str) -> str:
        grammar = parameters.get("grammar")
        if grammar and grammar.get("type") == "json":
            return orjson.dumps(specimen(grammar["value"])).decode()
        return written(self._settings.reply, prompt, parameters, component)
