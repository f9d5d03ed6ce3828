"""What an endpoint has shown of itself; knows how long each thing is worth remembering."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

#: How long a refusal to stream is remembered, in seconds: endpoints get updated.
REFUSAL_SECONDS: Final = 3600.0


@dataclass(slots=True)
class EndpointMemory:
    """What an endpoint has shown of itself; outlives a configuration's reload."""

    refused_until: float = 0.0
    #: It answers an error when it is asked for a usage record.
    refuses_usage: bool = False
    #: A plain call met SageMaker's limit of 60 seconds: until then streams are collected instead.
    collects_until: float = 0.0
    #: The shapes of its replies, where its format knows more than one.
    reply_shapes: set[str] = field(default_factory=set)

    def refuse(self) -> None:
        """Note that the endpoint did not stream, for an hour."""
        self.refused_until = time.monotonic() + REFUSAL_SECONDS

    @property
    def refused(self) -> bool:
        """Whether to fake from the start."""
        return time.monotonic() < self.refused_until

    def hit_wall(self) -> None:
        """Note that a plain call took too long for SageMaker, for an hour."""
        self.collects_until = time.monotonic() + REFUSAL_SECONDS

    @property
    def collects(self) -> bool:
        """Whether plain calls are known to be too slow."""
        return self.collects_until > 0.0 and time.monotonic() < self.collects_until
