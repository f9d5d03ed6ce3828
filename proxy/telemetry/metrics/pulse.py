"""How things stand now, looked at once a second and at each scrape; nothing of it costs a request.

Knows where the numbers are: what is under way, who waits, which deployments rest, how old the
credentials are, and how late the event loop is.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from adapters.credential_state import CredentialState
from proxy.routing.live import LiveState
from proxy.routing.member import Member
from proxy.telemetry.metrics.instruments import Labelled
from proxy.telemetry.metrics.labels import OTHER
from proxy.telemetry.metrics.reporter import Metrics

if TYPE_CHECKING:
    from proxy.keys.spend import Budget

_SECONDS: Final = 1.0
_RESTS: Final = 2
_FAILS: Final = 1

#: Labels, and the number that is true of them.
_Standing = dict[tuple[tuple[str, str], ...], float]


class Pulse:
    """Sets the gauges of this process.

    Args:
        metrics: Has them.
        calls: Counts the requests under way.
        tasks: Counts the event loop's tasks.
        live: What is known of all deployments.
        members: Gives the deployments of the configuration that is served.
        credentials: Tells how they stand.
        budgets: Gives those of keys.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        calls: Callable[[], int],
        tasks: Callable[[], int],
        live: LiveState,
        members: Callable[[], Iterable[Member]],
        credentials: Callable[[], CredentialState],
        budgets: Callable[[], Iterable[Budget]] = tuple,
    ) -> None:
        self._metrics = metrics
        self._calls = calls
        self._tasks = tasks
        self._live = live
        self._members = members
        self._credentials = credentials
        self._budgets = budgets
        self._counted = CredentialState()
        #: What was set last: a series whose subject is gone says 0.
        self._standing: dict[str, _Standing] = {}
        #: The same of deployments' states, by their ids.
        self._states: dict[str, tuple[Member, int]] = {}

    def look(self) -> None:
        """Set all gauges."""
        all_of, live = self._metrics.all, self._live
        all_of.workers.metric.set(1)
        all_of.tasks.metric.set(self._tasks())
        all_of.in_flight.metric.set(self._calls())
        all_of.door_held.metric.set(live.door.held)
        all_of.door_waiting.metric.set(live.door.waiting)
        self._look_at_deployments()
        self._look_at_states()
        self._look_at_credentials()
        self._look_at_budgets()

    async def beat(self) -> None:
        """Look once a second, and take down by how much that was late."""
        loop, lag = asyncio.get_running_loop(), self._metrics.all.loop_lag.metric
        while True:
            due = loop.time() + _SECONDS
            await asyncio.sleep(_SECONDS)
            lag.observe(max(loop.time() - due, 0.0))
            self.look()

    def _look_at_deployments(self) -> None:
        """Set the gauges of those that have something under way, or had when looked at last.

        There may be thousands of others: a label costs more than a look.
        """
        all_of, streams = self._metrics.all, 0
        held, waiting, tries = Counter[Any](), Counter[Any](), Counter[Any]()
        for name, each in self._live.deployments():
            permits = each.permits
            if not (each.in_flight or permits.held or permits.waiting or each.open_streams):
                continue
            labels = (("model_id", self._metrics.deployments.of(name)),)
            held[labels] += permits.held
            waiting[labels] += permits.waiting
            tries[labels] += each.in_flight
            streams += each.open_streams
        all_of.open_streams.metric.set(streams)
        self._set("held", all_of.permits_held, held)
        self._set("waiting", all_of.permits_waiting, waiting)
        self._set("tries", all_of.tries_now, tries)

    def _look_at_states(self) -> None:
        """Set the states that have changed; a deployment that was taken away is well."""
        gone, states = self._states, {}
        for member in self._members():
            name, state = member.endpoint.id, _state(member)
            states[name] = member, state
            known = gone.pop(name, None)
            if known is None or known[1] != state:
                self._tell_state(member, state)
        for member, state in gone.values():
            if state:
                self._tell_state(member, 0)
        self._states = states

    def _tell_state(self, member: Member, state: int) -> None:
        labels = {
            "model_id": self._metrics.deployments.of(member.endpoint.id),
            "litellm_model_name": member.endpoint.target.endpoint,
            "api_provider": member.provider,
        }
        self._metrics.all.state.of(labels).set(state)

    def _look_at_credentials(self) -> None:
        all_of, now, counted = self._metrics.all, self._credentials(), self._counted
        self._counted = now
        for outcome, count, before in (
            ("ok", now.fetched, counted.fetched),
            ("failed", now.failed, counted.failed),
        ):
            # less than before: a reload has given up what had counted them
            more = count - before if count >= before else count
            all_of.credential_refreshes.of({"outcome": outcome}).inc(more)
        age = 0.0 if now.oldest is None else max(time.time() - now.oldest, 0.0)
        all_of.credential_age.metric.set(age)

    def _look_at_budgets(self) -> None:
        all_of = self._metrics.all
        left: dict[Any, float] = {}
        most: dict[Any, float] = {}
        hours: dict[Any, float] = {}
        for budget in self._budgets():
            alias = self._metrics.callers.of(budget.label)
            if alias == OTHER:
                continue  # several keys' budgets are no number
            labels = (("api_key_alias", alias),)
            left[labels], most[labels] = budget.left, budget.most
            if budget.hours is not None:
                hours[labels] = budget.hours
        self._set("left", all_of.budget_left, left)
        self._set("most", all_of.budget_most, most)
        self._set("hours", all_of.budget_hours, hours)

    def _set(self, name: str, gauge: Labelled[Any], now: Mapping[Any, float]) -> None:
        for labels in self._standing.get(name, {}).keys() - now.keys():
            gauge.of(dict(labels)).set(0)
        for labels, value in now.items():
            gauge.of(dict(labels)).set(value)
        self._standing[name] = dict(now)


def _state(member: Member) -> int:
    health = member.live.health
    if health.untroubled:
        return 0
    return _RESTS if health.resting else _FAILS * health.failing


@asynccontextmanager
async def beating(pulse: Pulse) -> AsyncIterator[None]:
    """Keep the gauges true for the block."""
    pulse.look()
    task = asyncio.create_task(pulse.beat(), name="pulse")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
