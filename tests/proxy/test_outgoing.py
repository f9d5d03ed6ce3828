"""Answers on their way out: what all of them say, and how they end when the process does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Message

from proxy.auth.peers import Peers
from proxy.incoming import Incoming
from proxy.json_response import JsonResponse
from proxy.lifecycle.drain import Drain
from proxy.outgoing import Outgoing

EVENTS = "text/event-stream; charset=utf-8"


class Client:
    """Reads an answer, by its messages."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def receive(self) -> Message:
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])


def answer_to(
    client: Client, *headers: tuple[bytes, bytes], drain: Drain | None = None
) -> Outgoing:
    """Give the answer to a request with these headers."""
    scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}
    gateway: Any = SimpleNamespace(peers=Peers(), max_body_bytes=1)
    life: Any = SimpleNamespace(drain=drain or Drain())
    return Outgoing(Incoming(scope, client.receive, gateway, life), client.send)


@pytest.mark.parametrize("response", [JsonResponse({}), PlainTextResponse("")])
async def test_every_answer_names_its_request_and_is_not_kept(response: Response) -> None:
    """By the client's own id, where it has given one."""
    client = Client()
    await answer_to(client, (b"x-litellm-call-id", b"mine")).give(response)
    said = client.headers
    assert said[b"x-litellm-call-id"] == said[b"x-request-id"] == b"mine"
    assert said[b"cache-control"] == b"no-store"
    assert said[b"vary"] == b"Origin"
    assert b"connection" not in said


async def test_what_an_answer_says_of_caches_stays() -> None:
    """Only who says nothing is told for."""
    client = Client()
    await answer_to(client).give(JsonResponse({}, headers={"cache-control": "no-cache"}))
    assert client.headers[b"cache-control"] == b"no-cache"


async def test_answers_of_a_process_that_ends_close_their_connection() -> None:
    """Whoever comes next on it would come too late."""
    client = Client()
    await answer_to(client, drain=Drain(begun=True)).give(JsonResponse({}))
    assert client.headers[b"connection"] == b"close"


async def test_web_pages_are_told_by_those_who_know_the_rules() -> None:
    """`CORSMiddleware` says then what an answer varies by."""
    client = Client()
    await answer_to(client, (b"origin", b"https://a.example")).give(JsonResponse({}))
    assert b"vary" not in client.headers


async def test_what_is_cut_before_its_answer_is_told_so() -> None:
    """With a status that says: come again."""
    client = Client()
    await answer_to(client).cut()
    start, body = client.messages
    assert start["status"] == 503
    assert orjson.loads(body["body"])["error"]["code"] == "shutting_down"


@pytest.mark.parametrize(("media_type", "last"), [(EVENTS, True), ("text/plain", False)])
async def test_what_is_cut_in_its_answer(media_type: str, last: bool) -> None:
    """Events have one more that tells; nothing else may look as if it were complete."""
    client = Client()
    answer = answer_to(client)
    headers = [(b"content-type", media_type.encode())]
    await answer.send({"type": "http.response.start", "status": 200, "headers": headers})
    await answer.send({"type": "http.response.body", "body": b"a", "more_body": True})
    await answer.cut()
    assert len(client.messages) == (3 if last else 2)
    if last:
        assert b'"code":"shutting_down"' in client.messages[-1]["body"]
        assert not client.messages[-1]["more_body"]


async def test_what_is_complete_is_not_cut() -> None:
    """Nothing follows its end."""
    client = Client()
    answer = answer_to(client)
    await answer.give(StreamingResponse(cast("Any", _nothing()), media_type="text/event-stream"))
    told = len(client.messages)
    await answer.cut()
    assert len(client.messages) == told


async def _nothing() -> Any:
    yield b""
