"""`--invoke`: one tiny real call of each deployment, and what came of it.

A composition root: opens the way to SageMaker Runtime as serving does. Each call costs what the
smallest answer costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.base import Json
from adapters.errors import EndpointUnavailable, GatewayError
from adapters.sagemaker.connections import Connections
from adapters.sagemaker.network import Network
from proxy.check.finding import Finding
from proxy.deployments import Deployment
from proxy.health.small_call import SmallCall, small_call

_AT_ONCE: Final = 4

#: Hears of each deployment that has answered.
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """One call, judged."""

    call: SmallCall

    def document(self) -> Json:
        """Give it for machines."""
        call, answer = self.call, self.call.answer
        return {
            "task": call.task,
            "status": call.status,
            "latency_ms": round(call.seconds * 1000),
            "shape": answer.shape if answer else None,
            "finish_reason": _finish(answer.body) if answer else None,
            "usage_source": answer.usage_source if answer else None,
            "variant": answer.head.variant or None if answer else None,
            "error": None if call.error is None else call.error.code or str(call.error.status),
        }

    def finding(self) -> Finding:
        """Judge it."""
        call = self.call
        said = f"{call.task}: {call.status} in {call.seconds * 1000:.0f} ms"
        if call.error is not None:
            return _failed(said, call.error)
        known = self.document()
        told = {
            "finish": known["finish_reason"],
            "shape": known["shape"],
            "usage from": known["usage_source"],
        }
        facts = (f"{name} {value}" for name, value in told.items() if value)
        return Finding(level="ok", check="invoke", text=", ".join((said, *facts)))


async def trials(
    built: Sequence[Deployment], network: Network, progress: Progress
) -> list[Trial | None]:
    """Call each deployment once, a few at a time; the outcomes come in the order given.

    A wildcard itself has no endpoint to be called.
    """
    connections = Connections(network)
    places = asyncio.Semaphore(_AT_ONCE)

    async def tried(deployment: Deployment) -> Trial | None:
        if deployment.params.wildcard:
            return None
        async with places:
            call = await small_call(deployment, deployment.invoker(connections.invoker))
        progress(deployment.target.model)
        return Trial(call)

    try:
        return list(await asyncio.gather(*map(tried, built)))
    finally:
        await connections.aclose()


def _finish(body: Json) -> str | None:
    choices = body.get("choices") or [{}]
    reason: str | None = choices[0].get("finish_reason")
    return reason


def _failed(said: str, error: GatewayError) -> Finding:
    detail = error.detail or ""
    text = f"{said}: {detail}" if error.message in detail else f"{said}: {error.message}"
    if detail and error.message not in detail:
        text = f"{text} ({detail})"
    if isinstance(error, EndpointUnavailable):
        advice = "Nothing serves now: an endpoint that slept may need minutes to wake."
        return Finding(level="warning", check="invoke", text=text, advice=advice)
    return Finding(level="failure", check="invoke", text=text)
