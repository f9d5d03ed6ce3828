"""SageMaker's two operations, for one identity.

Knows the order of a call: size, headers, credentials, signature, sending, AWS's answer. Refuses to
know what the body means.

Operations: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
and https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from yarl import URL

from adapters.base import Limits, Payload, Reply, Target, UpstreamStream
from adapters.errors import InvalidRequest, MalformedReply
from adapters.sagemaker.client import Client
from adapters.sagemaker.credentials import CredentialProvider, Credentials
from adapters.sagemaker.errors import translate
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
from adapters.sagemaker.response import Response
from adapters.sagemaker.signing import Address, Signer, parse_address
from adapters.sagemaker.stream import DocumentStream, EventStream

#: URLs whose parsed form is kept; wildcard models may name any number.
_KNOWN_URLS = 4096

_EVENT_STREAM = "application/vnd.amazon.eventstream"
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")

_Answer = TypeVar("_Answer")


class _Operation(NamedTuple, Generic[_Answer]):
    """What sets the two operations apart."""

    url: Callable[[Target], str]
    accept_header: str
    streaming: bool
    #: Takes an answer whose status is 200.
    read: Callable[[Response], Awaitable[_Answer]]


@dataclass(frozen=True, slots=True)
class _SignedUrl:
    """A URL in the forms that sending and signing need."""

    url: URL
    address: Address


def _parse_url(url: str) -> _SignedUrl:
    return _SignedUrl(URL(url, encoded=True), parse_address(url))


class SageMakerInvoker:
    """Signs with one identity and sends over a shared client; an `adapters.base.Invoker`."""

    def __init__(
        self,
        client: Client,
        credentials: CredentialProvider,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._clock = clock
        self._signers: dict[str, Signer] = {}
        self._url = lru_cache(maxsize=_KNOWN_URLS)(_parse_url)

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        """Call InvokeEndpoint.

        Raises:
            PayloadTooLarge: the body is larger than the target takes; nothing was sent.
            GatewayError: every other failure, translated.
        """
        return await self._call(_INVOKE, target, payload, limits)

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> UpstreamStream:
        """Call InvokeEndpointWithResponseStream.

        Raises:
            StreamingRefused: the endpoint does not offer the operation.
            PayloadTooLarge: the body is larger than the target takes; nothing was sent.
            GatewayError: every other failure, translated.
        """
        return await self._call(_STREAM, target, payload, limits)

    async def _call(
        self, operation: _Operation[_Answer], target: Target, payload: Payload, limits: Limits
    ) -> _Answer:
        response = await self._send(operation, target, payload, limits)
        return await take(
            response, operation.read, partial(translate, streaming=operation.streaming)
        )

    async def _send(
        self, operation: _Operation[_Answer], target: Target, payload: Payload, limits: Limits
    ) -> Response:
        """Sign and send; give the response once its headers are there."""
        check_size(target, payload)
        headers = _headers(target, payload, operation.accept_header)
        url = self._url(operation.url(target))

        async def signed() -> tuple[Credentials, dict[str, str]]:
            credentials = await self._credentials.current()
            return credentials, self._signer(target.region).sign(
                credentials, url.address, headers, payload.body, self._clock()
            )

        frame = TimeFrame.starting_now(limits)
        response, _ = await send(self._client, url.url, payload.body, frame, signed)
        return response

    def _signer(self, region: str) -> Signer:
        signer = self._signers.get(region)
        if signer is None:
            signer = self._signers[region] = Signer(region)
        return signer


def _headers(target: Target, payload: Payload, accept_header: str) -> list[tuple[str, str]]:
    """Give the headers to sign, beside the signature's own.

    Raises:
        InvalidRequest: a value could not stand in a header; AWS takes printable ASCII.
    """
    headers = [("Content-Type", payload.content_type), (accept_header, payload.accept)]
    if target.inference_component is not None:
        headers.append(("X-Amzn-SageMaker-Inference-Component", target.inference_component))
    headers.extend(target.headers)
    headers.extend(payload.headers)
    for name, value in headers:
        if not _HEADER_VALUE.fullmatch(value):
            raise InvalidRequest(f"The value for the header {name} is not printable ASCII.")
    return headers


async def _open_stream(response: Response) -> UpstreamStream:
    outer = content_type(response)
    kind = media_type(outer)
    if kind == _EVENT_STREAM:
        inner = response.headers.get("x-amzn-sagemaker-content-type", "")
        return EventStream(response, head(response, inner))
    if JSON_TYPE.fullmatch(kind):
        return DocumentStream(response, head(response, outer))
    raise MalformedReply(
        "The endpoint's answer to a streaming call is neither an event stream nor JSON.",
        detail=f"content type {outer[:200]!a}",
    )


_INVOKE = _Operation(attrgetter("invoke_url"), "Accept", streaming=False, read=read_reply)
_STREAM = _Operation(
    attrgetter("stream_url"), "X-Amzn-SageMaker-Accept", streaming=True, read=_open_stream
)
