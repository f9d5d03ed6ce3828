"""An AWS account, played: endpoints, components and tags, and the errors that AWS would give."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from adapters.base import Json
from adapters.errors import EndpointNotFound, UpstreamError

DENIED = UpstreamError("AWS did not answer.", code="AccessDeniedException", detail="not you")
THROTTLED = UpstreamError("AWS did not answer.", code="ThrottlingException")


@dataclass
class ScriptedAccount:
    """Answers like the control plane, which filters by name; an error is raised by every call."""

    #: Names and states.
    endpoints: dict[str, str] = field(default_factory=dict)
    #: By endpoint: names and states.
    components: dict[str, dict[str, str]] = field(default_factory=dict)
    #: By endpoint.
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    error: Exception | None = None
    calls: list[str] = field(default_factory=list)
    #: Cleared, it lets nobody through.
    open: asyncio.Event = field(default_factory=asyncio.Event)
    #: Set by the first call.
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def list_endpoints(self, name_contains: str | None = None) -> list[Json]:
        await self._called(f"list_endpoints {name_contains}")
        return [
            {"EndpointName": name, "EndpointArn": f"arn:{name}", "EndpointStatus": status}
            for name, status in self.endpoints.items()
            if (name_contains or "") in name
        ]

    async def list_components(self, endpoint: str) -> list[Json]:
        await self._called(f"list_components {endpoint}")
        return [
            {"InferenceComponentName": name, "InferenceComponentStatus": status}
            for name, status in self.components.get(endpoint, {}).items()
        ]

    async def describe_endpoint(self, name: str) -> Json:
        await self._called(f"describe_endpoint {name}")
        if name not in self.endpoints:
            raise EndpointNotFound("There is no such endpoint.")
        return {"EndpointName": name, "EndpointStatus": self.endpoints[name]}

    async def describe_component(self, name: str) -> Json:
        await self._called(f"describe_component {name}")
        states = {key: state for each in self.components.values() for key, state in each.items()}
        return {"InferenceComponentName": name, "InferenceComponentStatus": states[name]}

    async def list_tags(self, arn: str) -> dict[str, str]:
        await self._called(f"list_tags {arn}")
        return self.tags.get(arn.removeprefix("arn:"), {})

    async def _called(self, call: str) -> None:
        self.calls.append(call)
        self.asked.set()
        await self.open.wait()
        if self.error is not None:
            raise self.error
