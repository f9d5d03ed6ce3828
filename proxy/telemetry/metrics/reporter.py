"""Counts each call once, when it has ended, and each request that was refused before it became one.

Knows which events of a call are which metric. Labels are names of the configuration, or `other`:
never a client's text, an address, an account or a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from prometheus_client import CollectorRegistry

from adapters.errors import GatewayError, ModelError, ModelNotFound, Throttled
from proxy.limits.claim import Remaining
from proxy.routing.call import Call
from proxy.routing.member import Member
from proxy.routing.tries import StandIn, Try
from proxy.telemetry.metrics.instruments import BUCKETS, Instruments, Labelled
from proxy.telemetry.metrics.labels import OTHER, BoundedNames, model_route, status_label

Labels = dict[str, str]

_NO_LABEL: Final = re.compile(r"\W", re.ASCII)


class _Who(NamedTuple):
    """Who called, as labels have it."""

    alias: str
    notes: tuple[str, ...]


_NOBODY: Final = _Who("", ())

#: Names beyond the configuration's that have series of their own: of models that wildcards serve,
#: and of callers.
_MOST_NAMES: Final = 100
_MOST_CALLERS: Final = 1000

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
        #: Series that are counted together, looked up once: prometheus_client's own look-up of a
        #: series with a dozen labels costs more than counting.
        self._bound: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        all_of = self.all
        self._answers = (
            *(all_of.total_latency, all_of.queue_time, all_of.overhead, all_of.api_latency),
            *(all_of.per_token, all_of.input_tokens, all_of.output_tokens, all_of.total_tokens),
        )

    def know(self, members: Iterable[Member]) -> None:
        """Let the configuration's deployments and models have series, however many there are."""
        for member in members:
            self.models.know([member.endpoint.target.model])
            self.deployments.know([member.endpoint.id])

    def report(self, call: Call) -> None:
        """Count a call that has ended."""
        caller, model = self._who(call), self.models.of(call.model)
        self._end(call, caller, model)
        self._spend(call, caller, model)
        for tried in call.tries:
            self._try(tried, caller, model)
        if call.outcome == "ok":
            self._answer(call, caller, model)
        elif call.outcome == "gone":
            self.all.gone.of({"model_group": model}).inc()
        elif call.outcome == "failed" and call.stream and call.first_byte is not None:
            self.all.truncated.of(self._ours(call.tries[-1])).inc()
        self._detours(call, caller, model)
        if call.cache is not None:
            self._cache(call.cache, model)

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

    def _end(self, call: Call, caller: _Who, model: str) -> None:
        last = call.tries[-1] if call.tries else None
        status, kind = status_label(call.status), type(call.error).__name__
        key = ("end", call.task, caller, model, self._id(last), status, kind)

        def labels() -> Labels:
            return {
                **self._labels(caller, model, last),
                **_exception(call.error),
                "route": _ROUTES[call.task],
                "status_code": status,
            }

        failed = (self.all.failed_requests,) if call.error is not None else ()
        for series in self._series(key, (self.all.requests, *failed), labels):
            series.inc()

    def _spend(self, call: Call, caller: _Who, model: str) -> None:
        cost = call.cost
        if not cost:
            return
        last = call.tries[-1]
        key = ("spend", caller, model, self.models.of(last.model), self._id(last))
        labels = lambda: self._labels(caller, model, last)  # noqa: E731 - only where it is needed
        for series in self._series(key, (self.all.spend,), labels):
            series.inc(cost)

    def _try(self, tried: Try, caller: _Who, model: str) -> None:
        error = tried.error
        ended = None if error is None else (status_label(error.status), type(error).__name__)
        group = self.models.of(tried.model)
        key = ("try", group, caller, model, self._id(tried), ended)

        def labels() -> Labels:
            return {**self._labels(caller, model, tried), **_exception(error)}

        ending = self.all.good_tries if error is None else self.all.failed_tries
        for series in self._series(key, (self.all.tries, ending), labels):
            series.inc()
        for left in tried.remaining:
            self._left(tried, left)
        if error is not None:
            self._failure(tried, error)

    def _left(self, tried: Try, left: Remaining) -> None:
        labels = self._labels(_NOBODY, "", tried)
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
            self.all.cooled_down.of({**self._labels(_NOBODY, "", tried), **_exception(error)}).inc()

    def _answer(self, call: Call, caller: _Who, model: str) -> None:
        if not call.tries:
            return  # it came from the cache: nothing was waited for
        last = call.tries[-1]
        key = ("answer", caller, model, self.models.of(last.model), self._id(last))
        labels = lambda: self._labels(caller, model, last)  # noqa: E731 - only where it is needed
        total, queue, overhead, api, per_token, *tokens = self._series(key, self._answers, labels)
        seconds = last.seconds or 0.0
        total.observe(call.seconds)
        queue.observe(call.queue_seconds)
        overhead.observe(call.added)
        self.all.added.metric.observe(call.added)
        api.observe(seconds)
        usage = call.usage or {}
        counts = [_count(usage.get(name)) for name in _TOKENS]
        for series, count in zip(tokens, counts, strict=True):
            series.inc(count)
        if counts[1]:
            per_token.observe(seconds / counts[1])
        if call.stream and call.first_byte is not None:
            (first,) = self._series(("first", *key), (self.all.first_token,), labels)
            first.observe(call.first_byte - last.started)
            if call.batches:
                self.all.chunk_overhead.metric.observe(max(call.between, 0.0) / call.batches)

    def _detours(self, call: Call, caller: _Who, model: str) -> None:
        if call.cold.seconds:
            self.all.cold_waits.of({"model_group": model}).observe(call.cold.seconds)
        if call.retries:
            self.all.retries.of({"model_group": model}).inc(call.retries)
        if call.fell_back:
            self.all.fallbacks.of({"model_group": model}).inc(call.fell_back)
        for stand_in in call.stand_ins:
            self._stand_in(stand_in, call, caller, model)

    def _stand_in(self, stand_in: StandIn, call: Call, caller: _Who, model: str) -> None:
        counter = self.all.good_fallbacks if stand_in.answered else self.all.failed_fallbacks
        tried = next((each for each in reversed(call.tries) if each.model == stand_in.model), None)
        labels = {
            **self._labels(caller, model, tried),
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

    def _series(
        self,
        key: tuple[Any, ...],
        instruments: Iterable[Labelled[Any]],
        labels: Callable[[], Labels],
    ) -> tuple[Any, ...]:
        """Give the series of some metrics that have the same labels; the key stands for those."""
        found = self._bound.get(key)
        if found is None:
            values = labels()
            found = self._bound[key] = tuple(each.of(values) for each in instruments)
        return found

    def _who(self, call: Call) -> _Who:
        notes = tuple(
            self._noted[label].of(_text(call.notes.get(name)))
            for label, name in self._notes.items()
        )
        return _Who(self.callers.of(call.caller), notes)

    def _id(self, tried: Try | None) -> str:
        return "" if tried is None else self.deployments.of(tried.deployment)

    def _ours(self, tried: Try) -> Labels:
        return {"model_group": self.models.of(tried.model), "model_id": self._id(tried)}

    def _labels(self, caller: _Who, model: str, tried: Try | None) -> Labels:
        """Give what most metrics tell: who asked for what, and what was tried last for it."""
        labels = {
            "api_key_alias": caller.alias,
            "requested_model": model,
            "model_group": model,
            **dict(zip(self._notes, caller.notes, strict=False)),
        }
        if tried is None:
            return labels
        deployment = self._id(tried)
        endpoint = OTHER if deployment == OTHER else tried.endpoint
        return {
            **labels,
            "model_group": self.models.of(tried.model),
            "model": endpoint,
            "litellm_model_name": endpoint,
            "model_id": deployment,
            "api_provider": tried.provider,
        }


def both(*reports: Callable[[Call], None]) -> Callable[[Call], None]:
    """Give one report that is several; one that fails keeps none of the others from its call."""

    def report(call: Call) -> None:
        for error in [*_failures(reports, call)]:
            raise error

    return report


def _failures(reports: Iterable[Callable[[Call], None]], call: Call) -> Iterator[Exception]:
    for report in reports:
        try:
            report(call)
        except Exception as error:  # noqa: BLE001 - raised once the others are done
            yield error


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
