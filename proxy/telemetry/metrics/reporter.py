"""Counts each call once, when it has ended, and each request that was refused before it became one.

Knows which events of a call are which metric. Labels are names of the configuration, or `other`:
never a client's text, an address, an account or a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from prometheus_client import CollectorRegistry

from adapters.errors import GatewayError, ModelError, ModelNotFound, Throttled
from proxy.limits.claim import Remaining
from proxy.routing.call import Call
from proxy.routing.member import Member
from proxy.routing.tries import StandIn, Try
from proxy.telemetry.metrics.instruments import BUCKETS, Instruments
from proxy.telemetry.metrics.labels import OTHER, BoundedNames, model_route, status_label
from proxy.telemetry.metrics.series import cell_of, observing
from proxy.telemetry.metrics.way import WRITTEN, Answers, Labels, Way

_NO_LABEL: Final = re.compile(r"\W", re.ASCII)


#: Names beyond the configuration's that have series of their own: of models that wildcards serve,
#: and of callers.
_MOST_NAMES: Final = 100
_MOST_CALLERS: Final = 1000
#: Ways that are remembered; where there are more all are looked up anew.
_MOST_WAYS: Final = 10_000

_ROUTES: Final = {
    "chat": "/v1/chat/completions",
    "completion": "/v1/completions",
    "embedding": "/v1/embeddings",
    "rerank": "/v1/rerank",
}
_GONE: Final = "499"


class Metrics:
    """The metrics of this process; outlives configurations.

    Args:
        buckets: Of the latencies, in seconds, ascending.
        notes: Fields of keys' metadata that are labels as well.
    """

    def __init__(self, buckets: Iterable[float] = BUCKETS, notes: Iterable[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self._notes = {f"metadata_{_NO_LABEL.sub('_', name)}": name for name in notes}
        self.all = Instruments(self.registry, tuple(buckets), tuple(self._notes))
        self._noted = {label: BoundedNames(_MOST_NAMES) for label in self._notes}
        self.models = BoundedNames(_MOST_NAMES)
        self.deployments = BoundedNames(_MOST_NAMES)
        self.callers = BoundedNames(_MOST_CALLERS)
        #: By the names as they are: looking a series with a dozen labels up costs more than
        #: counting in it.
        self._ways: dict[tuple[Any, ...], Way] = {}
        self._added = observing(self.all.added.metric)
        self._chunk_overhead = observing(self.all.chunk_overhead.metric)

    def know(self, members: Iterable[Member]) -> None:
        """Let the configuration's deployments and models have series, however many there are."""
        self._ways.clear()  # who was `other` may have a name from now on
        for member in members:
            self.models.know([member.endpoint.target.model])
            self.deployments.know([member.endpoint.id])

    def report(self, call: Call) -> None:
        """Count a call that has ended."""
        last = call.tries[-1] if call.tries else None
        way = self._way(call, last)
        self._end(call, way)
        for tried in call.tries:
            self._try(tried, way if tried is last else self._way(call, tried))
        if call.outcome == "ok":
            if last is not None:  # else it came from the cache: nothing was waited for
                self._answer(call, last, way)
        elif call.outcome == "gone":
            self.all.gone.of({"model_group": way.model}).inc()
        elif call.outcome == "failed" and call.stream and call.first_byte is not None:
            self.all.truncated.of(self._ours(call.tries[-1])).inc()
        if call.retries or call.fell_back or call.stand_ins or call.cold.seconds:
            self._detours(call, way)
        if call.cache is not None:
            self._cache(call.cache, way.model)

    def refused(self, error: GatewayError, template: str, model: str | None = None) -> None:
        """Count a request that was refused before it became a call.

        Args:
            error: Why.
            template: The route's path as the router has it; empty where there is no such route.
            model: The public model that it was for, if that is known.
        """
        status = status_label(error.status)
        self.all.refused.of({"status": status, "code": error.code or status}).inc()
        route = model_route(template)
        if route is None:
            return
        name = OTHER if isinstance(error, ModelNotFound) else ""
        labels = {
            "requested_model": name if model is None else self.models.of(model),
            "route": route,
            "status_code": status,
            **_exception(error),
        }
        self.all.requests.of(labels).inc()
        self.all.failed_requests.of(labels).inc()

    def left_early(self, template: str) -> None:
        """Count a request whose client left before there was a call of it.

        Args:
            template: As `refused` takes it.
        """
        self.all.gone.of({}).inc()
        route = model_route(template)
        if route is not None:
            self.all.requests.of({"route": route, "status_code": _GONE}).inc()

    def callback_failed(self, callback: str, hook: str, reason: str) -> None:
        """Count a fault of a callback; its name is the configuration's."""
        labels = {"callback": callback, "hook": hook, "reason": reason}
        self.all.callback_failures.of(labels).inc()

    def _end(self, call: Call, way: Way) -> None:
        error, status = call.error, status_label(call.status)
        key = (call.task, status, None if error is None else type(error))
        count = way.counts.get(key)
        if count is None:
            failed = (self.all.failed_requests,) if error is not None else ()
            count = way.counts[key] = way.counting(
                (self.all.requests, *failed),
                **_exception(error),
                route=_ROUTES[call.task],
                status_code=status,
            )
        count()
        if call.price is not None:
            self._spend(call, way)

    def _spend(self, call: Call, way: Way) -> None:
        cost = call.cost
        if not cost:
            return
        if way.spend is None:
            way.spend = cell_of(self.all.spend.of(way.labels))
        numbers, at = way.spend
        numbers[at] += cost

    def _try(self, tried: Try, way: Way) -> None:
        error = tried.error
        key = "good" if error is None else (type(error), status_label(error.status))
        count = way.counts.get(key)
        if count is None:
            ending = self.all.good_tries if error is None else self.all.failed_tries
            count = way.counting((self.all.tries, ending), **_exception(error))
            way.counts[key] = count
        count()
        for left in tried.remaining:
            self._left(tried, left)
        if error is not None:
            self._failure(tried, error)

    def _left(self, tried: Try, left: Remaining) -> None:
        labels = self._labels("", tried)
        for gauge, count in (
            (self.all.remaining_requests, left.requests),
            (self.all.remaining_tokens, left.tokens),
        ):
            if count is not None:
                gauge.of(labels).set(max(count, 0))

    def _failure(self, tried: Try, error: GatewayError) -> None:
        if isinstance(error, Throttled):
            self.all.throttles.of(self._ours(tried)).inc()
        elif isinstance(error, ModelError):
            status = {"original_status": status_label(error.status)}
            self.all.model_errors.of({**self._ours(tried), **status}).inc()
        if tried.cooled:
            self.all.cooled_down.of({**self._labels("", tried), **_exception(error)}).inc()

    def _answer(self, call: Call, last: Try, way: Way) -> None:
        answers = way.answers
        if answers is None:
            answers = way.answers = Answers(self.all, way.labels)
        seconds = last.seconds or 0.0
        answers.total(call.seconds)
        answers.queue(call.queue_seconds)
        answers.overhead(call.added)
        self._added(call.added)
        answers.api(seconds)
        usage = call.usage or {}
        for name, numbers, at in answers.tokens:
            tokens = usage.get(name)
            if isinstance(tokens, int) and tokens > 0:  # a container may say anything
                numbers[at] += tokens
                if name == WRITTEN:
                    answers.per_token(seconds / tokens)
        if call.stream and call.first_byte is not None:
            self._streamed(call, call.first_byte - last.started, way)

    def _streamed(self, call: Call, seconds: float, way: Way) -> None:
        if way.first is None:
            way.first = observing(self.all.first_token.of(way.labels))
        way.first(seconds)
        if call.batches:
            self._chunk_overhead(max(call.between, 0.0) / call.batches)

    def _detours(self, call: Call, way: Way) -> None:
        model = way.model
        if call.cold.seconds:
            self.all.cold_waits.of({"model_group": model}).observe(call.cold.seconds)
        if call.retries:
            self.all.retries.of({"model_group": model}).inc(call.retries)
        if call.fell_back:
            self.all.fallbacks.of({"model_group": model}).inc(call.fell_back)
        for stand_in in call.stand_ins:
            self._stand_in(stand_in, call)

    def _stand_in(self, stand_in: StandIn, call: Call) -> None:
        counter = self.all.good_fallbacks if stand_in.answered else self.all.failed_fallbacks
        tried = next((each for each in reversed(call.tries) if each.model == stand_in.model), None)
        labels = {
            **self._way(call, tried).labels,
            **_exception(stand_in.because),
            "fallback_model": self.models.of(stand_in.model),
        }
        counter.of(labels).inc()

    def _cache(self, outcome: str, model: str) -> None:
        self.all.cached.of({"model_group": model, "outcome": outcome}).inc()
        if outcome == "hit":
            self.all.cache_hits.metric.inc()
        elif outcome == "miss":
            self.all.cache_misses.metric.inc()

    def _way(self, call: Call, tried: Try | None) -> Way:
        """Give the way of a call's try, made when it is gone for the first time."""
        notes: tuple[str, ...] = ()
        if self._notes:
            notes = tuple(_text(call.notes.get(name)) for name in self._notes.values())
        there = None if tried is None else (tried.model, tried.deployment)
        key = (call.caller, call.model, there, notes)
        way = self._ways.get(key)
        if way is None:
            if len(self._ways) >= _MOST_WAYS:
                self._ways.clear()
            model = self.models.of(call.model)
            labels = {
                "api_key_alias": self.callers.of(call.caller),
                **self._labels(model, tried),
                **{
                    label: self._noted[label].of(note)
                    for label, note in zip(self._notes, notes, strict=True)
                },
            }
            way = self._ways[key] = Way(labels, model)
        return way

    def _id(self, tried: Try | None) -> str:
        return "" if tried is None else self.deployments.of(tried.deployment)

    def _ours(self, tried: Try) -> Labels:
        return {"model_group": self.models.of(tried.model), "model_id": self._id(tried)}

    def _labels(self, model: str, tried: Try | None) -> Labels:
        """Give what was asked for, and what was tried last for it."""
        if tried is None:
            return {"requested_model": model, "model_group": model}
        deployment = self._id(tried)
        endpoint = OTHER if deployment == OTHER else tried.endpoint
        return {
            "requested_model": model,
            "model_group": self.models.of(tried.model),
            "model": endpoint,
            "litellm_model_name": endpoint,
            "model_id": deployment,
            "api_provider": tried.provider,
        }


def both(*reports: Callable[[Call], None]) -> Callable[[Call], None]:
    """Give one report that is several; one that fails keeps none of the others from its call."""

    def report(call: Call) -> None:
        failures: list[Exception] = []
        for each in reports:
            try:
                each(call)
            except Exception as error:  # noqa: BLE001 - raised once the others are done
                failures.append(error)
        for failure in failures:
            raise failure

    return report


def _exception(error: Exception | None) -> Labels:
    if error is None:
        return {}
    status = error.status if isinstance(error, GatewayError) else 500
    return {"exception_status": status_label(status), "exception_class": type(error).__name__}


def _text(note: Any) -> str:
    """Give a note as a label has it: what is no text or number says nothing."""
    return str(note) if isinstance(note, str | int | float) else ""
