"""What is counted of a call, in which metric, under which labels."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from adapters.errors import (
    AuthenticationFailed,
    EndpointUnavailable,
    MalformedReply,
    ModelError,
    ModelNotFound,
    Throttled,
)
from proxy.limits.claim import Claim, Remaining
from proxy.routing.call import CacheOutcome, Call
from proxy.routing.tries import StandIn
from proxy.telemetry.metrics.instruments import Instruments
from proxy.telemetry.metrics.reporter import Metrics, both
from tests.proxy.telemetry.calls import answered, member, new_call, tried

PAGE = Path(__file__).parents[4] / "docs" / "telemetry.md"
#: There for LiteLLM's dashboards, and said to be empty once for all.
EMPTY = {
    *("end_user", "hashed_api_key", "team", "team_alias", "user", "user_email"),
    *("client_ip", "user_agent", "api_base", "service_tier"),
}
CHAT = "/v1/engines/{model:path}/chat/completions"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def total(metrics: Metrics, name: str, **labels: str) -> float:
    """The sum of a metric's series that have these labels."""
    return sum(
        sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def series(metrics: Metrics) -> int:
    return sum(len(family.samples) for family in metrics.registry.collect())


def test_a_good_answer(metrics: Metrics) -> None:
    """It is a request, a good try, tokens and latencies; never a failure."""
    call = answered(new_call(), prompt_tokens=3, completion_tokens=4, total_tokens=7)
    metrics.report(call)
    about = {"requested_model": "m", "model_id": "d", "api_key_alias": "me"}
    requests = "litellm_proxy_total_requests_metric_total"
    assert total(metrics, requests, **about, status_code="200", route="/v1/chat/completions") == 1
    assert total(metrics, "litellm_deployment_success_responses_total", **about) == 1
    assert total(metrics, "litellm_total_tokens_metric_total", **about, model="d-endpoint") == 7
    assert total(metrics, "litellm_request_total_latency_metric_count", **about) == 1
    assert total(metrics, "litellm_deployment_latency_per_output_token_count") == 1
    assert total(metrics, "litellm_llm_api_time_to_first_token_metric_count") == 0
    assert total(metrics, "litellm_proxy_failed_requests_metric_total") == 0


def test_retries_are_tries_of_their_own(metrics: Metrics) -> None:
    """Each try is counted with its own end: throttles, rests, containers' errors by status."""
    call = new_call()
    tried(call, "a", Throttled("busy")).cooled = True
    tried(call, "b", ModelError("bad", status=503))
    tried(call, "b", ModelError("odd", status=799))
    call.retries = 3
    metrics.report(answered(call))
    failed = "litellm_deployment_failure_responses_total"
    assert total(metrics, failed, model_id="a", exception_class="Throttled") == 1
    assert total(metrics, failed, model_id="b", exception_status="503") == 1
    assert total(metrics, "litellm_deployment_total_requests_total") == 4
    assert total(metrics, "litellm_deployment_cooled_down_total", exception_status="429") == 1
    assert total(metrics, "sagegate_throttles_total", model_id="a") == 1
    assert total(metrics, "sagegate_model_errors_total", original_status="503") == 1
    assert total(metrics, "sagegate_model_errors_total", original_status="other") == 1
    assert total(metrics, "sagegate_retries_total", model_group="m") == 3


def test_fallbacks(metrics: Metrics) -> None:
    """A model that stood in is counted with why it had to, whether it answered or not."""
    call = new_call()
    error = EndpointUnavailable("gone")
    call.stand_ins = [StandIn("x", error), StandIn("m", error, answered=True)]
    call.fell_back = 2
    metrics.report(answered(call))
    failed = "litellm_deployment_failed_fallbacks_total"
    assert total(metrics, failed, fallback_model="x", exception_status="503") == 1
    good = "litellm_deployment_successful_fallbacks_total"
    assert total(metrics, good, fallback_model="m", exception_class="EndpointUnavailable") == 1
    assert total(metrics, "sagegate_fallbacks_total") == 2


def test_a_cold_wait(metrics: Metrics) -> None:
    """Only who had to wait for an endpoint to start is counted."""
    call = answered(new_call())
    metrics.report(call)
    assert total(metrics, "sagegate_cold_wait_seconds_count") == 0
    call.cold.begin()
    call.cold.end()
    metrics.report(call)
    assert total(metrics, "sagegate_cold_wait_seconds_count", model_group="m") == 1


def test_streams(metrics: Metrics) -> None:
    """A stream has a first token; one that breaks off after it was truncated, before it was not."""
    whole, broken, early = (Call("c", "chat", "m", "me", stream=True) for _ in range(3))
    metrics.report(answered(whole))
    answered(broken).failed(MalformedReply("cut"))
    metrics.report(broken)
    tried(early, error=MalformedReply("cut"))
    early.failed(MalformedReply("cut"))
    metrics.report(early)
    assert total(metrics, "litellm_llm_api_time_to_first_token_metric_count") == 1
    assert total(metrics, "sagegate_truncated_streams_total", model_id="d") == 1
    assert total(metrics, "litellm_proxy_failed_requests_metric_total") == 2


def test_a_client_that_left(metrics: Metrics) -> None:
    """It is a request with 499, and nobody's failure."""
    call = new_call()
    call.gone()
    metrics.report(call)
    assert total(metrics, "litellm_proxy_total_requests_metric_total", status_code="499") == 1
    assert total(metrics, "sagegate_gone_clients_total", model_group="m") == 1
    assert total(metrics, "litellm_proxy_failed_requests_metric_total") == 0


def test_a_call_that_the_end_cuts(metrics: Metrics) -> None:
    """It is a failed request with 503: nobody left, and no stream of AWS's broke off."""
    call = new_call()
    call.stream = True
    call.answered()
    call.drain.cut = True
    call.gone()
    metrics.report(call)
    assert total(metrics, "litellm_proxy_failed_requests_metric_total", exception_status="503") == 1
    assert total(metrics, "sagegate_gone_clients_total") == 0
    assert total(metrics, "sagegate_truncated_streams_total") == 0


def test_a_fault_of_our_own_is_a_500(metrics: Metrics) -> None:
    """What no error of ours describes is counted by its class."""
    call = new_call()
    call.failed(KeyError("x"))
    metrics.report(call)
    failed = "litellm_proxy_failed_requests_metric_total"
    assert total(metrics, failed, exception_status="500", exception_class="KeyError") == 1


@pytest.mark.parametrize("outcome", ["hit", "miss", "bypass"])
def test_the_cache(metrics: Metrics, outcome: CacheOutcome) -> None:
    """What came of the cache is counted; an answer from it is a request without latencies."""
    call = new_call()
    call.cache = outcome
    metrics.report(call)
    assert total(metrics, "sagegate_cache_requests_total", outcome=outcome, model_group="m") == 1
    assert total(metrics, "litellm_cache_hits_metric_total") == (outcome == "hit")
    assert total(metrics, "litellm_cache_misses_metric_total") == (outcome == "miss")
    assert total(metrics, "litellm_llm_api_latency_metric_count") == 0


def test_refusals(metrics: Metrics) -> None:
    """A refused request for a model is a failed request; of another route, only a refusal."""
    metrics.refused(AuthenticationFailed("no"), CHAT)
    metrics.refused(ModelNotFound("no"), CHAT)
    metrics.refused(AuthenticationFailed("no"), CHAT, "m")
    metrics.refused(AuthenticationFailed("no"), "/v1/models")
    metrics.refused(AuthenticationFailed("no"), "")
    requests = "litellm_proxy_total_requests_metric_total"
    assert total(metrics, requests, route="/v1/chat/completions") == 3
    assert [total(metrics, requests, requested_model=name) for name in ("", "other", "m")] == [
        1
    ] * 3
    assert total(metrics, "sagegate_refused_requests_total", status="401") == 4


def test_ten_thousand_names(metrics: Metrics) -> None:
    """Names that a configuration has not have 100 series at most; its own always have theirs."""
    for number in range(10_000):
        call = new_call(f"wild/{number}", is_admin=True)
        tried(call, f"id-{number}")
        call.answered()
        metrics.report(call)
    before = series(metrics)
    for number in range(10_000, 10_100):
        metrics.report(answered(new_call(f"wild/{number}")))
    assert series(metrics) == before
    metrics.know([member("own", "mine")])
    metrics.report(answered(new_call("mine")))
    requests = "litellm_proxy_total_requests_metric_total"
    assert total(metrics, requests, requested_model="mine") == 1
    assert total(metrics, requests, requested_model="other") == 10_000


def test_what_a_deployment_has_left(metrics: Metrics) -> None:
    """The gauges tell what a deployment's own limits had at its last try; without any, nothing."""
    metrics.report(answered(new_call()))
    assert total(metrics, "litellm_remaining_requests_metric") == 0
    claim = Claim(scope="deployment:d", label="d", requests=9)
    call = answered(new_call())
    call.tries[-1].remaining = (Remaining(claim, 8, None, None),)
    metrics.report(call)
    call.tries[-1].remaining = (Remaining(claim, 7, -5, None),)
    metrics.report(call)
    about = {"model_id": "d", "litellm_model_name": "d-endpoint", "model_group": "m"}
    assert total(metrics, "litellm_remaining_requests_metric", **about) == 7
    assert total(metrics, "litellm_remaining_tokens_metric", **about) == 0


def test_notes_of_keys_are_labels() -> None:
    """What a key's metadata say is a label of whatever has a caller; bounded, and texts only."""
    metrics = Metrics(notes=["department", "cost.center"])
    for number in range(200):
        call = answered(new_call(notes={"department": f"d{number}", "cost.center": [1]}))
        metrics.report(call)
    metrics.refused(AuthenticationFailed("no"), CHAT)
    requests = "litellm_proxy_total_requests_metric_total"
    assert total(metrics, requests, metadata_department="d1", metadata_cost_center="") == 1
    assert total(metrics, requests, metadata_department="other") == 100
    assert total(metrics, requests, metadata_department="") == 1
    assert total(metrics, "litellm_total_tokens_metric_total", metadata_department="other") == 0
    count = "litellm_request_total_latency_metric_count"
    assert total(metrics, count, metadata_department="other") == 100


def test_what_is_added_to_each_part_of_a_stream(metrics: Metrics) -> None:
    """A stream with parts is observed once, with their mean."""
    call = answered(Call("c", "chat", "m", "me", stream=True))
    call.batches, call.between = 4, 0.008
    metrics.report(call)
    metrics.report(answered(Call("c", "chat", "m", "me", stream=True)))
    assert total(metrics, "sagegate_chunk_overhead_seconds_count") == 1
    assert total(metrics, "sagegate_chunk_overhead_seconds_sum") == pytest.approx(0.002)


def test_clients_that_left_early(metrics: Metrics) -> None:
    """Who left before there was a call is counted, as a request where it was one for a model."""
    metrics.left_early(CHAT)
    metrics.left_early("/key/generate")
    assert total(metrics, "sagegate_gone_clients_total", model_group="") == 2
    assert total(metrics, "litellm_proxy_total_requests_metric_total", status_code="499") == 1


def test_one_broken_report_keeps_the_others(metrics: Metrics) -> None:
    """Of several reports each gets the call; what one raises is raised behind them."""

    def broken(_: Call) -> None:
        raise KeyError("broken")

    with pytest.raises(KeyError):
        both(broken, metrics.report)(answered(new_call()))
    assert total(metrics, "litellm_proxy_total_requests_metric_total") == 1


def test_the_page_describes_every_metric() -> None:
    """The table in `docs/telemetry.md` has each metric with its kind and labels, and no other."""
    registry = CollectorRegistry()
    made = Instruments(registry)
    described = {
        name: (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in re.findall(
            r"^\| `((?:litellm|sagegate)_\w+)` \| (\w+) \|[^|]*\|([^|]*)\|$",
            PAGE.read_text(encoding="utf-8"),
            flags=re.MULTILINE,
        )
    }
    ours = {
        family.name + ("_total" if family.type == "counter" else ""): (family.type, labels)
        for each in vars(made).values()
        if hasattr(each, "labels")
        for family in each.metric.describe()
        for labels in [set(each.labels) - EMPTY]
    }
    assert described == ours
