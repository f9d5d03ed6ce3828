"""A Hugging Face Text Generation Inference container, answering `inputs`/`parameters` bodies.

Knows TGI's limits, texts of refusal, token records and finish reasons. It writes the text that
`text.compose` composes instead of running a model.

Source: TGI's router (validation texts) and its `/invocations` documentation.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson

from emulator.containers.base import Answer, Complaint, ContainerRequest, document, sse
from emulator.containers.specimen import specimen
from emulator.containers.text import compose, count, cut_at_stop, tokens
from emulator.settings import TgiEndpoint

_BEST_OF_LIMIT = 2
_STOP_LIMIT = 4


@dataclass(frozen=True, slots=True)
class _Generation:
    """A finished text: its tokens and why it ended."""

    pieces: list[str]
    finish_reason: str

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def tokens(self) -> list[dict[str, Any]]:
        """Every token generated; the end mark is one, special and not part of the text."""
        listed = [_token(number, piece) for number, piece in enumerate(self.pieces, 1)]
        if self.finish_reason == "eos_token":
            listed.append({"id": 2, "text": "</s>", "logprob": -0.02, "special": True})
        return listed


class Tgi:
    """The container behind a `tgi` endpoint."""

    def __init__(self, settings: TgiEndpoint) -> None:
        self._settings = settings

    def answer(self, request: ContainerRequest) -> Answer:
        """Generates, streaming when the body says `stream`."""
        body = _parse(request.body)
        prompt: str = body["inputs"]
        parameters: Mapping[str, Any] = body.get("parameters") or {}
        _check(parameters)
        generation = self._generate(prompt, parameters, request.component)
        if body.get("stream") and not self._settings.whole_document:
            records = _records(prompt, parameters, generation)
            return Answer(records=records, content_type="text/event-stream")
        return document([_document(prompt, parameters, generation)])

    def _generate(self, prompt: str, parameters: Mapping[str, Any], component: str) -> _Generation:
        limit = parameters.get("max_new_tokens") or self._settings.default_max_new_tokens
        if count(prompt) + limit > self._settings.context_length:
            _refuse(
                f"`inputs` tokens + `max_new_tokens` must be <= {self._settings.context_length}. "
                f"Given: {count(prompt)} `inputs` tokens and {limit} `max_new_tokens`"
            )
        pieces = tokens(self._text(prompt, parameters, component))
        stopped = cut_at_stop(pieces[:limit], parameters.get("stop") or [])
        if stopped is not None:
            return _Generation(stopped, "stop_sequence")
        if len(pieces) >= limit:
            return _Generation(pieces[:limit], "length")
        return _Generation(pieces, "eos_token")

    def _text(self, prompt: str, parameters: Mapping[str, Any], component: str) -> str:
        grammar = parameters.get("grammar")
        if grammar and grammar.get("type") == "json":
            return orjson.dumps(specimen(grammar["value"])).decode()
        if self._settings.reply is not None:
            return self._settings.reply
        return compose(prompt, parameters, component)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        text = f"Failed to parse the request body as JSON: {cause}"
        raise Complaint(400, _error(text)) from cause
    if not isinstance(content, dict) or not isinstance(content.get("inputs"), str):
        _misfit(f"missing field `inputs` at line 1 column {len(body)}")
    if not isinstance(content.get("parameters") or {}, dict):
        _misfit("parameters: invalid type, expected struct GenerateParameters")
    if not content["inputs"]:
        _refuse("`inputs` cannot be empty")
    return content


def _check(parameters: Mapping[str, Any]) -> None:
    for name, (accepts, text) in _LIMITS.items():
        value = parameters.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            _misfit(f"parameters.{name}: invalid type, expected a number")
        if not accepts(value):
            _refuse(f"`{name}` {text}")
    stops = parameters.get("stop") or []
    if not isinstance(stops, list):
        _misfit("parameters.stop: invalid type, expected a sequence")
    if len(stops) > _STOP_LIMIT:
        _refuse(f"`stop` supports up to {_STOP_LIMIT} stop sequences. Given: {len(stops)}")


def _positive(value: float) -> bool:
    return value > 0


#: What TGI accepts, and what it says when it does not.
_LIMITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "best_of": (lambda value: 0 < value <= _BEST_OF_LIMIT, f"must be > 0 and <= {_BEST_OF_LIMIT}"),
    "temperature": (_positive, "must be strictly positive"),
    "repetition_penalty": (_positive, "must be strictly positive"),
    "frequency_penalty": (lambda value: -2 <= value <= 2, "must be >= -2.0 and <= 2.0"),  # noqa: PLR2004  # TGI's range
    "top_k": (_positive, "must be strictly positive"),
    "top_p": (lambda value: 0 < value <= 1, "must be > 0.0 and < 1.0"),
    "typical_p": (lambda value: 0 < value <= 1, "must be > 0.0 and < 1.0"),
    "max_new_tokens": (_positive, "must be strictly positive"),
    "top_n_tokens": (lambda value: 0 <= value <= 5, "must be >= 0 and <= 5"),  # noqa: PLR2004  # TGI's default limit
}


def _document(
    prompt: str, parameters: Mapping[str, Any], generation: _Generation
) -> dict[str, Any]:
    content: dict[str, Any] = {"generated_text": _full_text(prompt, parameters, generation)}
    if parameters.get("details"):
        listed = generation.tokens
        content["details"] = {
            "finish_reason": generation.finish_reason,
            "generated_tokens": len(listed),
            "seed": parameters.get("seed"),
            "prefill": _prefill(prompt) if parameters.get("decoder_input_details") else [],
            "tokens": listed,
            "best_of_sequences": None,
        }
        wide = parameters.get("top_n_tokens")
        if wide:
            content["details"]["top_tokens"] = [_alternatives(token, wide) for token in listed]
    return content


def _records(
    prompt: str, parameters: Mapping[str, Any], generation: _Generation
) -> Iterator[bytes]:
    """One event a token; the last carries the text and the details."""
    listed = generation.tokens
    wide = parameters.get("top_n_tokens")
    for number, token in enumerate(listed, 1):
        record: dict[str, Any] = {"index": number, "token": token}
        if wide:
            record["top_tokens"] = _alternatives(token, wide)
        ends = number == len(listed)
        record["generated_text"] = _full_text(prompt, parameters, generation) if ends else None
        record["details"] = _closing(prompt, parameters, generation) if ends else None
        yield sse(record)


def _closing(prompt: str, parameters: Mapping[str, Any], generation: _Generation) -> dict[str, Any]:
    return {
        "finish_reason": generation.finish_reason,
        "generated_tokens": len(generation.tokens),
        "seed": parameters.get("seed"),
        "input_length": count(prompt),
    }


def _full_text(prompt: str, parameters: Mapping[str, Any], generation: _Generation) -> str:
    return (prompt if parameters.get("return_full_text") else "") + generation.text


def _token(number: int, piece: str) -> dict[str, Any]:
    return {"id": 1000 + number, "text": piece, "logprob": -number / 64, "special": False}


def _alternatives(token: Mapping[str, Any], wide: int) -> list[dict[str, Any]]:
    """The token itself and, behind it, less likely ones."""
    others = (
        {"id": place, "text": f"~{place}", "logprob": token["logprob"] - place, "special": False}
        for place in range(1, wide)
    )
    return [dict(token), *others]


def _prefill(prompt: str) -> list[dict[str, Any]]:
    return [
        {"id": number, "text": piece, "logprob": None if number == 1 else -number / 64}
        for number, piece in enumerate(tokens(prompt), 1)
    ]


def _refuse(text: str) -> NoReturn:
    raise Complaint(422, _error(f"Input validation error: {text}"))


def _misfit(text: str) -> NoReturn:
    prefix = "Failed to deserialize the JSON body into the target type: "
    raise Complaint(422, _error(prefix + text))


def _error(text: str) -> dict[str, str]:
    return {"error": text, "error_type": "validation"}
