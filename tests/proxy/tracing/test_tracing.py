"""What the spans of a request tell, and what they never do."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from opentelemetry.trace import SpanKind

from adapters.errors import MalformedReply, ModelError, Throttled
from proxy.routing.call import Call
from proxy.telemetry.redactor import Redactor
from proxy.tracing.tracing import Tracing
from tests.proxy.telemetry.calls import answered, new_call, tried
from tests.proxy.tracing.recorder import Kept, Recorder

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
PARAMS = {
    "messages": [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": [{"type": "text", "text": "Secret?"}, {"type": "image_url"}]},
        {"role": "assistant", "content": None},
    ],
    "temperature": 0.5,
    "max_tokens": 7,
    "stop": ["secret"],
    "seed": None,
}


def traced(tracing: Tracing, call: Call, parent: str | None = None, **params: Any) -> Call:
    call.trace, call.traced = tracing.begin(parent, call.task, params or PARAMS, call.started)
    return call


def told(recorder: Recorder, call: Call, parent: str | None = None, **more: Any) -> list[Kept]:
    """Tell of a call, the request's span first."""
    tracing = Tracing(recorder, **more)
    if call.traced is None:
        traced(tracing, call, parent)
    tracing.report(call)
    assert all(span.ended is not None for span in recorder.spans)
    return recorder.spans


def test_a_good_answer() -> None:
    """A request's span has its try's below it, which alone has tokens: nothing counts twice."""
    call = answered(new_call(), prompt_tokens=3, completion_tokens=4, total_tokens=7)
    call.request_id, call.variant = "aws-1", "AllTraffic"
    request, attempt = told(Recorder(), call)
    assert (request.name, request.kind) == ("POST /v1/chat/completions", SpanKind.SERVER)
    assert (attempt.name, attempt.kind) == ("chat m", SpanKind.CLIENT)
    assert attempt.parent == request.context
    assert not request.failed
    assert not attempt.failed
    assert request.attributes["http.response.status_code"] == 200
    assert "gen_ai.usage.input_tokens" not in request.attributes
    about = attempt.attributes
    assert about["gen_ai.operation.name"] == "chat"
    assert about["gen_ai.provider.name"] == "aws.sagemaker"
    assert (about["gen_ai.usage.input_tokens"], about["gen_ai.usage.output_tokens"]) == (3, 4)
    assert (about["gen_ai.request.temperature"], about["gen_ai.request.max_tokens"]) == (0.5, 7)
    assert (about["aws.request_id"], about["aws.sagemaker.endpoint"]) == ("aws-1", "d-endpoint")
    assert "gen_ai.request.seed" not in about


def test_times_are_the_calls_own() -> None:
    """Spans begin and end when what they tell of did, although they are told of at the end."""
    before = time.time_ns()
    call = answered(new_call())
    request, attempt = told(Recorder(), call)
    after = time.time_ns()
    slack = 1_000_000  # two clocks are read
    moments = [request.started, attempt.started, attempt.ended, request.ended]
    assert moments == sorted(moment for moment in moments if moment is not None)
    assert moments[0] is not None
    assert moments[-1] is not None
    assert before - slack <= moments[0] <= moments[-1] <= after + slack


def test_the_clients_trace_goes_on() -> None:
    """A `traceparent` is the request's parent; what is none begins a trace."""
    recorder = Recorder()
    call = answered(new_call())
    request, _ = told(recorder, call, PARENT)
    assert f"{request.context.trace_id:032x}" == TRACE
    assert request.parent.is_remote
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"
    assert call.trace is not None
    assert call.trace.trace_id == TRACE
    assert call.trace.span_id == f"{request.context.span_id:016x}"
    other = answered(new_call())
    told(recorder, other, "00-xyz")
    assert other.trace is not None
    assert other.trace.trace_id != TRACE


def test_what_is_not_sampled_is_not_told() -> None:
    """The ids are there for the log, and nothing else is done."""
    recorder = Recorder(samples=False)
    call = answered(new_call())
    assert told(recorder, call) == []
    assert call.trace is not None
    assert not call.trace.sampled


def test_tries() -> None:
    """Each try has its span and its error's kind; never an error's words."""
    call = new_call()
    tried(call, "a", Throttled("secret words"))
    tried(call, "b", ModelError("secret words", status=503))
    _, first, second, last = told(Recorder(), answered(call, prompt_tokens=1))
    assert first.attributes["error.type"] == "Throttled"
    assert (first.failed, second.failed, last.failed) == (True, True, False)
    assert "gen_ai.usage.input_tokens" not in first.attributes
    assert "secret words" not in repr([first.__dict__, second.__dict__])


def test_a_stream_has_its_first_token_as_an_event() -> None:
    """The event stands at the first chunk, and has the seconds until then."""
    call = answered(Call("c", "chat", "m", "me", stream=True), prompt_tokens=1)
    request, attempt = told(Recorder(), call)
    ((name, about, at),) = attempt.events
    assert name == "gen_ai.first_token"
    assert about["gen_ai.server.time_to_first_token"] >= 0
    assert at is not None
    assert attempt.started is not None
    assert attempt.started <= at
    assert request.events == []


def test_a_stream_that_breaks_off() -> None:
    """Its try failed, although it had answered; so did the request."""
    call = answered(Call("c", "chat", "m", "me", stream=True))
    call.failed(MalformedReply("cut"))
    request, attempt = told(Recorder(), call)
    assert request.attributes["error.type"] == attempt.attributes["error.type"] == "MalformedReply"
    assert (request.failed, attempt.failed) == (True, True)


def test_a_client_that_left() -> None:
    """It has an error's kind, and is nobody's failure."""
    call = answered(new_call())
    call.gone()
    request, _ = told(Recorder(), call)
    assert request.attributes["error.type"] == "client_gone"
    assert request.attributes["http.response.status_code"] == 499
    assert not request.failed


def test_what_is_there_sometimes() -> None:
    """Cold waits, the cache and estimates are told where there are any."""
    call = answered(new_call(), prompt_tokens=1)
    call.cache = "miss"
    call.cold.begin()
    call.cold.end()
    call.usage = {"prompt_tokens": 1, "estimated": True}
    request, attempt = told(Recorder(), call)
    assert request.attributes["sagegate.cache"] == "miss"
    assert request.attributes["sagegate.cold_wait_seconds"] > 0
    assert attempt.attributes["sagegate.usage_estimated"] is True


def _hidden(text: str) -> str:
    return text.replace("Secret", "[hidden]")


@pytest.mark.parametrize("captures", [False, True])
def test_prompts_are_told_only_where_that_is_wanted(captures: bool) -> None:
    """Without the operator's word nothing of a prompt or an answer is in any span."""
    recorder = Recorder()
    tracing = Tracing(recorder, redact=Redactor(_hidden) if captures else None)
    call = traced(tracing, answered(new_call()))
    assert call.traced is not None
    if call.traced.messages is not None:
        tool = {"id": "t", "function": {"name": "f", "arguments": "{}"}}
        message = {"content": "Secret!", "tool_calls": [tool]}
        call.traced.answer = {"choices": [{"message": message, "finish_reason": "stop"}]}
    tracing.report(call)
    _, attempt = recorder.spans
    everything = repr([span.__dict__ for span in recorder.spans])
    assert ("[hidden]" in everything) is captures
    assert "Secret" not in everything
    if captures:
        asked = json.loads(attempt.attributes["gen_ai.input.messages"])
        assert asked[0] == {"role": "system", "parts": [{"type": "text", "content": "Be brief"}]}
        assert asked[1]["parts"][1] == {"type": "other", "content": {"type": "image_url"}}
        assert asked[2]["parts"] == []
        (said,) = json.loads(attempt.attributes["gen_ai.output.messages"])
        assert said["finish_reason"] == "stop"
        assert [part["type"] for part in said["parts"]] == ["text", "tool_call"]


def test_callers_may_be_left_out() -> None:
    """Where the operator does not want callers in the log they are not in spans either."""
    call = answered(new_call())
    request, _ = told(Recorder(), call, names_caller=False)
    assert "sagegate.caller" not in request.attributes


def test_a_completions_prompt() -> None:
    """A text is one message of a user's; its answer is a text as well."""
    recorder = Recorder()
    tracing = Tracing(recorder, redact=Redactor())
    call = Call("c", "completion", "m", "me", stream=False)
    traced(tracing, answered(call), prompt="Hi", n=1)
    assert call.traced is not None
    call.traced.answer = {"choices": [{"text": "Ho", "finish_reason": "length"}]}
    tracing.report(call)
    _, attempt = recorder.spans
    assert json.loads(attempt.attributes["gen_ai.input.messages"])[0]["role"] == "user"
    (said,) = json.loads(attempt.attributes["gen_ai.output.messages"])
    assert said["parts"] == [{"type": "text", "content": "Ho"}]
