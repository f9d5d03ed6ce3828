"""A public model whose answers are kept: asked only for what is not there."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from adapters.answer import Answer
from adapters.answer_stream import AnswerStream
from adapters.base import Json, Task
from adapters.cut_stream import CutStream
from adapters.errors import MalformedReply
from adapters.openai import chat, completions
from adapters.openai.schemas import Schemas
from adapters.openai.streaming import Resource, wants_usage
from adapters.value import value
from proxy.cache.answers import AnswerCache, Plan
from proxy.cache.recording import Recording
from proxy.cache.replay import Replay
from proxy.cache.store import StoreUnavailable
from proxy.routing.answering import Answering
from proxy.routing.call import Call, Report, tell

_RESOURCES: Final[dict[Task, Resource]] = {"chat": chat, "completion": completions}


@value(frozen=True, slots=True, kw_only=True)
class CachedModel:
    """An `Answering` in front of another one.

    An answer from the cache is the very one that was given before, with its id and its time. A
    stream is kept as the whole answer that it was, so streams and whole answers find each other's.

    Args:
        inner: Answers what is not there, and reports that.
        cache: The answers.
        report: Takes each call that the cache has answered, once.
        settings: Stands for the settings of the model's deployments: answers that other settings
            gave are not found.
    """

    inner: Answering
    cache: AnswerCache
    report: Report
    settings: str = ""

    @property
    def name(self) -> str:
        """The public name."""
        return self.inner.name

    @property
    def permitted_fields(self) -> frozenset[str]:
        """Request fields that are refused elsewhere and allowed here."""
        return self.inner.permitted_fields

    @property
    def schemas(self) -> Schemas:
        """What its requests are checked against."""
        return self.inner.schemas

    async def call(self, call: Call, params: Json) -> Answer:
        """Give a whole answer, kept or new.

        Raises:
            GatewayError: every failure of a new one.
        """
        plan = self._plan(call, params)
        if plan is None:
            return await self.inner.call(call, params)
        answer = await self._find(call, plan)
        if answer is not None:
            _hit(call)
            tell(self.report, call)
            return answer
        answer = await self.inner.call(call, params)
        await self._keep(call, plan, answer)
        return answer

    async def stream(self, call: Call, params: Json) -> AnswerStream:
        """Give an answer in chunks, kept or new.

        Raises:
            GatewayError: every failure of a new one before its first chunk.
        """
        plan = self._plan(call, params)
        if plan is None:
            return await self.inner.stream(call, params)
        answer = await self._find(call, plan)
        cut = None if answer is None else _cut(call, answer, params)
        if cut is not None:
            _hit(call)
            return Replay(cut, call, self.report)
        stream = await self.inner.stream(call, params)
        if not _may_keep(call, plan):
            return stream
        return Recording(stream, partial(self._keep, call, plan))

    def _plan(self, call: Call, params: Json) -> Plan | None:
        call.cache = "bypass"
        return self.cache.plan(call, params, self.settings)

    async def _find(self, call: Call, plan: Plan) -> Answer | None:
        """Look for an answer where the request wants that, and note what came of it."""
        call.cache_key = plan.key
        if plan.controls.no_cache:
            return None
        try:
            entry = await self.cache.find(plan)
        except StoreUnavailable:
            call.cache_key = None
            return None
        except asyncio.CancelledError:
            call.gone()
            tell(self.report, call)
            raise
        call.cache = "miss"
        return None if entry is None else entry.answer

    async def _keep(self, call: Call, plan: Plan, answer: Answer) -> None:
        if not _may_keep(call, plan):
            return
        try:
            await self.cache.keep(plan, answer)
        except StoreUnavailable:
            call.cache_key = None


def _may_keep(call: Call, plan: Plan) -> bool:
    """Whether the request lets us, the store could be asked before, and it is the model's own.

    The answer of a model that stood in would outlast what kept the other one from answering.
    """
    return not plan.controls.no_store and call.cache_key is not None and not call.fell_back


def _hit(call: Call) -> None:
    call.cache = "hit"
    call.answered()


def _cut(call: Call, answer: Answer, params: Json) -> CutStream | None:
    """Give an answer as a stream; None for one that somebody else has put there."""
    try:
        return CutStream(answer, _RESOURCES[call.task], include_usage=wants_usage(params))
    except MalformedReply:
        return None
