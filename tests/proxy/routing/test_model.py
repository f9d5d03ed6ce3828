"""The pool: a deployment's time, and one report for each call however it ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest

from adapters import formats
from adapters.base import Json
from adapters.endpoint import Endpoint
from adapters.errors import DeadlineExceeded, MalformedReply, ModelError, ModelNotFound
from proxy.routing.call import Call
from proxy.routing.member import Member
from proxy.routing.model import PublicModel
from proxy.routing.pool import Pool
from proxy.routing.retries import RetryPolicy
from proxy.routing.times import Times
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedInvoker

ASK: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
TOKEN = b"data:" + orjson.dumps({"token": {"text": "a"}}) + b"\n\n"
LAST = b"data:" + orjson.dumps({"token": {"text": "b"}, "generated_text": "ab"}) + b"\n\n"


def public(invoker: ScriptedInvoker, reports: list[Call], timeout: float = 5) -> PublicModel:
    endpoint = Endpoint(
        id="d1", target=make_target(), format=formats.load("huggingface"), invoker=invoker
    )
    member = Member(endpoint=endpoint, times=Times(total=timeout))
    pool = Pool(model="m", members=(member,), retries=RetryPolicy(retries=0))
    return PublicModel(pool=pool, find=nobody, report=reports.append)


def nobody(name: str) -> Pool:
    raise ModelNotFound(name)


def new_call(*, stream: bool = False) -> Call:
    return Call(id="c1", task="chat", model="m", caller="me", stream=stream)


async def test_a_call_is_reported_once_with_what_is_known() -> None:
    """A good answer leaves its deployment, AWS's request, its usage and its times on the call."""
    reports: list[Call] = []
    script = ScriptedInvoker(replies=[[{"generated_text": "x"}]])
    await public(script, reports).call(new_call(), ASK)
    (call,) = reports
    assert (call.outcome, call.deployment, call.endpoint) == ("ok", "d1", "my-endpoint")
    assert call.request_id == "req-1"
    assert call.usage is not None
    assert call.first_byte is not None


@pytest.mark.parametrize("stream", [False, True])
async def test_a_report_that_fails_costs_no_answer(stream: bool) -> None:
    """What goes wrong with telling about a call is logged, and the client has its answer."""

    def broken(_: Call) -> None:
        raise ZeroDivisionError

    script = ScriptedInvoker(replies=[[{"generated_text": "x"}]], streams=[[TOKEN, LAST]])
    served = replace(public(script, []), report=broken)
    if not stream:
        assert (await served.call(new_call(), ASK)).body["choices"]
        return
    given = await served.stream(new_call(stream=True), ASK)
    assert [batch async for batch in given]
    await given.aclose()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_is_reported_once(stream: bool) -> None:
    """A failure before the first byte is on the call, with AWS's id of it."""
    reports: list[Call] = []
    error = ModelError("bad", status=422, request_id="req-2")
    served = public(ScriptedInvoker(replies=[error], streams=[error]), reports)
    with pytest.raises(ModelError):
        await (served.stream if stream else served.call)(new_call(stream=stream), ASK)
    (call,) = reports
    assert (call.outcome, call.error, call.request_id) == ("failed", error, "req-2")


async def test_a_stream_is_reported_when_it_is_closed() -> None:
    """A whole stream is `ok`; closing it twice reports it once."""
    reports: list[Call] = []
    stream = await public(ScriptedInvoker(streams=[[TOKEN, LAST]]), reports).stream(
        new_call(stream=True), ASK
    )
    chunks = [chunk async for batch in stream for chunk in batch]
    assert reports == []
    await stream.aclose()
    await stream.aclose()
    (call,) = reports
    assert (call.outcome, len(chunks)) == ("ok", 4)
    assert call.usage == stream.summary.usage is not None


@pytest.mark.parametrize(
    ("parts", "error"),
    [([TOKEN], MalformedReply), ([TOKEN, ZeroDivisionError()], ZeroDivisionError)],
)
async def test_a_stream_that_breaks_is_reported_as_failed(
    parts: list[Any], error: type[Exception]
) -> None:
    """A failure in the middle of a stream is on the call, whoever's fault it was."""
    reports: list[Call] = []
    stream = await public(ScriptedInvoker(streams=[parts]), reports).stream(
        new_call(stream=True), ASK
    )
    await anext(stream)
    with pytest.raises(error):
        await anext(stream)
    await stream.aclose()
    assert reports[0].outcome == "failed"
    assert isinstance(reports[0].error, error)


async def test_a_stream_that_is_left_is_reported_as_gone() -> None:
    """A stream that is closed before its end means that the client left."""
    reports: list[Call] = []
    stream = await public(ScriptedInvoker(streams=[[TOKEN, None]]), reports).stream(
        new_call(stream=True), ASK
    )
    await anext(stream)
    await stream.aclose()
    assert reports[0].outcome == "gone"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cancelled_call_is_reported_as_gone(stream: bool) -> None:
    """Cancelling is how a leaving client ends a call that has no answer yet."""
    reports: list[Call] = []
    script = ScriptedInvoker(replies=[None], streams=[[None]])
    served = public(script, reports)
    work = (served.stream if stream else served.call)(new_call(stream=stream), ASK)
    task = asyncio.ensure_future(work)
    await script.called.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reports[0].outcome == "gone"


async def test_the_time_is_over() -> None:
    """When a deployment's time is over the call fails, and says how long that was."""
    reports: list[Call] = []
    with pytest.raises(DeadlineExceeded, match=r"within 0\.05 s"):
        await public(ScriptedInvoker(replies=[None]), reports, timeout=0.05).call(new_call(), ASK)
    assert isinstance(reports[0].error, DeadlineExceeded)
