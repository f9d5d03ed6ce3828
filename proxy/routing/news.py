"""What is found out here and may interest others: whoever listens is told at once.

Refuses to know who listens. Listeners are called on requests' way: they take a note and return.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from adapters.errors import GatewayError
    from proxy.routing.gate import Gate
    from proxy.routing.live import LiveDeployment


class Listener(Protocol):
    """Takes notes."""

    def rests(self, deployment: LiveDeployment, error: GatewayError) -> None:
        """Note that a deployment rests from now on, and what made it."""
        ...

    def cold(self, gate: Gate, seconds: float) -> None:
        """Note that a site is cold, and is not to be asked for so many seconds."""
        ...

    def warm(self, gate: Gate, seconds: float) -> None:
        """Note that a site has answered a call that began so many seconds ago."""
        ...


class News:
    """Tells all listeners; at first there are none."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []

    def rests(self, deployment: LiveDeployment, error: GatewayError) -> None:
        """Tell that a deployment rests."""
        for each in self.listeners:
            each.rests(deployment, error)

    def cold(self, gate: Gate, seconds: float) -> None:
        """Tell that a site is cold, or is being asked."""
        for each in self.listeners:
            each.cold(gate, seconds)

    def warm(self, gate: Gate, seconds: float) -> None:
        """Tell that a site answers."""
        for each in self.listeners:
            each.warm(gate, seconds)
