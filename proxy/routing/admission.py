"""The way to a deployment with permits before it: one for each call that goes upstream.

Knows how a call takes and gives back its permit, and what its end says of the deployment's room.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

from adapters.base import Head, Invoker, Limits, Payload, Reply, Target, UpstreamStream
from adapters.value import value
from proxy.routing.adaptive import is_refusal
from proxy.routing.permits import Permit, Permits, Place

T = TypeVar("T")


@value(frozen=True, slots=True)
class Admitted:
    """An invoker whose every call holds a permit; made for one request.

    Args:
        invoker: Makes the calls.
        permits: The deployment's.
        place: The request's.
    """

    invoker: Invoker
    permits: Permits
    place: Place

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        """Give the whole answer, once there was a permit for the call.

        Raises:
            Overloaded: there was none.
            GatewayError: every other failure.
        """
        permit = await self.permits.acquire(self.place)
        try:
            return await self._watched(permit, self.invoker.invoke(target, payload, limits))
        finally:
            permit.release()

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> UpstreamStream:
        """Give the streamed answer, which holds its permit until it is closed.

        Raises:
            Overloaded: there was none.
            GatewayError: every other failure.
        """
        permit = await self.permits.acquire(self.place)
        try:
            opening = self.invoker.open_stream(target, payload, limits)
            return _HoldingStream(await self._watched(permit, opening), permit)
        except BaseException:
            permit.release()
            raise

    async def _watched(self, permit: Permit, call: Awaitable[T]) -> T:
        """Let the limit learn from how a call went."""
        policy = self.place.policy
        try:
            result = await call
        except Exception as error:
            if policy.adaptive and is_refusal(error):
                self.permits.adaptive.refused(permit.era, self.permits.held)
            raise
        if policy.adaptive:
            self.permits.adaptive.succeeded(self.permits.held, policy.most)
        return result


class _HoldingStream:
    """An upstream stream, and the permit that is released with it."""

    def __init__(self, stream: UpstreamStream, permit: Permit) -> None:
        self._stream = stream
        self._permit = permit

    @property
    def head(self) -> Head:
        """What AWS said before the first part."""
        return self._stream.head

    @property
    def chunks(self) -> AsyncIterator[bytes]:
        """The container's bytes."""
        return self._stream.chunks

    async def aclose(self) -> None:
        """Give the connection up, then the permit."""
        try:
            await self._stream.aclose()
        finally:
            self._permit.release()
