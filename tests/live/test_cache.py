"""The response cache from outside: the endpoint is not asked twice, whoever the client is."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway
from tests.live.leaks import MASTER_KEY
from tests.redis_server import serve_redis

MODELS = [
    serving.model("chat", "sagemaker_chat/chat"),
    serving.model("tgi", "sagemaker/tgi", format="tgi"),
    serving.model("embed", "sagemaker/embed"),
]
HEADER = "x-sagegate-cache"


def configuration(emulator: str, **params: Any) -> str:
    """A gateway whose answers are cached."""
    return serving.written(
        {
            "model_list": MODELS,
            "router_settings": {"default_litellm_params": serving.defaults(emulator)},
            "litellm_settings": {"cache": True, "cache_params": params},
        }
    )


@pytest.fixture(scope="module")
def cached_gateway(start: StartGateway, emulator_process: Emulated) -> Iterator[Gateway]:
    """One gateway with a cache in memory."""
    with start(configuration(emulator_process.url)) as gateway:
        yield gateway


@pytest.fixture
def cached(cached_gateway: Gateway, emulated: Emulated) -> Gateway:
    """That gateway, empty, and the emulator without a journal."""
    del emulated
    assert cached_gateway.post("/cache/flushall", {}).status_code == 200
    return cached_gateway


@pytest.mark.parametrize("model", ["chat", "tgi"])
def test_the_endpoint_is_asked_once(cached: Gateway, emulated: Emulated, model: str) -> None:
    """Whole answers and streams of one request are one call, in whatever dialect it is made."""
    whole = cached.chat(model, temperature=0.7)
    stream = cached.stream(model, temperature=0.7)
    with_usage = cached.stream(model, temperature=0.7, stream_options={"include_usage": True})

    assert whole.headers[HEADER] == "miss"
    assert stream.headers[HEADER] == with_usage.headers[HEADER] == "hit"
    assert stream.done
    assert stream.text() == with_usage.text() == whole.json()["choices"][0]["message"]["content"]
    assert [each["usage"] for each in with_usage.chunks if not each["choices"]] == [
        whole.json()["usage"]
    ]
    assert not any(each.get("usage") for each in stream.chunks)
    emulated.only()


def test_a_stream_is_kept_as_the_answer_that_it_was(cached: Gateway, emulated: Emulated) -> None:
    """A whole answer comes of a stream, with several choices each under its index."""
    stream = cached.stream("chat", n=2)
    whole = cached.chat("chat", n=2)

    assert (stream.headers[HEADER], whole.headers[HEADER]) == ("miss", "hit")
    texts = [choice["message"]["content"] for choice in whole.json()["choices"]]
    assert texts == [stream.text(0), stream.text(1)]
    emulated.only()


def test_a_stream_that_breaks_off_is_not_kept(cached: Gateway, emulated: Emulated) -> None:
    """Half an answer is asked for again, and then it is whole."""
    emulated.fault("chat", "stream_error", after=3, times=1)
    broken = cached.stream("chat", seed=1)
    again = cached.stream("chat", seed=1)

    assert broken.error is not None
    assert again.headers[HEADER] == "miss"
    assert again.done
    assert cached.stream("chat", seed=1).headers[HEADER] == "hit"
    assert len(emulated.requests()) == 2


def test_an_error_is_not_kept(cached: Gateway, emulated: Emulated) -> None:
    """A failure is the endpoint's each time; the answer after it is kept."""
    emulated.fault("chat", "model_error", status=422, times=1)
    assert cached.chat("chat", seed=2).status_code == 422
    assert cached.chat("chat", seed=2).headers[HEADER] == "miss"
    assert cached.chat("chat", seed=2).headers[HEADER] == "hit"


def test_the_openai_client_says_what_it_wants(cached: Gateway, emulated: Emulated) -> None:
    """`extra_body={"cache": …}` of the official client does what LiteLLM's documents say."""
    with openai.OpenAI(api_key="x", base_url=f"{cached.url}/v1", max_retries=0) as client:

        def ask(**cache: Any) -> Any:
            return client.chat.completions.with_raw_response.create(
                model="chat",
                messages=[{"role": "user", "content": "Say it again"}],
                extra_body={"cache": cache} if cache else None,
            )

        def vectors() -> Any:
            return client.embeddings.create(model="embed", input=["a", "b"]).data

        said = [
            ask(**cache).headers[HEADER]
            for cache in (
                {"no-store": True},
                {"ttl": 600},
                {"s-maxage": 600},
                {"no-cache": True},
                {"namespace": "apart"},
                {"namespace": "apart"},
                {"use-cache": False},
            )
        ]
        first, last = ask().parse(), ask(**{"s-maxage": 600}).parse()
        assert [each.embedding for each in vectors()] == [each.embedding for each in vectors()]
        with pytest.raises(openai.BadRequestError) as caught:
            ask(ttl="soon")

    assert said == ["miss", "miss", "hit", "bypass", "miss", "hit", "bypass"]
    assert first == last
    assert caught.value.param == "cache.ttl"
    assert len(emulated.requests("chat")) == 5
    emulated.only("embed")


def test_callers_are_apart_and_only_the_master_empties(
    start: StartGateway, emulated: Emulated
) -> None:
    """A public route's callers do not get the key holder's answers, nor the cache's routes."""
    text = configuration(emulated.url).removesuffix("}")
    general = '"general_settings": {"public_routes": ["/chat/completions", "/cache/flushall"]}}'
    with start(f"{text}, {general}", LITELLM_MASTER_KEY=MASTER_KEY) as gateway:
        key = {"authorization": f"Bearer {MASTER_KEY}"}
        body = {"model": "chat", "messages": HELLO}
        said = [
            gateway.post(path, body, headers).headers[HEADER]
            for path, headers in (
                ("/v1/chat/completions", key),
                ("/v1/chat/completions", key),
                ("/chat/completions", None),
                ("/chat/completions", None),
            )
        ]
        assert said == ["miss", "hit", "miss", "hit"]
        assert gateway.post("/cache/flushall", {}).status_code == 401
        assert gateway.post("/cache/flushall", {}, key).status_code == 200


def test_gateways_share_redis_and_live_without_it(start: StartGateway, emulated: Emulated) -> None:
    """Two processes ask once; when Redis dies both answer, and say so once."""
    with serve_redis() as server:
        text = configuration(emulated.url, type="redis", url=server.url, socket_timeout=5)
        with start(text) as one, start(text) as two:
            assert one.stream("chat").headers[HEADER] == "miss"
            assert two.chat("chat").headers[HEADER] == "hit"
            emulated.only()
            server.kill()
            for gateway in (one, two):
                answer = gateway.chat("chat")
                assert (answer.status_code, answer.headers[HEADER]) == (200, "bypass")
                assert gateway.stream("chat").done
                assert gateway.process.err.count("cache.store_out") == 1
