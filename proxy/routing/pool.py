"""The deployments behind one public model name.

Chooses one of them and answers within its time. Refuses to know HTTP and dialects.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.answer import Answer, AnswerStream
from adapters.base import Head, Json, Limits, Summary
from adapters.deadline import within
from adapters.endpoint import Endpoint
from proxy.routing.call import Call, Report, tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A deployment and the times that its requests may take, in seconds."""

    endpoint: Endpoint
    timeout: float
    stream_timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A public model.

    Args:
        model: Its public name.
        members: Its deployments, at least one; each is as likely to be chosen.
        permitted_fields: Request fields that are refused elsewhere and allowed here.
        report: Takes each call, once, when it has ended.
    """

    model: str
    members: tuple[Member, ...]
    permitted_fields: frozenset[str] = frozenset()
    report: Report

    async def call(self, call: Call, params: Json) -> Answer:
        """Give a whole answer.

        Raises:
            GatewayError: every failure; `DeadlineExceeded` when the deployment's time is over.
        """
        member = self._choose(call)
        limits = Limits(first_byte=member.timeout, idle=member.timeout, deadline=member.timeout)
        try:
            with _watched(call):
                async with within(member.timeout):
                    answer = await member.endpoint.call(call.task, params, limits, call.origin)
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
        member = self._choose(call)
        limits = Limits(first_byte=member.stream_timeout, idle=member.stream_timeout, deadline=None)
        try:
            with _watched(call):
                async with within(member.stream_timeout):
                    stream = await member.endpoint.stream(call.task, params, limits, call.origin)
        except BaseException:
            tell(self.report, call)
            raise
        _note(call, stream.head)
        return PoolStream(stream, call, self.report)

    def _choose(self, call: Call) -> Member:
        member = random.choice(self.members)  # noqa: S311 - spreads load, guards nothing
        call.deployment = member.endpoint.id
        target = member.endpoint.target
        call.endpoint = target.endpoint
        call.inference_id = call.origin.id if target.header_sources.inference_id else None
        return member


class PoolStream:
    """A stream that notes on its call how it went, and reports it when it is closed."""

    def __init__(self, stream: AnswerStream, call: Call, report: Report) -> None:
        self._stream = stream
        self._batches = aiter(stream)
        self._call = call
        self._report: Report | None = report
        self._ended = False

    @property
    def head(self) -> Head:
        """What AWS said beside the stream."""
        return self._stream.head

    @property
    def summary(self) -> Summary:
        """What the stream has said about itself so far."""
        return self._stream.summary

    def __aiter__(self) -> AsyncIterator[list[Json]]:
        return self

    async def __anext__(self) -> list[Json]:
        try:
            return await anext(self._batches)
        except StopAsyncIteration:
            self._ended = True
            raise
        except Exception as error:
            self._ended = True
            self._call.failed(error)
            raise

    async def aclose(self) -> None:
        """Give the upstream connection up, and report the call; only the first time counts."""
        report, self._report = self._report, None
        if report is None:
            return
        try:
            await self._stream.aclose()
        finally:
            if not self._ended:
                self._call.gone()
            self._call.usage = self.summary.usage
            tell(report, self._call)


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
