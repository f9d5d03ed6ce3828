"""What an operator's callback may have: up to four methods, each plain or `async`.

Knows names and shapes only. `docs/telemetry.md` has them with an example.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from adapters.base import Json, Task
from proxy.routing.call import Call, Outcome

#: The methods, in the order in which they are called.
HookName = Literal["pre_call", "stream_end", "success", "failure"]
HOOKS: Final[tuple[HookName, ...]] = ("pre_call", "stream_end", "success", "failure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks, before anything of it is done."""

    call_id: str
    #: The alias of the caller's key.
    caller: str
    task: Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A call that has ended. Nothing of its prompt or of its answer is in it."""

    call_id: str
    caller: str
    task: Task
    model: str
    stream: bool
    outcome: Outcome
    status: int
    #: The error's class and, where it has one, its code; None for a good answer.
    error_type: str | None
    error_code: str | None
    deployment: str | None
    endpoint: str | None
    variant: str | None
    aws_request_id: str | None
    inference_id: str | None
    trace_id: str | None
    #: Unix time in seconds.
    started_at: float
    #: Seconds: in all, to the first byte, in queues, waiting for SageMaker.
    seconds: float
    first_byte_seconds: float | None
    queue_seconds: float
    upstream_seconds: float
    tries: int
    retries: int
    fallbacks: int
    #: OpenAI's `usage`; None where there is none.
    usage: Mapping[str, Any] | None
    #: In US dollars; None for what has no price.
    cost: float | None
    #: What came of the cache; None where answers are not cached.
    cache: str | None


def record_of(call: Call, now: float, *, names_caller: bool = True) -> Record:
    """Give what hooks are told of a call that has ended at a Unix time."""
    error, first = call.error, call.first_byte
    return Record(
        call_id=call.id,
        caller=call.caller if names_caller else "",
        task=call.task,
        model=call.model,
        stream=call.stream,
        outcome=call.outcome,
        status=int(call.status),
        error_type=None if error is None else type(error).__name__,
        error_code=getattr(error, "code", None),
        deployment=call.deployment,
        endpoint=call.endpoint,
        variant=call.variant,
        aws_request_id=call.request_id,
        inference_id=call.inference_id,
        trace_id=call.trace.trace_id if call.trace is not None else None,
        started_at=now - call.seconds,
        seconds=call.seconds,
        first_byte_seconds=None if first is None else first - call.started,
        queue_seconds=call.queue_seconds,
        upstream_seconds=call.upstream_seconds,
        tries=len(call.tries),
        retries=call.retries,
        fallbacks=call.fell_back,
        usage=None if call.usage is None else dict(call.usage),
        cost=call.cost,
        cache=call.cache,
    )


class PreCall(Protocol):
    """Sees a request before its model is looked for."""

    def pre_call(self, asked: Asked, body: Json) -> Json | str | Awaitable[Any] | None:
        """Change the body, give another one, or refuse.

        Refusing is to give a text (400), or to raise an error with a `status_code` of 400 to 499
        and a `detail`, as `fastapi.HTTPException` is. Everything else that is raised is a fault of
        the hook, and the request goes on as it was.
        """
        ...


class StreamEnd(Protocol):
    """Hears of every stream that is over, however it ended."""

    def stream_end(self, record: Record) -> object:
        """Take the record; what is given back is ignored."""
        ...


class Success(Protocol):
    """Hears of good answers, streamed ones after their end."""

    def success(self, record: Record) -> object:
        """Take the record; what is given back is ignored."""
        ...


class Failure(Protocol):
    """Hears of calls that failed, and of those whose client left (`outcome` is `gone`)."""

    def failure(self, record: Record) -> object:
        """Take the record; what is given back is ignored."""
        ...


def hooks_of(told: object) -> frozenset[HookName]:
    """Give the methods that an object has."""
    return frozenset(name for name in HOOKS if callable(getattr(told, name, None)))


def events_of(call: Call) -> tuple[HookName, ...]:
    """Give what a call that has ended is an event of."""
    ended: HookName = "success" if call.outcome == "ok" else "failure"
    return ("stream_end", ended) if call.stream else (ended,)
