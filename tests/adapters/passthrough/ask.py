"""Questions to the formats that pass OpenAI through, and the records that containers answer."""

from __future__ import annotations

from typing import Any

import orjson

from adapters import formats
from adapters.answer_stream import AnswerStream
from adapters.base import Decoded, Json, ParameterPolicy, Payload, Request, StreamCodec, Task
from adapters.endpoint import Endpoint
from adapters.openai import parameters
from tests.adapters.formats.golden_file import make_reply, make_target
from tests.adapters.scripted import ScriptedInvoker

CHAT: Json = {"model": "public-model", "messages": [{"role": "user", "content": "Hi"}]}
PROMPT: Json = {"model": "public-model", "prompt": "Once"}


def codec(form: str, task: Task) -> StreamCodec:
    found: StreamCodec = getattr(formats.load(form), task)
    return found


def request(params: Json, **policy: Any) -> Request:
    target = make_target(parameters=ParameterPolicy(**policy))
    asked = parameters.effective(params, target, task_of(params))
    return Request(target=target, params=asked, id="cmpl-1", created=1700000000)


def encode(form: str, params: Json, **policy: Any) -> tuple[Payload, ...]:
    return codec(form, task_of(params)).encode(request(params, **policy))


def bodies(form: str, params: Json, **policy: Any) -> list[Json]:
    return [orjson.loads(payload.body) for payload in encode(form, params, **policy)]


def decode(form: str, params: Json, *replies: Any, **policy: Any) -> Decoded:
    asked = request(params, **policy)
    used = codec(form, task_of(params))
    return used.decode(asked, used.encode(asked), tuple(make_reply(reply) for reply in replies))


def stream(form: str, params: Json, data: bytes, **policy: Any) -> list[Json]:
    asked = request(params, **policy)
    used = codec(form, task_of(params))
    decoder = used.decoder(asked, used.encode(asked)[0])
    return [*decoder.feed(data), *decoder.finish()]


def task_of(params: Json) -> Task:
    return "chat" if "messages" in params else "completion"


def endpoint(form: str, invoker: ScriptedInvoker) -> Endpoint:
    return Endpoint(id="d1", target=make_target(), format=formats.load(form), invoker=invoker)


async def collect(answers: AnswerStream) -> list[Json]:
    return [chunk async for batch in answers for chunk in batch]


def sse(*records: Json, end: bytes = b"data: [DONE]\n\n") -> bytes:
    return b"".join(b"data: " + orjson.dumps(record) + b"\n\n" for record in records) + end


def chunk(choice: Json, **more: Any) -> Json:
    return {"id": "up", "created": 5, "model": "m", "choices": [{"index": 0, **choice}], **more}


def text_of(chunks: list[Json], index: int = 0) -> str:
    choices = [choice for each in chunks for choice in each["choices"]]
    return "".join(choice["text"] for choice in choices if choice["index"] == index)
