"""Ten times what the endpoint can take: who is let in is served in time, the rest is told so."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway
from tests.live.leaks import assert_reply_is_clean

#: What the endpoint takes: so many calls at once, each of so many seconds.
CAPACITY = 4
SECONDS = 0.5
#: How many clients there are for each call that the endpoint takes, and for how long.
TIMES = 10
DURATION = 3.0
#: What a request may take that is let in: its own call, and one before it in the queue; the rest
#: is the machine's. If all waited, the last one would take TIMES * SECONDS.
BEARABLE = 10.0
REFUSALS = {429, 503}


def configuration(emulator: str, **general: Any) -> str:
    """A gateway that knows what its endpoint takes."""
    return serving.written(
        {
            "model_list": [
                serving.model("busy", "sagemaker_chat/steady", max_parallel_requests=CAPACITY),
                serving.model("held", "sagemaker_chat/chat"),
            ],
            "router_settings": {
                "default_litellm_params": serving.defaults(emulator),
                "max_queued_requests": CAPACITY,
            },
            "general_settings": general,
        }
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one request ended."""

    status: int
    seconds: float
    retry_after: str | None


@pytest.fixture
def slow(emulated: Emulated) -> Iterator[Emulated]:
    """The emulator with a container that takes its time."""
    emulated.fault("steady", "slow_first_byte", seconds=SECONDS)
    yield emulated
    emulated.forget()


async def ask(client: httpx.AsyncClient, stream: bool) -> Outcome:
    """Asks once, and reads the whole answer."""
    began = time.monotonic()
    body = {"model": "busy", "messages": HELLO, "stream": stream}
    answer = await client.post("/v1/chat/completions", json=body)
    assert_reply_is_clean(answer.text)
    if answer.status_code == 200 and stream:
        assert answer.text.endswith("data: [DONE]\n\n")
    retry_after = answer.headers.get("retry-after")
    return Outcome(answer.status_code, time.monotonic() - began, retry_after)


async def crowd(gateway: Gateway, emulated: Emulated) -> tuple[list[Outcome], int]:
    """Lets all clients ask as fast as they get answers; also gives the most calls under way."""
    outcomes: list[Outcome] = []
    most = 0
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(
            base_url=gateway.url, trust_env=False, timeout=30, limits=limits
        ) as client,
        httpx.AsyncClient(base_url=emulated.url, trust_env=False, timeout=30) as watcher,
    ):
        end = time.monotonic() + DURATION

        async def insist(number: int) -> None:
            while time.monotonic() < end:
                outcome = await ask(client, stream=number % 2 == 0)
                outcomes.append(outcome)
                if outcome.status != 200:
                    await asyncio.sleep(SECONDS)  # clients that don't look at Retry-After

        async def watch() -> None:
            nonlocal most
            while time.monotonic() < end:
                most = max(most, (await watcher.get("/_emulator/open")).json()["open"])
                await asyncio.sleep(0.02)

        await asyncio.gather(watch(), *(insist(number) for number in range(CAPACITY * TIMES)))
    return outcomes, most


@pytest.mark.parametrize("workers", [1, 2])
async def test_ten_times_the_load(start: StartGateway, slow: Emulated, workers: int) -> None:
    """Accepted requests keep their time, the rest is refused fast, and then all is well again.

    The endpoint never has more calls than it takes, whatever the number of processes.
    """
    flags = ["--num_workers", str(workers)] if workers > 1 else []
    with start(configuration(slow.url), *flags) as gateway:
        outcomes, most = await crowd(gateway, slow)
        accepted = [each for each in outcomes if each.status == 200]
        refused = [each for each in outcomes if each.status != 200]
        assert most <= CAPACITY
        assert len(accepted) >= DURATION / SECONDS  # one at a time could do as much
        assert max(each.seconds for each in accepted) < BEARABLE
        assert refused
        assert {each.status for each in refused} <= REFUSALS
        assert all(each.retry_after and int(each.retry_after) >= 1 for each in refused)
        in_the_middle = sorted(each.seconds for each in refused)[len(refused) // 2]
        assert in_the_middle < BEARABLE / 3
        assert gateway.chat("busy").status_code == 200
        assert slow.counts(open=0)["open"] == 0
        assert not gateway.process.failures


def test_whoever_leaves_the_door_frees_a_place(start: StartGateway, emulated: Emulated) -> None:
    """A client that gives up while it waits does not keep others from waiting."""
    emulated.fault("chat", "slow_first_byte", seconds=60)
    narrow = configuration(
        emulated.url,
        max_in_flight_requests_per_worker=1,
        max_queued_requests_per_worker=1,
        admission_queue_timeout_seconds=60,
    )
    body = json.dumps({"model": "held", "messages": HELLO}).encode()
    request = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    with start(narrow) as gateway:
        with gateway.connect() as first:
            first.sendall(request)
            emulated.counts(open=1)
            with gateway.connect() as second:
                second.sendall(request)
                until_one_waits(gateway)
                assert until(gateway, "queue_full")
                assert gateway.http.get("/health/readiness").status_code == 200
            assert until(gateway, "waiting")
        emulated.forget()
        assert until(gateway, "answered")


def until_one_waits(gateway: Gateway) -> None:
    """Waits for the gauge: a new connection may be served after one that is already open."""
    end = time.monotonic() + 20
    while "\nsagegate_waiting_requests 1.0\n" not in gateway.http.get("/metrics").text:
        assert time.monotonic() < end
        time.sleep(0.02)


def until(gateway: Gateway, wanted: str) -> bool:
    """Asks until that comes of it, for some seconds; gives up waiting for each after one."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            answer = gateway.http.post(
                "/v1/chat/completions", json={"model": "held", "messages": HELLO}, timeout=1
            )
            came = "answered" if answer.is_success else answer.json()["error"]["code"]
        except httpx.TimeoutException:
            came = "waiting"
        if came == wanted:
            return True
    return False
