"""SageMaker's native OpenAI path, for one identity: chat as plain HTTP, with a bearer token.

Knows the order of a call: size, URL, token, sending, the answer, one more try with a fresh token.
Refuses to know what the body means, and what the errors mean (`native_errors`).

The path takes no `X-Amzn-SageMaker-*` header: an inference component is part of the URL.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Final, TypeVar

from adapters.base import Limits, Payload, Reply, Target, UpstreamStream
from adapters.container import check_size
from adapters.errors import GatewayError, MalformedReply
from adapters.sagemaker.bearer import BearerToken, BearerTokens
from adapters.sagemaker.clock import ClockWatch
from adapters.sagemaker.credentials import STALE_CODES, CredentialProvider, Credentials
from adapters.sagemaker.exchange import (
    JSON_TYPE,
    bounded,
    content_type,
    head,
    media_type,
    read_reply,
    take,
)
from adapters.sagemaker.header_lines import header_lines
from adapters.sagemaker.hosts import component_url
from adapters.sagemaker.native_errors import translate
from adapters.sagemaker.stream import ByteStream, DocumentStream
from adapters.sagemaker.transport import Client, Response, TimeFrame
from adapters.value import value

#: URLs that are kept; clients may be allowed to choose components.
_KNOWN_URLS: Final = 4096
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_WHOLE_JSON: Final = "application/json"
#: What containers call a stream, and what they call anything: the format tells what it is.
_STREAMS: Final = frozenset({"text/event-stream", "text/plain", "application/octet-stream", ""})

_Answer = TypeVar("_Answer")


@value(frozen=True, slots=True)
class _Proof:
    """What vouched for one try."""

    credentials: Credentials
    token: BearerToken


class OpenAIPathInvoker:
    """Sends chats with one identity's tokens over a shared client; an `adapters.base.Invoker`.

    Args:
        client: The connections.
        credentials: The identity.
        tokens: Those of all identities, so that deployments share them.
        clock: Unix seconds.
        clock_watch: Told of every refusal; that of all identities.
    """

    def __init__(
        self,
        client: Client,
        credentials: CredentialProvider,
        tokens: BearerTokens,
        clock: Callable[[], float] = time.time,
        clock_watch: ClockWatch | None = None,
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._tokens = tokens
        self._clock = clock
        self._clock_watch = clock_watch or ClockWatch()
        self._url = lru_cache(maxsize=_KNOWN_URLS)(_full_url)

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
        check_size(payload.body, target)
        url = self._url(base, target.inference_component)
        frame = TimeFrame.starting_now(limits)

        credentials = self._credentials.at_hand()
        if credentials is None:
            credentials = await bounded(self._credentials.current(), frame)
        proof = self._proof(credentials, target.region)
        response = await self._sent(url, proof, payload, frame)
        try:
            return await take(response, read, self._translate)
        except GatewayError as error:
            if response.status not in _REFUSED:
                raise
            # The token may have outlived its credentials, and they theirs; fresh ones tell.
            self._tokens.drop(proof.token)
            stale = _stale(proof.credentials, error)
        credentials = await bounded(self._others(stale), frame)
        proof = self._proof(credentials, target.region)
        response = await self._sent(url, proof, payload, frame)
        if response.status in _REFUSED:
            self._tokens.drop(proof.token)
        return await take(response, read, self._translate)

    async def _sent(self, url: str, proof: _Proof, payload: Payload, frame: TimeFrame) -> Response:
        headers = (
            ("Content-Type", payload.content_type),
            ("Accept", payload.accept),
            ("Authorization", f"Bearer {proof.token.text}"),
        )
        return await self._client.post(url, header_lines(headers), payload.body, frame)

    async def _others(self, stale: Credentials | None) -> Credentials:
        """Give other credentials than `stale`, if there are any."""
        others = None if stale is None else await self._credentials.renew(stale)
        return others or await self._credentials.current()

    def _proof(self, credentials: Credentials, region: str) -> _Proof:
        return _Proof(credentials, self._tokens.current(credentials, region))

    def _translate(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        error = translate(status, headers, body)
        if status in _REFUSED and error.should_retry is False:
            self._clock_watch.explain(error, headers.get("date"), self._clock())
        return error


def _stale(credentials: Credentials, error: GatewayError) -> Credentials | None:
    """Give temporary credentials that may be over, as AWS's refusal has it; else None.

    AWS does not document this path's names: a refusal without one may mean that as well.
    """
    is_over = error.code is None or error.code in STALE_CODES
    return credentials if credentials.token and is_over and error.should_retry is False else None


def _full_url(base: str, component: str | None) -> str:
    return base if component is None else component_url(base, component)


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
