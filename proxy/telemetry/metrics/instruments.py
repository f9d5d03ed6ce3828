"""Everything that is counted: LiteLLM's metrics under its names and labels, and our own.

Each is described in `docs/telemetry.md`, checked by a test. LiteLLM's labels for what sagegate
does not have, or does not tell, are there and empty.

Source: https://docs.litellm.ai/docs/proxy/prometheus
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from adapters.value import value

M = TypeVar("M", Counter, Gauge, Histogram)

#: LiteLLM's, in seconds.
BUCKETS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0),
    *(10.0, 30.0, 60.0, 120.0, 300.0, 420.0, 600.0),
)
#: For what is done some thousand times a second.
_CHUNK_BUCKETS: Final = (
    *(0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005),
    *(0.01, 0.05, 0.1),
)
#: For what takes no time worth speaking of.
_FINE_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

_ALIAS: Final = "api_key_alias"
_CALLER: Final = "hashed_api_key api_key_alias"
_TEAM: Final = "team team_alias"
_EXCEPTION: Final = "exception_status exception_class"
_CLIENT: Final = "client_ip user_agent"
_REQUEST: Final = f"end_user {_CALLER} requested_model {_TEAM} user"
_LATENCY: Final = f"model_group {_REQUEST} model model_id api_provider service_tier"
_OVERHEAD: Final = f"model_group api_provider api_base litellm_model_name {_CALLER} model_id"
_STATE: Final = "litellm_model_name model_id api_base api_provider"
_DEPLOYMENT: Final = f"model_group requested_model {_STATE} {_CALLER} {_TEAM} {_CLIENT}"
_TOKENS: Final = (
    f"end_user {_CALLER} model {_TEAM} user user_email requested_model model_id api_provider"
)
_FALLBACK: Final = f"requested_model fallback_model {_CALLER} {_TEAM} {_EXCEPTION} model_id"
_OURS: Final = "model_group model_id"


@value(frozen=True, slots=True)
class Labelled(Generic[M]):
    """A metric and the names of its labels."""

    metric: M
    labels: tuple[str, ...]

    def of(self, values: Mapping[str, str]) -> M:
        """Give the series of these labels; those that are not among the values are empty."""
        if not self.labels:
            return self.metric
        return self.metric.labels(*(values.get(name, "") for name in self.labels))


class Instruments:
    """The metrics of one process.

    Args:
        registry: Has them all.
        buckets: Of the latencies, in seconds.
        notes: Further labels of all that has a caller: what its key's metadata say.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        buckets: Sequence[float] = BUCKETS,
        notes: Sequence[str] = (),
    ) -> None:
        self._registry = registry
        self._buckets = tuple(buckets)
        self._notes = tuple(notes)
        self._litellm()
        self._ours()
        self._now()

    def _litellm(self) -> None:
        route = f"{_REQUEST} status_code user_email route {_CLIENT} model_id api_provider"
        self.requests = self._counter(
            "litellm_proxy_total_requests_metric", "Requests for models, however they ended.", route
        )
        self.failed_requests = self._counter(
            "litellm_proxy_failed_requests_metric",
            "Requests for models that failed or were refused.",
            route.replace("status_code", _EXCEPTION),
        )
        self.total_latency = self._histogram(
            "litellm_request_total_latency_metric",
            "Seconds from a request's arrival to the end of its answer.",
            _LATENCY,
        )
        self.api_latency = self._histogram(
            "litellm_llm_api_latency_metric",
            "Seconds from the start of the try that answered to the end of its answer.",
            _LATENCY,
        )
        self.first_token = self._histogram(
            "litellm_llm_api_time_to_first_token_metric",
            "Seconds from the start of a streamed try to its first chunk.",
            _LATENCY,
        )
        self.overhead = self._histogram(
            "litellm_overhead_latency_metric",
            "Seconds that the gateway added before the answer began.",
            _OVERHEAD,
        )
        self.queue_time = self._histogram(
            "litellm_request_queue_time_seconds",
            "Seconds that a request waited for a place.",
            _LATENCY.removeprefix("model_group "),
        )
        self.per_token = self._histogram(
            "litellm_deployment_latency_per_output_token",
            "Seconds for each token of an answer.",
            f"{_OVERHEAD} {_TEAM}",
        )
        self.input_tokens = self._counter(
            "litellm_input_tokens_metric", "Tokens of prompts.", _TOKENS
        )
        self.output_tokens = self._counter(
            "litellm_output_tokens_metric", "Tokens of answers.", _TOKENS
        )
        self.total_tokens = self._counter(
            "litellm_total_tokens_metric", "Tokens of prompts and answers.", _TOKENS
        )
        self.spend = self._counter(
            "litellm_spend_metric", "US dollars that requests have cost.", _TOKENS
        )
        self.tries = self._counter(
            "litellm_deployment_total_requests", "Tries of a deployment.", _DEPLOYMENT
        )
        self.good_tries = self._counter(
            "litellm_deployment_success_responses", "Tries that gave an answer.", _DEPLOYMENT
        )
        self.failed_tries = self._counter(
            "litellm_deployment_failure_responses",
            "Tries that failed.",
            f"{_DEPLOYMENT} {_EXCEPTION}",
        )
        self.cooled_down = self._counter(
            "litellm_deployment_cooled_down",
            "Times that a deployment began to rest.",
            f"{_STATE} exception_status",
        )
        self.good_fallbacks = self._counter(
            "litellm_deployment_successful_fallbacks",
            "Models that answered in another's place.",
            _FALLBACK,
        )
        self.failed_fallbacks = self._counter(
            "litellm_deployment_failed_fallbacks",
            "Models that failed in another's place.",
            _FALLBACK,
        )
        self.cache_hits = self._counter(
            "litellm_cache_hits_metric", "Requests answered from the cache."
        )
        self.cache_misses = self._counter(
            "litellm_cache_misses_metric", "Requests whose answer was not in the cache."
        )

    def _ours(self) -> None:
        self.refused = self._counter(
            "sagegate_refused_requests",
            "Requests of any route that the gateway refused itself.",
            "status code",
        )
        self.throttles = self._counter(
            "sagegate_throttles", "Tries that AWS or the container throttled.", _OURS
        )
        self.model_errors = self._counter(
            "sagegate_model_errors",
            "Errors of containers, by the container's own status.",
            f"{_OURS} original_status",
        )
        self.truncated = self._counter(
            "sagegate_truncated_streams", "Streams that broke off after their start.", _OURS
        )
        self.gone = self._counter(
            "sagegate_gone_clients", "Requests whose client left before the end.", "model_group"
        )
        self.retries = self._counter(
            "sagegate_retries", "Further tries after a failure.", "model_group"
        )
        self.fallbacks = self._counter(
            "sagegate_fallbacks", "Other models asked after a failure.", "model_group"
        )
        self.cached = self._counter(
            "sagegate_cache_requests",
            "Requests by what came of the cache: hit, miss, bypass.",
            "model_group outcome",
        )
        self.credential_refreshes = self._counter(
            "sagegate_credential_refreshes",
            "Attempts to fetch AWS credentials: ok or failed.",
            "outcome",
        )
        self.callback_failures = self._counter(
            "sagegate_callback_failures",
            "Failures of the operator's callbacks: error, timeout, dropped, edit.",
            "callback hook reason",
        )
        self.facts = self._counter(
            "sagegate_fleet_facts",
            "What gateways tell each other of rests and cold starts: told, heard, ignored.",
            "outcome",
        )
        self.cold_waits = self._histogram(
            "sagegate_cold_wait_seconds",
            "Seconds that requests waited for an endpoint to start; none are not counted.",
            "model_group",
        )
        self.loop_lag = self._histogram(
            "sagegate_event_loop_lag_seconds",
            "By how much a timer of the event loop came too late.",
            buckets=_FINE_BUCKETS,
        )
        self.chunk_overhead = self._histogram(
            "sagegate_chunk_overhead_seconds",
            "Seconds that the gateway added to each part of a stream, as the mean of a stream.",
            buckets=_CHUNK_BUCKETS,
        )
        self.added = self._histogram(
            "sagegate_overhead_seconds",
            "Seconds that the gateway added before the answer began, in fine steps.",
            buckets=_FINE_BUCKETS,
        )

    def _now(self) -> None:
        self.in_flight = self._gauge("litellm_in_flight_requests", "Requests under way.")
        self.state = self._gauge(
            "litellm_deployment_state",
            "0: no failures lately; 1: some; 2: the deployment rests.",
            _STATE,
            mode="livemax",
        )
        self.remaining_requests = self._gauge(
            "litellm_remaining_requests_metric",
            "Requests that a deployment's rpm had left at its last try.",
            _OVERHEAD,
            mode="livemostrecent",
        )
        self.remaining_tokens = self._gauge(
            "litellm_remaining_tokens_metric",
            "Tokens that a deployment's tpm had left at its last try.",
            _OVERHEAD,
            mode="livemostrecent",
        )
        self.budget_left = self._gauge(
            "litellm_remaining_api_key_budget_metric",
            "US dollars that a key may still spend.",
            _CALLER,
            mode="livemin",
        )
        self.budget_most = self._gauge(
            "litellm_api_key_max_budget_metric",
            "US dollars that a key may spend in all.",
            _CALLER,
            mode="livemax",
        )
        self.budget_hours = self._gauge(
            "litellm_api_key_budget_remaining_hours_metric",
            "Hours until a key's budget begins anew.",
            _CALLER,
            mode="livemin",
        )
        self.open_streams = self._gauge("sagegate_open_streams", "Streams open towards clients.")
        self.door_held = self._gauge(
            "sagegate_admitted_requests", "Requests for models let in at the door."
        )
        self.door_waiting = self._gauge(
            "sagegate_waiting_requests", "Requests for models that wait at the door."
        )
        self.permits_held = self._gauge(
            "sagegate_deployment_calls", "Calls upstream that hold a permit.", "model_id"
        )
        self.permits_waiting = self._gauge(
            "sagegate_deployment_waiting_requests", "Requests that wait for a permit.", "model_id"
        )
        self.tries_now = self._gauge(
            "sagegate_deployment_in_flight", "Tries under way, streams included.", "model_id"
        )
        self.credential_age = self._gauge(
            "sagegate_credential_age_seconds",
            "Seconds since the oldest fetched credentials came.",
            mode="livemax",
        )
        self.sharing = self._gauge(
            "sagegate_fleet_processes", "Processes that share over Redis what they learn."
        )
        self.workers = self._gauge("sagegate_workers", "Processes that serve.")

    def _counter(self, name: str, text: str, labels: str = "") -> Labelled[Counter]:
        return self._made(Counter, name, text, labels)

    def _histogram(
        self, name: str, text: str, labels: str = "", buckets: Sequence[float] = ()
    ) -> Labelled[Histogram]:
        return self._made(Histogram, name, text, labels, buckets=buckets or self._buckets)

    def _gauge(
        self, name: str, text: str, labels: str = "", mode: str = "livesum"
    ) -> Labelled[Gauge]:
        return self._made(Gauge, name, text, labels, multiprocess_mode=mode)

    def _made(self, kind: type[M], name: str, text: str, labels: str, **more: Any) -> Labelled[M]:
        names = tuple(labels.split())
        if _ALIAS in names and kind is not Gauge:
            names += self._notes
        return Labelled(kind(name, text, names, registry=self._registry, **more), names)
