"""What is really sent and answered, shown on request: `set_verbose`.

Shows addresses and bodies. Headers are never shown: they carry the signature.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from adapters.base import Invoker, Limits, Payload, Reply, Target, UpstreamStream

_log = logging.getLogger("sagegate.sdk")


class VerboseInvoker:
    """Logs each call to SageMaker, while that is wanted; an `adapters.base.Invoker`.

    Args:
        invoker: Makes the calls.
        wanted: Asked at each call.
    """

    def __init__(self, invoker: Invoker, wanted: Callable[[], bool]) -> None:
        self._invoker = invoker
        self._wanted = wanted

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        """Call InvokeEndpoint."""
        shown = self._wanted()
        if shown:
            _show_request(target.invoke_url, payload)
        reply = await self._invoker.invoke(target, payload, limits)
        if shown:
            _log.debug("answer: %s", reply.body.decode(errors="replace"))
        return reply

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> UpstreamStream:
        """Call InvokeEndpointWithResponseStream; what comes then is not shown."""
        if self._wanted():
            _show_request(target.stream_url, payload)
        return await self._invoker.open_stream(target, payload, limits)


def _show_request(url: str, payload: Payload) -> None:
    _let_through()
    _log.debug("request: POST %s %s", url, payload.body.decode(errors="replace"))


def _let_through() -> None:
    """Let the lines be seen, also in a program that has not set logging up."""
    if not _log.isEnabledFor(logging.DEBUG):
        _log.setLevel(logging.DEBUG)
    if not _log.hasHandlers():
        _log.addHandler(logging.StreamHandler())
