"""The seam between SageMaker's invokers and HTTP: what a client and an answer of it can do.

Knows what all implementations have in common, their failures included. Refuses to know sockets and
libraries. One suite of tests (`tests/adapters/sagemaker/transport`) holds all of them to it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Mapping
from typing import Final, Literal, Protocol

from adapters.base import Limits
from adapters.errors import (
    DeadlineExceeded,
    GatewayError,
    MalformedReply,
    UpstreamError,
    UpstreamTimeout,
)
from adapters.value import value

#: An answer beyond this is refused; SageMaker's own limit is 6 MiB.
MAX_BODY_BYTES: Final = 64 * 1024 * 1024

#: Seconds. Idle connections are given up before AWS does, after 60 (boto/boto3#4021), so that a
#: request seldom meets a dying one, and few pay for a handshake.
KEEP_ALIVE: Final = 50.0

#: Seconds. A connection that ends this soon after a request, without a byte, had ended before it:
#: later on the request may have been worked at, and whether it is repeated is not ours to say.
STALE_WITHIN: Final = 1.0

_MEGABYTE: Final = 1024 * 1024

USER_AGENT: Final = "sagegate"


@value(frozen=True, slots=True)
class TimeFrame:
    """The limits of one attempt, and when they are over by the loop's clock."""

    limits: Limits
    #: Whichever limit is over first: that for the first byte, or that for all.
    head_until: float
    #: None for never.
    ends_at: float | None

    @classmethod
    def starting_now(cls, limits: Limits) -> TimeFrame:
        """Give the frame of an attempt that begins now."""
        now = asyncio.get_running_loop().time()
        head_until = now + limits.first_byte
        if limits.deadline is None:
            return cls(limits, head_until, None)
        ends_at = now + limits.deadline
        return cls(limits, min(head_until, ends_at), ends_at)

    def over(self) -> DeadlineExceeded:
        """Give the error for a head that did not come by then."""
        is_all = self.head_until == self.ends_at
        return time_over(self.limits, "deadline" if is_all else "first_byte")


class Response(Protocol):
    """An answer whose headers are there. Read it to its end, or close it."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, to be asked for by names in lower case; the first one of a name counts."""
        ...

    @property
    def whole(self) -> bytes | None:
        """The whole body, where it has come with the head and is within the limits."""
        ...

    async def read_some(self) -> bytes:
        """Give what has arrived, waiting for the first byte of it; empty at the end.

        What came in front of a failure is given first.

        Raises:
            DeadlineExceeded: nothing came within `idle`, or `deadline` is over.
            UpstreamError: the connection broke, or ended before the answer did.
            MalformedReply: there is more than the limits allow; the connection is closed then. An
                error's own body is bounded by whoever reads it.
        """
        ...

    def take(self) -> bytes | None:
        """Give the same, or None where it would have to be waited for."""
        ...

    def more(self) -> Awaitable[object]:
        """Wait until there may be something to take."""
        ...

    async def read_all(self, limit: int = MAX_BODY_BYTES) -> bytes:
        """Give the whole body.

        Raises:
            MalformedReply: it is larger than `limit` bytes; the connection is closed then.
            GatewayError: as `read_some`.
        """
        ...

    def close(self) -> None:
        """Close the connection, unless the body was read to its end; may be called again."""
        ...


class Client(Protocol):
    """Connections, shared by every identity and endpoint.

    Redirects are not followed, cookies not kept, bodies not decompressed, the environment not read;
    TLS certificates are verified.

    A request is sent once; but once more where a connection that had served before was closed by
    the peer, not reset, without a byte of an answer, as peers do with those that were idle.
    """

    def post(self, url: str, lines: str, body: bytes, frame: TimeFrame) -> Awaitable[Response]:
        """Send a request; give the response as soon as its headers are there.

        Args:
            url: Already percent-encoded.
            lines: The headers, as `header_lines` writes them; all but `Host`, `User-Agent` and
                `Content-Length`.
            body: Sent as it is.
            frame: `connect` bounds name, connection and TLS, `head_until` all until the headers are
                there; the rest is the response's to keep.

        Raises:
            DeadlineExceeded: the headers were not there in time.
            UpstreamTimeout: no connection within `connect`.
            UpstreamError: no connection, or one that broke.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection; calls that still run fail."""
        ...


def time_over(limits: Limits, limit: Literal["first_byte", "idle", "deadline"]) -> DeadlineExceeded:
    """Give the error for one of our own limits that is over; the log says which."""
    return DeadlineExceeded.after(getattr(limits, limit), detail=limit)


def too_large() -> MalformedReply:
    """Give the error for a body beyond its limit."""
    return MalformedReply("The endpoint's answer is too large.")


def larger_than(most: int) -> MalformedReply:
    """Give the error for an answer of more bytes than the operator allows."""
    return MalformedReply(
        f"The endpoint's answer is larger than {most / _MEGABYTE:g} MB, the most that the "
        "gateway takes.",
        code="response_too_large",
    )


def connect_timed_out(detail: str) -> GatewayError:
    """Give the error for a connection that was not made within `connect`."""
    return UpstreamTimeout(
        "The connection to SageMaker was not made in time.", retryable=True, detail=detail
    )


def not_connected(error: BaseException, detail: str) -> GatewayError:
    """Give the error for a connection that could not be made; `detail` is for the log only."""
    if isinstance(error, ssl.SSLError):
        return not_secure(detail)
    return UpstreamError(
        "SageMaker can't be reached.", code="connection_failed", retryable=True, detail=detail
    )


def not_secure(detail: str) -> GatewayError:
    """Give the error for a certificate, or a TLS connection, that was not accepted."""
    return UpstreamError(
        "The connection to SageMaker is not secure: its certificate was not accepted.",
        code="tls_failed",
        detail=detail,
    )


def not_http(error: BaseException) -> GatewayError:
    """Give the error for an answer that has no head that could be read."""
    return MalformedReply("The endpoint's answer is not HTTP.", detail=described(error))


def broken(error: BaseException) -> GatewayError:
    """Give the error for a connection that broke, or an answer that broke off."""
    if isinstance(error, ssl.SSLError):
        return not_secure(described(error))
    return UpstreamError(
        "The connection to SageMaker broke.",
        code="connection_lost",
        retryable=True,
        detail=described(error),
    )


def described(error: BaseException) -> str:
    """Say in the log what happened; only the system's own words are repeated, never the peer's."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, OSError) else name
