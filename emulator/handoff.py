"""The hand-off to a real container on this machine, as SageMaker talks to it.

Knows `POST /invocations`, OpenAI's chat route and `GET /ping` at one configured address, or one
configured route of a server that has no such routes; nothing that a caller sends can change where
it goes. Refuses to know what the bodies mean.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from emulator.containers.base import ContainerBroken, ContainerReply, ContainerRequest
from emulator.errors import modelled

_CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
#: The caller's walls are AWS's, kept by the invocation; here only connecting may take its time.
_TIMEOUT = httpx.Timeout(None, connect=5.0)
_PING_SECONDS = 2.0


class HandOff:
    """A container at a base URL, or any server at a URL with a path.

    A URL without a path is a SageMaker container's. A URL with one, such as llama.cpp's
    `/v1/chat/completions`, is where bodies are posted; any answer of that server means health.
    """

    def __init__(self, url: str) -> None:
        parsed = httpx.URL(url)
        self._is_base = parsed.path == "/"
        self._url = parsed
        self._ping = parsed.join("/ping" if self._is_base else "/")
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT,
            # No connection is kept: a small server may close one just when the next call takes it.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            headers={"accept-encoding": "identity"},
            trust_env=False,
            follow_redirects=False,
        )

    @asynccontextmanager
    async def invoke(self, request: ContainerRequest) -> AsyncIterator[ContainerReply]:
        """Forwards the body; leaving the context closes the container's connection.

        Raises:
            Refused: 503 `ServiceUnavailable`, when the container does not accept connections.
            ContainerBroken: Its answer broke off before its head was complete.
        """
        url = self._url.join(request.route) if self._is_base else self._url
        outgoing = self._client.build_request(
            "POST", url, content=request.body, headers=dict(request.headers)
        )
        try:
            response = await self._client.send(outgoing, stream=True)
        except httpx.ConnectError as cause:
            text = "The service is unavailable: the model container does not accept connections."
            raise modelled(503, "ServiceUnavailable", text) from cause
        except httpx.TransportError as cause:
            raise ContainerBroken(str(cause)) from cause
        try:
            yield ContainerReply(
                status=response.status_code,
                content_type=response.headers.get("content-type", ""),
                chunks=_chunks(response),
                custom_attributes=response.headers.get(_CUSTOM_ATTRIBUTES, ""),
            )
        finally:
            await response.aclose()

    async def healthy(self) -> bool:
        """Whether `/ping` says 200 within two seconds, or a server without it says anything."""
        try:
            response = await self._client.get(self._ping, timeout=_PING_SECONDS)
        except httpx.TransportError:
            return False
        return response.status_code == httpx.codes.OK or not self._is_base

    async def aclose(self) -> None:
        """Closes the connections that are kept open."""
        await self._client.aclose()


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_bytes():
            yield chunk
    except httpx.TransportError as cause:
        raise ContainerBroken(str(cause)) from cause
