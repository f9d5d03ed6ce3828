"""What is asked, and what must be answered, in SageMaker's words and in OpenAI's.

A wrong or short answer is an error, never a figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from benchmarks.connection import Answer
from benchmarks.content import FIRST_WORD, PROMPT, TEXT
from benchmarks.upstream.replies import REPLIES

_OK = 200
_BETWEEN: Final = b"\n\n"
_DONE: Final = b"data: [DONE]" + _BETWEEN
_MESSAGES = [{"role": "user", "content": PROMPT}]


class WrongAnswer(Exception):
    """An answer that does not say exactly what the container has said."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request's bytes, and what checks its answer.

    `check` raises `WrongAnswer`.
    """

    request: bytes
    check: Callable[[Answer], None]


def of_sagemaker(endpoint: str, *, stream: bool) -> Question:
    """Ask the runtime itself, or whoever passes bytes on: the answer is the runtime's, to the byte.

    Without a signature: this is what there would be without any gateway.
    """
    path = f"/endpoints/{endpoint}/invocations" + ("-response-stream" if stream else "")
    body = {"messages": _MESSAGES, "max_tokens": 200, "stream": stream}
    expected = REPLIES[path].body

    def check(answer: Answer) -> None:
        _check_status(answer)
        if answer.body != expected:
            raise WrongAnswer(f"{len(answer.body)} bytes instead of these {len(expected)}")

    return Question(_post(path, orjson.dumps(body)), check)


def of_openai(path: str, model: str, key: str, *, stream: bool) -> Question:
    """Ask a gateway for a chat.

    Args:
        path: Where it serves chats.
        model: How it calls the model.
        key: What it wants as the caller's key.
        stream: Whether the answer is to be a stream.
    """
    body = {"model": model, "messages": _MESSAGES, "max_tokens": 200, "stream": stream}
    request = _post(path, orjson.dumps(body), f"authorization: Bearer {key}\r\n")
    return Question(request, check_stream if stream else check_whole)


def check_whole(answer: Answer) -> None:
    """Check a chat completion.

    Raises:
        WrongAnswer: it is none, or not exactly the container's text.
    """
    _check_status(answer)
    choice = _choice(_parsed(answer.body))
    content = (choice.get("message") or {}).get("content")
    if content != TEXT or choice.get("finish_reason") != "stop":
        raise WrongAnswer(f"another text, or another end: {answer.body[:300]!r}")


def check_stream(answer: Answer) -> None:
    """Check a stream of chat completion chunks.

    Raises:
        WrongAnswer: it is none, breaks off, or does not make up exactly the container's text.
    """
    _check_status(answer)
    if not answer.body.endswith(_DONE):
        raise WrongAnswer(f"no end: {answer.body[-300:]!r}")
    text, finish = "", []
    for event in answer.body.removesuffix(_DONE).removesuffix(_BETWEEN).split(_BETWEEN):
        if event.startswith(b":"):
            continue
        chunk = _parsed(event.removeprefix(b"data: "))
        choice = _choice(chunk) if chunk.get("choices") else {}
        text += (choice.get("delta") or {}).get("content") or ""
        finish += [choice["finish_reason"]] if choice.get("finish_reason") else []
    if text != TEXT or finish != ["stop"]:
        raise WrongAnswer(f"another text, or another end: {finish} {text[:200]!r}")


def first_token(answer: Answer) -> float:
    """Give the time at which the first token was there, after the request was sent."""
    return answer.arrived(answer.body.index(FIRST_WORD.encode())) - answer.asked


def _check_status(answer: Answer) -> None:
    if answer.status != _OK:
        raise WrongAnswer(f"status {answer.status}: {answer.body[:300]!r}")


def _choice(body: dict[str, Any]) -> dict[str, Any]:
    try:
        (choice,) = body["choices"]
    except (KeyError, TypeError, ValueError) as error:
        raise WrongAnswer(f"not one choice: {body}") from error
    if not isinstance(choice, dict):
        raise WrongAnswer(f"not a choice: {choice}")
    return choice


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise WrongAnswer(f"not JSON: {text[:300]!r}") from error
    if not isinstance(value, dict):
        raise WrongAnswer(f"not an object: {text[:300]!r}")
    return value


def _post(path: str, body: bytes, headers: str = "") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"{headers}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
