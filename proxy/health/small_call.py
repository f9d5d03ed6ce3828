"""The smallest real call of a deployment, and what came of it.

It goes past everything that requests go through: no limit counts it, no cooldown, cold start or
lesson about the endpoint comes of it, and it is in no metric. AWS bills it, and it wakes what
sleeps.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from adapters.answer import Answer
from adapters.base import Invoker, Json, Limits, Task
from adapters.endpoint import Endpoint
from adapters.errors import DeadlineExceeded, GatewayError
from adapters.value import value
from proxy.deployments import Deployment

#: Seconds; SageMaker itself gives a container no more than sixty.
PATIENCE: Final = 70.0
_BODIES: Final[Mapping[Task, Json]] = {
    "chat": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1},
    "completion": {"prompt": "Hi", "max_tokens": 1},
    "embedding": {"input": "Hi"},
    "rerank": {"query": "Hi", "documents": ["Hi"]},
}


@value(frozen=True, slots=True, kw_only=True)
class SmallCall:
    """One call and its outcome."""

    task: Task
    seconds: float
    error: GatewayError | None = None
    answer: Answer | None = None

    @property
    def status(self) -> int:
        """The HTTP status, as a client would see it."""
        return 200 if self.error is None else int(self.error.status)


async def small_call(
    deployment: Deployment, invoker: Invoker, patience: float = PATIENCE
) -> SmallCall:
    """Call a deployment once.

    Args:
        deployment: No wildcard: that has no endpoint to be called.
        invoker: The way there.
        patience: Seconds that it may take, if the deployment's own time is not shorter.
    """
    endpoint = Endpoint(
        id=deployment.id,
        target=deployment.target,
        format=deployment.format,
        invoker=invoker,
        stream_mode=deployment.stream_mode,
    )
    task = _task(deployment)
    seconds = min(deployment.times.total, patience)
    limits = Limits(first_byte=seconds, idle=seconds, deadline=seconds)
    started = time.monotonic()
    error: GatewayError | None = None
    answer: Answer | None = None
    try:
        async with asyncio.timeout(seconds):
            answer = await endpoint.call(task, dict(_BODIES[task]), limits)
    except TimeoutError:
        error = DeadlineExceeded.after(seconds)
    except GatewayError as failure:
        error = failure
    return SmallCall(task=task, seconds=time.monotonic() - started, error=error, answer=answer)


def _task(deployment: Deployment) -> Task:
    """Choose what to ask: what the model is for, else the first task that its format has."""
    if deployment.info.mode is not None:
        return deployment.info.mode
    return next(task for task in _BODIES if getattr(deployment.format, task) is not None)
