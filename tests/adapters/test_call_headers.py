"""The headers that a request's calls get: the gateway's id, prefix ids, the client's own."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters import formats
from adapters.base import HeaderSources, Json, Limits, Origin, StreamMode
from adapters.endpoint import Endpoint
from adapters.errors import InvalidRequest
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedInvoker

LIMITS = Limits()
ASK: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
REPLY = [{"generated_text": "x"}]
STREAM = [b"data:" + orjson.dumps({"token": {"text": "x"}, "generated_text": "x"}) + b"\n\n"]
ID = "x-amzn-sagemaker-inference-id"
PREFIX = "x-amzn-sagemaker-prefix-aware-id"
SESSION = "x-amzn-sagemaker-session-id"
MODEL = "x-amzn-sagemaker-target-model"


class Desk:
    """An endpoint with a script, and the headers that its calls had."""

    def __init__(self, mode: StreamMode = "auto", **sources: Any) -> None:
        self.script = ScriptedInvoker(replies=[REPLY], streams=[STREAM])
        self.endpoint = Endpoint(
            id="d",
            target=make_target(header_sources=HeaderSources(**sources)),
            format=formats.load("huggingface"),
            invoker=self.script,
            stream_mode=mode,
        )

    async def call(self, origin: Origin, **more: Any) -> list[dict[str, str]]:
        await self.endpoint.call("chat", {**ASK, **more}, LIMITS, origin)
        return self.sent

    async def stream(self, origin: Origin, **more: Any) -> list[dict[str, str]]:
        stream = await self.endpoint.stream("chat", {**ASK, **more}, LIMITS, origin)
        assert [batch async for batch in stream]
        await stream.aclose()
        return self.sent

    @property
    def sent(self) -> list[dict[str, str]]:
        """Every call's headers; none may be there twice."""
        calls = [payload.headers for _, _, payload, _ in self.script.calls]
        for headers in calls:
            assert len({name.lower() for name, _ in headers}) == len(headers)
        return [{name.lower(): value for name, value in headers} for headers in calls]


@pytest.mark.parametrize("operation", ["call", "stream"])
async def test_the_gateways_id_is_the_inference_id(operation: str) -> None:
    """One call carries the request's id as it is; where it is switched off, none."""
    desk = Desk(inference_id=True)
    assert await getattr(desk, operation)(Origin(id="own")) == [{ID: "own"}]
    off = Desk()
    assert await getattr(off, operation)(Origin(id="own")) == [{}]


@pytest.mark.parametrize("operation", ["call", "stream"])
async def test_several_calls_are_numbered(operation: str) -> None:
    """Each choice's call has an id of its own that begins with the request's."""
    sent = await getattr(Desk(inference_id=True), operation)(Origin(id="own"), n=3)
    assert sorted(headers[ID] for headers in sent) == ["own-1", "own-2", "own-3"]


async def test_without_a_gateway_the_answers_id_serves() -> None:
    """In process there is no gateway's id: the call carries the answer's own."""
    desk = Desk(inference_id=True)
    answer = await desk.endpoint.call("chat", ASK, LIMITS)
    assert desk.sent == [{ID: answer.body["id"]}]
    assert len(answer.body["id"]) <= 64


async def test_a_callers_prefix_id_is_a_hash() -> None:
    """One id for each caller, the same each time; the alias itself does not leave the gateway."""
    desk = Desk(prefix_id="from_key")
    for caller in ("team-a", "team-b", "team-a", ""):
        await desk.call(Origin(caller=caller))
    first, second, third, nobody = desk.sent
    assert first == third != second
    assert "team" not in first[PREFIX]
    assert 1 <= len(first[PREFIX]) <= 64
    assert nobody == {}


@pytest.mark.parametrize("operation", ["call", "stream"])
async def test_a_trace_goes_on_in_the_custom_attributes(operation: str) -> None:
    """Where the deployment wants it, and the request stands in a trace; nowhere else."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    desk = Desk(traceparent=True)
    sent = await getattr(desk, operation)(Origin(trace=trace))
    assert sent == [{"x-amzn-sagemaker-custom-attributes": f"traceparent={trace}"}]
    assert await getattr(Desk(traceparent=True), operation)(Origin()) == [{}]
    assert await getattr(Desk(), operation)(Origin(trace=trace)) == [{}]


async def test_a_prompt_cache_keys_prefix_id_is_a_hash() -> None:
    """Requests of one `prompt_cache_key` stay together; without one there is no id."""
    desk = Desk(prefix_id="from_prompt_cache_key")
    for key in ("chat 1\r\né", "chat 2", "chat 1\r\né"):
        await desk.call(Origin(caller="a"), prompt_cache_key=key)
    await desk.call(Origin(caller="a"))
    first, second, third, without = desk.sent
    assert first == third != second
    assert first[PREFIX].isalnum()
    assert without == {}


@pytest.mark.parametrize("operation", ["call", "stream"])
async def test_a_clients_headers_are_dropped_unless_listed(operation: str) -> None:
    """Only what the deployment lists passes, and is not even looked at otherwise."""
    origin = Origin(headers=((SESSION, "s-1"), (PREFIX, "é" * 100), ("x-amzn-sagemaker-x", "y")))
    assert await getattr(Desk(), operation)(origin) == [{}]
    assert await getattr(Desk(client=frozenset({SESSION})), operation)(origin) == [{SESSION: "s-1"}]


@pytest.mark.parametrize("value", ["", "a b", "a" * 257, "é", "a\r\nX: y", "a\0", "-a"])
@pytest.mark.parametrize("operation", ["call", "stream"])
async def test_a_clients_bad_header_is_a_400(operation: str, value: str) -> None:
    """It names the header, never the value, and nothing is sent."""
    desk = Desk(client=frozenset({SESSION}))
    with pytest.raises(InvalidRequest) as caught:
        await getattr(desk, operation)(Origin(headers=((SESSION, value),)))
    assert caught.value.param == "X-Amzn-SageMaker-Session-Id"
    assert "X-Amzn-SageMaker-Session-Id" in caught.value.message
    assert desk.script.calls == []


async def test_a_header_that_comes_twice_is_a_400() -> None:
    """Which of the two was meant, nobody knows."""
    with pytest.raises(InvalidRequest, match="twice"):
        await Desk(client=frozenset({SESSION})).call(
            Origin(headers=((SESSION, "a"), (SESSION, "b")))
        )


@pytest.mark.parametrize(
    ("headers", "operation"),
    [
        (((SESSION, "NEW_SESSION"),), "invoke"),
        (((MODEL, "a.tar.gz"),), "invoke"),
        (((SESSION, "s-1"),), "open_stream"),
        ((), "open_stream"),
    ],
)
async def test_what_streams_do_not_have_makes_a_whole_call(
    headers: tuple[tuple[str, str], ...], operation: str
) -> None:
    """Such a request's stream is cut from a whole answer; the next one's is real again."""
    desk = Desk(client=frozenset({SESSION, MODEL}))
    assert await desk.stream(Origin(headers=headers)) == [dict(headers)]
    assert desk.script.operations == [operation]
    await desk.stream(Origin())
    assert desk.script.operations[1:] == ["open_stream"]


async def test_a_real_stream_refuses_what_it_does_not_have() -> None:
    """With `stream_mode: real` the client is told instead."""
    desk = Desk("real", client=frozenset({SESSION}))
    with pytest.raises(InvalidRequest, match="whole answers"):
        await desk.stream(Origin(headers=((SESSION, "NEW_SESSION"),)))
    assert desk.script.calls == []
