"""SageMaker's two operations, for one identity.

Knows the order of a call: size, headers, credentials, signature, sending, AWS's answer. Refuses to
know what the body means.

Operations: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
and https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from functools import lru_cache, partial
from http import HTTPStatus
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from adapters.base import Header, Limits, Payload, Reply, Target, UpstreamStream
from adapters.container import check_size
from adapters.errors import GatewayError, InvalidRequest, MalformedReply, UpstreamError
from adapters.sagemaker.clock import ClockWatch
from adapters.sagemaker.credentials import STALE_CODES, CredentialProvider, Credentials
from adapters.sagemaker.errors import translate
from adapters.sagemaker.exchange import (
    JSON_TYPE,
    bounded,
    content_type,
    head,
    media_type,
    read_reply,
    reply_at_once,
    take,
)
from adapters.sagemaker.signing import Outline, Signer, parse_address
from adapters.sagemaker.stream import DocumentStream, EventStream
from adapters.sagemaker.transport import Client, Response, TimeFrame
from adapters.value import value

_SIGNATURE_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
#: Ways that are kept; wildcard models may name any number.
_KNOWN_WAYS = 4096

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
    #: Gives such an answer where there is nothing to wait for; None where it is to be taken.
    at_once: Callable[[Response], _Answer | None]


@value(frozen=True, slots=True)
class _Way:
    """What is the same for all calls of an operation to a deployment."""

    url: str
    outline: Outline
    signer: Signer


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
        self._way = lru_cache(maxsize=_KNOWN_WAYS)(self._find_way)

    def invoke(
        self, target: Target, payload: Payload, limits: Limits
    ) -> Coroutine[Any, Any, Reply]:
        """Call InvokeEndpoint.

        Raises:
            PayloadTooLarge: the body is larger than the target takes; nothing was sent.
            GatewayError: every other failure, translated.
        """
        return self._call(_INVOKE, target, payload, limits)

    def open_stream(
        self, target: Target, payload: Payload, limits: Limits
    ) -> Coroutine[Any, Any, UpstreamStream]:
        """Call InvokeEndpointWithResponseStream.

        Raises:
            StreamingRefused: the endpoint does not offer the operation.
            PayloadTooLarge: the body is larger than the target takes; nothing was sent.
            GatewayError: every other failure, translated.
        """
        return self._call(_STREAM, target, payload, limits)

    async def _call(
        self, operation: _Operation[_Answer], target: Target, payload: Payload, limits: Limits
    ) -> _Answer:
        check_size(payload.body, target)
        way = self._way(
            operation.url(target),
            target.region,
            (operation.accept_header, payload.accept, payload.content_type),
            target.inference_component,
            target.headers,
        )
        _check_values(payload.headers)
        frame = TimeFrame.starting_now(limits)
        known = self._credentials
        credentials = known.at_hand()
        if credentials is None:
            credentials = await bounded(known.current(), frame)
        response = await self._sent(way, payload, frame, credentials)
        answer = operation.at_once(response)
        if answer is not None:
            return answer
        translate = partial(self._translate, streaming=operation.streaming)
        try:
            return await take(response, operation.read, translate)
        except UpstreamError as error:
            if error.code not in STALE_CODES or credentials.token is None:
                raise
            refusal = error
        others = await bounded(known.renew(credentials), frame)
        if others is None:
            raise refusal
        response = await self._sent(way, payload, frame, others)
        return await take(response, operation.read, translate)

    def _sent(
        self, way: _Way, payload: Payload, frame: TimeFrame, credentials: Credentials
    ) -> Awaitable[Response]:
        """Sign and send."""
        body = payload.body
        lines = way.signer.sign(credentials, way.outline, payload.headers, body, self._clock())
        return self._client.post(way.url, lines, body, frame)

    def _translate(
        self, status: int, headers: Mapping[str, str], body: bytes, *, streaming: bool = False
    ) -> GatewayError:
        error = translate(status, headers, body, streaming=streaming)
        if status in _SIGNATURE_REFUSED and error.should_retry is False:
            self._clock_watch.explain(error, headers.get("date"), self._clock())
        return error

    def _find_way(
        self,
        url: str,
        region: str,
        types: tuple[str, str, str],
        component: str | None,
        further: tuple[Header, ...],
    ) -> _Way:
        accept_header, accept, content_type = types
        headers = [("Content-Type", content_type), (accept_header, accept)]
        if component is not None:
            headers.append(("X-Amzn-SageMaker-Inference-Component", component))
        headers.extend(further)
        _check_values(headers)
        signer = self._signers.setdefault(region, Signer(region))
        return _Way(url, Outline(parse_address(url), headers), signer)


def _check_values(headers: Iterable[Header]) -> None:
    """Let headers pass that can be sent.

    Raises:
        InvalidRequest: a value could not stand in a header; AWS takes printable ASCII.
    """
    for name, text in headers:
        if not _HEADER_VALUE.fullmatch(text):
            raise InvalidRequest(f"The value for the header {name} is not printable ASCII.")


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


def _never(response: Response) -> None:
    """Take no stream at once: its first part is worth waiting for."""
    del response


_INVOKE = _Operation(
    attrgetter("invoke_url"),
    "Accept",
    streaming=False,
    read=read_reply,
    at_once=reply_at_once,
)
_STREAM = _Operation(
    attrgetter("stream_url"),
    "X-Amzn-SageMaker-Accept",
    streaming=True,
    read=_open_stream,
    at_once=_never,
)
