"""Rate limits from outside: real gateways, a real Redis, the emulator behind them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of
from tests.redis_server import RedisServer, serve_redis

RPM = 12


def limited(emulator: str, **router: object) -> str:
    """A gateway's configuration: one model of `RPM`, one whose first deployment has 2."""
    return serving.written(
        {
            "model_list": [
                serving.model("limited", "sagemaker_chat/chat"),
                serving.model("free", "sagemaker_chat/chat"),
                serving.model("pair", "sagemaker_chat/steady", rpm=2, order=1),
                serving.model("pair", "sagemaker_chat/lines", order=2),
            ],
            "router_settings": {
                "default_litellm_params": serving.defaults(emulator),
                "model_group_limits": {"limited": {"rpm": RPM}},
                **router,
            },
        }
    )


def statuses(gateways: list[Gateway], times: int) -> list[int]:
    """Ask all gateways at once, so often each; give the answers' statuses."""

    def ask(gateway: Gateway) -> list[int]:
        return [gateway.chat("limited").status_code for _ in range(times)]

    with ThreadPoolExecutor(len(gateways)) as threads:
        return [status for part in threads.map(ask, gateways) for status in part]


def test_one_gateway_keeps_its_limits(start: StartGateway, emulated: Emulated) -> None:
    """The limit passes and no more; a sibling takes over; a stream counts like an answer."""
    with start(limited(emulated.url)) as gateway:
        began = time.monotonic()
        got = statuses([gateway], RPM + 3)
        assert got == [200] * RPM + [429] * 3
        refused = gateway.chat("limited")
        assert int(refused.headers["retry-after"]) <= 61
        assert "model limited: 12 requests per minute" in error_of(refused)["message"]
        assert gateway.stream("limited").status == 429
        assert gateway.chat("free").status_code == 200
        assert [gateway.chat("pair").status_code for _ in range(4)] == [200] * 4
        assert time.monotonic() - began < 55, "too slow for one window"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_counts_outlive_a_reload(start: StartGateway, emulated: Emulated, workers: str) -> None:
    """A new configuration gives nobody a second minute."""
    with start(limited(emulated.url), "--num_workers", workers) as gateway:
        assert statuses([gateway], RPM) == [200] * RPM
        json = {"content-type": "application/json"}
        assert gateway.http.post("/config/reload", headers=json).status_code == 200
        assert statuses([gateway], 1) == [429]


def test_workers_share_the_limit(start: StartGateway, emulated: Emulated) -> None:
    """Three workers let through what one would, without Redis."""
    with (
        start(limited(emulated.url), "--num_workers", "3") as gateway,
        ThreadPoolExecutor(12) as threads,
    ):
        asked = [threads.submit(_asked_anew, gateway) for _ in range(3 * RPM)]
        got = [each.result() for each in asked]
    assert sorted(got) == [200] * RPM + [429] * (2 * RPM)


def _asked_anew(gateway: Gateway) -> int:
    """Ask on a connection of its own, which any worker may take."""
    with httpx.Client(base_url=gateway.url, trust_env=False, timeout=60) as client:
        body = {"model": "limited", "messages": HELLO}
        return client.post("/v1/chat/completions", json=body).status_code


def test_gateways_that_share_redis_share_the_limit(
    start: StartGateway, emulated: Emulated, redis_server: RedisServer
) -> None:
    """Three replicas at once let through what one would."""
    configuration = limited(emulated.url, redis_url=redis_server.url)
    with ExitStack() as stack:
        gateways = [stack.enter_context(start(configuration)) for _ in range(3)]
        got = statuses(gateways, RPM)
    assert sorted(got) == [200] * RPM + [429] * (2 * RPM)


def test_redis_dies_under_a_gateway(start: StartGateway, emulated: Emulated) -> None:
    """Requests go on at once, counted here; with Redis back they are counted there again."""
    with serve_redis() as redis, start(limited(emulated.url, redis_url=redis.url)) as gateway:
        assert statuses([gateway], 2) == [200, 200]
        redis.kill()
        assert statuses([gateway], RPM + 1) == [200] * RPM + [429]
        redis.start()
        deadline = time.monotonic() + 20
        while gateway.chat("limited").status_code == 429 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert gateway.chat("limited").status_code == 200


def test_a_gateway_that_fails_closed(start: StartGateway, emulated: Emulated) -> None:
    """Without Redis what has a limit is 503 with Retry-After, what has none is answered."""
    with serve_redis() as redis:
        configuration = limited(
            emulated.url, redis_url=redis.url, limits_without_redis="fail_closed", num_retries=0
        )
        with start(configuration) as gateway:
            redis.kill()
            refused = gateway.chat("limited")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert gateway.chat("free").status_code == 200
