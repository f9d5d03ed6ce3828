"""Checks of the deployments: now, for an administrator, or in rounds beside the requests.

Knows when and how many at once; what a check is, `small_call` knows, and AWS.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final, Protocol

import structlog

from adapters.base import Json
from adapters.errors import EndpointNotFound, GatewayError
from adapters.value import value
from proxy.assembly import Serving
from proxy.deployments import Deployment
from proxy.health.board import UNKNOWN, Board, called
from proxy.health.small_call import PATIENCE, small_call

_log = structlog.stdlib.get_logger("sagegate")

#: Calls at once.
_AT_ONCE: Final = 4
#: Seconds between two questions to the control plane, whose quotas are an account's.
_PACE: Final = 0.2
#: The longest pause between rounds, as a share of the configured one.
_JITTER: Final = 1.1
#: Part of the interval after which a finding is taken for old: rounds are not exact.
_OLD: Final = 0.9

Sleep = Callable[[float], Awaitable[None]]


class Descriptions(Protocol):
    """What one account says of its endpoints; each method raises `UpstreamError`."""

    async def describe_endpoint(self, name: str) -> Json:
        """Tell an endpoint's status: DescribeEndpoint's answer."""
        ...

    async def describe_component(self, name: str) -> Json:
        """Tell a component's status: DescribeInferenceComponent's answer."""
        ...


@value(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What is checked beside the requests.

    Args:
        calls: Call deployments.
        states: Ask AWS how endpoints are.
        interval: Seconds between two rounds.
    """

    calls: bool = False
    states: bool = False
    interval: float = 300.0


class Checks:
    """Checks the deployments of one gateway, and keeps what was found.

    Args:
        servings: Gives them, those that wildcards have made among them.
        account: Gives the one behind a deployment.
        board: Keeps what was found.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self,
        servings: Callable[[], Iterable[Serving]],
        account: Callable[[Deployment], Descriptions],
        board: Board,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.board = board
        self._servings = servings
        self._account = account
        self._sleep = sleep
        self._denied = False

    async def call(self, servings: Iterable[Serving]) -> None:
        """Call deployments once, a few at a time."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(serving: Serving) -> None:
            each = serving.deployment
            async with places:
                patience = each.info.health_check_timeout or PATIENCE
                made = await small_call(each, serving.invoker, patience)
            self.board.put(each.id, "call", called(made))

        await asyncio.gather(*map(one, servings))

    async def go_round(self, rounds: Rounds) -> None:
        """Check what is due, if it is this process's turn."""
        with self.board.turn() as mine:
            if not mine:
                return
            due = rounds.interval * _OLD
            if rounds.states:
                await self._describe(due)
            if rounds.calls:
                await self.call(
                    each
                    for each in self._servings()
                    if not each.deployment.info.disable_background_health_check
                    and self.board.is_due(each.deployment.id, "call", due)
                )

    async def go_rounds(self, rounds: Rounds) -> None:
        """Check for ever."""
        while True:
            try:
                await self.go_round(rounds)
            except Exception:  # noqa: BLE001 - the next round may do better, and requests go on
                _log.exception("health.round_failed")
            await self._sleep(rounds.interval * random.uniform(1, _JITTER))  # noqa: S311

    async def _describe(self, due: float) -> None:
        for each in [serving.deployment for serving in self._servings()]:
            is_mock = each.composed.mock_response is not None
            if is_mock or not self.board.is_due(each.id, "endpoint_state", due):
                continue
            self.board.put(each.id, "endpoint_state", await self._state(each))
            await self._sleep(_PACE)

    async def _state(self, deployment: Deployment) -> Json:
        target, account = deployment.target, self._account(deployment)
        try:
            said = await account.describe_endpoint(target.endpoint)
            state: Json = {"status": said["EndpointStatus"]}
            if target.inference_component is not None:
                part = await account.describe_component(target.inference_component)
                state["component"] = part["InferenceComponentStatus"]
        except EndpointNotFound:
            return {"status": "NotFound"}
        except GatewayError as error:
            if not self._denied:
                _log.warning("health.endpoints_unknown", error_code=error.code, detail=error.detail)
            self._denied = True
            return {"status": UNKNOWN, "error_code": error.code}
        return state


@asynccontextmanager
async def checked(checks: Checks, rounds: Rounds) -> AsyncIterator[None]:
    """Go rounds during the block, where anything is to be checked."""
    if not rounds.calls and not rounds.states:
        yield
        return
    task = asyncio.create_task(checks.go_rounds(rounds), name="health")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
