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
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from operator import attrgetter
from typing import NamedTuple

from yarl import URL

from adapters.base import Head, Limits, Payload, Reply, Target, UpstreamStream
from adapters.errors import (
    DeadlineExceeded,
    GatewayError,
    InvalidRequest,
    MalformedReply,
    PayloadTooLarge,
)
from adapters.sagemaker.client import Client
from adapters.sagemaker.credentials import CredentialProvider
from adapters.sagemaker.errors import translate
from adapters.sagemaker.response import Response
from adapters.sagemaker.signing import Address, Signer, parse_address
from adapters.sagemaker.stream import DocumentStream, EventStream

#: The most that is read of an error's body.
_MAX_ERROR_BYTES = 256 * 1024
#: URLs whose parsed form is kept; wildcard models may name any number.
_KNOWN_ROUTES = 4096

_EVENT_STREAM = "application/vnd.amazon.eventstream"
_JSON_TYPE = re.compile(r"application/(?:[\w.-]+\+)?json|application/(?:x-ndjson|jsonlines)")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")


class _Operation(NamedTuple):
    """What sets the two operations apart."""

    url: Callable[[Target], str]
    accept_header: str


_INVOKE = _Operation(attrgetter("invoke_url"), "Accept")
_STREAM = _Operation(attrgetter("stream_url"), "X-Amzn-SageMaker-Accept")


@dataclass(frozen=True, slots=True)
class _Route:
    """A URL in the forms that sending and signing need."""

    url: URL
    address: Address


def _parse_route(url: str) -> _Route:
    return _Route(URL(url, encoded=True), parse_address(url))


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
        self._route = lru_cache(maxsize=_KNOWN_ROUTES)(_parse_route)

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        """Call InvokeEndpoint.

        Raises:
            PayloadTooLarge: the body is larger than the target takes; nothing was sent.
            GatewayError: every other failure, translated.
        """
        response = await self._send(_INVOKE, target, payload, limits)
        head = _head(response, response.headers.get("content-type", ""))
        return Reply(head=head, body=await response.read_all())

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> UpstreamStream:
        """Call InvokeEndpointWithResponseStream.

        Raises:
            StreamingRefused: the endpoint does not offer the operation.
            PayloadTooLarge: the body is larger than the target takes; nothing was sent.
            GatewayError: every other failure, translated.
        """
        response = await self._send(_STREAM, target, payload, limits)
        content_type = response.headers.get("content-type", "")
        kind = content_type.partition(";")[0].strip().lower()
        if kind == _EVENT_STREAM:
            inner = response.headers.get("x-amzn-sagemaker-content-type", "")
            return EventStream(response, _head(response, inner))
        if _JSON_TYPE.fullmatch(kind):
            return DocumentStream(response, _head(response, content_type))
        response.close()
        raise MalformedReply(
            "The endpoint's answer to a streaming call is neither an event stream nor JSON.",
            detail=f"content type {content_type[:200]!r}",
        )

    async def _send(
        self, operation: _Operation, target: Target, payload: Payload, limits: Limits
    ) -> Response:
        """Sign and send; give the response if its status is 200."""
        if len(payload.body) > target.max_payload_bytes:
            raise PayloadTooLarge(
                f"The request is too large for the model: {len(payload.body)} bytes, "
                f"and at most {target.max_payload_bytes} are taken."
            )
        headers = _headers(target, payload, operation.accept_header)
        route = self._route(operation.url(target))
        started = asyncio.get_running_loop().time()
        ends_at = None if limits.deadline is None else started + limits.deadline
        head_by = started + limits.first_byte
        try:
            async with asyncio.timeout_at(head_by if ends_at is None else min(head_by, ends_at)):
                credentials = await self._credentials.current()
                response = await self._client.post(
                    route.url,
                    self._signer(target.region).sign(
                        credentials, route.address, headers, payload.body, self._clock()
                    ),
                    payload.body,
                    connect=limits.connect,
                    idle=limits.idle,
                    ends_at=ends_at,
                )
        except TimeoutError as error:
            raise DeadlineExceeded("SageMaker did not answer within the time allowed.") from error
        if response.status == HTTPStatus.OK:
            _check_encoding(response)
            return response
        body = await _read_error(response)
        failure = translate(response.status, response.headers, body, streaming=operation is _STREAM)
        failure.request_id = response.headers.get("x-amzn-requestid")
        raise failure

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
    headers.extend(payload.headers)
    for name, value in headers:
        if not _HEADER_VALUE.fullmatch(value):
            raise InvalidRequest(f"The value for the header {name} is not printable ASCII.")
    return headers


def _head(response: Response, content_type: str) -> Head:
    return Head(
        content_type=content_type,
        request_id=response.headers.get("x-amzn-requestid", ""),
        variant=response.headers.get("x-amzn-invoked-production-variant", ""),
    )


def _check_encoding(response: Response) -> None:
    """Refuse a compressed answer: none was asked for."""
    encoding = response.headers.get("content-encoding", "identity")
    if encoding != "identity":
        response.close()
        raise MalformedReply(
            "The endpoint's answer is compressed, which was not asked for.",
            detail=f"content encoding {encoding[:80]!r}",
        )


async def _read_error(response: Response) -> bytes:
    """Read an error's body; one that is too large, or breaks off, counts as none."""
    try:
        return await response.read_all(_MAX_ERROR_BYTES)
    except GatewayError:
        return b""
