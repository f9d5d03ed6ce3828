"""One request on its way through the gateway: the only thing that changes while it is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import structlog

from adapters.base import Json, Origin, Task
from adapters.endpoint import Endpoint
from adapters.errors import GatewayError
from proxy.cache.controls import NO_CONTROLS, CacheControls
from proxy.limits.claim import Claim, Remaining
from proxy.routing.deadline import Deadline
from proxy.routing.price import Price
from proxy.routing.quota import Receipt
from proxy.routing.wishes import NO_WISHES, Wishes

_log = structlog.stdlib.get_logger("sagegate")

#: How a call ended; `gone` means that the client left before its answer was complete.
Outcome = Literal["ok", "failed", "gone"]
#: What came of the cache: the answer was there, it was not, or nobody looked.
CacheOutcome = Literal["hit", "miss", "bypass"]


def _nothing() -> int:
    return 0


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
    #: What that key may use.
    claim: Claim | None = None
    #: The client's address.
    client: str = ""
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
    #: The public model that was asked last: the call's own, or one that stands in for it.
    group: str | None = None
    deployment: str | None = None
    endpoint: str | None = None
    request_id: str | None = None
    #: What its calls to SageMaker carry as inference id, where that is the gateway's own.
    inference_id: str | None = None
    #: Further tries, and other models asked, so far.
    retries: int = 0
    fell_back: int = 0
    #: What it may use in tokens, counted when somebody asks for the first time.
    weigh: Callable[[], int] = _nothing
    #: What it has taken from the limits of public models, and what those had left then.
    receipts: list[Receipt] = field(default_factory=list)
    remaining: list[Remaining] = field(default_factory=list)
    #: None where the model's answers are not cached.
    cache: CacheOutcome | None = None
    #: Under which the answer was found, or looked for, or kept.
    cache_key: str | None = None
    #: What it took; an answer from the cache took nothing.
    usage: Json | None = None
    #: What the deployment that was asked last costs, and when it was asked.
    price: Price | None = None
    reached: float = 0.0
    error: Exception | None = None
    outcome: Outcome = "ok"
    _tokens: int | None = field(default=None, repr=False)

    @property
    def tokens(self) -> int:
        """About how many tokens it will use."""
        if self._tokens is None:
            self._tokens = self.weigh()
        return self._tokens

    @property
    def used(self) -> tuple[int, int]:
        """How many tokens were read and written, as far as is known.

        Where a client left before the container had told, an estimate stands for both.
        """
        if self.usage is None and self.outcome == "gone":
            return self.tokens, 0
        usage = self.usage or {}
        return usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0

    @property
    def cost(self) -> float | None:
        """What the answer has cost so far, in US dollars; None where it has no price."""
        if self.price is None or self.outcome == "failed":
            return None
        return self.price.of(*self.used, time.monotonic() - self.reached)

    def reaches(self, model: str, endpoint: Endpoint, price: Price | None = None) -> None:
        """Note which deployment is asked, and what it costs."""
        self.price = price
        self.reached = time.monotonic()
        self.group = model
        self.deployment = endpoint.id
        self.endpoint = endpoint.target.endpoint
        is_own = endpoint.target.header_sources.inference_id
        self.inference_id = self.origin.id if is_own else None

    def answered(self) -> None:
        """Note when the first part of the answer was there."""
        if self.first_byte is None:
            self.first_byte = time.monotonic()

    def chooses(self, component: object) -> None:
        """Note the inference component that its parameters name; what is no name fails later."""
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

    def gone(self) -> None:
        """Note that the client left."""
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
