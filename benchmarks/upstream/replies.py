"""What the containers answer, as the bytes of whole HTTP responses.

Knows the two containers' bodies and SageMaker's framing, by an encoder of its own; refuses to know
sockets. Two kinds of containers: `chat` speaks OpenAI's chat, `text` speaks as TGI does. Endpoints
named `...-paced` give one token every ten milliseconds, the others all at once. `slow`, `failing`
and `broken` are chat containers that answer late, with an error, or half a stream; `chat-20000`
streams so many tokens.

Source of the framing: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final
from zlib import crc32

import orjson

from benchmarks.content import TEXT, TOKENS

#: Seconds from one token to the next.
PACE: Final = 0.010
#: Seconds until a slow container answers.
SLOWNESS: Final = 1.0
#: Frames that are written together where nothing paces them.
BURST: Final = 4

_AWS: Final = (
    b"x-amzn-requestid: 00000000-0000-4000-8000-000000000000\r\n"
    b"x-amzn-invoked-production-variant: AllTraffic\r\n"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: what is written, write by write, and the seconds between two of them."""

    writes: tuple[bytes, ...]
    pace: float = 0.0
    #: The body alone, as a client has to read it.
    body: bytes = b""
    #: Seconds before the first write.
    delay: float = 0.0
    #: Whether the connection ends with the last write, whatever was promised.
    cut: bool = False


def whole(body: bytes, status: bytes = b"200 OK") -> Reply:
    """Give the response with a whole JSON body."""
    head = b"HTTP/1.1 %s\r\n%scontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return Reply((head % (status, _AWS, len(body)) + body,), body=body)


def streamed(events: Iterable[bytes], pace: float) -> Reply:
    """Give the response with an event stream: one frame for each of the container's events."""
    head = (
        b"HTTP/1.1 200 OK\r\n%scontent-type: application/vnd.amazon.eventstream\r\n"
        b"x-amzn-sagemaker-content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    frames = [payload_part(event) for event in events]
    chunks = [b"%x\r\n%s\r\n" % (len(frame), frame) for frame in frames]
    together = 1 if pace else BURST
    writes = [b"".join(chunks[at : at + together]) for at in range(0, len(chunks), together)]
    writes[0] = head % _AWS + writes[0]
    writes[-1] += b"0\r\n\r\n"
    return Reply(tuple(writes), pace, b"".join(frames))


def payload_part(payload: bytes) -> bytes:
    """Give one `PayloadPart` message."""
    headers = b"".join(
        struct.pack("!B", len(name)) + name + struct.pack("!BH", 7, len(value)) + value
        for name, value in (
            (b":event-type", b"PayloadPart"),
            (b":content-type", b"application/octet-stream"),
            (b":message-type", b"event"),
        )
    )
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack("!I", crc32(prelude)) + headers + payload
    return message + struct.pack("!I", crc32(message))


def _chat_answer() -> bytes:
    message = {"role": "assistant", "content": TEXT}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return _json({**_head("chat.completion"), "choices": [choice], "usage": _usage()})


def _chat_events(tokens: Iterable[str] = TOKENS) -> Iterable[bytes]:
    head = _head("chat.completion.chunk")
    for delta in ({"role": "assistant", "content": ""}, *({"content": each} for each in tokens)):
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        yield b"data: " + _json({**head, "choices": [choice]}) + b"\n\n"
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield b"data: " + _json({**head, "choices": [last]}) + b"\n\n"
    yield b"data: " + _json({**head, "choices": [], "usage": _usage()}) + b"\n\n"
    yield b"data: [DONE]\n\n"


def _text_events() -> Iterable[bytes]:
    last = len(TOKENS) - 1
    for number, text in enumerate(TOKENS):
        token = {"id": number, "text": text, "logprob": -0.5, "special": False}
        whole_text = TEXT if number == last else None
        record = {"index": number, "token": token, "generated_text": whole_text, "details": None}
        yield b"data:" + _json(record) + b"\n\n"


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1700000000, "model": "org/model"}


def _usage() -> dict[str, int]:
    count = len(TOKENS)
    return {"prompt_tokens": 200, "completion_tokens": count, "total_tokens": 200 + count}


def _json(value: object) -> bytes:
    return orjson.dumps(value)


def _endpoint(
    name: str, answer: bytes, events: Iterable[bytes], pace: float, *, delay: float = 0.0
) -> dict[str, Reply]:
    address = f"/endpoints/{name}/invocations"
    return {
        address: replace(whole(answer), delay=delay),
        f"{address}-response-stream": replace(streamed(events, pace), delay=delay),
    }


def _broken(events: Iterable[bytes]) -> Reply:
    """Give a stream that ends in its middle, within a frame."""
    reply = streamed(events, 0.0)
    writes = reply.writes[: len(reply.writes) // 2]
    return replace(reply, writes=(*writes[:-1], writes[-1][:-7]), cut=True)


_TEXT_ANSWER: Final = _json([{"generated_text": TEXT}])

#: Every path that is served.
REPLIES: Final[dict[str, Reply]] = {
    **_endpoint("chat", _chat_answer(), _chat_events(), 0.0),
    **_endpoint("chat-paced", _chat_answer(), _chat_events(), PACE),
    **_endpoint("text", _TEXT_ANSWER, _text_events(), 0.0),
    **_endpoint("text-paced", _TEXT_ANSWER, _text_events(), PACE),
    **_endpoint("slow", _chat_answer(), _chat_events(), 0.0, delay=SLOWNESS),
    "/endpoints/failing/invocations": whole(
        b'{"Message":"Out of luck","OriginalStatusCode":500,"OriginalMessage":"Out of luck"}',
        b"424 Failed Dependency\r\nx-amzn-errortype: ModelError",
    ),
    "/endpoints/broken/invocations-response-stream": _broken(_chat_events()),
    "/v1/traces": whole(b"{}"),  # a collector's answer to spans
}
_LONG: Final = re.compile(r"/endpoints/chat-(\d{1,6})/invocations-response-stream")
NOT_FOUND: Final = whole(b'{"message":"No such endpoint."}', b"404 Not Found")
FORBIDDEN: Final = whole(b'{"message":"The signature does not match."}', b"403 Forbidden")


@cache
def reply_to(path: str) -> Reply:
    """Give what is answered at a path; streams of any length are made when first asked for."""
    long = _LONG.fullmatch(path)
    if long is None:
        return REPLIES.get(path, NOT_FOUND)
    return streamed(_chat_events([" word"] * int(long[1])), 0.0)
