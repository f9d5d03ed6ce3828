"""A tracer that keeps what it is told, in OpenTelemetry's interface."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    get_current_span,
)


@dataclass(eq=False)
class Kept(Span):
    """One span, as it was told."""

    name: str
    context: SpanContext
    parent: SpanContext
    kind: SpanKind
    started: int | None
    attributes: dict[str, Any] = field(default_factory=dict)
    events: list[tuple[str, Mapping[str, Any], int | None]] = field(default_factory=list)
    failed: bool = False
    ended: int | None = None

    def end(self, end_time: int | None = None) -> None:
        assert self.ended is None
        self.ended = end_time

    def get_span_context(self) -> SpanContext:
        return self.context

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        self.attributes.update(attributes)

    def set_attribute(self, key: str, value: Any) -> None:
        self.attributes[key] = value

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        self.events.append((name, attributes, timestamp))

    def update_name(self, name: str) -> None:
        self.name = name

    def is_recording(self) -> bool:
        return True

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        assert isinstance(status, Status)
        assert description is status.description is None
        self.failed = status.status_code is StatusCode.ERROR

    def record_exception(self, *_: Any, **__: Any) -> None:
        raise AssertionError("an exception's text may quote a prompt")


@dataclass
class Recorder(Tracer):
    """Keeps every span; or none, where it does not sample."""

    samples: bool = True
    spans: list[Kept] = field(default_factory=list)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        *_: Any,
        start_time: int | None = None,
        **__: Any,
    ) -> Span:
        parent = get_current_span(context).get_span_context()
        trace = parent.trace_id if parent.is_valid else next(self._ids)
        flags = TraceFlags(TraceFlags.SAMPLED if self.samples else TraceFlags.DEFAULT)
        own = SpanContext(trace, next(self._ids), is_remote=False, trace_flags=flags)
        if not self.samples:
            return NonRecordingSpan(own)
        self.spans.append(Kept(name, own, parent, kind, start_time))
        return self.spans[-1]

    def start_as_current_span(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("spans are never anybody's surroundings: requests share a loop")
