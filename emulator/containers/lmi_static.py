"""A DJL Large Model Inference container with a dynamic batch: one text or several at once."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from emulator.containers import djl
from emulator.containers.base import Answer, ContainerRequest, document
from emulator.containers.framing import framed
from emulator.containers.generation import Generation, generate
from emulator.containers.text import count, written
from emulator.endpoints import LmiStaticEndpoint


class LmiStatic:
    """The container behind an `lmi_static` endpoint."""

    def __init__(self, settings: LmiStaticEndpoint) -> None:
        self._settings = settings

    def answer(self, request: ContainerRequest) -> Answer:
        """One text an input; streams increments of all of them when the body says `stream`."""
        content = djl.read(request.body)
        prompts = _prompts(content.get("inputs"))
        parameters = djl.parameters_of(content)
        if self._settings.fails:
            djl.failure("Generation failed")
        generations = [self._generate(each, parameters, request.component) for each in prompts]
        if content.get("stream") and not self._settings.whole_document:
            return framed(_increments(generations), "jsonlines")
        return document([{"generated_text": each.text} for each in generations])

    def _generate(self, prompt: str, parameters: Mapping[str, Any], component: str) -> Generation:
        settings = self._settings
        limit = parameters.get("max_new_tokens", settings.default_max_new_tokens)
        if count(prompt) + limit > settings.context_length:
            djl.failure(f"Input length {count(prompt)} exceeds {settings.context_length}")
        text = written(settings.reply, prompt, parameters, component)
        return generate(text, limit, djl.stops(parameters), keeps_stop=False)


def _prompts(inputs: Any) -> list[str]:
    prompts = [inputs] if isinstance(inputs, str) else inputs
    if not isinstance(prompts, list) or not all(isinstance(each, str) for each in prompts):
        djl.failure("Invalid Request Property: 'inputs'")
    return prompts


def _increments(generations: Iterable[Generation]) -> Iterator[dict[str, Any]]:
    """A text that has ended gives empty increments while others go on."""
    for pieces in zip_longest(*(each.pieces for each in generations), fillvalue=""):
        yield {"outputs": list(pieces)}
