"""Formats that break: whoever calls gets an error of the tree, and never the bare exception."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from adapters import formats
from adapters.base import Decoded, Format, Json, Limits, Payload, Reply, Request, Summary
from adapters.endpoint import Endpoint
from adapters.errors import FormatFailed, InvalidRequest, MalformedReply
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import HEAD, ScriptedInvoker
from tests.proxy.served import CHAT, config, entry, served

LIMITS = Limits()
SECRET = "sk-inside"


@dataclass(frozen=True)
class Breaking:
    """A codec of somebody else's that raises at one of its steps."""

    step: str
    error: Exception

    def at(self, step: str) -> None:
        if step == self.step:
            raise self.error

    def encode(self, request: Request) -> tuple[Payload, ...]:
        del request
        self.at("encode")
        return (Payload(body=b"{}"),)

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        del request, payloads, replies
        self.at("decode")
        raise AssertionError(self.step)

    def decoder(self, request: Request, payload: Payload) -> BreakingDecoder:
        del request, payload
        self.at("decoder")
        return BreakingDecoder(self)


@dataclass
class BreakingDecoder:
    """Its decoder: `feed` raises at once, `finish` while it is read."""

    codec: Breaking
    summary = Summary()
    over = False

    def feed(self, data: bytes) -> Iterator[Json]:
        del data
        self.codec.at("feed")
        return iter(())

    def finish(self) -> Iterator[Json]:
        self.codec.at("finish")
        yield {}


FORMAT = Format(name="breaking", chat=Breaking("encode", KeyError(SECRET)))


def endpoint(step: str, error: Exception) -> Endpoint:
    invoker = ScriptedInvoker(replies=[{}], streams=[[b"{}"]])
    codec = Breaking(step, error)
    return Endpoint(
        id="d", target=make_target(), format=Format(name="mine", chat=codec), invoker=invoker
    )


async def ask(step: str, error: Exception) -> Any:
    """Call an endpoint whose codec breaks at a step."""
    called = endpoint(step, error)
    if step in {"encode", "decode"}:
        return await called.call("chat", CHAT, LIMITS)
    return await called.stream("chat", CHAT, LIMITS)


@pytest.mark.parametrize("step", ["encode", "decode", "decoder", "feed", "finish"])
async def test_a_codec_that_breaks_is_the_formats_fault(step: str) -> None:
    """Whatever it raises becomes a 500 that names the setting and chains the cause."""
    cause = RuntimeError(SECRET)
    with pytest.raises(FormatFailed, match="setting 'format'") as caught:
        await ask(step, cause)

    assert caught.value.status == 500
    assert caught.value.code == "format_failed"
    assert caught.value.__cause__ is cause
    assert SECRET not in caught.value.message
    assert caught.value.request_id == (None if step == "encode" else HEAD.request_id)


@pytest.mark.parametrize("step", ["decode", "feed", "finish"])
async def test_a_codec_that_trips_over_a_reply_blames_the_reply(step: str) -> None:
    """A missing key is how codecs say that a reply is not what it promised: 502, with its cause."""
    cause = KeyError("generated_text")
    with pytest.raises(MalformedReply, match="unexpected shape") as caught:
        await ask(step, cause)

    assert caught.value.__cause__ is cause
    assert caught.value.request_id == HEAD.request_id


async def test_a_key_that_a_request_lacks_is_the_formats_fault() -> None:
    """A request was checked before: a codec that trips over it is broken."""
    with pytest.raises(FormatFailed):
        await ask("encode", KeyError("messages"))


async def test_a_codec_may_refuse() -> None:
    """An error of the tree passes as it is."""
    refusal = InvalidRequest("Not so.")
    with pytest.raises(InvalidRequest) as caught:
        await ask("encode", refusal)
    assert caught.value is refusal


@pytest.mark.parametrize("stream", [False, True])
async def test_over_http(stream: bool) -> None:
    """A client gets OpenAI's error object; nothing of the inside is in it."""
    own = entry("chat", "sagemaker/e", format=f"{__name__}:FORMAT")
    assert formats.load(f"{__name__}:FORMAT") is FORMAT
    async with served(ScriptedInvoker(), config(model_list=[own])) as client:
        answer = await client.post("/v1/chat/completions", json={**CHAT, "stream": stream})

    error = answer.json()["error"]
    assert answer.status_code == 500
    assert (error["type"], error["code"]) == ("internal_error", "format_failed")
    assert "setting 'format'" in error["message"]
    assert SECRET not in answer.text
