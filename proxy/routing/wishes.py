"""What a request asks of its routing, beside its model."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from adapters.value import value

#: Seconds: none is no time at all, and its request is told so by whoever keeps the time.
_LEAST: Final = 0.001


@value(frozen=True, slots=True, kw_only=True)
class Wishes:
    """A client's wishes; None leaves each to the configuration.

    Args:
        seconds: For the whole answer; never more than the configuration gives.
        stream_seconds: For a stream's first chunk, and between two; the same.
        retries: Further tries after the first one.
        fallbacks: The models to ask in the first one's place, in this order.
        no_fallbacks: Ask no other model.
        tags: Of the deployments that may answer.
        session: Requests with the same text belong together.
    """

    seconds: float | None = None
    stream_seconds: float | None = None
    retries: int | None = None
    fallbacks: tuple[str, ...] | None = None
    no_fallbacks: bool = False
    tags: frozenset[str] = frozenset()
    session: str | None = None

    def after(self, waited: float) -> Wishes:
        """Give what is left of them once the request has waited for so many seconds."""
        if self.seconds is None or not waited:
            return self
        return replace(self, seconds=max(self.seconds - waited, _LEAST))


NO_WISHES = Wishes()
