"""Rest after failures, from outside: who rests, for how long, and who never does."""

import asyncio
import time

import httpx

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of
from tests.live.lifecycle.stage import until


def test_all_rest(gateway: Gateway, emulated: Emulated) -> None:
    """429 with the seconds to wait; nothing is sent meanwhile (case G9)."""
    for name in ("one", "two"):
        emulated.fault(name, "throttling")
    assert gateway.chat("pair-rest").status_code == 429
    emulated.forget()

    answer = gateway.chat("pair-rest")

    assert answer.status_code == 429
    assert error_of(answer)["code"] == "no_deployments_available"
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert "x-should-retry" not in answer.headers
    assert emulated.requests() == []


def test_who_has_rested_answers_again(gateway: Gateway, emulated: Emulated) -> None:
    """After `cooldown_time` one request tries it, and then all go there again (case G9)."""
    emulated.fault("one", "throttling", times=1)
    assert gateway.chat("pair-quick").headers["x-litellm-model-id"] == "pair-quick-two"

    until(
        lambda: gateway.chat("pair-quick").headers["x-litellm-model-id"] == "pair-quick-one",
        "the first deployment is back",
    )
    assert gateway.chat("pair-quick").headers["x-litellm-model-id"] == "pair-quick-one"


def test_a_lone_deployment_never_rests(gateway: Gateway, emulated: Emulated) -> None:
    """Every request is sent, however often it fails."""
    emulated.fault("one", "throttling")
    for _ in range(10):
        assert gateway.chat("alone", num_retries=0).status_code == 429
    assert len(emulated.requests()) == 10
    emulated.forget()
    assert gateway.chat("alone").status_code == 200


async def test_a_black_hole_among_three(gateway: Gateway) -> None:
    """Under load everybody is answered: who met it, by a sibling a little later (case G8)."""
    slow = 10.0
    for model, stream in (("holed", False), ("holed-stream", True)):
        seconds: list[float] = []
        async with httpx.AsyncClient(
            base_url=gateway.url, trust_env=False, timeout=60, limits=httpx.Limits()
        ) as client:
            for _ in range(3):
                answers = await at_once(client, model, stream, 40, seconds)
                assert {each.status_code for each in answers} == {200}
                assert all(each.headers["x-litellm-model-id"] != f"{model}-one" for each in answers)
        assert max(seconds) < slow


async def at_once(
    client: httpx.AsyncClient, model: str, stream: bool, count: int, seconds: list[float]
) -> list[httpx.Response]:
    """So many requests at once, each with its time."""

    async def ask() -> httpx.Response:
        began = time.monotonic()
        body = {"model": model, "messages": HELLO, "stream": stream}
        answer = await client.post("/v1/chat/completions", json=body)
        seconds.append(time.monotonic() - began)
        return answer

    return list(await asyncio.gather(*(ask() for _ in range(count))))
