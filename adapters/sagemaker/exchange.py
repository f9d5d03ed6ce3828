"""One request and its answer, whatever the operation and whoever vouches for the caller.

Knows the size that may be sent, the time that may pass, and what of an answer's head is handed on.
Refuses to know signatures, tokens, and what AWS's errors mean.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeVar

from adapters.base import Head, Reply
from adapters.errors import GatewayError, MalformedReply
from adapters.sagemaker.answer_headers import messages_to_the_client
from adapters.sagemaker.transport import Response, TimeFrame

#: The most that is read of an error's body.
_MAX_ERROR_BYTES = 256 * 1024
#: The media types of JSON, whole or in lines.
JSON_TYPE = re.compile(r"application/(?:[\w.-]+\+)?json|application/(?:x-ndjson|jsonlines)")
#: A plain number: members of an enumeration take their time to compare.
_OK: Final = int(HTTPStatus.OK)
#: What of AWS's headers may become a header of ours.
_PLAIN = re.compile(r"[\x20-\x7e]{0,128}")

_Answer = TypeVar("_Answer")
#: What vouches for the caller: credentials, or a token.
_Proof = TypeVar("_Proof")

#: Turns the status, headers and body of a refusal into an error of our tree.
Translate = Callable[[int, Mapping[str, str], bytes], GatewayError]


async def bounded(proof: Awaitable[_Proof], frame: TimeFrame) -> _Proof:
    """Wait for what vouches for the caller; that is a part of an attempt's time.

    Raises:
        DeadlineExceeded: that took too long.
        GatewayError: there is none.
    """
    try:
        async with asyncio.timeout_at(frame.head_until):
            return await proof
    except TimeoutError as error:
        raise frame.over() from error


async def take(
    response: Response, read: Callable[[Response], Awaitable[_Answer]], translate: Translate
) -> _Answer:
    """Take an answer; whatever is wrong with it closes the connection and has AWS's request id.

    Args:
        response: The answer, of any status.
        read: Takes an answer whose status is 200.
        translate: Tells what any other means.

    Raises:
        GatewayError: it is a refusal, or can't be read.
    """
    try:
        if response.status != _OK:
            raise translate(response.status, response.headers, await _error_body(response))
        if "content-encoding" in response.headers:
            _check_encoding(response)
        return await read(response)
    except GatewayError as error:
        response.close()
        error.request_id = head(response, "").request_id or None
        raise


def reply_at_once(response: Response) -> Reply | None:
    """Give an answer that has come whole, as most have; None for any that is to be taken."""
    headers, body = response.headers, response.whole
    if body is None or response.status != _OK or "content-encoding" in headers:
        return None
    return Reply(head=head(response, headers.get("content-type", "")), body=body)


async def read_reply(response: Response) -> Reply:
    """Take a whole answer."""
    kind = response.headers.get("content-type", "")
    return Reply(head=head(response, kind), body=await response.read_all())


def content_type(response: Response) -> str:
    """Give the HTTP media type with its parameters; empty where there is none."""
    return response.headers.get("content-type", "")


def head(response: Response, kind: str) -> Head:
    """Give what AWS says beside the body; `kind` is the container's media type."""
    headers = response.headers
    request_id = headers.get("x-amzn-requestid", "")
    variant = headers.get("x-amzn-invoked-production-variant", "")
    return Head(
        content_type=kind,
        request_id=request_id if _PLAIN.fullmatch(request_id) else "",
        variant=variant if _PLAIN.fullmatch(variant) else "",
        messages=messages_to_the_client(headers),
    )


def media_type(kind: str) -> str:
    """Give a media type without its parameters, in lower case."""
    return kind.partition(";")[0].strip().lower()


def _check_encoding(response: Response) -> None:
    """Refuse a compressed answer: none was asked for."""
    encoding = response.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise MalformedReply(
            "The endpoint's answer is compressed, which was not asked for.",
            detail=f"content encoding {encoding[:80]!a}",
        )


async def _error_body(response: Response) -> bytes:
    """Read an error's body; one that is too large, or breaks off, counts as none."""
    try:
        return await response.read_all(_MAX_ERROR_BYTES)
    except GatewayError:
        return b""
