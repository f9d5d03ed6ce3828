"""A whole answer, as an endpoint gives it."""

from __future__ import annotations

from adapters.base import Head, Json, UsageSource
from adapters.value import value


@value(frozen=True, slots=True)
class Answer:
    """A whole OpenAI answer, and what AWS said beside it."""

    body: Json
    usage_source: UsageSource
    head: Head
    #: The shape of the container's reply, where its dialect has more than one.
    shape: str | None = None
