"""SageMaker's two operations, for one identity.

Knows the order of a call: size, headers, credentials, signature, sending, AWS's answer. Refuses to
know what the body means.

Operations: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
and https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from yarl import URL

from adapters.base import Limits, Payload, Reply, Target, UpstreamStream
from adapters.errors import GatewayError, InvalidRequest, MalformedReply, UpstreamError
from adapters.sagemaker.clock import ClockWatch
from adapters.sagemaker.credentials import STALE_CODES, CredentialProvider, Credentials
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
from adapters.sagemaker.signing import Address, Signer, parse_address
from adapters.sagemaker.stream import DocumentStream, EventStream
from adapters.sagemaker.transport import Client, Response

_SIGNATURE_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
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


@dataclass(frozen=True, slots=True)
class _Request:
    """What is the same for every try of a call."""

    url: _SignedUrl
    headers: list[tuple[str, str]]
    body: bytes
    signer: Signer
    frame: TimeFrame


@dataclass(frozen=True, slots=True)
class _Refusal:
    """AWS did not take these credentials."""

    credentials: Credentials
    error: UpstreamError


def _parse_url(url: str) -> _SignedUrl:
    return _SignedUrl(URL(url, encoded=True), parse_address(url))


class SageMakerInvoker:
    """Signs with one identity and sends over a shared client; an `adapters.base.Invoker`."""

    def __init__(
        self,
        client: Client,
        credentials: CredentialProvider,
        clock: Callable[[], float] = time.time,
        clock_watch: ClockWatch | None = None,
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._clock = clock
        self._clock_watch = clock_watch or ClockWatch()
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
        check_size(target, payload)
        request = _Request(
            url=self._url(operation.url(target)),
            headers=_headers(target, payload, operation.accept_header),
            body=payload.body,
            signer=self._signer(target.region),
            frame=TimeFrame.starting_now(limits),
        )
        translated = partial(self._translate, streaming=operation.streaming)
        response, credentials = await self._send(request)
        try:
            return await take(response, operation.read, translated)
        except UpstreamError as error:
            if error.code not in STALE_CODES or credentials.token is None:
                raise
            refusal = _Refusal(credentials, error)
        response, _ = await self._send(request, refusal)
        return await take(response, operation.read, translated)

    async def _send(
        self, request: _Request, refusal: _Refusal | None = None
    ) -> tuple[Response, Credentials]:
        """Sign and send; give the response once its headers are there, and who signed.

        Raises:
            GatewayError: also `refusal`'s, where there are no others than the credentials that it
                was for.
        """

        async def signed() -> tuple[Credentials, dict[str, str]]:
            credentials = await self._credentials_for(refusal)
            return credentials, request.signer.sign(
                credentials, request.url.address, request.headers, request.body, self._clock()
            )

        return await send(self._client, request.url.url, request.body, request.frame, signed)

    async def _credentials_for(self, refusal: _Refusal | None) -> Credentials:
        if refusal is None:
            return await self._credentials.current()
        others = await self._credentials.renew(refusal.credentials)
        if others is None:
            raise refusal.error
        return others

    def _translate(
        self, status: int, headers: Mapping[str, str], body: bytes, *, streaming: bool
    ) -> GatewayError:
        error = translate(status, headers, body, streaming=streaming)
        if status in _SIGNATURE_REFUSED and error.should_retry is False:
            self._clock_watch.explain(error, headers.get("date"), self._clock())
        return error

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
