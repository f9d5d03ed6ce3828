"""An answer from the cache, given as a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator

from adapters.base import Head, Json, Summary
from adapters.cut_stream import CutStream
from proxy.routing.call import Call, Report, tell


class Replay:
    """An `AnswerStream` that reports its call when it is closed."""

    def __init__(self, stream: CutStream, call: Call, report: Report) -> None:
        self._stream = stream
        self._batches = aiter(stream)
        self._call = call
        self._report: Report | None = report
        self._ended = False

    @property
    def head(self) -> Head:
        """Nothing: AWS was not asked."""
        return self._stream.head

    @property
    def summary(self) -> Summary:
        """What the answer said about itself when it was given first."""
        return self._stream.summary

    def __aiter__(self) -> AsyncIterator[list[Json]]:
        return self

    async def __anext__(self) -> list[Json]:
        try:
            return await anext(self._batches)
        except StopAsyncIteration:
            self._ended = True
            raise

    async def aclose(self) -> None:
        """Report the call; only the first time counts."""
        report, self._report = self._report, None
        if report is None:
            return
        if not self._ended:
            self._call.gone()
        tell(report, self._call)
