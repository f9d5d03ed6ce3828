"""What the supervisor and its workers ask of each other; each question says what answers it."""

from __future__ import annotations

from adapters.value import value
from proxy.lifecycle.control import Reloaded
from proxy.lifecycle.plan import Plan


@value(frozen=True, slots=True)
class Ready:
    """A worker is about to serve. Answered with the plan, where that is a later one by now."""

    #: The number of the plan that it began with.
    plan: int


@value(frozen=True, slots=True)
class ReloadAll:
    """A worker was told to reload; answered with a `ReloadAnswer` once every worker has."""


@value(frozen=True, slots=True)
class ReloadAnswer:
    """What came of it: one of the two is there."""

    reloaded: Reloaded | None = None
    #: Why the configuration can't be used.
    refusal: str = ""


@value(frozen=True, slots=True)
class DrainAll:
    """A worker was told to announce the end; answered with None once every worker has."""


@value(frozen=True, slots=True)
class BacklogOfAll:
    """A worker wants to know all requests under way; answered with their number."""


@value(frozen=True, slots=True)
class Take:
    """The supervisor wants a plan served; answered with None once it is."""

    plan: Plan


@value(frozen=True, slots=True)
class Announce:
    """The supervisor wants the end announced; answered with None."""


@value(frozen=True, slots=True)
class Stop:
    """The supervisor wants the end; answered with None, before it comes."""

    #: Seconds for which new connections are still taken.
    notice: float


@value(frozen=True, slots=True)
class Hurry:
    """The supervisor wants the end now; answered with None, before it comes."""


@value(frozen=True, slots=True)
class Backlog:
    """The supervisor wants to know the requests under way; answered with their number."""
