"""An invoker that plays a script: what it was asked is kept, what it answers is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters.base import Head, Json, Limits, Payload, Reply, Target
from adapters.errors import GatewayError

HEAD = Head(content_type="application/json", request_id="req-1", variant="AllTraffic")

#: One answer of the script: a body, an error, or a list of parts (bytes, errors) for a stream.
Answer = Any


@dataclass
class ScriptedStream:
    """A stream of the script's parts; None stalls until it is closed."""

    parts: list[bytes | BaseException | None]
    head: Head = HEAD
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def chunks(self) -> AsyncIterator[bytes]:
        return self._play()

    async def _play(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            if isinstance(part, BaseException):
                raise part
            if part is None:
                await self.closed.wait()
                return
            yield part

    async def aclose(self) -> None:
        self.closed.set()


@dataclass
class ScriptedInvoker:
    """Answers calls and streams from two lists, in order; the last one stays."""

    replies: list[Answer] = field(default_factory=list)
    streams: list[Answer] = field(default_factory=list)
    calls: list[tuple[str, Target, Payload, Limits]] = field(default_factory=list)
    opened: list[ScriptedStream] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        self.calls.append(("invoke", target, payload, limits))
        self.called.set()
        answer = self._next(self.replies)
        if isinstance(answer, GatewayError):
            raise answer
        if answer is None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return Reply(head=HEAD, body=answer if isinstance(answer, bytes) else orjson.dumps(answer))

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> ScriptedStream:
        self.calls.append(("open_stream", target, payload, limits))
        self.called.set()
        answer = self._next(self.streams)
        if isinstance(answer, GatewayError):
            raise answer
        stream = ScriptedStream(answer)
        self.opened.append(stream)
        return stream

    @property
    def bodies(self) -> list[Json]:
        """The bodies sent so far."""
        return [orjson.loads(payload.body) for _, _, payload, _ in self.calls]

    @property
    def operations(self) -> list[str]:
        """The operations called so far."""
        return [operation for operation, *_ in self.calls]

    @staticmethod
    def _next(script: list[Answer]) -> Answer:
        return script.pop(0) if len(script) > 1 else script[0]
