"""A stream on its way to the client, and what its end means for the call and its deployment."""

from __future__ import annotations

from collections.abc import AsyncIterator

from adapters.answer_stream import AnswerStream
from adapters.base import Head, Json, Summary
from adapters.errors import GatewayError
from proxy.routing.attempt import Attempt
from proxy.routing.call import Call, Report, tell


class PoolStream:
    """A stream that notes how it went, and reports its call when it is closed."""

    def __init__(self, stream: AnswerStream, call: Call, attempt: Attempt, report: Report) -> None:
        self._stream = stream
        self._batches = aiter(stream)
        self._call = call
        self._attempt = attempt
        self._report: Report | None = report
        self._ended = False

    @property
    def head(self) -> Head:
        """What AWS said beside the stream."""
        return self._stream.head

    @property
    def summary(self) -> Summary:
        """What the stream has said about itself so far."""
        return self._stream.summary

    def __aiter__(self) -> AsyncIterator[list[Json]]:
        return self

    async def __anext__(self) -> list[Json]:
        try:
            return await anext(self._batches)
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

    async def aclose(self) -> None:
        """Give the upstream connection up, and report the call; only the first time counts."""
        report, self._report = self._report, None
        if report is None:
            return
        try:
            await self._stream.aclose()
        finally:
            if not self._ended:
                self._call.gone()
            self._call.usage = self.summary.usage
            self._attempt.close(self.summary.usage)
            tell(report, self._call)
