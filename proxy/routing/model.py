"""A public model: its own deployments, and the models that stand in for them.

The whole of a request's way behind the route: tries, fallbacks, time, and the one report.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import field
from functools import partial

from adapters.answer import Answer
from adapters.answer_stream import AnswerStream
from adapters.base import Json, Limits
from adapters.errors import EndpointCold, GatewayError, ModelNotFound
from adapters.openai.schemas import Schemas
from adapters.value import value
from proxy.limits.ledger import Ledger
from proxy.limits.memory import MemoryLedger
from proxy.routing.attempt import Attempt
from proxy.routing.call import Call, Report, tell
from proxy.routing.counting import counted
from proxy.routing.fallbacks import Fallbacks, is_worth_a_fallback
from proxy.routing.pool import Answered, Ask, Pool, T
from proxy.routing.quota import Quota
from proxy.routing.stream import PoolStream


@value(frozen=True, slots=True, kw_only=True)
class PublicModel:
    """What answers under a public name.

    Args:
        pool: The model's own deployments.
        find: Gives another public model's pool, or raises `ModelNotFound`.
        report: Takes each call, once, when it has ended.
        fallbacks: Which models stand in for it.
        ledger: Who counts what callers' keys use.
    """

    pool: Pool
    find: Callable[[str], Pool]
    report: Report
    fallbacks: Fallbacks = field(default_factory=Fallbacks)
    ledger: Ledger = field(default_factory=MemoryLedger)

    @property
    def name(self) -> str:
        """The public name."""
        return self.pool.model

    @property
    def permitted_fields(self) -> frozenset[str]:
        """Request fields that are refused elsewhere and allowed here."""
        return self.pool.permitted_fields

    @property
    def schemas(self) -> Schemas:
        """What its requests are checked against."""
        return self.pool.schemas

    async def call(self, call: Call, params: Json) -> Answer:
        """Give a whole answer.

        Raises:
            GatewayError: every failure; `DeadlineExceeded` when the request's time is over.
        """
        call.wants(params)

        def ask(attempt: Attempt, limits: Limits) -> Awaitable[Answer]:
            return attempt.endpoint.call(call.task, params, limits, call.origin)

        try:
            attempt, answer = await self._counted(call, params, ask)
            call.usage = answer.body.get("usage")
            attempt.gave(call.usage)
            call.answered(answer.head)
            if call.traced is not None and call.traced.messages is not None:
                call.traced.answer = answer.body
        except BaseException as error:
            _note_end(call, error)
            raise
        finally:
            tell(self.report, call)
        return answer

    async def stream(self, call: Call, params: Json) -> PoolStream:
        """Give an answer in chunks, once the first are there; the stream reports the call.

        Raises:
            GatewayError: every failure before the first chunk.
        """
        call.wants(params)

        def ask(attempt: Attempt, limits: Limits) -> Awaitable[AnswerStream]:
            return attempt.endpoint.stream(call.task, params, limits, call.origin)

        try:
            attempt, answer = await self._counted(call, params, ask)
        except BaseException as error:
            _note_end(call, error)
            tell(self.report, call)
            raise
        attempt.answered()
        call.answered(answer.head)
        return PoolStream(answer, call, attempt, self.report)

    def _counted(self, call: Call, params: Json, ask: Ask[T]) -> Awaitable[Answered[T]]:
        """Ask, once the limits of the caller's key, where it has some, have room for it."""
        if not call.claims:
            return self._run(call, params, ask)
        quota = Quota(self.ledger, call.claims)
        return counted(quota, call, partial(self._run, call, params, ask))

    def _run(self, call: Call, params: Json, ask: Ask[T]) -> Awaitable[Answered[T]]:
        """Ask the model's own deployments, and those of its stand-ins where it has any."""
        wishes = call.wishes
        if wishes.no_fallbacks or not self.fallbacks.may_help(self.pool.model, wishes.fallbacks):
            return self.pool.run(call, ask, last=True)
        return self._run_all(call, params, ask)

    async def _run_all(self, call: Call, params: Json, ask: Ask[T]) -> Answered[T]:
        """Ask the model's own deployments, then those of its stand-ins, within one deadline.

        Only when nobody else has answered it waits for a cold one to start. What is wrong with the
        request for a stand-in only does not hide why there was need of one.
        """
        told = len(call.remaining)
        alone = not self.fallbacks.any_of(self.pool.model, call.wishes.fallbacks)
        try:
            return await self.pool.run(call, ask, last=alone)
        except GatewayError as error:
            last = error
            cold = [self.pool] if isinstance(error, EndpointCold) and not alone else []
        for pool in self._stand_ins(call, params, last):
            if call.deadline is not None and not call.deadline.left:
                break
            call.falls_back(pool.model, last)
            del call.remaining[told:]  # the client reads of the limits of the model that answers
            try:
                return await self._stood_in(pool, call, ask)
            except EndpointCold as error:
                last = error
                cold.append(pool)
            except GatewayError as error:
                if is_worth_a_fallback(error):
                    last = error
        patient = _first_that_waits(cold)
        if patient is None:
            raise last
        return await self._stood_in(patient, call, ask, last=True)

    @staticmethod
    async def _stood_in(pool: Pool, call: Call, ask: Ask[T], *, last: bool = False) -> Answered[T]:
        answer = await pool.run(call, ask, last=last)
        call.stood_in(pool.model)
        return answer

    def _stand_ins(self, call: Call, params: Json, error: GatewayError) -> Iterator[Pool]:
        """Give the pools to ask in this one's place.

        Not one that does not allow its clients what this one does, where the request makes use of
        that. A name that a wildcard had may be gone.
        """
        if call.wishes.no_fallbacks:
            return
        allowed = self.permitted_fields & params.keys()
        for name in self.fallbacks.of(self.name, error, call.wishes.fallbacks):
            try:
                pool = self.find(name)
            except ModelNotFound:
                continue
            if allowed <= pool.permitted_fields and pool.model != self.name:
                yield pool


def _first_that_waits(pools: Iterable[Pool]) -> Pool | None:
    return next((pool for pool in pools if pool.waits), None)


def _note_end(call: Call, error: BaseException) -> None:
    """Note on the call why it has no answer.

    After tries of our own clients are told not to try again: they would multiply them.
    """
    if isinstance(error, asyncio.CancelledError):
        call.gone()
    elif isinstance(error, Exception):
        call.failed(error)
        if isinstance(error, GatewayError) and call.is_spent:
            error.should_retry = False
