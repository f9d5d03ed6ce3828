"""Whether this process is on its way out; written by the server, read by every request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Drain:
    """How far the end has come; nothing goes back."""

    #: Readiness says so, and answers close their connections. Requests are served all the same.
    begun: bool = False
    #: What is still open is ended now.
    cut: bool = False
