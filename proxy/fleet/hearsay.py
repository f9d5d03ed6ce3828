"""What others say, made true here; and what is found here, made ready to be told.

Whoever hears that a deployment rests, or that a site was asked, waits a little longer than whoever
found out, each by a share of its own: so the finder tries again first, and its word reaches the
others before they would. Only what AWS or the container has answered is told: what went wrong on
the way there, and whom AWS refuses, may be this machine's matter alone. Refuses to know Redis.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

import structlog

from adapters.errors import EndpointCold, GatewayError, ModelLoading
from proxy.fleet.fact import Code, Fact
from proxy.fleet.naming import name_of_site
from proxy.routing.gate import Gate
from proxy.routing.live import LiveDeployment, LiveState

_log = structlog.stdlib.get_logger("sagegate")

#: By what share of the time whoever hears waits longer: at least, and at most.
SPREAD: Final = (0.1, 0.5)
#: Seconds between two words on a site that is being asked, which may take its time.
BEAT: Final = 1.0
#: Seconds that nobody else asks it after such a word; shorter than the words of three beats.
HOLD: Final = 3.0
#: Seconds after which names that were not found are looked for anew.
_STALE: Final = 1.0

_Named = TypeVar("_Named", LiveDeployment, Gate)

_CODES: Final[Mapping[str | None, Code]] = {"model_not_ready": "model_not_ready"}


class Hearsay:
    """What gateways tell each other of deployments and sites.

    Args:
        live: What is known here.
        say: Has the others told.
        spread: Gives the share by which to wait longer.
        clock: Seconds, such as `time.monotonic`; that of `live`.
    """

    def __init__(
        self,
        live: LiveState,
        say: Callable[[Fact], None],
        clock: Callable[[], float],
        spread: Callable[[], float] = lambda: random.uniform(*SPREAD),  # noqa: S311 - no secret
    ) -> None:
        self._live = live
        self._say = say
        self._clock = clock
        self._spread = spread
        self._deployments = WeakValueDictionary[str, LiveDeployment]()
        self._gates = WeakValueDictionary[str, Gate]()
        self._looked_at = -_STALE
        #: The pace of those that are being asked.
        self._paces = WeakKeyDictionary[Gate, float]()
        #: What is made true now was said by somebody, and is not said again.
        self._listening = False

    def names(self) -> list[str]:
        """Give the names of everything here that others may know something of."""
        self._look()
        return [*self._deployments, *self._gates]

    def rests(self, deployment: LiveDeployment, error: GatewayError) -> None:
        """Tell that a deployment rests, where it would do so for others."""
        if deployment.known_as and _is_everybodys(error):
            seconds = deployment.health.seconds_left
            self._say(Fact(kind="rest", of=deployment.known_as, seconds=seconds))

    def cold(self, gate: Gate, seconds: float) -> None:
        """Tell that a site is cold, and when it may be asked."""
        if self._listening:
            return
        if gate.being_asked:
            self._paces[gate] = seconds
            seconds = max(seconds, HOLD)
        last = gate.refusal()
        self._say(
            Fact(
                kind="cold",
                of=name_of_site(gate.site),
                seconds=seconds,
                code=_CODES.get(last.code, "no_capacity"),
                retry_after=last.retry_after,
            )
        )

    def warm(self, gate: Gate, seconds: float) -> None:
        """Tell that a site answers."""
        if not self._listening:
            self._say(Fact(kind="warm", of=name_of_site(gate.site), seconds=seconds))

    def beat(self) -> None:
        """Say again of all sites that are being asked from here that they are."""
        for gate, pace in list(self._paces.items()):
            if gate.being_asked:
                self.cold(gate, pace)
            else:
                del self._paces[gate]

    def hear(self, fact: Fact) -> bool:
        """Make true what somebody else says; tell whether it meant anything here."""
        self._listening = True
        try:
            return self._take(fact)
        finally:
            self._listening = False

    def _take(self, fact: Fact) -> bool:
        if fact.kind == "rest":
            deployment = self._find(self._deployments, fact.of)
            return deployment is not None and self._rest(deployment, fact)
        gate = self._find(self._gates, fact.of)
        if gate is None:
            return False
        if fact.kind == "warm":
            gate.opens(self._clock() - fact.seconds)
        else:
            gate.closes(_refusal(fact), self._longer(fact.seconds))
        return True

    def _rest(self, deployment: LiveDeployment, fact: Fact) -> bool:
        seconds = min(fact.seconds, deployment.longest_rest)
        if seconds <= 0:
            return False
        if not deployment.health.resting:
            _log.info("pool.cooldown_heard", deployment=self._id_of(deployment), seconds=seconds)
        deployment.health.rest(self._longer(seconds))
        return True

    def _longer(self, seconds: float) -> float:
        return seconds * (1 + self._spread())

    def _id_of(self, deployment: LiveDeployment) -> str | None:
        known = self._live.deployments()
        return next((name for name, each in known if each is deployment), None)

    def _find(self, among: WeakValueDictionary[str, _Named], name: str) -> _Named | None:
        found = among.get(name)
        if found is None and self._clock() >= self._looked_at + _STALE:
            self._look()
            found = among.get(name)
        return found

    def _look(self) -> None:
        """Learn the names of what is here; wildcards make more of it while they serve."""
        self._looked_at = self._clock()
        for gate in self._live.gates:
            self._gates[name_of_site(gate.site)] = gate
        for _, deployment in self._live.deployments():
            if deployment.known_as:
                self._deployments[deployment.known_as] = deployment


def _is_everybodys(error: GatewayError) -> bool:
    """Tell whether other gateways would meet the same: SageMaker has answered, and lets us in."""
    answered = error.request_id is not None and error.should_retry is not False
    throttled = error.status == HTTPStatus.TOO_MANY_REQUESTS
    return answered and (throttled or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR)


def _refusal(fact: Fact) -> EndpointCold:
    after = fact.retry_after
    if fact.code == "model_not_ready":
        return ModelLoading("The model is still being loaded.", code=fact.code, retry_after=after)
    return EndpointCold("The endpoint has no capacity now.", code=fact.code, retry_after=after)
