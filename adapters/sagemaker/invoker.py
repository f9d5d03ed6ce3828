"""SageMaker's two operations, for one identity.

Knows the order of a call: size, headers, credentials, signature, sending, AWS's answer. Refuses to
know what the body means.

Operations: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
and https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from yarl import URL

from adapters.base import Head, Limits, Payload, Reply, Target, UpstreamStream
from adapters.errors import GatewayError, InvalidRequest, MalformedReply, PayloadTooLarge
from adapters.sagemaker.answer_headers import messages_to_the_client
from adapters.sagemaker.client import Client
from adapters.sagemaker.credentials import CredentialProvider
from adapters.sagemaker.errors import translate
from adapters.sagemaker.response import Response, time_over
from adapters.sagemaker.signing import Address, Signer, parse_address
from adapters.sagemaker.stream import DocumentStream, EventStream

#: The most that is read of an error's body.
_MAX_ERROR_BYTES = 256 * 1024
#: URLs whose parsed form is kept; wildcard models may name any number.
_KNOWN_URLS = 4096

_EVENT_STREAM = "application/vnd.amazon.eventstream"
_JSON_TYPE = re.compile(r"application/(?:[\w.-]+\+)?json|application/(?:x-ndjson|jsonlines)")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
#: What of AWS's headers may become a header of ours.
_PLAIN = re.compile(r"[\x20-\x7e]{0,128}")

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
        try:
            if response.status != HTTPStatus.OK:
                raise await _refusal(response, streaming=operation.streaming)
            _check_encoding(response)
            return await operation.read(response)
        except GatewayError as error:
            response.close()
            error.request_id = _plain(response, "x-amzn-requestid") or None
            raise

    async def _send(
        self, operation: _Operation[_Answer], target: Target, payload: Payload, limits: Limits
    ) -> Response:
        """Sign and send; give the response once its headers are there."""
        if len(payload.body) > target.max_payload_bytes:
            raise PayloadTooLarge(
                f"The request is too large for the model: {len(payload.body)} bytes, "
                f"and at most {target.max_payload_bytes} are taken."
            )
        headers = _headers(target, payload, operation.accept_header)
        url = self._url(operation.url(target))
        now = asyncio.get_running_loop().time()
        ends_at = None if limits.deadline is None else now + limits.deadline
        deadline = asyncio.timeout_at(ends_at)
        try:
            async with deadline, asyncio.timeout_at(now + limits.first_byte):
                credentials = await self._credentials.current()
                signed = self._signer(target.region).sign(
                    credentials, url.address, headers, payload.body, self._clock()
                )
                return await self._client.post(
                    url.url, signed, payload.body, limits=limits, ends_at=ends_at
                )
        except TimeoutError as error:
            raise time_over(limits, "deadline" if deadline.expired() else "first_byte") from error

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


async def _read_reply(response: Response) -> Reply:
    head = _head(response, response.headers.get("content-type", ""))
    return Reply(head=head, body=await response.read_all())


async def _open_stream(response: Response) -> UpstreamStream:
    content_type = response.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _EVENT_STREAM:
        inner = response.headers.get("x-amzn-sagemaker-content-type", "")
        return EventStream(response, _head(response, inner))
    if _JSON_TYPE.fullmatch(kind):
        return DocumentStream(response, _head(response, content_type))
    raise MalformedReply(
        "The endpoint's answer to a streaming call is neither an event stream nor JSON.",
        detail=f"content type {content_type[:200]!a}",
    )


def _head(response: Response, content_type: str) -> Head:
    return Head(
        content_type=content_type,
        request_id=_plain(response, "x-amzn-requestid"),
        variant=_plain(response, "x-amzn-invoked-production-variant"),
        messages=messages_to_the_client(response.headers),
    )


def _plain(response: Response, name: str) -> str:
    """Give a header's value, or nothing where it could not be handed on in a header of ours."""
    value = response.headers.get(name, "")
    return value if _PLAIN.fullmatch(value) else ""


def _check_encoding(response: Response) -> None:
    """Refuse a compressed answer: none was asked for."""
    encoding = response.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise MalformedReply(
            "The endpoint's answer is compressed, which was not asked for.",
            detail=f"content encoding {encoding[:80]!a}",
        )


async def _refusal(response: Response, *, streaming: bool) -> GatewayError:
    """Read and translate an error; a body that is too large, or breaks off, counts as none."""
    try:
        body = await response.read_all(_MAX_ERROR_BYTES)
    except GatewayError:
        body = b""
    return translate(response.status, response.headers, body, streaming=streaming)


_INVOKE = _Operation(attrgetter("invoke_url"), "Accept", streaming=False, read=_read_reply)
_STREAM = _Operation(
    attrgetter("stream_url"), "X-Amzn-SageMaker-Accept", streaming=True, read=_open_stream
)
