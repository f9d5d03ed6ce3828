"""One request on its way through the gateway: the only thing that changes while it is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal

import structlog

from adapters.base import Head, Json, Origin, Task
from adapters.endpoint import Endpoint
from adapters.errors import GatewayError
from proxy.cache.controls import NO_CONTROLS, CacheControls
from proxy.lifecycle.drain import Drain, shutting_down
from proxy.limits.claim import Claim, Remaining
from proxy.limits.size import tokens_of
from proxy.routing.deadline import Deadline
from proxy.routing.metering import Stopwatch
from proxy.routing.price import Price
from proxy.routing.quota import Receipt
from proxy.routing.trace import TraceContext, Traced
from proxy.routing.tries import StandIn, Try
from proxy.routing.wishes import NO_WISHES, Wishes

_log = structlog.stdlib.get_logger("sagegate")

#: How a call ended; `gone` means that the client left before its answer was complete, `cut` that
#: the process ended before.
Outcome = Literal["ok", "failed", "gone", "cut"]
#: What came of the cache: the answer was there, it was not, or nobody looked.
CacheOutcome = Literal["hit", "miss", "bypass"]

#: What a client that has left is answered, by custom.
_STATUS_GONE: Final = 499
_STATUS_OK: Final = HTTPStatus.OK.value


@dataclass(slots=True)
class Call:
    """What is known about a request; reported once, when it has ended.

    `id` may be the client's text; the origin's is the gateway's own.
    """

    id: str
    task: Task
    model: str
    caller: str
    stream: bool
    #: The SHA-256 of the caller's own key in hexadecimal digits; empty without one.
    key: str = field(default="", repr=False)
    #: The operator's notes on that key.
    notes: Mapping[str, Any] = field(default_factory=dict, repr=False)
    #: What that key may use in all, and what of the model that is asked for.
    key_claim: Claim | None = None
    claims: tuple[Claim, ...] = ()
    #: Where it stands in a trace: its own span, or the client's where none is made here.
    trace: TraceContext | None = None
    #: Its own span; None where none is made.
    traced: Traced | None = field(default=None, repr=False)
    #: The client's address.
    client: str = ""
    #: Whether the process ends, and cuts what is under way.
    drain: Drain = field(default_factory=Drain)
    origin: Origin = field(default_factory=Origin)
    wishes: Wishes = NO_WISHES
    cache_controls: CacheControls = NO_CONTROLS
    #: The inference component that the client has chosen, where it may.
    component: str | None = None
    #: Done once the call has waited for a moment for an endpoint to start; None: nobody asks.
    holding: asyncio.Future[None] | None = None
    #: When the answer, or a stream's first chunk, must be there; begins with the first try.
    deadline: Deadline | None = None
    #: Clock readings in seconds, as `time.monotonic` gives them.
    started: float = field(default_factory=time.monotonic)
    first_byte: float | None = None
    #: Seconds until then that were not waited for SageMaker.
    added: float = 0.0
    #: Parts of its stream so far, and the seconds in which they were made of what had come.
    batches: int = 0
    between: float = 0.0
    #: Whether its caller is an administrator, who may see where it went.
    is_admin: bool = False
    #: Bytes of its body.
    size: int = 0
    #: Seconds that it waited at the gateway's door.
    at_the_door: float = 0.0
    #: The wait for endpoints to start.
    cold: Stopwatch = field(default_factory=Stopwatch)
    #: What was tried for it, in order; the last try is the one that answered, if any did.
    tries: list[Try] = field(default_factory=list)
    stand_ins: list[StandIn] = field(default_factory=list)
    #: The public model that was asked last: the call's own, or one that stands in for it.
    group: str | None = None
    deployment: str | None = None
    endpoint: str | None = None
    request_id: str | None = None
    #: The production variant that answered.
    variant: str | None = None
    #: Where the deployment is.
    region: str | None = None
    address: str | None = None
    #: What its calls to SageMaker carry as inference id, where that is the gateway's own.
    inference_id: str | None = None
    #: Further tries, and other models asked, so far.
    retries: int = 0
    fell_back: int = 0
    #: What is asked, to be measured when somebody wants to know.
    params: Json | None = field(default=None, repr=False)
    #: What it has taken from the limits of public models, and what those had left then.
    receipts: list[Receipt] = field(default_factory=list)
    remaining: list[Remaining] = field(default_factory=list)
    #: None where the model's answers are not cached.
    cache: CacheOutcome | None = None
    #: Under which the answer was found, or looked for, or kept.
    cache_key: str | None = None
    #: What it took; an answer from the cache took nothing.
    usage: Json | None = None
    #: What the deployment that was asked last costs.
    price: Price | None = None
    error: Exception | None = None
    outcome: Outcome = "ok"
    _tokens: int | None = field(default=None, repr=False)

    @property
    def tokens(self) -> int:
        """About how many tokens it will use."""
        if self._tokens is None:
            self._tokens = 0 if self.params is None else tokens_of(self.params)
        return self._tokens

    @property
    def used(self) -> tuple[int, int]:
        """How many tokens were read and written, as far as is known.

        Where it ended before the container had told, an estimate stands for both.
        """
        if self.usage is None and self.outcome in {"gone", "cut"}:
            return self.tokens, 0
        usage = self.usage or {}
        return usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0

    @property
    def cost(self) -> float | None:
        """What the answer has cost so far, in US dollars; None where it has no price."""
        if self.price is None or self.outcome == "failed":
            return None
        return self.price.of(*self.used, time.monotonic() - self.tries[-1].started)

    @property
    def status(self) -> int:
        """The HTTP status that tells how it ended; 499 where the client left."""
        if self.outcome == "gone":
            return _STATUS_GONE
        if self.error is None:
            return _STATUS_OK
        if isinstance(self.error, GatewayError):
            return self.error.status
        return HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def is_spent(self) -> bool:
        """Whether it was tried again, or elsewhere: who repeats it repeats all of that."""
        return self.retries > 0 or sum(each.failed_there for each in self.tries) > 1

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.started

    @property
    def upstream_seconds(self) -> float:
        """Seconds that were waited for SageMaker, in all tries together."""
        return sum(each.meter.wait.seconds for each in self.tries)

    @property
    def aws_seconds(self) -> float:
        """Seconds that are AWS's: those for SageMaker, and those for endpoints to start."""
        waited = self.cold.seconds
        for each in self.tries:
            waited += each.meter.wait.seconds
        return waited

    @property
    def queue_seconds(self) -> float:
        """Seconds that were waited for a place, at the door and before deployments."""
        waited = self.at_the_door
        for each in self.tries:
            waited += each.queued
        return waited

    def reaches(
        self, model: str, endpoint: Endpoint, provider: str, price: Price | None = None
    ) -> Try:
        """Note which deployment is asked, and what it costs; give the note of the try."""
        target = endpoint.target
        self.price = price
        self.group = model
        self.deployment = endpoint.id
        self.endpoint = target.endpoint
        self.region = target.region
        self.address = target.stream_url if self.stream else target.invoke_url
        self.inference_id = self.origin.id if target.header_sources.inference_id else None
        tried = Try(
            model=model,
            deployment=endpoint.id,
            endpoint=target.endpoint,
            provider=provider,
        )
        self.tries.append(tried)
        return tried

    def answered(self, head: Head | None = None) -> None:
        """Note that the first part of the answer is there, and what AWS said beside it."""
        if self.first_byte is None:
            now = self.first_byte = time.monotonic()
            self.added = now - self.started - self.aws_seconds
        if head is not None:
            self.request_id = head.request_id or None
            self.variant = head.variant or None

    def falls_back(self, model: str, because: GatewayError) -> None:
        """Note that a model is asked in another's place."""
        self.fell_back += 1
        self.stand_ins.append(StandIn(model, because))

    def stood_in(self, model: str) -> None:
        """Note that a model has answered, in its own place or in another's."""
        for each in self.stand_ins:
            each.answered |= each.model == model

    def wants(self, params: Json) -> None:
        """Note its parameters, and what they choose.

        An inference component that is no name fails later.
        """
        self.params = params
        component = params.get("model_id")
        if isinstance(component, str):
            self.component = component

    def held(self) -> None:
        """Note that it waits for an endpoint to start, and for how long is open."""
        if self.holding is not None and not self.holding.done():
            self.holding.set_result(None)

    def failed(self, error: Exception) -> None:
        """Note why no whole answer was given."""
        self.outcome = "failed"
        self.error = error
        if isinstance(error, GatewayError) and error.request_id:
            self.request_id = error.request_id

    def let_go(self) -> None:
        """Keep what its errors say, and not where they were raised: those frames hold the call.

        Nobody but the garbage collector would end that, and until then a failure would hold all of
        its request.
        """
        if self.outcome == "ok" and len(self.tries) <= 1:
            return  # nothing has failed
        errors: list[BaseException | None] = [self.error, *[each.error for each in self.tries]]
        while errors:
            error = errors.pop()
            if error is not None and error.__traceback__ is not None:
                error.__traceback__ = None
                errors += [error.__cause__, error.__context__]

    def gone(self) -> None:
        """Note that the client left; or had to, because the process ends."""
        if self.drain.cut:
            self.outcome, self.error = "cut", shutting_down()
        else:
            self.outcome = "gone"


Report = Callable[[Call], None]


def tell(report: Report, call: Call) -> None:
    """Report a call that has ended; whatever goes wrong is no reason to lose its answer."""
    for receipt in call.receipts:
        receipt.end(call.usage)
    try:
        report(call)
    except Exception:  # noqa: BLE001 - it is logged, and the client is owed an answer
        _log.exception("call.report_failed", call_id=call.id)
