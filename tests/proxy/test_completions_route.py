"""POST /completions, with a scripted way to AWS."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from adapters.base import Json
from adapters.errors import Throttled
from tests.adapters.scripted import ScriptedInvoker
from tests.openai_schema import assert_is_openais
from tests.proxy.served import served

PROMPT: Json = {"model": "text", "prompt": "Once upon a time"}


def reply(text: str) -> list[Json]:
    return [{"generated_text": text}]


def token(text: str, **more: Any) -> bytes:
    return b"data:" + orjson.dumps({"token": {"text": text}, **more}) + b"\n\n"


def chunks(response: httpx.Response) -> list[Json]:
    events = response.text.removesuffix("\n\n").split("\n\n")
    assert events.pop() == "data: [DONE]"
    return [orjson.loads(event.removeprefix("data: ")) for event in events]


@pytest.mark.parametrize(
    "path",
    [
        "/completions",
        "/v1/completions",
        "/engines/text/completions",
        "/v1/engines/text/completions",
        "/openai/deployments/text/completions",
        "/v1/openai/deployments/text/completions",
    ],
)
async def test_every_path_of_completions_answers(path: str) -> None:
    """With and without /v1, and with the model in the path, the answer is OpenAI's."""
    body = PROMPT if "/text/" not in path else {"prompt": PROMPT["prompt"]}
    async with served(ScriptedInvoker(replies=[reply(" there was")])) as client:
        response = await client.post(path, json=body)
    assert response.status_code == 200
    answer = response.json()
    assert_is_openais(answer)
    assert answer["id"].startswith("cmpl-")
    assert (answer["object"], answer["model"]) == ("text_completion", "text")
    assert answer["choices"] == [
        {"text": " there was", "index": 0, "logprobs": None, "finish_reason": "stop"}
    ]
    assert response.headers["x-sagegate-usage-source"] == "estimate"


async def test_several_prompts_have_their_choices_in_order() -> None:
    """Each prompt is a call, each choice has its index, and the counts are of all."""
    script = ScriptedInvoker(replies=[reply("A"), reply("B"), reply("C")])
    async with served(script) as client:
        response = await client.post("/completions", json={**PROMPT, "prompt": ["a", "b", "c"]})
    answer = response.json()
    assert [body["inputs"] for body in script.bodies] == ["a", "b", "c"]
    assert [(each["index"], each["text"]) for each in answer["choices"]] == [
        (0, "A"),
        (1, "B"),
        (2, "C"),
    ]


async def test_a_stream_is_openais() -> None:
    """Texts, a finish reason, the counts that were asked for, [DONE]."""
    parts = [token(" there"), token(" was", generated_text=" there was")]
    body = {**PROMPT, "stream": True, "stream_options": {"include_usage": True}}
    async with served(ScriptedInvoker(streams=[parts])) as client:
        response = await client.post("/completions", json=body)
    given = chunks(response)
    for each in given:
        assert_is_openais(each)
    said = [each["choices"][0]["text"] for each in given if each["choices"]]
    assert said == [" there", " was", ""]
    assert given[-2]["choices"][0]["finish_reason"] == "stop"
    assert given[-1]["usage"]["completion_tokens"] == 3  # an estimate, as of a whole answer
    assert [each["usage"] for each in given[:-1]] == [None] * 3


async def test_an_early_failure_has_its_status() -> None:
    """A failure before the first byte is JSON with the real status, streaming or not."""
    script = ScriptedInvoker(replies=[Throttled("slow")], streams=[Throttled("slow")])
    async with served(script) as client:
        for stream in (False, True):
            response = await client.post("/completions", json={**PROMPT, "stream": stream})
            assert response.status_code == 429


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["a", 1]}, "prompt[1]"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"logprobs": 21}, "logprobs"),
        ({"logprobs": -1}, "logprobs"),
        ({"max_tokens": "x"}, "max_tokens"),
        ({"suffix": 1}, "suffix"),
        ({"stop": [1]}, "stop[0]"),
        ({"stream": "yes"}, "stream"),
    ],
    ids=str,
)
async def test_bad_input_is_a_400_that_names_the_parameter(change: Json, param: str) -> None:
    """What OpenAI would refuse is refused before anything is sent."""
    script = ScriptedInvoker(replies=[reply("x")])
    async with served(script) as client:
        response = await client.post("/completions", json={**PROMPT, **change})
    assert response.status_code == 400, response.text
    assert response.json()["error"]["param"] == param
    assert not script.calls


async def test_a_missing_prompt_is_named() -> None:
    """A completion without a prompt is refused in OpenAI's words."""
    async with served() as client:
        response = await client.post("/completions", json={"model": "text"})
    assert response.json()["error"]["message"] == "Missing required parameter: 'prompt'."


async def test_the_reply_shapes_seen_are_told() -> None:
    """/model/info shows what shapes a deployment has answered, once it has."""
    script = ScriptedInvoker(replies=[reply("x")], streams=[[token("a", generated_text="a")]])
    async with served(script) as client:
        before = (await client.get("/model/info")).json()["data"][1]["model_info"]
        await client.post("/completions", json=PROMPT)
        await client.post("/completions", json={**PROMPT, "stream": True})
        after = (await client.get("/model/info")).json()["data"][1]["model_info"]
    assert "reply_shapes" not in before
    assert after["reply_shapes"] == ["[].generated_text", "token"]
