"""What replicas tell each other: who rests, and what is cold."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.fleet.stage import PACE, REST, Replica
from tests.live.gateway import HELLO
from tests.live.lifecycle.stage import until
from tests.redis_server import RedisServer

pytestmark = pytest.mark.xdist_group("fleet")

COLD = 5.0


def test_one_discovery_spares_the_others(fleet: list[Replica], emulated: Emulated) -> None:
    """One call finds a deployment throttled; nobody else asks it, nor does who starts later."""
    emulated.fault("one", "throttling")
    assert fleet[0].gateway.chat("pair").status_code == 200
    until(lambda: {each.status("one") for each in fleet} == {"resting"}, "all know")
    for each in fleet * 5:
        assert each.gateway.chat("pair").headers["x-litellm-model-id"] == "two"
    assert len(emulated.requests("one")) == 1

    fleet[2].kill()
    fleet[2].start()
    assert fleet[2].status("one") == "resting"
    assert fleet[2].gateway.chat("pair").headers["x-litellm-model-id"] == "two"
    assert len(emulated.requests("one")) == 1
    assert fleet[1].gateway.process.err.count('"pool.cooldown_heard"') == 1


def test_a_cold_endpoint_is_asked_by_one(fleet: list[Replica], emulated: Emulated) -> None:
    """Fifteen requests at three replicas wait together: one asks for all, at the pace."""
    emulated.fault("sleepy", "no_capacity", lasts=COLD)
    began = time.monotonic()
    with ThreadPoolExecutor(15) as threads:
        first = threads.submit(fleet[0].gateway.chat, "sleepy")
        until(lambda: {each.status(_id(each)) for each in fleet} == {"cold"}, "all know")
        others = [threads.submit(each.gateway.chat, "sleepy") for each in fleet * 5][1:]
        assert {each.result().status_code for each in (first, *others)} == {200}
    assert time.monotonic() - began < 3 * COLD

    refused = [each for each in emulated.requests("sleepy") if each["outcome"] != "200"]
    # Each for itself they would ask thrice as often as one does.
    assert COLD / (2 * PACE) <= len(refused) <= 1.5 * COLD / PACE + 1


def _id(replica: Replica) -> str:
    told = replica.gateway.http.get("/health").json()
    every = told["healthy_endpoints"] + told["unhealthy_endpoints"]
    return str(next(each["model_id"] for each in every if each["model"] == "sleepy"))


def test_workers_share_like_replicas(
    start: StartGateway, emulated: Emulated, fleet_redis: RedisServer
) -> None:
    """With Redis what one worker finds out spares the others as well."""
    text = serving.written(
        {
            "model_list": [
                serving.model("crew", "sagemaker_chat/one", info={"id": "crew-one"}, order=0),
                serving.model("crew", "sagemaker_chat/two", info={"id": "crew-two"}, order=1),
            ],
            "router_settings": {
                "default_litellm_params": serving.defaults(emulated.url),
                "redis_url": fleet_redis.url,
                "cooldown_time": REST,
            },
        }
    )
    emulated.fault("one", "throttling")
    with start(text, "--num_workers", "2") as gateway:
        until(lambda: "sagegate_fleet_processes 2.0" in gateway.http.get("/metrics").text, "both")
        assert gateway.chat("crew").status_code == 200
        until(lambda: 'pool.cooldown_heard"' in gateway.process.err, "the other one knows")
        for _ in range(12):
            with httpx.Client(base_url=gateway.url, trust_env=False, timeout=30) as client:
                body = {"model": "crew", "messages": HELLO}
                answer = client.post("/v1/chat/completions", json=body)
                assert answer.headers["x-litellm-model-id"] == "crew-two"
    assert len(emulated.requests("one")) == 1
