"""What every request passes first: a call id, a limit for its body, and a net for our own faults.

Pure ASGI: nothing is buffered, streams pass as they are.
"""

from __future__ import annotations

import re
import uuid
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.errors import PayloadTooLarge
from proxy.errors import error_response, unexpected

#: A client's own id is echoed when it is one; anything else gets a new one.
_CALL_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_CALL_ID_HEADER: Final = b"x-litellm-call-id"

_log = structlog.stdlib.get_logger("sagegate")


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
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["x-litellm-call-id"] = call_id
                headers["x-request-id"] = call_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            if started:
                raise
            _log.exception("request.failed", call_id=call_id, path=scope["path"])
            await error_response(unexpected())(scope, receive, send_with_id)


def _call_id(scope: Scope) -> str:
    """Give the client's own id for the request, if there is one."""
    given = next((value for name, value in scope["headers"] if name == _CALL_ID_HEADER), b"")
    return given.decode() if _CALL_ID.fullmatch(given) else ""


class BodyLimit:
    """Refuses bodies over a size, by their announced length or as they come in."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = next((v for name, v in scope["headers"] if name == b"content-length"), b"0")
        if announced.isdigit() and int(announced) > self._max_bytes:
            await error_response(self._too_large())(scope, receive, send)
            return
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise self._too_large()
            return message

        await self._app(scope, receive_some, send)

    def _too_large(self) -> PayloadTooLarge:
        megabytes = self._max_bytes / 1_048_576
        return PayloadTooLarge(
            f"The request body is larger than {megabytes:g} MB.", param="request_body"
        )
