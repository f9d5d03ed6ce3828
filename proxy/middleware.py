"""What every request passes first: the gateway of the moment, a call id, a limit for its body.

And a net for what nothing else caught: our own faults, and the end of the process. Pure ASGI:
nothing is buffered, streams pass as they are.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.errors import PayloadTooLarge
from proxy.errors import error_response, report_early_refusal, unexpected
from proxy.lifecycle.drain import Drain, shutting_down
from proxy.lifecycle.life import Life
from proxy.sse import error_event, is_event_stream

#: A client's own id is echoed when it is one; anything else gets a new one.
_CALL_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_CALL_ID_HEADER: Final = b"x-litellm-call-id"

_log = structlog.stdlib.get_logger("sagegate")


class Entrance:
    """Lets a request in, with the gateway of this moment, and counts it until it has ended.

    In the request's state: `gateway`, the only one that it ever sees, and `client`, its address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope["state"]
        life: Life = state["life"]
        generation = life.enter()
        state["gateway"] = generation.gateway
        state["client"] = generation.gateway.peers.client(scope)
        try:
            await self._app(scope, receive, send)
        finally:
            generation.leave()


class Cors:
    """Tells web pages whether they may call, as the request's gateway has it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._rules: Mapping[str, Any] | None = None
        self._ruled = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rules = scope["state"]["gateway"].cors
        if rules is not self._rules:
            self._rules, self._ruled = rules, CORSMiddleware(self._app, **rules)
        await self._ruled(scope, receive, send)


class CallIdentity:
    """Gives each request an id, sends it back, and answers what nothing else caught.

    In the request's state: `own_id` is the gateway's, `call_id` may be the client's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own = scope["state"]["own_id"] = str(uuid.uuid4())
        call_id = scope["state"]["call_id"] = _call_id(scope) or own
        answer = _Answer(send, call_id, scope["state"]["life"].drain)
        try:
            await self._app(scope, receive, answer.send)
        except asyncio.CancelledError:
            if not answer.drain.cut:
                raise
            await answer.cut(scope, receive)
        except Exception:
            if answer.started:
                raise
            _log.exception("request.failed", call_id=call_id, path=scope["path"])
            await error_response(unexpected())(scope, receive, answer.send)


class _Answer:
    """An answer on its way out, and how far it has come."""

    __slots__ = ("_call_id", "_send", "drain", "ended", "events", "started")

    def __init__(self, send: Send, call_id: str, drain: Drain) -> None:
        self._send = send
        self._call_id = call_id
        self.drain = drain
        self.started = False
        self.events = False
        self.ended = False

    async def send(self, message: Message) -> None:
        """Send a part."""
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers["x-litellm-call-id"] = self._call_id
            headers["x-request-id"] = self._call_id
            headers.setdefault("cache-control", "no-store")
            if self.drain.begun:
                headers["connection"] = "close"
            self.events = is_event_stream(headers)
        elif not message.get("more_body"):
            self.ended = True
        await self._send(message)

    async def cut(self, scope: Scope, receive: Receive) -> None:
        """Say that the gateway ends before the answer does, never that the answer is complete.

        What has begun, and is no stream of events, ends with its connection.
        """
        if not self.started:
            await error_response(shutting_down())(scope, receive, self.send)
        elif self.events and not self.ended:
            body = error_event(shutting_down())
            await self._send({"type": "http.response.body", "body": body, "more_body": False})


def _call_id(scope: Scope) -> str:
    """Give the client's own id for the request, if there is one."""
    given = next((value for name, value in scope["headers"] if name == _CALL_ID_HEADER), b"")
    return given.decode() if _CALL_ID.fullmatch(given) else ""


class BodyLimit:
    """Refuses bodies over the gateway's size, by their announced length or as they come in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        max_bytes: int = scope["state"]["gateway"].max_body_bytes
        announced = next((v for name, v in scope["headers"] if name == b"content-length"), b"0")
        if announced.isdigit() and int(announced) > max_bytes:
            refusal = _too_large(max_bytes)
            report_early_refusal(scope, refusal)
            await error_response(refusal)(scope, receive, send)
            return
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > max_bytes:
                raise _too_large(max_bytes)
            return message

        await self._app(scope, receive_some, send)


def _too_large(max_bytes: int) -> PayloadTooLarge:
    megabytes = max_bytes / 1_048_576
    return PayloadTooLarge(
        f"The request body is larger than {megabytes:g} MB.", param="request_body"
    )
