"""What spans tell of a call, as values: names, times, attributes, events.

In the words of OpenTelemetry's semantic conventions for HTTP and for generative AI, and our own
`sagegate.*` where they have none. Knows calls; refuses to know the tracing library. Nothing of a
prompt or an answer is told unless the call was made to keep it.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.base import Task
from adapters.errors import GatewayError
from adapters.value import value
from proxy.routing.call import Call
from proxy.routing.trace import Traced
from proxy.routing.tries import Try

Value = str | bool | int | float | list[str]
Attributes = dict[str, Value]

ROUTES: Final[dict[Task, str]] = {
    "chat": "/v1/chat/completions",
    "completion": "/v1/completions",
    "embedding": "/v1/embeddings",
    "rerank": "/v1/rerank",
}
#: The conventions have no name for ranking.
OPERATIONS: Final[dict[Task, str]] = {
    "chat": "chat",
    "completion": "text_completion",
    "embedding": "embeddings",
    "rerank": "rerank",
}
PROVIDER: Final = "aws.sagemaker"
#: Request parameters that are told, and by which name.
SETTINGS: Final = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "n": "gen_ai.request.choice.count",
}
FIRST_CHUNK: Final = "gen_ai.first_token"


@value(frozen=True, slots=True, kw_only=True)
class Told:
    """One span.

    Args:
        name: As the conventions want it.
        started: When, as `time.monotonic` gives it; so are the other times.
        ended: The same.
        attributes: What is known.
        events: Names, times and attributes.
        error: Its kind; None for what went well.
    """

    name: str
    started: float
    ended: float
    attributes: Attributes
    events: tuple[tuple[str, float, Attributes], ...] = ()
    error: str | None = None


def kind_of(error: Exception | None) -> str | None:
    """Give `error.type`: an error's code, or its class; never its words."""
    if isinstance(error, GatewayError) and error.code is not None:
        return error.code
    return None if error is None else type(error).__name__


def request_name(task: Task) -> str:
    """Give the name of a request's span."""
    return f"POST {ROUTES[task]}"


def of_request(call: Call, now: float, *, names_caller: bool = True) -> Told:
    """Tell of a request that has ended."""
    error = "client_gone" if call.outcome == "gone" else kind_of(call.error)
    attributes: Attributes = {
        "http.request.method": "POST",
        "http.route": ROUTES[call.task],
        "http.response.status_code": int(call.status),
        "http.request.body.size": call.size,
        "gen_ai.operation.name": OPERATIONS[call.task],
        "gen_ai.request.model": call.model,
        "sagegate.call_id": call.id,
        "sagegate.stream": call.stream,
        "sagegate.retries": call.retries,
        "sagegate.fallbacks": call.fell_back,
        "sagegate.queue_seconds": call.queue_seconds,
        "sagegate.upstream_seconds": call.upstream_seconds,
    }
    if names_caller:
        attributes["sagegate.caller"] = call.caller
    if call.cold.seconds:
        attributes["sagegate.cold_wait_seconds"] = call.cold.seconds
    if call.cache is not None:
        attributes["sagegate.cache"] = call.cache
    if call.cost is not None:
        attributes["sagegate.cost_usd"] = call.cost
    if error is not None:
        attributes["error.type"] = error
    return Told(
        name=request_name(call.task),
        started=call.started,
        ended=now,
        attributes=attributes,
        error=error if call.outcome == "failed" else None,
    )


def of_tries(call: Call, now: float) -> Iterator[Told]:
    """Tell of each try; tokens belong to the one that answered, so that no sum has them twice."""
    for tried in call.tries:
        yield _of_try(call, tried, now, answered=tried is call.tries[-1] and tried.error is None)


def _of_try(call: Call, tried: Try, now: float, *, answered: bool) -> Told:
    operation = OPERATIONS[call.task]
    attributes: Attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": PROVIDER,
        "gen_ai.request.model": tried.model,
        "aws.sagemaker.endpoint": tried.endpoint,
        "sagegate.deployment": tried.deployment,
        "sagegate.queue_seconds": tried.queued,
        "sagegate.upstream_seconds": tried.meter.wait.seconds,
    }
    if tried.meter.component is not None:
        attributes["aws.sagemaker.inference_component"] = tried.meter.component
    if call.traced is not None:
        attributes.update(_settings(call.traced))
    events: tuple[tuple[str, float, Attributes], ...] = ()
    error = kind_of(tried.error)
    if answered:
        attributes.update(_answer(call))
        # what ends a stream after its start, or lets nobody read it, is on the call alone
        error = kind_of(call.error)
        if call.stream and call.first_byte is not None:
            seconds = call.first_byte - tried.started
            events = (
                (FIRST_CHUNK, call.first_byte, {"gen_ai.server.time_to_first_token": seconds}),
            )
    if error is not None:
        attributes["error.type"] = error
    return Told(
        name=f"{operation} {tried.model}",
        started=tried.started,
        ended=now if tried.seconds is None else tried.started + tried.seconds,
        attributes=attributes,
        events=events,
        error=error,
    )


def _settings(traced: Traced) -> Iterator[tuple[str, Value]]:
    for name, setting in traced.settings.items():
        if isinstance(setting, int | float):
            yield SETTINGS[name], setting


def _answer(call: Call) -> Iterator[tuple[str, Value]]:
    """Give what only the try that answered knows."""
    known = {
        "aws.request_id": call.request_id,
        "aws.sagemaker.variant": call.variant,
        "aws.sagemaker.inference_id": call.inference_id,
        "cloud.region": call.region,
    }
    yield from ((name, value) for name, value in known.items() if value)
    usage = call.usage or {}
    for kind, name in (("input", "prompt_tokens"), ("output", "completion_tokens")):
        if isinstance(usage.get(name), int):
            yield f"gen_ai.usage.{kind}_tokens", usage[name]
    if usage.get("estimated"):
        yield "sagegate.usage_estimated", True
    if call.traced is not None and call.traced.messages is not None:
        yield "gen_ai.input.messages", _json(_inputs(call.traced.messages))
        if call.traced.answer is not None:
            yield "gen_ai.output.messages", _json(_outputs(call.traced.answer))


def _inputs(messages: Any) -> list[dict[str, Any]]:
    if not isinstance(messages, list) or not all(isinstance(each, Mapping) for each in messages):
        return [{"role": "user", "parts": _parts(messages)}]
    return [{"role": each.get("role"), "parts": _parts(each.get("content"))} for each in messages]


def _outputs(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    told = []
    for choice in answer.get("choices") or ():
        message = choice.get("message") or {"content": choice.get("text")}
        parts = _parts(message.get("content"))
        for tool in message.get("tool_calls") or ():
            parts.append({"type": "tool_call", "id": tool.get("id"), **tool.get("function", {})})
        told.append(
            {"role": "assistant", "parts": parts, "finish_reason": choice.get("finish_reason")}
        )
    return told


def _parts(content: Any) -> list[dict[str, Any]]:
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "content": content}]
    parts = content if isinstance(content, list) else [content]
    return [
        {"type": "text", "content": part["text"]}
        if isinstance(part, Mapping) and part.get("type") == "text" and "text" in part
        else {"type": "other", "content": part}
        for part in parts
    ]


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False)
