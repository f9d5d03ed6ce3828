"""One request on its way through the gateway: the only thing that changes while it is answered."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

from adapters.base import Json, Origin, Task
from adapters.errors import GatewayError

#: How a call ended; `gone` means that the client left before its answer was complete.
Outcome = Literal["ok", "failed", "gone"]


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
    origin: Origin = field(default_factory=Origin)
    #: Clock readings in seconds, as `time.monotonic` gives them.
    started: float = field(default_factory=time.monotonic)
    first_byte: float | None = None
    deployment: str | None = None
    endpoint: str | None = None
    request_id: str | None = None
    #: What its calls to SageMaker carry as inference id, where that is the gateway's own.
    inference_id: str | None = None
    usage: Json | None = None
    error: Exception | None = None
    outcome: Outcome = "ok"

    def answered(self) -> None:
        """Note when the first part of the answer was there."""
        if self.first_byte is None:
            self.first_byte = time.monotonic()

    def failed(self, error: Exception) -> None:
        """Note why no whole answer was given."""
        self.outcome = "failed"
        self.error = error
        if isinstance(error, GatewayError) and error.request_id:
            self.request_id = error.request_id

    def gone(self) -> None:
        """Note that the client left."""
        self.outcome = "gone"
