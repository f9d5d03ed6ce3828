"""The cells of the table: which container is asked, how, and by how many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.content import TOKENS
from benchmarks.upstream.replies import PACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One kind of load.

    Args:
        name: In tables.
        endpoint: The runtime's.
        stream: Whether streams are asked for.
        clients: How many ask at once, each one thing after the other.
    """

    name: str
    endpoint: str = "chat"
    stream: bool = False
    clients: int

    @property
    def nominal(self) -> float:
        """Seconds that an answer takes where nothing adds to it."""
        paced = self.stream and self.endpoint.endswith("-paced")
        return PACE * len(TOKENS) if paced else 0.0

    def begins(self, client: int) -> float:
        """Give the seconds after which a client begins.

        Those of paced streams are evenly spread over the time that a stream takes and, by one pace
        more, over the time from one token to the next: streams of a real day keep no step.
        """
        return (self.nominal + PACE) * client / self.clients if self.nominal else 0.0


ALL: Final = (
    Cell(name="chat, 1 client", clients=1),
    Cell(name="chat, 16 clients", clients=16),
    Cell(name="chat, 64 clients", clients=64),
    Cell(name="text, 16 clients", endpoint="text", clients=16),
    Cell(name="chat streams, 32 at once", stream=True, clients=32),
    Cell(name="text streams, 32 at once", endpoint="text", stream=True, clients=32),
    Cell(name="chat streams, 128 paced", endpoint="chat-paced", stream=True, clients=128),
    Cell(name="chat streams, 400 paced", endpoint="chat-paced", stream=True, clients=400),
)
