"""An answer on its way out: the headers that all have, and how it ends when the process does.

Knows answers' headers and how far one has come; refuses to know what is in it.
"""

from __future__ import annotations

from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import Message, Send

from proxy.errors import error_response
from proxy.http_cycle import Cycle
from proxy.incoming import Incoming
from proxy.json_response import JsonResponse
from proxy.lifecycle.drain import shutting_down
from proxy.sse import ChunkResponse, error_event, is_event_stream


class Outgoing:
    """An answer on its way out, and how far it has come.

    Args:
        request: What is answered.
        send: Takes the answer.
    """

    __slots__ = ("_cycle", "_events", "_request", "_send", "ended", "started")

    def __init__(self, request: Incoming, send: Send) -> None:
        self._request = request
        self._send = send
        # the server's own, where nobody stands between
        server = getattr(send, "__self__", None)
        self._cycle = server if isinstance(server, Cycle) else None
        self._events = False
        self.started = False
        self.ended = False

    async def give(self, response: Response) -> None:
        """Send a whole response; JSON in one write, where that can be."""
        if self._cycle is not None and isinstance(response, JsonResponse):
            self._mark(response.fields)
            self.started = self.ended = True
            await self._cycle.answer(response.status_code, response.fields, response.written)
        else:
            if self._cycle is not None and isinstance(response, ChunkResponse):
                response.write_part = self._cycle.write_part
            await response(self._request.scope, self._request.receive, self.send)

    async def send(self, message: Message) -> None:
        """Send a part, as ASGI has it."""
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            self._mark(headers)
            self._events = is_event_stream(headers)
        elif not message.get("more_body"):
            self.ended = True
        await self._send(message)

    async def cut(self) -> None:
        """Say that the gateway ends before the answer does, never that the answer is complete.

        What has begun, and is no stream of events, ends with its connection.
        """
        if not self.started:
            await self.give(error_response(shutting_down()))
        elif self._events and not self.ended:
            body = error_event(shutting_down())
            await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _mark(self, headers: _Headers) -> None:
        """Add what all answers say."""
        request = self._request
        headers["x-litellm-call-id"] = headers["x-request-id"] = request.call_id
        headers.setdefault("cache-control", "no-store")
        if request.life.drain.begun:
            headers["connection"] = "close"
        if not request.crosses_origins:
            headers["vary"] = "Origin"  # as `CORSMiddleware` says it to whoever names none


class _Headers(Protocol):
    """Headers, by names in lower case."""

    def __setitem__(self, name: str, value: str, /) -> None: ...

    def setdefault(self, name: str, value: str, /) -> str: ...
