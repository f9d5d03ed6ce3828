"""`--invoke`: one tiny real call of each deployment, and what came of it.

A composition root: opens the way to SageMaker Runtime as serving does. Each call costs what the
smallest answer costs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.answer import Answer
from adapters.base import Json, Limits, Task
from adapters.endpoint import Endpoint
from adapters.errors import DeadlineExceeded, EndpointUnavailable, GatewayError
from adapters.sagemaker.connections import Connections
from adapters.sagemaker.network import Network
from proxy.check.finding import Finding
from proxy.deployments import Deployment

_AT_ONCE: Final = 4
#: Seconds; SageMaker itself gives a container no more than sixty.
_PATIENCE: Final = 70.0
_BODIES: Final[dict[Task, Json]] = {
    "chat": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1},
    "completion": {"prompt": "Hi", "max_tokens": 1},
    "embedding": {"input": "Hi"},
    "rerank": {"query": "Hi", "documents": ["Hi"]},
}

#: Hears of each deployment that has answered.
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One call and its outcome."""

    task: Task
    seconds: float
    #: As a client would see it.
    status: int
    error: GatewayError | None = None
    answer: Answer | None = None

    def document(self) -> Json:
        """Give it for machines."""
        return {
            "task": self.task,
            "status": self.status,
            "latency_ms": round(self.seconds * 1000),
            "shape": self.answer.shape if self.answer else None,
            "finish_reason": _finish(self.answer.body) if self.answer else None,
            "usage_source": self.answer.usage_source if self.answer else None,
            "variant": self.answer.head.variant or None if self.answer else None,
            "error": None if self.error is None else self.error.code or str(self.error.status),
        }

    def finding(self) -> Finding:
        """Judge it."""
        said = f"{self.task}: {self.status} in {self.seconds * 1000:.0f} ms"
        if self.error is not None:
            return _failed(said, self.error)
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
            trial = await _tried(deployment, connections)
        progress(deployment.target.model)
        return trial

    try:
        return list(await asyncio.gather(*map(tried, built)))
    finally:
        await connections.aclose()


async def _tried(deployment: Deployment, connections: Connections) -> Trial:
    endpoint = Endpoint(
        id=deployment.id,
        target=deployment.target,
        format=deployment.format,
        invoker=deployment.invoker(connections.invoker),
        stream_mode=deployment.stream_mode,
    )
    task = _task(deployment)
    seconds = min(deployment.times.total, _PATIENCE)
    limits = Limits(first_byte=seconds, idle=seconds, deadline=seconds)
    started = time.monotonic()
    outcome: dict[str, Any] = {"status": 200}
    try:
        async with asyncio.timeout(seconds):
            outcome["answer"] = await endpoint.call(task, dict(_BODIES[task]), limits)
    except TimeoutError:
        outcome = {"status": DeadlineExceeded.status, "error": DeadlineExceeded.after(seconds)}
    except GatewayError as error:
        outcome = {"status": error.status, "error": error}
    return Trial(task=task, seconds=time.monotonic() - started, **outcome)


def _task(deployment: Deployment) -> Task:
    """Choose what to ask: what the model is for, else the first task that its format has."""
    if deployment.info.mode is not None:
        return deployment.info.mode
    return next(task for task in _BODIES if getattr(deployment.format, task) is not None)


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
