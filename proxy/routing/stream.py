"""A stream on its way to the client, and what its end means for the call and its deployment."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from adapters.answer_stream import AnswerStream
from adapters.base import Json
from adapters.errors import GatewayError
from proxy.routing.attempt import Attempt
from proxy.routing.call import Call, Report, tell
from proxy.routing.passed_on import PassedOn

T = TypeVar("T")


class PoolStream(PassedOn):
    """A stream that notes how it went, and reports its call when it is closed."""

    def __init__(self, stream: AnswerStream, call: Call, attempt: Attempt, report: Report) -> None:
        super().__init__(stream)
        self._call = call
        self._attempt = attempt
        self._report: Report | None = report
        self._ended = False
        attempt.member.live.open_streams += 1

    def take(self) -> list[Json] | None:
        """Give the chunks that come next."""
        return self._noted(self._batches.take)

    def take_events(self) -> bytes | None:
        """Give them as events."""
        return self._noted(self._batches.take_events)

    def _noted(self, take: Callable[[], T | None]) -> T | None:
        asked = time.monotonic()
        try:
            taken = take()
        except StopAsyncIteration:
            self._ended = True
            self._attempt.succeeded()
            raise
        except Exception as error:
            self._ended = True
            self._call.failed(error)
            if isinstance(error, GatewayError):
                self._attempt.failed(error)
            raise
        if taken is not None:
            call = self._call
            call.batches += 1
            call.between += time.monotonic() - asked
        return taken

    async def aclose(self) -> None:
        """Give the upstream connection up, and report the call; only the first time counts."""
        report, self._report = self._report, None
        if report is None:
            return
        try:
            await self._stream.aclose()
        finally:
            self._attempt.member.live.open_streams -= 1
            if not self._ended:
                self._call.gone()
            self._call.usage = self.summary.usage
            self._attempt.close(self.summary.usage)
            tell(report, self._call)
