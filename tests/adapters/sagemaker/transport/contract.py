"""What the transport's tests have in common: the implementations, and one request."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from adapters.base import Limits
from adapters.sagemaker.aiohttp_client import AiohttpClient
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.header_lines import header_lines
from adapters.sagemaker.transport import KEEP_ALIVE, Client, Response, TimeFrame
from tests.adapters.sagemaker.upstream import Call, Upstream

CLIENTS: Mapping[str, Callable[..., Client]] = {"aiohttp": AiohttpClient, "direct": DirectClient}
HEADERS = {"Content-Type": "application/json"}
#: Enough for anything on loopback.
SOON = 10.0


class NewClient(Protocol):
    """Makes a client."""

    def __call__(
        self,
        *,
        connections_per_host: int = 0,
        tls: ssl.SSLContext | None = None,
        keep_alive: float = KEEP_ALIVE,
    ) -> Client: ...


async def post(
    client: Client,
    upstream: Upstream,
    body: bytes = b"{}",
    *,
    headers: Mapping[str, str] = HEADERS,
    limits: Limits | None = None,
    ends_at: float | None = None,
) -> Response:
    """Send a request to a server of this machine."""
    limits = limits or Limits()
    frame = TimeFrame(limits, asyncio.get_running_loop().time() + limits.first_byte, ends_at)
    return await client.post(f"{upstream.url}/x", header_lines(headers.items()), body, frame)


async def exchange(client: Client, upstream: Upstream, body: bytes = b"{}", **more: Any) -> bytes:
    """Send a request; give the whole answer."""
    response = await post(client, upstream, body, **more)
    return await response.read_all()


def raw(data: bytes, *, then_close: bool = False) -> Callable[[Call], Awaitable[None]]:
    """Write a script that answers every request with these bytes."""

    async def script(call: Call) -> None:
        await call.send(data)
        if then_close:
            call.writer.close()

    return script


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something is so that no event tells of."""
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110 - nobody sets an event for it
            await asyncio.sleep(0.005)
