"""A DJL Large Model Inference container with a rolling batch.

Knows which bodies it takes, and what it makes of parameters: those that its engine does not know
are passed over.

Source: the LMI input schema.
"""

from collections.abc import Mapping
from typing import Any

from emulator.containers import djl
from emulator.containers.base import Answer, Complaint, ContainerRequest, document
from emulator.containers.chat import Chat
from emulator.containers.framing import framed, openai_framed
from emulator.containers.generation import Generation, generate
from emulator.containers.lmi_answer import LmiAnswer
from emulator.containers.old_chat import lmi_chunks, lmi_whole
from emulator.containers.text import count, written
from emulator.endpoints import LmiEndpoint

#: Those of every engine, and those of the vLLM engine.
_KNOWN = {
    "do_sample",
    "seed",
    "temperature",
    "repetition_penalty",
    "top_k",
    "top_p",
    "max_new_tokens",
    "details",
    "return_full_text",
    "stop_sequences",
    "decoder_input_details",
    "min_p",
    "presence_penalty",
    "frequency_penalty",
    "n",
    "best_of",
    "num_beams",
    "length_penalty",
    "early_stopping",
    "stop_token_ids",
    "include_stop_str_in_output",
    "ignore_eos_token",
    "logprobs",
    "prompt_logprobs",
    "skip_special_tokens",
    "spaces_between_special_tokens",
}


class Lmi:
    """The container behind an `lmi` endpoint."""

    def __init__(self, settings: LmiEndpoint) -> None:
        self._settings = settings
        self._chat = Chat(settings.openai(framing=settings.streams_as))

    def answer(self, request: ContainerRequest) -> Answer:
        """Generates, streaming when the body says `stream`."""
        content = djl.read(request.body)
        if "messages" in content:
            return self._chatted(content, request.component)
        prompt = content.get("inputs")
        if not isinstance(prompt, str):
            djl.unreadable("Invalid Request Property: 'inputs'")
        parameters = djl.parameters_of(content)
        generation = self._generate(prompt, parameters, request.component)
        answer = LmiAnswer(prompt, parameters, generation, self._settings)
        if content.get("stream") and not self._settings.whole_document:
            return framed(answer.records(), self._settings.streams_as)
        return document(answer.document())

    def _chatted(self, content: Mapping[str, Any], component: str) -> Answer:
        settings = self._settings
        try:
            if not settings.old_chat:
                return self._chat.answer(content, component)
            if content.get("stream") and not settings.whole_document:
                chunks = lmi_chunks(self._chat.chunks(content, component))
                return openai_framed(chunks, settings.streams_as)
            return document(lmi_whole(self._chat.whole(content, component)))
        except Complaint as complaint:
            djl.unreadable(complaint.content["error"]["message"])

    def _generate(self, prompt: str, parameters: Mapping[str, Any], component: str) -> Generation:
        settings = self._settings
        limit = parameters.get("max_new_tokens", settings.default_max_new_tokens)
        if count(prompt) + limit > settings.context_length:
            djl.fault(
                f"Prompt of {count(prompt)} tokens and max_new_tokens of {limit} exceed the "
                f"model's maximum length of {settings.context_length}"
            )
        known = {name: value for name, value in parameters.items() if name in _KNOWN}
        keeps_stop = bool(parameters.get("include_stop_str_in_output"))
        text = written(settings.reply, prompt, known, component)
        return generate(text, limit, djl.stops(parameters), keeps_stop=keeps_stop)
