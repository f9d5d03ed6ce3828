"""One HTTP answer by aiohttp: its status and headers, and its body as it arrives.

Knows aiohttp's response and what its failures become in our tree; refuses to know what the answer
means.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping

import aiohttp

from adapters.base import Limits
from adapters.errors import GatewayError, UpstreamError
from adapters.sagemaker.transport import (
    MAX_BODY_BYTES,
    broken,
    connect_timed_out,
    described,
    larger_than,
    not_connected,
    not_http,
    not_secure,
    time_over,
    too_large,
)

#: What aiohttp, the socket and TLS raise; `TimeoutError` is an `OSError`.
TRANSPORT_FAILURES = (aiohttp.ClientError, OSError)
#: The last one: aiohttp's word for a wait on a connection that has closed meanwhile.
_READ_FAILURES = (*TRANSPORT_FAILURES, RuntimeError)


class AiohttpResponse:
    """An answer whose headers are there; an `adapters.sagemaker.transport.Response`.

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
        #: What has been waited for, and nobody has taken.
        self._come: bytes | Exception | None = None
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
    def whole(self) -> None:
        """Nothing: the body is to be read as it comes."""

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
        except _READ_FAILURES as error:
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

    def take(self) -> bytes | None:
        """Give what has been waited for.

        Raises:
            GatewayError: as `read_some`.
        """
        come, self._come = self._come, None
        if isinstance(come, Exception):
            raise come
        return come

    async def more(self) -> None:
        """Wait for what comes next."""
        try:
            self._come = await self.read_some()
        except Exception as failure:  # noqa: BLE001 - `take` raises it
            self._come = failure

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
                raise too_large()
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
            raise larger_than(most)

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


def translate_failure(error: BaseException) -> GatewayError:
    """Turn a failure of the transport into an error of our tree; its text is for the log only."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return connect_timed_out(described(error))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return UpstreamError(
            "The proxy on the way to SageMaker refused the connection.",
            code="proxy_refused",
            detail=f"{type(error).__name__}: status {error.status}",
        )
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return not_secure(described(error))
    if isinstance(error, aiohttp.ClientConnectorError):
        return not_connected(error, described(error))
    if isinstance(error, aiohttp.ClientResponseError):
        return not_http(error)
    return broken(error)
