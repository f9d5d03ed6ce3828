"""Text Generation Inference's words in front of llama.cpp: `inputs` in, texts and tokens out.

Knows both dialects of JSON. As in TGI, every token has its record, the end mark is a token, a text
ends with the stop sequence that ended it, and counts of the prompt come with a stream, or with
`decoder_input_details`. Refuses to know SageMaker.

Sources: https://huggingface.github.io/text-generation-inference/ and
https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.types import Send

Json = dict[str, Any]

_DEFAULT_LENGTH = 100
_AS_THEY_ARE = ("seed", "stop", "temperature", "top_k", "top_p")
_FINISH: Mapping[str, str] = {"eos": "eos_token", "limit": "length", "word": "stop_sequence"}
_END_MARK: Mapping[str, Any] = {"id": 1, "text": "<eos>", "logprob": 0.0, "special": True}


class Refused(Exception):
    """llama.cpp refuses a request; the text is its own."""


class TgiFront:
    """Answers TGI's requests from llama.cpp's `/completion`."""

    def __init__(self, llama: httpx.AsyncClient) -> None:
        self._llama = llama

    async def answer(self, asked: Mapping[str, Any], send: Send) -> None:
        """Answers one request, in a stream of events if it asks for one."""
        parameters: Mapping[str, Any] = asked.get("parameters") or {}
        telling = _Telling(asked["inputs"], parameters)
        pieces = self._pieces(_llamas(telling.prompt, parameters))
        try:
            first = await anext(pieces)
        except Refused as refusal:
            error = {"error": f"Input validation error: {refusal}", "error_type": "validation"}
            await _send_whole(send, 422, error)
            return
        if asked.get("stream"):
            await _send_head(send, 200, b"text/event-stream")
            async for record in _records(telling, first, pieces):
                event = f"data:{json.dumps(record)}\n\n".encode()
                await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            async for _ in _records(telling, first, pieces):
                pass
            prefill = await self._prefill(telling) if telling.wants_prefill else []
            await _send_whole(send, 200, [telling.document(prefill)])

    async def _pieces(self, body: Json) -> AsyncIterator[Json]:
        async with self._llama.stream("POST", "/completion", json=body) as reply:
            if reply.status_code != httpx.codes.OK:
                raise Refused(json.loads(await reply.aread())["error"]["message"])
            async for line in reply.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    async def _prefill(self, telling: "_Telling") -> list[Json]:
        asked = {"content": telling.prompt, "add_special": True, "with_pieces": True}
        reply = await self._llama.post("/tokenize", json=asked)
        tokens = reply.raise_for_status().json()["tokens"]
        return [{"id": each["id"], "text": each["piece"], "logprob": None} for each in tokens]


@dataclass(slots=True)
class _Telling:
    """One generation, told token by token.

    Attributes:
        prompt: What was asked.
        parameters: How it was asked.
        tokens: Those told so far, each with its likeliest alternatives.
        text: What they say.
    """

    prompt: str
    parameters: Mapping[str, Any]
    tokens: list[tuple[Json, list[Json]]] = field(default_factory=list)
    text: str = ""
    details: Json = field(default_factory=dict)

    @property
    def wants_prefill(self) -> bool:
        return bool(self.parameters.get("decoder_input_details"))

    def read(self, piece: Json) -> Iterator[int]:
        """Takes one of llama.cpp's pieces; gives the numbers of the tokens that it completes."""
        # Tokens without a piece of their own are parts of a character, or of a stop sequence.
        silent = piece["tokens_predicted"] - len(self.tokens) - (not piece["stop"])
        for _ in range(silent):
            yield self._take({"id": 0, "text": "", "logprob": 0.0, "special": False}, [])
        if piece["stop"]:
            self._end(piece)
        else:
            yield self._take(*_token(piece))

    def _take(self, token: Json, alternatives: list[Json]) -> int:
        self.tokens.append((token, alternatives))
        self.text += "" if token["special"] else token["text"]
        return len(self.tokens)

    def _end(self, piece: Json) -> None:
        """Puts the end mark, or the stop sequence, where llama.cpp has nothing."""
        last, alternatives = self.tokens[-1]
        if piece["stop_type"] == "eos":
            last = {**last, **_END_MARK}
        elif piece["stop_type"] == "word":
            last = {**last, "text": last["text"] + piece["stopping_word"]}
            self.text += piece["stopping_word"]
        self.tokens[-1] = last, alternatives
        self.details = {
            "finish_reason": _FINISH[piece["stop_type"]],
            "generated_tokens": len(self.tokens),
            "seed": self.parameters.get("seed"),
            "input_length": piece["tokens_evaluated"],
        }

    def record(self, number: int) -> Json:
        """One token's record; the last one has the whole text and the details."""
        token, alternatives = self.tokens[number - 1]
        ends = bool(self.details) and number == len(self.tokens)
        record: Json = {"index": number, "token": token}
        if self.parameters.get("top_n_tokens"):
            record["top_tokens"] = alternatives
        return record | {
            "generated_text": self.text if ends else None,
            "details": self.details if ends else None,
        }

    def document(self, prefill: list[Json]) -> Json:
        """The whole answer, with details if they were asked for."""
        told: Json = {"generated_text": self.text}
        if self.parameters.get("details"):
            details = {name: self.details[name] for name in self.details if name != "input_length"}
            told["details"] = {
                **details,
                "prefill": prefill,
                "tokens": [token for token, _ in self.tokens],
            }
            if self.parameters.get("top_n_tokens"):
                told["details"]["top_tokens"] = [others for _, others in self.tokens]
        return told


async def _records(
    telling: _Telling, piece: Json, pieces: AsyncIterator[Json]
) -> AsyncIterator[Json]:
    """Tells each token once the next one is there: the last one's record is another."""
    told = 0
    for _ in telling.read(piece):
        pass
    async for following in pieces:
        for number in telling.read(following):
            if number - 1 > told:
                told = number - 1
                yield telling.record(told)
    for number in range(told + 1, len(telling.tokens) + 1):
        yield telling.record(number)


def _llamas(prompt: str, parameters: Mapping[str, Any]) -> Json:
    """Writes llama.cpp's request."""
    grammar: Mapping[str, Any] = parameters.get("grammar") or {}
    return {
        "prompt": prompt,
        "n_predict": parameters.get("max_new_tokens") or _DEFAULT_LENGTH,
        "n_probs": parameters.get("top_n_tokens") or 1,
        "return_tokens": True,
        "stream": True,
        **{name: parameters[name] for name in _AS_THEY_ARE if name in parameters},
        **({"json_schema": grammar["value"]} if grammar.get("type") == "json" else {}),
    }


def _token(piece: Json) -> tuple[Json, list[Json]]:
    """The token that a piece of text is, and its alternatives."""
    scores: list[Json] = piece.get("completion_probabilities") or [{"logprob": 0.0}]
    scored = scores[-1]
    token = {
        "id": (piece["tokens"] or [0])[-1],
        "text": piece["content"],
        "logprob": scored["logprob"],
        "special": False,
    }
    others = [
        {"id": other["id"], "text": other["token"], "logprob": other["logprob"], "special": False}
        for other in scored.get("top_logprobs", ())
    ]
    return token, others


async def _send_head(send: Send, status: int, kind: bytes) -> None:
    headers = [(b"content-type", kind)]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _send_whole(send: Send, status: int, content: Any) -> None:
    await _send_head(send, status, b"application/json")
    body = json.dumps(content).encode()
    await send({"type": "http.response.body", "body": body, "more_body": False})
