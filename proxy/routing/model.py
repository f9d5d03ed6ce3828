"""A public model: its own deployments, and the models that stand in for them.

The whole of a request's way behind the route: tries, fallbacks, time, and the one report.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.answer import Answer
from adapters.base import Head, Json, Limits
from adapters.errors import GatewayError, ModelNotFound
from proxy.routing.attempt import Attempt
from proxy.routing.call import Call, Report, tell
from proxy.routing.deadline import Deadline
from proxy.routing.fallbacks import Fallbacks
from proxy.routing.pool import Ask, Pool, T
from proxy.routing.stream import PoolStream


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicModel:
    """What answers under a public name.

    Args:
        pool: The model's own deployments.
        fallbacks: Which models stand in for it.
        find: Gives another public model's pool.
        report: Takes each call, once, when it has ended.
    """

    pool: Pool
    fallbacks: Fallbacks
    find: Callable[[str], Pool]
    report: Report

    @property
    def name(self) -> str:
        """The public name."""
        return self.pool.model

    @property
    def permitted_fields(self) -> frozenset[str]:
        """Request fields that are refused elsewhere and allowed here."""
        return self.pool.permitted_fields

    async def call(self, call: Call, params: Json) -> Answer:
        """Give a whole answer.

        Raises:
            GatewayError: every failure; `DeadlineExceeded` when the request's time is over.
        """

        async def ask(attempt: Attempt, deadline: Deadline) -> Answer:
            left = deadline.left
            limits = Limits(first_byte=left, idle=left, deadline=left)
            answer = await attempt.member.endpoint.call(call.task, params, limits)
            attempt.close(answer.body.get("usage"))
            return answer

        try:
            with _watched(call):
                answer = await self._run(call, ask)
                _note(call, answer.head)
                call.usage = answer.body.get("usage")
                return answer
        finally:
            tell(self.report, call)

    async def stream(self, call: Call, params: Json) -> PoolStream:
        """Give an answer in chunks, once the first are there; the stream reports the call.

        Raises:
            GatewayError: every failure before the first chunk.
        """

        async def ask(attempt: Attempt, deadline: Deadline) -> PoolStream:
            member = attempt.member
            limits = Limits(first_byte=deadline.left, idle=member.stream_timeout, deadline=None)
            stream = await member.endpoint.stream(call.task, params, limits)
            return PoolStream(stream, call, attempt, self.report)

        try:
            with _watched(call):
                stream = await self._run(call, ask)
        except BaseException:
            tell(self.report, call)
            raise
        _note(call, stream.head)
        return stream

    async def _run(self, call: Call, ask: Ask[T]) -> T:
        """Ask the model's own deployments, then those of its stand-ins, within one deadline."""
        try:
            return await self.pool.run(call, ask)
        except GatewayError as error:
            last = error
        for name in () if call.no_fallbacks else self.fallbacks.of(self.name, last, call.fallbacks):
            pool = self._found(name)
            if pool is None or (call.deadline is not None and not call.deadline.left):
                continue
            call.fell_back += 1
            try:
                return await pool.run(call, ask)
            except GatewayError as error:
                last = error
        raise last

    def _found(self, name: str) -> Pool | None:
        """Give a stand-in's pool; a request may name one that does not exist."""
        try:
            return self.find(name)
        except ModelNotFound:
            return None


@contextmanager
def _watched(call: Call) -> Iterator[None]:
    """Note on the call how the block ended."""
    try:
        yield
    except asyncio.CancelledError:
        call.gone()
        raise
    except Exception as error:
        call.failed(error)
        raise


def _note(call: Call, head: Head) -> None:
    call.answered()
    call.request_id = head.request_id or None
