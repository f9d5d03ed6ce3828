"""Spans of requests: begun when a request is understood, told when its call has ended.

Knows OpenTelemetry's interface, given by whoever opens it; refuses to know exporters and variables.
Tries get their spans at the end, with the times that they had: while a request is answered nothing
is done for them.
"""

from __future__ import annotations

import time
from typing import Any, Final

from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from adapters.base import Json, Task
from proxy.routing.call import Call
from proxy.routing.trace import TraceContext, Traced
from proxy.telemetry.redactor import Redactor
from proxy.tracing.story import SETTINGS, Told, of_request, of_tries, request_name

_NANOSECONDS: Final = 1_000_000_000
_INPUTS: Final[dict[Task, str]] = {"chat": "messages", "completion": "prompt"}


class Tracing:
    """Makes the spans of one configuration's requests.

    Args:
        tracer: Takes them.
        redact: What prompts and answers go through before they are in spans; None: they are not.
        names_caller: Whether spans say who called.
    """

    def __init__(
        self, tracer: Tracer, *, redact: Redactor | None = None, names_caller: bool = True
    ) -> None:
        self._tracer = tracer
        self._redact = redact
        self._names_caller = names_caller

    def begin(
        self, traceparent: str | None, task: Task, params: Json, started: float
    ) -> tuple[TraceContext, Traced | None]:
        """Begin a request's span, as a part of its client's where that tells of one.

        Args:
            traceparent: The client's header.
            task: What is asked for.
            params: With these parameters.
            started: When the request was there, as `time.monotonic` gives it.

        Returns:
            Where the request stands, and its span if that is one of those to be told.
        """
        parent = TraceContext.read(traceparent)
        span = self._tracer.start_span(
            request_name(task),
            context=None if parent is None else set_span_in_context(_remote(parent)),
            kind=SpanKind.SERVER,
            start_time=_at(started, _zero()),
        )
        context = span.get_span_context()
        here = TraceContext(
            f"{context.trace_id:032x}", f"{context.span_id:016x}", context.trace_flags.sampled
        )
        if not span.is_recording():
            return here, None
        settings = {name: params[name] for name in SETTINGS.keys() & params.keys()}
        messages = params.get(_INPUTS.get(task, "")) if self._redact else None
        return here, Traced(span=span, settings=settings, messages=messages)

    def report(self, call: Call) -> None:
        """Tell of a call that has ended."""
        if call.traced is None:
            return
        if self._redact is not None:
            call.traced.messages = self._redact(call.traced.messages)
            call.traced.answer = self._redact(call.traced.answer)
        now, at_zero = time.monotonic(), _zero()
        span: Span = call.traced.span
        inside = set_span_in_context(span)
        for told in of_tries(call, now):
            child = self._tracer.start_span(
                told.name,
                context=inside,
                kind=SpanKind.CLIENT,
                start_time=_at(told.started, at_zero),
            )
            _tell(child, told, at_zero)
        _tell(span, of_request(call, now, names_caller=self._names_caller), at_zero)


def _remote(parent: TraceContext) -> Span:
    return NonRecordingSpan(
        SpanContext(
            trace_id=int(parent.trace_id, 16),
            span_id=int(parent.span_id, 16),
            is_remote=True,
            trace_flags=TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT),
        )
    )


def _tell(span: Span, told: Told, at_zero: int) -> None:
    attributes: Any = told.attributes
    span.set_attributes(attributes)
    for name, at, more in told.events:
        about: Any = more
        span.add_event(name, about, _at(at, at_zero))
    if told.error is not None:
        span.set_status(Status(StatusCode.ERROR))
    span.end(_at(told.ended, at_zero))


def _zero() -> int:
    """Give the Unix time, in nanoseconds, at which the monotonic clock was 0."""
    return time.time_ns() - time.monotonic_ns()


def _at(seconds: float, at_zero: int) -> int:
    return at_zero + int(seconds * _NANOSECONDS)
