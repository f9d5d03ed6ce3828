"""What a request tried: which deployments, which models in another's place, and how that went."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from adapters.errors import DeadlineExceeded, EndpointCold, GatewayError, UpstreamError
from proxy.limits.claim import Remaining
from proxy.routing.metering import Meter, Stopwatch


@dataclass(kw_only=True)
class Try:
    """One try of one deployment."""

    #: The public model that it belongs to.
    model: str
    #: Its id.
    deployment: str
    endpoint: str
    #: LiteLLM's word for the kind of its address, such as `sagemaker_chat`.
    provider: str
    meter: Meter = field(default_factory=Meter)
    #: The wait for its permits; None where it needs none.
    queue: Stopwatch | None = field(default=None, init=False)
    started: float = field(default_factory=time.monotonic)
    #: From its start to its end; None while it lasts.
    seconds: float | None = field(default=None, init=False)
    error: GatewayError | None = field(default=None, init=False)
    #: What the deployment's limits had left when the try was counted.
    remaining: tuple[Remaining, ...] = field(default=(), init=False)
    #: The deployment rests because of it.
    cooled: bool = field(default=False, init=False)

    @property
    def queued(self) -> float:
        """Seconds that it waited for its permits."""
        return 0.0 if self.queue is None else self.queue.seconds

    @property
    def failed_there(self) -> bool:
        """Whether AWS or the container was at work and failed, or took too long."""
        if isinstance(self.error, EndpointCold):
            return False
        return isinstance(self.error, UpstreamError | DeadlineExceeded)

    def ended(self, error: GatewayError | None) -> None:
        """Note its end."""
        self.seconds = time.monotonic() - self.started
        if error is not None:
            self.error = error


@dataclass(slots=True)
class StandIn:
    """A model that was asked in another's place."""

    model: str
    #: Why.
    because: GatewayError
    answered: bool = False
