"""An answer from the cache, given as a stream."""

from __future__ import annotations

from adapters.base import Json
from adapters.cut_stream import CutStream
from proxy.routing.call import Call, Report, tell
from proxy.routing.passed_on import PassedOn


class Replay(PassedOn):
    """An `AnswerStream` that reports its call when it is closed."""

    def __init__(self, stream: CutStream, call: Call, report: Report) -> None:
        super().__init__(stream)
        self._call = call
        self._report: Report | None = report
        self._ended = False

    def take(self) -> list[Json] | None:
        """Give the chunks that come next."""
        try:
            return super().take()
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
