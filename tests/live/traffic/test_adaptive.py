"""Adaptive concurrency in front of an endpoint of unknown capacity: it is found, and kept to."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx

from tests.live import serving
from tests.live.conftest import StartGateway, emulating
from tests.live.gateway import HELLO
from tests.live.leaks import REGION

#: What each endpoint takes, for how long each call lasts, and who wants it.
CAPACITY = 4
SECONDS = 0.05
CLIENTS = 16
EACH = 8

#: The models, each with its endpoint, and who refuses there: AWS, or the container.
ENDPOINTS = {"plain": "throttling", "aws": "throttling", "own": "model_error"}
EMULATOR = {
    "regions": [REGION],
    "journal": 5000,
    "credentials": serving.EMULATOR["credentials"],
    "endpoints": {
        name: {"kind": "messages", "capacity": CAPACITY, "beyond_capacity": beyond}
        for name, beyond in ENDPOINTS.items()
    },
}


def configuration(emulator: str) -> str:
    """A model without, and two with adaptive concurrency."""
    return serving.written(
        {
            "model_list": [
                serving.model(name, f"sagemaker_chat/{name}", adaptive_concurrency=name != "plain")
                for name in ENDPOINTS
            ],
            "router_settings": {
                "default_litellm_params": serving.defaults(emulator),
                "num_retries": 5,
            },
        }
    )


async def crowd(url: str, model: str) -> Counter[int]:
    """Many clients, each asking again as soon as it is answered; give the statuses."""
    statuses: Counter[int] = Counter()
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:

        async def insist() -> None:
            for number in range(EACH):
                body = {"model": model, "messages": HELLO, "stream": number % 2 == 0}
                answer = await client.post("/v1/chat/completions", json=body)
                statuses[answer.status_code] += 1

        await asyncio.gather(*(insist() for _ in range(CLIENTS)))
    return statuses


async def test_the_capacity_is_found(start: StartGateway, tmp_path: Path) -> None:
    """Everybody is served, and endpoints refuse less than they do otherwise."""
    with emulating(tmp_path, EMULATOR) as emulated:
        for name in ENDPOINTS:
            emulated.fault(name, "slow_first_byte", seconds=SECONDS)
        with start(configuration(emulated.url)) as gateway:
            told = await asyncio.gather(*(crowd(gateway.url, name) for name in ENDPOINTS))
        refused = {
            name: sum(entry["outcome"] != "200" for entry in emulated.requests(name))
            for name in ENDPOINTS
        }
    assert told == [{200: CLIENTS * EACH}] * len(ENDPOINTS)
    # Many come at once before anything is known; from then on the two adaptive ones know.
    assert refused["aws"] + refused["own"] < 2 * refused["plain"], refused
