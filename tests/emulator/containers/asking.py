"""Asks built-in containers directly, without a wire."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from emulator.containers.base import Behaviour, BuiltIn, ContainerReply, ContainerRequest


def ask(
    behaviour: Behaviour,
    body: Any,
    component: str = "",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, str, list[bytes]]:
    """Status, media type and chunks of a container's answer; `body` may be raw bytes."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    request = ContainerRequest(body=raw, headers=headers or {}, component=component)

    async def collect() -> tuple[ContainerReply, list[bytes]]:
        async with BuiltIn(behaviour).invoke(request) as reply:
            return reply, [chunk async for chunk in reply.chunks]

    reply, chunks = asyncio.run(collect())
    return reply.status, reply.content_type, chunks


def document(behaviour: Behaviour, body: Any, component: str = "") -> Any:
    """The JSON document of a successful answer."""
    status, content_type, chunks = ask(behaviour, body, component)
    assert (status, content_type) == (200, "application/json")
    return orjson.loads(b"".join(chunks))


def complaint(behaviour: Behaviour, body: Any) -> tuple[int, Any]:
    """Status and JSON document of an error."""
    status, _, chunks = ask(behaviour, body)
    return status, orjson.loads(b"".join(chunks))


def records(behaviour: Behaviour, body: Any) -> list[Any]:
    """The JSON records of a streamed answer; `[DONE]` is the text `[DONE]`."""
    status, _, chunks = ask(behaviour, body)
    assert status == 200
    data = (chunk.removeprefix(b"data: ").strip() for chunk in chunks)
    return [each.decode() if each == b"[DONE]" else orjson.loads(each) for each in data]
