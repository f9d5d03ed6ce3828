"""A server with the protocol under test, and raw connections to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from proxy.http_bounds import Bounds
from proxy.http_protocol import BoundedHttpProtocol

PATIENCE = 10.0


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what was understood: the method, the path, the headers, the body."""
    request = Request(scope, receive)
    try:
        body = await request.body()
    except ClientDisconnect:
        return
    headers = [
        [name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]
    ]
    said = {"path": scope["path"], "headers": headers, "body": body.decode("latin-1")}
    await JSONResponse(said)(scope, receive, send)


@asynccontextmanager
async def listening(
    app: ASGIApp = echo, bounds: Bounds | None = None, *, keepalive: int = 5
) -> AsyncIterator[int]:
    """Serve an application over the protocol under test; give its port."""
    config = uvicorn.Config(
        app,
        http=cast("Any", partial(BoundedHttpProtocol, bounds=bounds)),
        log_config=None,
        ws="none",
        access_log=False,
        timeout_keep_alive=keepalive,
    )
    config.load()
    state = ServerState()
    make = partial(
        cast("Any", config.http_protocol_class), config=config, server_state=state, app_state={}
    )
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    for connection in list(state.connections):
        connection.transport.abort()
    await asyncio.gather(*state.tasks, return_exceptions=True)


async def everything(reader: asyncio.StreamReader) -> bytes:
    """Read until the server closes."""
    reply = b""
    with suppress(ConnectionError):  # it may close with bytes of ours unread
        while part := await asyncio.wait_for(reader.read(65536), PATIENCE):
            reply += part
    return reply


async def reply_to(*parts: bytes, bounds: Bounds | None = None) -> bytes:
    """Send the parts to a server of its own; give all that it answers until it closes."""
    async with listening(bounds=bounds) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
        reply = await everything(reader)
        writer.close()
        return reply


def statuses(reply: bytes) -> list[int]:
    """Give the status of each answer."""
    return [int(part[:3]) for part in reply.split(b"HTTP/1.1 ")[1:]]
