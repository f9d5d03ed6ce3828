"""One HTTP answer: its status and headers, and its body as it arrives.

Knows aiohttp's response and what its failures become in our tree; refuses to know what the answer
means.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Literal

import aiohttp

from adapters.base import Limits
from adapters.errors import (
    DeadlineExceeded,
    GatewayError,
    MalformedReply,
    UpstreamError,
    UpstreamTimeout,
)

#: An answer beyond this is refused; SageMaker's own limit is 6 MiB.
MAX_BODY_BYTES = 64 * 1024 * 1024
_MEGABYTE = 1024 * 1024

#: What aiohttp, the socket and TLS raise; `TimeoutError` is an `OSError`.
TRANSPORT_FAILURES = (aiohttp.ClientError, OSError)


class Response:
    """An answer whose headers are there. Read it to its end, or close it.

    Args:
        raw: aiohttp's response.
        limits: `idle` bounds the time between two reads of the body.
        ends_at: The loop's time at which `deadline` is over; None for never.
    """

    def __init__(self, raw: aiohttp.ClientResponse, limits: Limits, ends_at: float | None) -> None:
        self._raw = raw
        self._limits = limits
        self._ends_at = ends_at
        self._closed: asyncio.Future[None] | None = None
        self._size = 0
        # Where the whole body came with the headers, the connection has gone back already.
        if raw.connection is not None and raw.connection.protocol is not None:
            protocol = raw.connection.protocol
            protocol.read_timeout = limits.idle
            protocol.start_timeout()
            self._watch(protocol.closed)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._raw.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; names compare without case."""
        return self._raw.headers

    async def read_some(self) -> bytes:
        """Give what has arrived, waiting for the first byte of it; empty at the end.

        Raises:
            DeadlineExceeded: nothing came within `idle`, or `deadline` is over.
            UpstreamError: the connection broke, or ended before the answer did.
            MalformedReply: there is more than the limits allow; the connection is closed then.
        """
        content = self._raw.content
        try:
            self._check_deadline()
            async with asyncio.timeout_at(self._ends_at):
                data = await content.readany()
        except TimeoutError as error:
            self.close()
            silent = isinstance(error, aiohttp.ServerTimeoutError)
            raise time_over(self._limits, "idle" if silent else "deadline") from error
        except TRANSPORT_FAILURES as error:
            # What came in the same moment as the failure still counts: it is given first, and the
            # next call meets the failure again. aiohttp has no public call that would not drop it.
            data = content._read_nowait(-1)  # noqa: SLF001 - see above; a test holds aiohttp to it
            if not data:
                self.close()
                raise translate_failure(error) from error
        except BaseException:
            self.close()
            raise
        if not data:
            self._forget_connection()
        self._check_size(data)
        return data

    async def read_all(self, limit: int = MAX_BODY_BYTES) -> bytes:
        """Give the whole body.

        Raises:
            MalformedReply: it is larger than `limit` bytes; the connection is closed then.
            GatewayError: as `read_some`.
        """
        parts: list[bytes] = []
        size = 0
        while part := await self.read_some():
            size += len(part)
            if size > limit:
                self.close()
                raise MalformedReply("The endpoint's answer is too large.")
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Close the connection, unless the body was read to its end; may be called again."""
        self._forget_connection()
        self._raw.close()

    def _check_size(self, data: bytes) -> None:
        """Count what has come; an error's own body is bounded by whoever reads it."""
        self._size += len(data)
        most = self._limits.most_bytes
        if most is not None and self._size > most and self._raw.ok:
            self.close()
            raise MalformedReply(
                f"The endpoint's answer is larger than {most / _MEGABYTE:g} MB, the most that the "
                "gateway takes.",
                code="response_too_large",
            )

    def _check_deadline(self) -> None:
        """Look at the clock: a slow reader finds something to read each time and never waits."""
        if self._ends_at is not None and asyncio.get_running_loop().time() >= self._ends_at:
            raise TimeoutError

    def _watch(self, closed: asyncio.Future[None] | None) -> None:
        """Be told when the connection closes; None stands for one that has closed already."""
        if closed is None:
            self._wake_reader()
            return
        self._closed = closed
        closed.add_done_callback(self._on_connection_closed)
        # The future stays with the connection; whoever made it must see how it ended, once.
        closed.remove_done_callback(_see)
        closed.add_done_callback(_see)

    def _forget_connection(self) -> None:
        if self._closed is not None:
            self._closed.remove_done_callback(self._on_connection_closed)
            self._closed = None

    def _on_connection_closed(self, _: object) -> None:
        self._wake_reader()

    def _wake_reader(self) -> None:
        """Wake the reader where aiohttp forgets to: after a fault of the chunked encoding."""
        content = self._raw.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the body is not well-formed"))


def _see(closed: asyncio.Future[None]) -> None:
    """Take note of how a connection ended, so that asyncio does not complain that nobody did."""
    if not closed.cancelled():
        closed.exception()


def time_over(limits: Limits, limit: Literal["first_byte", "idle", "deadline"]) -> DeadlineExceeded:
    """Give the error for one of our own limits that is over; the log says which."""
    return DeadlineExceeded.after(getattr(limits, limit), detail=limit)


def translate_failure(error: BaseException) -> GatewayError:
    """Turn a failure of the transport into an error of our tree; its text is for the log only."""
    detail = type(error).__name__
    if isinstance(error, OSError):  # aiohttp's other failures quote what the peer sent
        detail = f"{detail}: {error}"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return UpstreamTimeout(
            "The connection to SageMaker was not made in time.", retryable=True, detail=detail
        )
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return UpstreamError(
            "The proxy on the way to SageMaker refused the connection.",
            code="proxy_refused",
            detail=f"{detail}: status {error.status}",
        )
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return UpstreamError(
            "The connection to SageMaker is not secure: its certificate was not accepted.",
            code="tls_failed",
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return UpstreamError(
            "SageMaker can't be reached.", code="connection_failed", retryable=True, detail=detail
        )
    if isinstance(error, aiohttp.ClientResponseError):
        return MalformedReply("The endpoint's answer is not HTTP.", detail=detail)
    return UpstreamError(
        "The connection to SageMaker broke.", code="connection_lost", retryable=True, detail=detail
    )
