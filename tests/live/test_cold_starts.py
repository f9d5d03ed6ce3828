"""A component that sleeps, in front of real processes: waiting, waking, comments, giving up."""

import itertools
import json
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import openai
import pytest

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated, Entry
from tests.live.gateway import Gateway, Stream, error_of, events

COMPONENT = "sagemaker_chat/component/first"
WAITING = ": waiting for the endpoint to start"
PACE = 0.5
MODELS = (
    serving.model("patient", COMPONENT, cold_start_wait="1m"),
    serving.model("twin", COMPONENT, cold_start_wait=60, transport="openai_path"),
    serving.model("hasty", "sagemaker_chat/lines"),
    serving.model("in-vain", "sagemaker_chat/chat-hostile", cold_start_wait=3),
    serving.model("loading", "sagemaker/tgi", cold_start_wait=30),
    serving.model("group", "sagemaker_chat/chat", cold_start_wait=30, info={"id": "cold"}, order=0),
    serving.model("group", "sagemaker_chat/steady", info={"id": "warm"}, order=1),
)


@pytest.fixture(scope="module")
def patience(start: StartGateway, emulator_process: Emulated) -> Iterator[Gateway]:
    """A gateway that waits for what is cold."""
    with start(written(emulator_process)) as gateway:
        yield gateway


@pytest.fixture
def cold(patience: Gateway, emulated: Emulated) -> Gateway:
    """The same, in front of an emulator without faults."""
    del emulated
    return patience


def written(emulated: Emulated) -> str:
    settings = serving.router(emulated.url)
    settings["default_litellm_params"]["cold_start_probe_interval"] = PACE
    return serving.written({"model_list": list(MODELS), "router_settings": settings})


def body(model: str, text: str = "Köln?", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def refused(emulated: Emulated, endpoint: str) -> list[Entry]:
    """The calls that found nobody."""
    return [entry for entry in emulated.requests(endpoint) if entry["outcome"] != "200"]


def until_refused(emulated: Emulated, endpoint: str, count: int = 1) -> None:
    """Waits for calls that find nobody."""
    ends = time.monotonic() + 20
    while len(refused(emulated, endpoint)) < count:
        assert time.monotonic() < ends, "nobody asks"
        time.sleep(0.02)


def pauses(entries: Sequence[Entry]) -> list[float]:
    """The seconds between calls."""
    times = [datetime.fromisoformat(entry["arrived"]) for entry in entries]
    return [(later - sooner).total_seconds() for sooner, later in itertools.pairwise(times)]


def test_a_crowd_before_one_component(cold: Gateway, emulated: Emulated) -> None:
    """Forty requests of two models, on both transports, wait for one component together.

    One at a time asks for them all, at the pace, and all of them are answered.
    """
    mark = len(cold.process.err)
    emulated.fault("component", "no_capacity", lasts=5)
    with ThreadPoolExecutor(41) as threads:
        first = threads.submit(cold.text, "patient")
        until_refused(emulated, "component")
        began = time.monotonic()
        others = [threads.submit(cold.text, name) for name in ("patient", "twin") * 20]
        assert all("Köln" in each.result() for each in (first, *others))
    assert time.monotonic() - began > 3

    found_nobody = refused(emulated, "component")
    assert 5 <= len(found_nobody) <= 11
    assert min(pauses(found_nobody)) >= PACE
    assert len(emulated.requests("component")) == 41 + len(found_nobody)
    closed = json.loads(cold.process.wait_for_line("endpoint.cold", since=mark))
    assert (closed["endpoint"], closed["inference_component"]) == ("component", "first")
    assert closed["error_code"] == "no_capacity"
    opened = json.loads(cold.process.wait_for_line("endpoint.warm", since=mark))
    assert opened["waiters"] == 40
    assert 4 < opened["seconds"] < 15
    line = json.loads(cold.process.wait_for_line("call.finished", since=mark))
    assert (line["status"], line["retries"], line["outcome"]) == (200, 0, "ok")


def test_a_stream_is_kept_alive(cold: Gateway, emulated: Emulated) -> None:
    """A stream begins with a comment while its endpoint sleeps, and then is one like others."""
    emulated.fault("component", "no_capacity", lasts=3)
    request = body("patient", stream=True)
    with cold.http.stream("POST", "/v1/chat/completions", json=request) as answer:
        assert answer.status_code == 200
        assert "x-litellm-model-id" not in answer.headers
        assert not [each for each in emulated.requests() if each["outcome"] == "200"]
        lines = answer.iter_lines()
        assert next(lines) == WAITING
        text = "\n".join(lines)
    rest = Stream(answer.status_code, answer.headers, events(text.lstrip() + "\n"))
    assert rest.done
    assert "Köln" in rest.text()


def test_the_sdk_passes_over_comments(cold: Gateway, emulated: Emulated) -> None:
    """OpenAI's own client sees nothing of the wait but its length."""
    emulated.fault("component", "no_capacity", lasts=3)
    with openai.OpenAI(api_key="x", base_url=f"{cold.url}/v1", max_retries=0) as client:
        began = time.monotonic()
        stream = client.chat.completions.create(
            model="patient", messages=[{"role": "user", "content": "Köln?"}], stream=True
        )
        assert time.monotonic() - began < 2.9
        chunks = list(stream)
    assert "Köln" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def test_in_vain(cold: Gateway, emulated: Emulated) -> None:
    """A wait that is over is a 503; a stream that has begun ends in an error, without `[DONE]`."""
    emulated.fault("chat-hostile", "no_capacity")
    with ThreadPoolExecutor(3) as threads:
        whole = threads.submit(cold.chat, "in-vain")
        stream = threads.submit(cold.stream, "in-vain")
        with openai.OpenAI(api_key="x", base_url=f"{cold.url}/v1", max_retries=0) as client:
            chunks = client.chat.completions.create(
                model="in-vain", messages=[{"role": "user", "content": "Hi"}], stream=True
            )
            with pytest.raises(openai.APIError) as caught:
                list(chunks)
    answer = whole.result()
    assert (answer.status_code, error_of(answer)["code"]) == (503, "no_capacity")
    assert error_of(answer)["message"] == "The endpoint did not start within 3 s."
    assert answer.headers["retry-after"] == "30"
    assert answer.headers["x-should-retry"] == "false"
    assert stream.result().status == 200
    assert not stream.result().done
    assert stream.result().error == error_of(answer)
    assert caught.value.code == "no_capacity"


def test_without_a_wait(cold: Gateway, emulated: Emulated) -> None:
    """Without the setting a cold endpoint is a 503 at once, streamed or not; SDKs may retry."""
    emulated.fault("lines", "no_capacity")
    for answer in (
        cold.chat("hasty"),
        cold.post("/v1/chat/completions", body("hasty", stream=True)),
    ):
        assert (answer.status_code, error_of(answer)["code"]) == (503, "no_capacity")
        assert answer.headers["retry-after"] == "30"
        assert "x-should-retry" not in answer.headers
    assert len(emulated.requests("lines")) == 2


def test_a_loading_model(cold: Gateway, emulated: Emulated) -> None:
    """A model on its way into memory is waited for as well, and is not a retry."""
    emulated.fault("tgi", "model_not_ready", lasts=1)
    answer = cold.chat("loading")
    assert answer.status_code == 200
    assert answer.headers["x-litellm-attempted-retries"] == "0"


def test_a_warm_sibling(cold: Gateway, emulated: Emulated) -> None:
    """While one deployment starts the other answers at once; the first is back when it is up."""
    emulated.fault("chat", "no_capacity", lasts=2)
    began, answered_by = time.monotonic(), list[str]()
    while "cold" not in answered_by:
        answer = cold.chat("group")
        assert answer.elapsed.total_seconds() < 2
        answered_by.append(answer.headers["x-litellm-model-id"])
        assert time.monotonic() - began < 20
    assert len(answered_by) > 2 * len(refused(emulated, "chat"))
    assert min(pauses(refused(emulated, "chat"))) >= PACE


def test_a_client_that_leaves(cold: Gateway, emulated: Emulated) -> None:
    """Whoever leaves is out of the queue: the next one asks, with its own body."""
    mark = len(cold.process.err)
    emulated.fault("component", "no_capacity", lasts=3)
    with ThreadPoolExecutor(2) as threads, httpx.Client(trust_env=False) as leaving:
        url = f"{cold.url}/v1/chat/completions"
        with pytest.raises(httpx.ReadTimeout):
            leaving.post(url, json=body("patient", "the first"), timeout=1)
        assert json.loads(cold.process.wait_for_line("call.finished", since=mark))["status"] == 499
        count = len(refused(emulated, "component"))
        staying = threads.submit(cold.post, "/v1/chat/completions", body("patient", "the second"))
        assert staying.result().status_code == 200
    later = emulated.requests("component")[count:]
    assert later
    assert all("the second" in entry["body"] for entry in later)


def test_the_end_of_a_gateway(start: StartGateway, emulated: Emulated) -> None:
    """A stream that waits when the gateway must go is told so in its last event."""
    emulated.fault("component", "no_capacity")
    with (
        start(written(emulated), "--drain_timeout", "1") as gateway,
        ThreadPoolExecutor(1) as threads,
    ):
        coming = threads.submit(gateway.stream, "patient")
        until_refused(emulated, "component", 5)  # it has waited long enough to have begun
        gateway.process.send(signal.SIGTERM)
        stream = coming.result()
        assert gateway.process.ended() == 0
    assert (stream.error or {})["code"] == "shutting_down"
    assert not stream.done
