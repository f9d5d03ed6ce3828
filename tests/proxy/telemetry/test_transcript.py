"""What clients say and models answer: in the log only when asked for, and redacted (case K4)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters.base import Json
from adapters.errors import ConfigError
from proxy.telemetry import logs
from proxy.telemetry.redactor import FAILED, Redactor, load
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import COMPLETION, config, served

pytestmark = pytest.mark.usefixtures("own_logging")

PROMPT = "the prompt's words, my key is sk-abcdefghijklmnop123456"
BODY: Json = {"model": "chat", "messages": [{"role": "user", "content": PROMPT}]}
STREAM = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"x",'
    b'"choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":null}]}'
    b'\n\ndata: {"id":"c","object":"chat.completion.chunk","created":1,"model":"x",'
    b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"x","choices":[],'
    b'"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\ndata: [DONE]\n\n'
)


def shout(text: str) -> str:
    """An operator's function."""
    return text.upper()


def fail(text: str) -> str:
    """One that breaks on the first words."""
    raise ValueError(text)


def forget(text: str) -> Any:
    """One that gives no text."""
    del text


async def logged(
    capsys: pytest.CaptureFixture[str], *, stream: bool = False, **settings: Any
) -> dict[str, Json]:
    """Ask once with these settings; give the log's lines by their events."""
    logs.configure(as_json=True)
    script = ScriptedInvoker(replies=[COMPLETION], streams=[[STREAM]])
    async with served(script, config(litellm_settings=settings)) as client:
        answer = await client.post("/v1/chat/completions", json={**BODY, "stream": stream})
    assert answer.status_code == 200
    lines = [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]
    return {line["event"]: line for line in lines}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("settings", [{}, {"log_messages": True, "turn_off_message_logging": True}])
async def test_nothing_is_logged_unless_asked_for(
    capsys: pytest.CaptureFixture[str], settings: Json, stream: bool
) -> None:
    """By default, and where it is turned off, the log has no word of a conversation."""
    lines = await logged(capsys, stream=stream, **settings)

    assert "call.finished" in lines
    assert "the prompt's" not in str(lines)
    assert "Hello" not in str(lines)


@pytest.mark.parametrize("stream", [False, True])
async def test_both_sides_are_logged(capsys: pytest.CaptureFixture[str], stream: bool) -> None:
    """With `log_messages` what was asked and what was said, whole or streamed, without keys."""
    lines = await logged(capsys, stream=stream, log_messages=True)

    (message,) = lines["call.asked"]["messages"]
    assert message == {"role": "user", "content": "the prompt's words, my key is [token]"}
    (said,) = lines["call.said"]["choices"]
    assert said["content"] == "Hello"
    assert lines["call.said"]["call_id"] == lines["call.finished"]["call_id"]


@pytest.mark.parametrize(
    ("function", "told"),
    [("shout", "THE PROMPT'S WORDS, MY KEY IS [TOKEN]"), ("fail", FAILED), ("forget", FAILED)],
)
async def test_the_operators_function_has_the_last_word(
    capsys: pytest.CaptureFixture[str], function: str, told: str
) -> None:
    """Each text passes `redact_messages`; one that it can't take is not logged."""
    lines = await logged(capsys, log_messages=True, redact_messages=f"{__name__}.{function}")

    assert lines["call.asked"]["messages"][0]["content"] == told
    assert "the prompt's" not in str(lines)


async def test_vectors_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """Of an embedding only what was asked: a vector says nothing to a reader."""
    logs.configure(as_json=True)
    settings = config(litellm_settings={"log_messages": True})
    async with served(ScriptedInvoker(replies=[[[0.5, 0.25]]]), settings) as client:
        await client.post("/v1/embeddings", json={"model": "text", "input": "these words"})
    log = capsys.readouterr().err
    assert '"input":"these words"' in log
    assert "call.said" not in log


async def test_callers_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """With `redact_user_api_key_info` no line names the caller."""
    assert (await logged(capsys))["call.finished"]["caller"] == "anonymous"
    lines = await logged(capsys, redact_user_api_key_info=True)
    assert lines["call.finished"]["caller"] is None


def test_only_texts_change() -> None:
    """Numbers, names of fields and shape stay; every text at any depth passes."""
    redact = Redactor(shout)
    assert redact({"a": ["x", 1, None, {"b": ("y",)}]}) == {"a": ["X", 1, None, {"b": ["Y"]}]}


@pytest.mark.parametrize(
    "name", ["x", "no.such.module", f"{__name__}.nobody", f"{__name__}.PROMPT"]
)
def test_a_function_that_is_not_there_stops_the_start(name: str) -> None:
    """A redaction that can't be done is told before anything could be logged without it."""
    with pytest.raises(ConfigError) as caught:
        load(name)
    assert caught.value.path == ("litellm_settings", "redact_messages")
