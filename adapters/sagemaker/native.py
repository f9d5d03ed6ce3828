"""SageMaker's native OpenAI path, for one identity: chat as plain HTTP, with a bearer token.

Knows the order of a call: size, URL, token, sending, one more try with a fresh token, the answer.
Refuses to know what the body means, and what the errors mean (`native_errors`).

The path takes no `X-Amzn-SageMaker-*` header: an inference component is part of the URL.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Final, TypeVar

from yarl import URL

from adapters.base import Limits, Payload, Reply, Target, UpstreamStream
from adapters.errors import MalformedReply
from adapters.sagemaker.bearer import BearerToken, BearerTokens
from adapters.sagemaker.client import Client
from adapters.sagemaker.credentials import CredentialProvider
from adapters.sagemaker.exchange import (
    JSON_TYPE,
    TimeFrame,
    check_size,
    content_type,
    head,
    media_type,
    read_reply,
    send,
    take,
)
from adapters.sagemaker.hosts import component_url
from adapters.sagemaker.native_errors import translate
from adapters.sagemaker.response import Response
from adapters.sagemaker.stream import ByteStream, DocumentStream

#: URLs whose parsed form is kept; clients may be allowed to choose components.
_KNOWN_URLS: Final = 4096
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_WHOLE_JSON: Final = "application/json"
#: What containers call a stream, and what they call anything: the format tells what it is.
_STREAMS: Final = frozenset({"text/event-stream", "text/plain", "application/octet-stream", ""})

_Answer = TypeVar("_Answer")


class OpenAIPathInvoker:
    """Sends chats with one identity's tokens over a shared client; an `adapters.base.Invoker`.

    Args:
        client: The connections.
        credentials: The identity.
        tokens: Those of all identities, so that deployments share them.
    """

    def __init__(
        self, client: Client, credentials: CredentialProvider, tokens: BearerTokens
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._tokens = tokens
        self._url = lru_cache(maxsize=_KNOWN_URLS)(_parsed_url)

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        """Send a chat; give the whole answer.

        Raises:
            PayloadTooLarge: the body is larger than the target takes; nothing was sent.
            GatewayError: every other failure, translated.
        """
        return await self._call(target.invoke_url, target, payload, limits, read_reply)

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> UpstreamStream:
        """Send a chat that asks for a stream; the container's own bytes come back.

        Raises:
            PayloadTooLarge: the body is larger than the target takes; nothing was sent.
            GatewayError: every other failure, translated.
        """
        return await self._call(target.stream_url, target, payload, limits, _open_stream)

    async def _call(
        self,
        base: str,
        target: Target,
        payload: Payload,
        limits: Limits,
        read: Callable[[Response], Awaitable[_Answer]],
    ) -> _Answer:
        check_size(target, payload)
        url = self._url(base, target.inference_component)
        frame = TimeFrame.starting_now(limits)

        async def authorized() -> tuple[BearerToken, Mapping[str, str]]:
            credentials = await self._credentials.current()
            token = self._tokens.current(credentials, target.region)
            return token, {
                "Content-Type": payload.content_type,
                "Accept": payload.accept,
                "Authorization": f"Bearer {token.text}",
            }

        response, token = await send(self._client, url, payload.body, frame, authorized)
        if response.status in _REFUSED:
            # The token may have outlived its credentials; a fresh one tells.
            response.close()
            self._tokens.drop(token)
            response, token = await send(self._client, url, payload.body, frame, authorized)
        if response.status in _REFUSED:
            self._tokens.drop(token)
        return await take(response, read, translate)


def _parsed_url(base: str, component: str | None) -> URL:
    return URL(base if component is None else component_url(base, component), encoded=True)


async def _open_stream(response: Response) -> UpstreamStream:
    outer = content_type(response)
    kind = media_type(outer)
    if kind == _WHOLE_JSON:
        return DocumentStream(response, head(response, outer))
    if kind in _STREAMS or JSON_TYPE.fullmatch(kind):
        return ByteStream(response, head(response, outer))
    raise MalformedReply(
        "The endpoint's answer to a streaming call is neither server-sent events nor JSON.",
        detail=f"content type {outer[:200]!a}",
    )
