"""Our streams, read by the parser of the official `openai` client: whatever is in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice, pairwise
from typing import Any

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from adapters.base import Json
from adapters.errors import EndpointUnavailable, GatewayError
from proxy.sse import ChunkResponse

LINE_ENDS = "\n\r\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"
TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(LINE_ENDS + 'a:" \\', max_size=12),
    st.sampled_from(["[DONE]", "data: [DONE]\n\n", ": ping\n\n", "event: error\n", "\ufeff", ""]),
)
VALUES = st.recursive(
    st.one_of(
        TEXTS,
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
#: The client takes a chunk that has an error for a failure, as it should.
CHUNKS = st.dictionaries(TEXTS.filter(lambda name: name != "error"), VALUES, max_size=4)
BATCHES = st.lists(st.lists(CHUNKS, min_size=1, max_size=4), max_size=5)
CUTS = st.lists(st.integers(0, 2000), max_size=8)


class Source:
    """Batches of chunks, and how they end."""

    def __init__(self, batches: list[list[Json]], failure: GatewayError | None) -> None:
        self._batches = batches
        self._failure = failure

    async def __aiter__(self) -> AsyncIterator[list[Json]]:
        for batch in self._batches:
            yield batch
        if self._failure is not None:
            raise self._failure

    async def aclose(self) -> None:
        """Hold nothing."""


async def written(source: Source, *, held: bool) -> httpx.Response:
    """Give the response that a server would send, its body as one piece."""
    messages: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        messages.append(message)

    await ChunkResponse(source, {}, held=held)({"type": "http"}, receive, send)
    start, *bodies = messages
    return httpx.Response(
        start["status"],
        headers=start["headers"],
        content=b"".join(message["body"] for message in bodies),
    )


class Pieces(httpx.SyncByteStream):
    """A body as a network cuts it."""

    def __init__(self, body: bytes, cuts: list[int]) -> None:
        edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
        self._pieces = [body[start:end] for start, end in pairwise(edges)]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)


class Reader:
    """The official client, in front of answers that are there already."""

    def __init__(self) -> None:
        self._next = httpx.Response(404)
        # Any: newer clients are typed for a fork of httpx, and take either.
        transport: Any = httpx.Client(transport=httpx.MockTransport(lambda _: self._next))
        self._client = openai.OpenAI(
            api_key="x", base_url="http://gateway.example", http_client=transport, max_retries=0
        )

    def read(self, response: httpx.Response, cuts: list[int]) -> Iterator[Any]:
        """Give what the client makes of a stream; raises what it raises."""
        pieces = Pieces(response.content, cuts)
        self._next = httpx.Response(200, headers=response.headers, stream=pieces)
        stream: Iterator[Any] = self._client.post(
            "/chat/completions", cast_to=object, stream=True, stream_cls=openai.Stream[object]
        )
        return stream

    def close(self) -> None:
        """Close it."""
        self._client.close()


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """One client for all: it takes its time to make."""
    reader = Reader()
    yield reader
    reader.close()


def streamed(
    batches: list[list[Json]], *, held: bool = False, failure: GatewayError | None = None
) -> httpx.Response:
    """Give the stream as it leaves the gateway."""
    response = asyncio.run(written(Source(batches, failure), held=held))
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    return response


def flat(batches: list[list[Json]]) -> Iterator[Json]:
    return (chunk for batch in batches for chunk in batch)


@given(batches=BATCHES, cuts=CUTS, held=st.booleans())
def test_every_chunk_arrives_as_it_was(
    reader: Reader, batches: list[list[Json]], cuts: list[int], held: bool
) -> None:
    """Any chunks in any batches, cut anywhere on their way, are read as they were, in order."""
    response = streamed(batches, held=held)
    assert [*reader.read(response, cuts)] == [*flat(batches)]
    assert response.content.endswith(b"data: [DONE]\n\n")


@given(batches=BATCHES, cuts=CUTS, text=TEXTS)
def test_a_stream_that_breaks_off(
    reader: Reader, batches: list[list[Json]], cuts: list[int], text: str
) -> None:
    """What came before is read; then the client raises our error, whatever its words are."""
    failure = EndpointUnavailable(f"It ended: {text}", code="connection_lost")
    response = streamed(batches, failure=failure)
    stream = reader.read(response, cuts)
    assert [*islice(stream, sum(map(len, batches)))] == [*flat(batches)]
    with pytest.raises(openai.APIError) as caught:
        next(stream)
    assert (caught.value.message, caught.value.code) == (failure.message, "connection_lost")
    assert caught.value.body == failure.envelope()["error"]


@pytest.mark.parametrize("text", [*LINE_ENDS, "\r\n", "\n\ndata: [DONE]\n\n"])
def test_line_ends_in_a_text(reader: Reader, text: str) -> None:
    """No character of a text ends an event's line for the client."""
    chunk: Json = {"choices": [{"index": 0, "delta": {"content": f"a{text}b"}}]}
    assert [*reader.read(streamed([[chunk, chunk], [chunk]]), [])] == [chunk] * 3
