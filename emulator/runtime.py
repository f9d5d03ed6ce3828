"""Everything that an emulator holds while it runs: built once, from its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from emulator.bearer import BearerVerifier
from emulator.capacity import Capacity
from emulator.containers.base import BuiltIn, Container
from emulator.containers.catalogue import behaviour
from emulator.containers.routed import Routed, chats
from emulator.endpoints import ContainerEndpoint, Endpoint
from emulator.faults.book import FaultBook
from emulator.journal import Journal
from emulator.settings import Settings
from emulator.signature import Verifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import AnyHttpUrl

    from emulator.connection import Connection
    from emulator.handoff import HandOff


@dataclass(frozen=True, slots=True)
class Deployment:
    """An endpoint's settings and the container behind it."""

    endpoint: Endpoint
    container: Container


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The parts of a running emulator.

    Attributes:
        settings: What it was built from.
        verifier: Checks signatures.
        bearer_verifier: Checks the native OpenAI path's tokens.
        journal: What arrived.
        faults: What will go wrong.
        deployments: The configured endpoints by name.
        fallback: Serves every other endpoint name, when there is a `container` setting.
        handoffs: The connections to real containers.
        connections: Those that are being answered.
        capacity: How busy the endpoints are.
    """

    settings: Settings
    verifier: Verifier
    bearer_verifier: BearerVerifier
    journal: Journal
    faults: FaultBook
    deployments: Mapping[str, Deployment]
    fallback: Deployment | None
    handoffs: Mapping[str, HandOff]
    connections: set[Connection] = field(default_factory=set)
    capacity: Capacity = field(default_factory=Capacity)

    def find(self, endpoint: str) -> Deployment | None:
        """The deployment that serves an endpoint name."""
        return self.deployments.get(endpoint, self.fallback)

    async def unhealthy(self) -> list[str]:
        """The real containers that are not ready."""
        return [url for url, handoff in self.handoffs.items() if not await handoff.healthy()]

    def break_off(self) -> None:
        """Resets every connection that is being answered, so that a server can stop at once."""
        for connection in tuple(self.connections):
            connection.reset()

    async def aclose(self) -> None:
        """Closes the connections to real containers."""
        for handoff in self.handoffs.values():
            await handoff.aclose()


def build(settings: Settings) -> Runtime:
    """Builds the parts of an emulator."""
    handoffs = _handoffs(settings)
    ahead = timedelta(seconds=settings.clock_ahead)

    def now() -> datetime:
        return datetime.now(UTC) + ahead

    return Runtime(
        settings=settings,
        verifier=Verifier(settings.credentials, settings.regions, now),
        bearer_verifier=BearerVerifier(settings.credentials, settings.regions, now),
        journal=Journal(settings.journal),
        faults=FaultBook({name: each.faults for name, each in settings.endpoints.items()}),
        deployments={
            name: Deployment(each, _container(each, handoffs))
            for name, each in settings.endpoints.items()
        },
        fallback=_fallback(settings.container, handoffs),
        handoffs=handoffs,
    )


def _container(endpoint: Endpoint, handoffs: Mapping[str, HandOff]) -> Container:
    if isinstance(endpoint, ContainerEndpoint):
        return handoffs[str(endpoint.container)]
    return BuiltIn(Routed(behaviour(endpoint), chats=chats(endpoint)))


def _fallback(container: AnyHttpUrl | None, handoffs: Mapping[str, HandOff]) -> Deployment | None:
    if container is None:
        return None
    endpoint = ContainerEndpoint(kind="container", container=container)
    return Deployment(endpoint, handoffs[str(container)])


def _handoffs(settings: Settings) -> dict[str, HandOff]:
    urls = {
        str(endpoint.container)
        for endpoint in settings.endpoints.values()
        if isinstance(endpoint, ContainerEndpoint)
    }
    if settings.container is not None:
        urls.add(str(settings.container))
    if not urls:
        return {}
    from emulator.handoff import HandOff  # noqa: PLC0415  # httpx is loaded only when it is needed

    return {url: HandOff(url) for url in sorted(urls)}
