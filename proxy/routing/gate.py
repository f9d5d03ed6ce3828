"""Whether what is behind a site is warm, and who waits for it.

A gate is open until a call is refused because everything behind it has yet to start. From then on
it is closed: one request at a time asks again, at a pace, and the others wait in the order of their
coming. A good answer opens it, and lets all of them go. Knows time and order; refuses to know
deployments, and how long anybody waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final, Protocol
from weakref import WeakValueDictionary

import structlog

from adapters.errors import EndpointCold
from adapters.value import value
from proxy.routing.news import News
from proxy.routing.site import Site

_log = structlog.stdlib.get_logger("sagegate")

#: What is said before anybody was refused.
_COLD: Final = EndpointCold("The endpoint has no capacity now.", code="no_capacity")


@value(frozen=True, slots=True, kw_only=True)
class ColdStarts:
    """What requests do while a deployment starts.

    Args:
        wait: Seconds that a request waits at most; 0: it is answered at once.
        most_waiters: Requests that wait for one site at once.
        pace: Seconds from one refusal until the endpoint is asked again.
    """

    wait: float = 0.0
    most_waiters: int = 100
    pace: float = 5.0


class Waiter(Protocol):
    """A request that waits at gates."""

    @property
    def idle(self) -> bool:
        """Whether it would go as soon as it may; one that asks already is not."""
        ...

    def call(self) -> None:
        """Have it look at its gates again."""
        ...


class Gate:
    """One site's gate.

    Args:
        gates: Those that it is one of.
        site: What is behind it.
        clock: Seconds, such as `time.monotonic`.
    """

    def __init__(self, gates: Gates, site: Site, clock: Callable[[], float]) -> None:
        self.site = site
        #: When it was closed; None while it is open.
        self.cold_since: float | None = None
        #: When the endpoint may be asked again.
        self.asks_at = 0.0
        self.clock = clock
        self._gates = gates
        self._news = gates.news
        self._probe: Probe | None = None
        self._waiters: dict[Waiter, None] = {}
        self._last = _COLD

    def at(self, site: Site) -> Gate:
        """Give the gate of a site that a request has chosen."""
        return self if site == self.site else self._gates.of(site)

    @property
    def cold_for(self) -> float | None:
        """For how many seconds it has been closed; None: it is open."""
        return None if self.cold_since is None else self.clock() - self.cold_since

    @property
    def being_asked(self) -> bool:
        """Whether it is closed, and a request asks."""
        return self._probe is not None

    @property
    def waiting(self) -> int:
        """How many requests wait here."""
        return sum(waiter.idle for waiter in self._waiters)

    def lets(self, waiter: Waiter | None) -> bool:
        """Tell whether a request may ask now: everybody may, or it is its turn to probe.

        Args:
            waiter: The request, where it waits here; None: it does not.
        """
        if self.cold_since is None:
            return True
        if self._probe is not None or self.clock() < self.asks_at:
            return False
        return self._first(waiter) is waiter

    def join(self, waiter: Waiter, most: int) -> bool:
        """Let a request wait here, behind the others; tell whether there is room for it."""
        if len(self._waiters) >= most:
            return False
        self._waiters[waiter] = None
        return True

    def leave(self, waiter: Waiter) -> None:
        """Let a request wait no longer."""
        self._waiters.pop(waiter, None)

    def call_next(self) -> None:
        """Have the one look whose turn it is; where the gate is open, all have been told."""
        first = self._first(None)
        if first is not None and self.cold_since is not None:
            first.call()

    def refusal(self) -> EndpointCold:
        """Give the error for a request that was not sent: that of the last one that was."""
        last = self._last
        return type(last)(last.message, code=last.code, retry_after=last.retry_after)

    def begins(self, probe: Probe, pace: float) -> bool:
        """Note that a call begins while it is closed; tell whether it is the probe."""
        if self._probe is not None:
            return False
        self._probe = probe
        self._news.cold(self, pace)
        return True

    def ends(self, probe: Probe, pace: float) -> None:
        """Note that a call has ended; whatever came of a probe, the next one comes at the pace."""
        if self._probe is probe:
            self._probe = None
            self.asks_at = self.clock() + pace
            if self.cold_since is not None:
                self._news.cold(self, pace)
            self.call_next()

    def opens(self, began: float) -> None:
        """Note a good answer to a call; only one that began since it was closed tells anything."""
        if self.cold_since is None or began < self.cold_since:
            return
        now = self.clock()
        seconds = round(now - self.cold_since, 1)
        self.cold_since = None
        self._news.warm(self, now - began)
        _log.info("endpoint.warm", **self._about, seconds=seconds, waiters=self.waiting)
        for waiter in self._waiters:
            waiter.call()

    def closes(self, error: EndpointCold, pace: float) -> None:
        """Note that a call was refused, and ask no sooner than `pace` seconds from now."""
        now = self.clock()
        self._last = error
        self.asks_at = now + pace
        if self.cold_since is None:
            self.cold_since = now
            _log.warning("endpoint.cold", **self._about, error_code=error.code)
        self._news.cold(self, pace)

    def _first(self, waiter: Waiter | None) -> Waiter | None:
        """Give the oldest one that is idle, taking this one for idle."""
        return next((each for each in self._waiters if each is waiter or each.idle), None)

    @property
    def _about(self) -> dict[str, object]:
        return {
            "endpoint": self.site.endpoint,
            "inference_component": self.site.component,
            "region": self.site.region,
        }


class Probe:
    """One call through a gate, and what it tells of what is behind; a probe if the gate is closed.

    Begins when it is made.
    """

    def __init__(self, gate: Gate, pace: float) -> None:
        self._gate = gate
        self._pace = pace
        self._began = gate.clock()
        #: It asks for all that wait at a closed gate.
        self.asks = gate.cold_since is not None and gate.begins(self, pace)

    @property
    def lasted(self) -> float:
        """Seconds since it began."""
        return self._gate.clock() - self._began

    def answered(self) -> None:
        """Note a good answer, or its beginning."""
        if self._gate.cold_since is not None:
            self._gate.opens(self._began)

    def refused(self, error: EndpointCold) -> None:
        """Note that everything has yet to start."""
        self._gate.closes(error, self._pace)

    def ended(self) -> None:
        """Note the end, whatever it was; may be called more than once."""
        if self.asks:
            self._gate.ends(self, self._pace)


class Gates:
    """The gate of each site, for as long as something stands before it or behind it.

    Args:
        clock: Seconds, such as `time.monotonic`.
        news: Tells whoever wants to know what becomes of them.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, news: News | None = None
    ) -> None:
        self._clock = clock
        self.news = News() if news is None else news
        self._gates: WeakValueDictionary[Site, Gate] = WeakValueDictionary()

    def of(self, site: Site) -> Gate:
        """Give a site's gate; the same for the same site."""
        return self._gates.setdefault(site, Gate(self, site, self._clock))

    def __iter__(self) -> Iterator[Gate]:
        """Give every gate."""
        return iter(list(self._gates.values()))
