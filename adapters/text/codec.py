"""Chat and completions as one prompt text in, one generated text out.

Every choice of every prompt takes a call of its own: containers give one text for a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from adapters.base import Decoded, Format, Json, Payload, Reply, Request
from adapters.container import check_size, parse_reply, write_body
from adapters.errors import InvalidRequest
from adapters.openai import chat, completions, parameters
from adapters.openai.streaming import Resource
from adapters.text import answer
from adapters.text.dialect import Dialect, texts_per_call
from adapters.text.generation import read
from adapters.text.stream import TextStream
from adapters.value import value

#: An input as the container takes it, and the text that is counted for it.
Input = tuple[Any, str]
#: Gives the inputs that a request becomes.
Inputs = Callable[[Dialect, Request], list[Input]]


#: vLLM's completions take a response format; a dialect without it must not pass over it.
_COMPLETION: Final = parameters.COMPLETION | {"response_format"}


@value(frozen=True, slots=True, kw_only=True)
class TextCodec:
    """Chat, or completions, of one text dialect.

    Args:
        dialect: How the container is asked.
        resource: How the answer is written.
        known: The task's parameters.
        inputs: What a request becomes, an input for each of its prompts.
    """

    dialect: Dialect
    resource: Resource
    known: frozenset[str]
    inputs: Inputs

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write `{"inputs", "parameters", "stream"?}`, once for each choice of each input."""
        params = parameters.select(
            request.params,
            request.target,
            known=self.known,
            supported=self.dialect.supported,
            remedies=self.dialect.remedies,
        )
        return tuple(_payloads(self.dialect, request, params, self.inputs(self.dialect, request)))

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read the texts of each reply, whatever its shape."""
        readings = [read(parse_reply(reply)) for reply in replies]
        return answer.complete(self.resource, self.dialect, request, payloads, readings)

    def decoder(self, request: Request, payload: Payload) -> TextStream:
        """Give the decoder for one stream."""
        return TextStream(self.resource, self.dialect, request, payload)


def text_format(name: str, dialect: Dialect) -> Format:
    """Give the format of a text dialect: chat and completions."""
    return Format(name=name, chat=chat_codec(dialect), completion=completion_codec(dialect))


def chat_codec(dialect: Dialect, codec: type[TextCodec] = TextCodec) -> TextCodec:
    """Give the codec of chat: the conversation becomes one prompt."""
    return codec(dialect=dialect, resource=chat, known=parameters.CHAT, inputs=_conversation)


def completion_codec(dialect: Dialect, codec: type[TextCodec] = TextCodec) -> TextCodec:
    """Give the codec of completions: the prompts go to the container untouched."""
    return codec(dialect=dialect, resource=completions, known=_COMPLETION, inputs=_prompts)


def _conversation(dialect: Dialect, request: Request) -> list[Input]:
    return [dialect.converse(request, request.params["messages"])]


def _prompts(dialect: Dialect, request: Request) -> list[Input]:
    del dialect
    params = request.params
    if params.get("echo") and params.get("logprobs") is not None:
        raise InvalidRequest(
            f"The model '{request.target.model}' gives no log probabilities of an echoed prompt: "
            "leave out 'echo' or 'logprobs'.",
            param="logprobs",
            code="unsupported_parameter",
        )
    return [(text, text) for text in completions.texts(request)]


def _payloads(
    dialect: Dialect, request: Request, params: Json, inputs: list[Input]
) -> Iterator[Payload]:
    """Give the calls: the choices of an input share its body, unless each has its own seed."""
    written = dialect.parameters(params, request.target)
    stream = dialect.streaming(request)
    count, texts = params.get("n") or 1, texts_per_call(written)
    for number, (given, prompt) in enumerate(inputs):
        body = b""
        for i in range(count):
            varied = _varied(written, i)
            if i == 0 or varied is not written:
                body = write_body({"inputs": given, "parameters": varied, **stream})
                check_size(body, request.target)  # before there are as many as choices
            yield Payload(
                body=body, prompt=prompt, choice=(number * count + i) * texts, repeats=i > 0
            )


def _varied(written: Json, choice: int) -> Json:
    """Give each choice a seed of its own: equal seeds give equal texts."""
    seed = written.get("seed")
    return {**written, "seed": seed + choice} if choice and type(seed) is int else written
