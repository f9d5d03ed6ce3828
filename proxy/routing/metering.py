"""What goes to SageMaker and comes back, measured: the time that is waited for it, and the bytes.

Knows nothing of what the bytes mean, nor of who will read the numbers.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, replace

from adapters.base import Head, Invoker, Limits, Payload, Reply, Target, UpstreamStream
from adapters.parts import Parts, parts_of


class Stopwatch:
    """Seconds in which at least one thing was waited for: things side by side count once."""

    # What each begins with stands here, so that making one takes nothing.
    _seconds: float = 0.0
    _waiting: int = 0
    _since: float = 0.0
    #: When something was waited for last, by `time.monotonic`.
    ended: float = 0.0

    @property
    def seconds(self) -> float:
        """Give them, up to now."""
        if not self._waiting:
            return self._seconds
        return self._seconds + time.monotonic() - self._since

    def begin(self) -> None:
        """Begin to wait for one thing more."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting += 1

    def end(self) -> None:
        """End the wait for one of them."""
        self._waiting -= 1
        self.ended = time.monotonic()
        if not self._waiting:
            self._seconds += self.ended - self._since


class Meter:
    """What one try took of SageMaker.

    Signing, and getting the credentials to sign with, is a part of the wait.
    """

    #: The bodies, as they are after and before any compression on the way.
    sent: int = 0
    received: int = 0
    #: The inference component that was called, which a client may have chosen.
    component: str | None = None

    def __init__(self) -> None:
        self.wait = Stopwatch()


@dataclass(slots=True)
class Metered:
    """An invoker whose calls are measured; made for one try.

    Args:
        invoker: Makes the calls.
        meter: Measures them.
        most_bytes: Of each answer; None leaves that to the invoker.
    """

    invoker: Invoker
    meter: Meter
    most_bytes: int | None = None

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        """Give the whole answer.

        Raises:
            GatewayError: every failure.
        """
        meter = self.meter
        meter.sent += len(payload.body)
        meter.component = target.inference_component
        if self.most_bytes is not None:
            limits = replace(limits, most_bytes=self.most_bytes)
        meter.wait.begin()
        try:
            reply = await self.invoker.invoke(target, payload, limits)
        finally:
            meter.wait.end()
        meter.received += len(reply.body)
        return reply

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> UpstreamStream:
        """Give the streamed answer.

        Raises:
            GatewayError: every failure.
        """
        meter = self.meter
        meter.sent += len(payload.body)
        meter.component = target.inference_component
        if self.most_bytes is not None:
            limits = replace(limits, most_bytes=self.most_bytes)
        meter.wait.begin()
        try:
            stream = await self.invoker.open_stream(target, payload, limits)
        finally:
            meter.wait.end()
        return _MeteredStream(stream, meter)


class _MeteredStream(Parts[bytes]):
    """An upstream stream whose parts are counted; the iterator of them as well."""

    def __init__(self, stream: UpstreamStream, meter: Meter) -> None:
        parts = parts_of(stream.chunks)
        self._stream = stream
        self._take = parts.take
        self._more = parts.more
        self._meter = meter
        self._wait = meter.wait
        #: The next part was not there when it was wanted.
        self._waits = False

    @property
    def head(self) -> Head:
        """What AWS said before the first part."""
        return self._stream.head

    @property
    def chunks(self) -> AsyncIterator[bytes]:
        """The container's bytes."""
        return self

    def take(self) -> bytes | None:
        """Give what has come."""
        try:
            part = self._take()
        except BaseException:
            self._came()
            raise
        if part is not None:
            self._came()
            self._meter.received += len(part)
        return part

    def more(self) -> Awaitable[object]:
        """Wait until something has come."""
        if not self._waits:
            self._waits = True
            self._wait.begin()
        return self._more()

    async def aclose(self) -> None:
        """Give the connection up."""
        self._came()
        await self._stream.aclose()

    def _came(self) -> None:
        """End the wait, if there was one."""
        if self._waits:
            self._waits = False
            self._wait.end()
