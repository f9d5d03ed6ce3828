"""Hugging Face's `inputs`/`parameters` dialect, as Text Generation Inference speaks it.

Knows one prompt text in and one generated text out, or one record per token.
Source: https://huggingface.github.io/text-generation-inference/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from adapters.base import Decoded, Format, Json, Payload, Reply, Request, Summary
from adapters.container import failed_generation, parse_reply, unknown_shape, write_body
from adapters.errors import MalformedReply
from adapters.framing import DONE, RecordReader
from adapters.openai import chat, parameters, usage
from adapters.openai.finish import FAILURES, finish_reason
from adapters.prompts import plain

#: OpenAI's parameters that this dialect can express.
_SUPPORTED: Final = frozenset(
    {
        "frequency_penalty",
        "max_completion_tokens",
        "max_tokens",
        "n",
        "seed",
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
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "model",
        "n",
        "stop",
        "stream",
        "stream_options",
    }
)
#: What a container that refuses temperature 0 gets instead.
_LEAST_TEMPERATURE: Final = 0.1
#: Characters of the shortest prompt that is looked for at the start of an answer.
_LEAST_ECHO: Final = 16
#: Marks of chat layouts: they are no text when they are all that a token is.
_SPECIAL_MARKS: Final = frozenset(
    {
        "<s>",
        "</s>",
        "<|assistant|>",
        "<|system|>",
        "<|user|>",
        "<|im_start|>",
        "<|im_end|>",
        "<|endoftext|>",
        "<|eot_id|>",
        "<end_of_turn>",
    }
)


class TgiChat:
    """Chat as one prompt text; `n` choices take `n` calls.

    Args:
        asks_details: Ask for the finish reason and the exact counts; only a container that is known
            to have them is asked.
        may_echo: Take a prompt at the start of a whole answer for an echo, and remove it once; not
            a short one, which an answer may well begin with ("Hello" ... "Hello! How are you?").
    """

    def __init__(self, *, asks_details: bool, may_echo: bool) -> None:
        self._asks_details = asks_details
        self._may_echo = may_echo

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write `{"inputs", "parameters", "stream"?}`, once for each choice wanted."""
        params = parameters.select(
            request.params, request.target, known=parameters.CHAT, supported=_SUPPORTED
        )
        prompt = (request.target.prompt or plain).render(params["messages"])
        written = _parameters(params, request)
        if self._asks_details:
            written.setdefault("details", True)
        body: Json = {"inputs": prompt, "parameters": written}
        if params.get("stream"):
            body["stream"] = True
        payload = Payload(body=write_body(body), prompt=prompt)
        return (payload,) * (params.get("n") or 1)

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read one generated text from each reply."""
        answers = [_read_answer(parse_reply(reply)) for reply in replies]
        return _complete(request, payloads[0].prompt, answers, may_echo=self._may_echo)

    def decoder(self, request: Request, payload: Payload) -> TgiStream:
        """Give the decoder for one stream."""
        return TgiStream(request, payload.prompt, may_echo=self._may_echo)


def _parameters(params: Json, request: Request) -> Json:
    written = {name: value for name, value in params.items() if name not in _NOT_PARAMETERS}
    limit = _token_limit(params)
    if limit is not None:
        written["max_new_tokens"] = limit
    stop = params.get("stop")
    if stop is not None:
        written["stop"] = [stop] if isinstance(stop, str) else stop
    allow_zero = params.get("aws_sagemaker_allow_zero_temp", request.target.allow_zero_temperature)
    if written.get("temperature") == 0 and not allow_zero:
        written["temperature"] = _LEAST_TEMPERATURE
    return written


def _token_limit(params: Json) -> int | None:
    """Give the wanted number of tokens, at least 1: the container refuses 0."""
    limit = params.get("max_completion_tokens", params.get("max_tokens"))
    return None if limit is None else max(int(limit), 1)


def _read_answer(value: Any) -> Json:
    """Give the object with the generated text: the answer itself, or the only one in a list."""
    answer = value[0] if isinstance(value, list) and value else value
    if isinstance(answer, dict) and isinstance(answer.get("generated_text"), str):
        return answer
    raise unknown_shape(value)


def _complete(request: Request, prompt: str, answers: list[Json], *, may_echo: bool) -> Decoded:
    limit = _token_limit(request.params)
    may_echo = may_echo and not request.params.get("return_full_text")
    echo = prompt if may_echo and len(prompt) >= _LEAST_ECHO else ""
    choices: list[Json] = []
    generated: list[int | None] = []
    for index, answer in enumerate(answers):
        details = answer.get("details") or {}
        said = details.get("finish_reason")
        if said in FAILURES:
            raise failed_generation()
        count = details.get("generated_tokens")
        generated.append(count)
        text = answer["generated_text"].removeprefix(echo)
        reason = finish_reason(said, generated=count, limit=limit)
        choices.append(chat.text_choice(index, text, reason))
    counts, source = usage.settle(
        _prompt_tokens(answers[0].get("details") or {}),
        None if None in generated else sum(count or 0 for count in generated),
        "details",
        (usage.size(prompt), sum(usage.size(choice["message"]["content"]) for choice in choices)),
    )
    return Decoded(chat.completion(request, choices, counts), source)


def _prompt_tokens(details: Json) -> int | None:
    """Give the prompt's length: streams say it, whole answers only by listing its tokens."""
    length = details.get("input_length")
    if length is None and details.get("prefill"):
        length = len(details["prefill"])
    return length


class TgiStream:
    """Decodes one record per token; the last record carries the whole text and the details."""

    def __init__(self, request: Request, prompt: str, *, may_echo: bool) -> None:
        self.summary = Summary()
        self._request = request
        self._prompt = prompt
        self._may_echo = may_echo
        self._reader = RecordReader()
        self._started = False
        self._finished = False
        self._tokens = 0

    def feed(self, data: bytes) -> Iterator[Json]:
        """Take bytes cut anywhere; give the chunks that are complete."""
        return self._read(self._reader.feed(data))

    def finish(self) -> Iterator[Json]:
        """Take the end of the stream."""
        yield from self._read(self._reader.finish())
        if not self._finished:
            raise MalformedReply("The container's stream ended before its answer was finished.")

    def _read(self, records: Iterator[Any]) -> Iterator[Json]:
        for record in records:
            if record is DONE or self._finished:
                continue
            token = record.get("token") if isinstance(record, dict) else None
            if isinstance(token, dict):
                yield from self._read_token(record, token)
            else:
                yield from self._read_document(record)

    def _read_token(self, record: Json, token: Json) -> Iterator[Json]:
        if not self._started:
            self._started = True
            yield chat.chunk(self._request, {"role": "assistant", "content": ""})
        self._tokens += 1
        text = token.get("text") or ""
        if text and not token.get("special") and text not in _SPECIAL_MARKS:
            yield chat.chunk(self._request, {"content": text})
        if record.get("generated_text") is not None or record.get("details"):
            yield from self._end(record.get("details") or {})

    def _end(self, details: Json) -> Iterator[Json]:
        said = details.get("finish_reason")
        if said in FAILURES:
            raise failed_generation()
        self._finished = True
        limit = _token_limit(self._request.params)
        reason = finish_reason(said, generated=self._tokens, limit=limit)
        completion = details.get("generated_tokens")
        counts, source = usage.settle(
            _prompt_tokens(details),
            self._tokens if completion is None else completion,
            "counted" if completion is None else "details",
            (usage.size(self._prompt), 0),
        )
        self.summary.finish_reason = reason
        self.summary.usage, self.summary.usage_source = counts, source
        yield chat.chunk(self._request, {}, reason)
        if chat.wants_usage(self._request.params):
            yield chat.usage_chunk(self._request, counts)

    def _read_document(self, record: Any) -> Iterator[Json]:
        """Cut a whole answer into chunks: this container did not stream."""
        if self._started:
            raise unknown_shape(record)
        answers = [_read_answer(record)]
        decoded = _complete(self._request, self._prompt, answers, may_echo=self._may_echo)
        self._finished = True
        chat.note_document(self.summary, decoded)
        yield from chat.cut(decoded.body, include_usage=chat.wants_usage(self._request.params))


FORMAT = Format(name="tgi", chat=TgiChat(asks_details=True, may_echo=False))
