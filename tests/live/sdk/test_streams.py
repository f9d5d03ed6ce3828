"""Streams in process: however one ends, its call to AWS ends as well."""

import asyncio
import gc

import pytest

import sagegate
from tests.live.emulated import Emulated

HELLO = [{"role": "user", "content": "Where is Köln?"}]
CHAT = "sagemaker_chat/my-chat"


def text_of(chunks: list[sagegate.Result]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def opened(emulated: Emulated) -> sagegate.Stream:
    """A stream whose container pauses between its records; the first chunk has been read."""
    emulated.fault("my-chat", "slow_records", seconds=0.2)
    stream = sagegate.completion(CHAT, HELLO, stream=True)
    assert next(stream).choices[0].delta.role == "assistant"
    return stream


def gone(emulated: Emulated) -> bool:
    return emulated.counts(open=0, cut=1) == {"open": 0, "cut": 1}


@pytest.mark.parametrize("model", [CHAT, "sagemaker/my-text", "sagemaker/no-stream"])
def test_chunks_make_the_whole_text(emulated: Emulated, model: str) -> None:
    """The chunks' texts, joined, are the whole answer's; a real stream and a fake one alike."""
    whole = sagegate.completion(model, HELLO)
    chunks = list(sagegate.completion(model, HELLO, stream=True))

    assert text_of(chunks) == whole.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert not chunks[-1].choices[0].delta.content
    assert emulated.counts(open=0)["cut"] == 0


async def test_async_chunks(emulated: Emulated) -> None:
    """The async stream gives the same chunks; usage comes where it was asked for."""
    stream = await sagegate.acompletion(
        CHAT, HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    assert "Köln" in text_of(chunks[:-1])
    assert chunks[-1].usage.total_tokens > 0
    assert emulated.counts(open=0)["cut"] == 0
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_async_text_chunks(emulated: Emulated) -> None:
    """Completions stream as well, sync and async."""
    stream = await sagegate.atext_completion("sagemaker/my-text", "Köln", stream=True)
    assert isinstance(stream, sagegate.AsyncStream)
    texts = [chunk.choices[0].text async for chunk in stream]
    again = sagegate.text_completion("sagemaker/my-text", "Köln", stream=True)
    assert isinstance(again, sagegate.Stream)
    assert [chunk.choices[0].text for chunk in again] == texts
    assert emulated.operations() == ["stream", "stream"]


def test_closing(emulated: Emulated) -> None:
    """A closed stream gives up its call, and has no further chunks; closing twice is harmless."""
    stream = opened(emulated)
    stream.close()
    stream.close()
    assert gone(emulated)
    assert list(stream) == []


def test_leaving_the_block(emulated: Emulated) -> None:
    """`with` closes, also when the block breaks."""
    with pytest.raises(KeyError), opened(emulated):
        raise KeyError
    assert gone(emulated)


def test_a_forgotten_stream(emulated: Emulated) -> None:
    """A stream that nobody holds any more gives up its call."""
    stream = opened(emulated)
    del stream
    gc.collect()
    assert gone(emulated)


async def test_leaving_the_async_block(emulated: Emulated) -> None:
    """`async with` closes."""
    emulated.fault("my-chat", "slow_records", seconds=0.2)
    async with await sagegate.acompletion(CHAT, HELLO, stream=True) as stream:
        await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(gone, emulated)


async def test_cancelling_a_read(emulated: Emulated) -> None:
    """A task that is cancelled while it waits for a chunk takes the call with it."""
    emulated.fault("my-chat", "slow_records", seconds=60)
    stream = await sagegate.acompletion(CHAT, HELLO, stream=True)

    async def read() -> None:
        async for _ in stream:
            pass

    reading = asyncio.create_task(read())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await asyncio.to_thread(gone, emulated)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_cancelling_the_opening(emulated: Emulated) -> None:
    """A task that is cancelled before the first chunk takes the call with it."""
    emulated.fault("my-chat", "slow_first_byte", seconds=60)
    opening = asyncio.create_task(sagegate.acompletion(CHAT, HELLO, stream=True))
    await asyncio.to_thread(emulated.counts, open=1)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert await asyncio.to_thread(gone, emulated)


def test_a_broken_stream_raises(emulated: Emulated) -> None:
    """Chunks that came whole are given; then comes the error, and then nothing."""
    emulated.fault("my-chat", "reset_mid_stream")
    stream = sagegate.completion(CHAT, HELLO, stream=True)
    with pytest.raises(sagegate.UpstreamError):
        list(stream)
    assert list(stream) == []


def test_a_stream_ends_with_its_loop(emulated: Emulated) -> None:
    """After `close` a stream of before says that it is over; closing it is still harmless."""
    stream = opened(emulated)
    sagegate.close()
    assert gone(emulated)
    with pytest.raises(sagegate.Overloaded, match="closed"):
        list(stream)
    stream.close()
    assert list(stream) == []
