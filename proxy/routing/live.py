"""What is known of the deployments while the gateway runs; outlives a configuration's reload."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from adapters.endpoint_memory import EndpointMemory
from proxy.routing.cooldown import Health
from proxy.routing.gate import Gates
from proxy.routing.news import News
from proxy.routing.permits import Permits
from proxy.routing.silence import Silence

#: The weight of the latest answer in running means.
_FRESHNESS: Final = 0.2
_MINUTE: Final = 60.0
#: Seconds after which a latency says nothing any more: whoever was slow gets another chance.
_MEMORY: Final = 300.0


@dataclass(slots=True, weakref_slot=True, eq=False)
class LiveDeployment:
    """One deployment, while it serves.

    Args:
        clock: Seconds, such as `time.monotonic`.
    """

    clock: Callable[[], float] = time.monotonic
    #: Tells whoever wants to know what becomes of it.
    news: News = field(default_factory=News)
    #: What it is called among gateways; the empty string: nothing.
    known_as: str = ""
    #: Seconds that it rests at most because others say so; 0: not at all, for it is alone here.
    longest_rest: float = 0.0
    memory: EndpointMemory = field(default_factory=EndpointMemory)
    health: Health = field(init=False)
    permits: Permits = field(init=False)
    #: Of whole answers, and of streams.
    silences: tuple[Silence, Silence] = field(init=False)
    #: Calls under way.
    in_flight: int = 0
    #: Streams that are open towards clients.
    open_streams: int = 0
    #: A running mean of the tokens of an answer; 0 until there was one.
    tokens_each: float = 0.0
    _latency: float = field(default=0.0, repr=False)
    _latency_until: float = field(default=0.0, repr=False)
    _minute: float = field(default=0.0, repr=False)
    _tokens: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        self.health = Health(self.clock)
        self.permits = Permits(self.clock)
        self.silences = Silence(self.clock), Silence(self.clock)

    @property
    def latency(self) -> float:
        """A running mean of the seconds to a first byte; 0 when there was none for a while."""
        return self._latency if self.clock() < self._latency_until else 0.0

    @property
    def tokens_this_minute(self) -> int:
        """Tokens of the answers that ended in the current minute."""
        return self._tokens if self._minute == self.clock() // _MINUTE else 0

    def heard(self) -> None:
        """Note that it said something, if only that it can't."""
        for silence in self.silences:
            if silence.since is not None:
                silence.heard()

    def answered(self, seconds: float) -> None:
        """Note a good answer, and how long its first byte took."""
        health = self.health
        if health.on_trial or not health.well:
            health.proved()
        now = self.clock()
        known = self._latency if now < self._latency_until else 0.0
        self._latency = known + _FRESHNESS * (seconds - known) if known else seconds
        self._latency_until = now + _MEMORY

    def used(self, tokens: int) -> None:
        """Note the tokens of an answer."""
        now = self.clock() // _MINUTE
        if now != self._minute:
            self._minute, self._tokens = now, 0
        self._tokens += tokens
        known = self.tokens_each
        self.tokens_each = known + _FRESHNESS * (tokens - known) if known else tokens


class LiveState:
    """Every deployment's live part, by its id, for as long as something serves with it.

    A reload builds the new configuration while the old one still serves, so what both have is kept.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.news = News()
        #: Of everything that may be cold.
        self.gates = Gates(clock, self.news)
        self._deployments: WeakValueDictionary[str, LiveDeployment] = WeakValueDictionary()
        #: For the requests of this process.
        self.door = Permits(clock)

    def deployments(self) -> list[tuple[str, LiveDeployment]]:
        """Give all that something serves with, each with its id."""
        return list(self._deployments.items())

    def of(self, deployment: str) -> LiveDeployment:
        """Give a deployment's live part; the same for the same id."""
        return self._deployments.setdefault(deployment, LiveDeployment(self._clock, self.news))
