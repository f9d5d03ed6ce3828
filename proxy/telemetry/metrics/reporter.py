"""Counts each call once, when it has ended, and each request that was refused before it became one.

Knows which events of a call are which metric. Labels are names of the configuration, or `other`:
never a client's text, an address, an account or a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final

from prometheus_client import CollectorRegistry

from adapters.errors import GatewayError, ModelError, ModelNotFound, Throttled
from proxy.limits.claim import Remaining
from proxy.routing.call import Call
from proxy.routing.member import Member
from proxy.routing.tries import StandIn, Try
from proxy.telemetry.metrics.instruments import BUCKETS, Instruments, Labelled
from proxy.telemetry.metrics.labels import OTHER, BoundedNames, model_route, status_label
from proxy.telemetry.metrics.series import Add, adding

Labels = dict[str, str]

_NO_LABEL: Final = re.compile(r"\W", re.ASCII)


class _Way:
    """Calls of one caller for one model, for which one deployment was tried, or none.

    Args:
        labels: What most metrics tell of them.
        model: The model that was asked for, as labels have it.
    """

    __slots__ = ("answers", "bound", "labels", "model")

    def __init__(self, labels: Labels, model: str) -> None:
        self.labels = labels
        self.model = model
        #: The series of good answers; empty before the first one.
        self.answers: tuple[Add, ...] = ()
        #: Other series that are counted together, by what sets them apart.
        self.bound: dict[Hashable, tuple[Add, ...]] = {}

    def adding(self, instruments: Iterable[Labelled[Any]], **more: str) -> tuple[Add, ...]:
        """Give the series of some metrics, with further labels."""
        labels = {**self.labels, **more}
        return tuple(adding(each.of(labels)) for each in instruments)


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
_TOKENS: Final = ("prompt_tokens", "completion_tokens", "total_tokens")


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
        self._ways: dict[tuple[Any, ...], _Way] = {}
        self._added = adding(self.all.added.metric)
        self._chunk_overhead = adding(self.all.chunk_overhead.metric)
        all_of = self.all
        self._answers = (
            *(all_of.total_latency, all_of.queue_time, all_of.overhead, all_of.api_latency),
            *(all_of.per_token, all_of.input_tokens, all_of.output_tokens, all_of.total_tokens),
        )

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
        if call.price is not None:
            self._spend(call, way)
        for tried in call.tries:
            self._try(tried, way if tried is last else self._way(call, tried))
        if call.outcome == "ok":
            if last is not None:  # else it came from the cache: nothing was waited for
                self._answer(call, last, way)
        elif call.outcome == "gone":
            self.all.gone.of({"model_group": way.model}).inc()
        elif call.outcome == "failed" and call.stream and call.first_byte is not None:
            self.all.truncated.of(self._ours(call.tries[-1])).inc()
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

    def _end(self, call: Call, way: _Way) -> None:
        error, status = call.error, status_label(call.status)
        key = (call.task, status, None if error is None else type(error))
        series = way.bound.get(key)
        if series is None:
            failed = (self.all.failed_requests,) if error is not None else ()
            series = way.bound[key] = way.adding(
                (self.all.requests, *failed),
                **_exception(error),
                route=_ROUTES[call.task],
                status_code=status,
            )
        for add in series:
            add(1)

    def _spend(self, call: Call, way: _Way) -> None:
        cost = call.cost
        if not cost:
            return
        series = way.bound.get("spend")
        if series is None:
            series = way.bound["spend"] = way.adding((self.all.spend,))
        series[0](cost)

    def _try(self, tried: Try, way: _Way) -> None:
        error = tried.error
        key = "good" if error is None else (type(error), status_label(error.status))
        series = way.bound.get(key)
        if series is None:
            ending = self.all.good_tries if error is None else self.all.failed_tries
            series = way.adding((self.all.tries, ending), **_exception(error))
            way.bound[key] = series
        for add in series:
            add(1)
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

    def _answer(self, call: Call, last: Try, way: _Way) -> None:
        if not way.answers:
            way.answers = way.adding(self._answers)
        total, queue, overhead, api, per_token, *tokens = way.answers
        seconds = last.seconds or 0.0
        total(call.seconds)
        queue(call.queue_seconds)
        overhead(call.added)
        self._added(call.added)
        api(seconds)
        usage = call.usage or {}
        for add, name in zip(tokens, _TOKENS, strict=True):
            add(_count(usage.get(name)))
        written = _count(usage.get("completion_tokens"))
        if written:
            per_token(seconds / written)
        if call.stream and call.first_byte is not None:
            self._streamed(call, call.first_byte - last.started, way)

    def _streamed(self, call: Call, seconds: float, way: _Way) -> None:
        series = way.bound.get("first")
        if series is None:
            series = way.bound["first"] = way.adding((self.all.first_token,))
        series[0](seconds)
        if call.batches:
            self._chunk_overhead(max(call.between, 0.0) / call.batches)

    def _detours(self, call: Call, way: _Way) -> None:
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

    def _way(self, call: Call, tried: Try | None) -> _Way:
        """Give the way of a call's try, made when it is gone for the first time."""
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
            way = self._ways[key] = _Way(labels, model)
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


def _count(tokens: Any) -> int:
    """Give a number of tokens; a container may say anything."""
    return tokens if isinstance(tokens, int) and tokens > 0 else 0
