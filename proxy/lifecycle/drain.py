"""Whether this process is on its way out; written by the server, read by every request."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.errors import Overloaded


@dataclass(slots=True)
class Drain:
    """How far the end has come; nothing goes back."""

    #: Readiness says so, and answers close their connections. Requests are served all the same.
    begun: bool = False
    #: What is still open is ended now.
    cut: bool = False


def shutting_down() -> Overloaded:
    """Give what is said where this process ends before the answer: another one may be asked."""
    return Overloaded(
        "The gateway is shutting down before the answer is complete.",
        code="shutting_down",
        retry_after=1,
    )
