"""Who is limited, by how much a request weighs, and what clients read of it."""

from pathlib import Path
from typing import Any

import pytest

from adapters.errors import RateLimited
from proxy.limits import claims
from proxy.limits.claim import Claim, Remaining
from proxy.limits.ledgers import Ledgers, RedisSettings
from proxy.limits.quota_headers import quota_headers
from proxy.limits.size import tokens_of
from tests.proxy.limits.bench import model
from tests.redis_server import RedisServer, serve_redis


def test_scopes_are_apart_and_labels_are_public() -> None:
    """Deployment, model and key of one name are three owners; a key is known by digest alone."""
    assert claims.of_deployment("id-1", "llama", rpm=6, tpm=7) == Claim(
        scope="deployment:id-1", label="model llama", requests=6, tokens=7
    )
    assert claims.of_model("llama", parallel=2) == Claim(
        scope="model:llama", label="model llama", parallel=2
    )
    assert claims.of_key("5f3a", "team-a", rpm=1) == Claim(
        scope="key:5f3a", label="key team-a", requests=1
    )


def test_nothing_is_claimed_without_a_limit() -> None:
    """Who has no limit costs nothing; a limit of 0 is one."""
    assert claims.of_deployment("id-1", "llama") is None
    assert claims.of_model("llama") is None
    assert claims.of_key("5f3a", "team-a") is None
    assert claims.of_model("llama", rpm=0) is not None


@pytest.mark.parametrize(
    ("params", "tokens"),
    [
        ({}, 0),
        ({"prompt": "x" * 8}, 2),
        ({"prompt": "世界世界"}, 3),
        ({"prompt": [1, 2, 3]}, 3),
        ({"input": ["abcd", "abcd"]}, 2),
        ({"messages": [{"role": "user", "content": "x" * 36}]}, 10),
        ({"messages": [{"role": "user", "content": None}], "max_tokens": 50}, 51),
        ({"prompt": "x" * 8, "max_tokens": 50, "n": 3}, 152),
        ({"prompt": "x" * 8, "max_tokens": 50, "max_completion_tokens": 10}, 12),
        ({"query": "abcd", "documents": ["abcd", {"text": "abcd"}]}, 3),
        ({"messages": [{"content": [{"image_url": {"url": "x" * 9000}}, {"text": "abcd"}]}]}, 1),
        ({"prompt": "abcd", "stream": True, "temperature": 1}, 1),
        ({"input": "abcd", "max_tokens": -1000, "n": 2}, 1),
        ({"input": "abcd", "max_completion_tokens": 10, "n": -2}, 11),
        ({"input": "abcd", "max_tokens": True}, 1),
    ],
)
def test_what_a_request_may_use(params: dict[str, Any], tokens: int) -> None:
    """Its texts at four bytes a token, and the answers that it allows; pictures are not text.

    Nothing makes it less: not every task's schema looks at the numbers, and a request below zero
    would give tokens to everybody, and take them away again when it is settled.
    """
    assert tokens_of(params) == tokens


def test_headers_tell_of_the_tightest_limit() -> None:
    """Requests and tokens each of whoever has least left, never below zero."""
    wide = Remaining(model(requests=100, tokens=1000), 90, 5, None)
    narrow = Remaining(model(requests=10, tokens=2000), 3, 700, 1)
    overrun = Remaining(model(tokens=50), None, -20, None)
    assert quota_headers([wide, narrow]) == {
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "3",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "5",
    }
    assert quota_headers([overrun])["x-ratelimit-remaining-tokens"] == "0"
    assert quota_headers([]) == {}


async def test_local_counts_outlive_a_configuration() -> None:
    """A reload changes nothing about what was used."""
    ledgers = Ledgers()
    async with ledgers.open(None) as ledger:
        await ledger.reserve([model(requests=1)], 0)
    async with ledgers.open(None) as ledger:
        with pytest.raises(RateLimited):
            await ledger.reserve([model(requests=1)], 0)
    await ledgers.aclose()


async def test_siblings_share_a_folder(tmp_path: Path) -> None:
    """Processes that were given the same folder keep one limit."""
    one, other = Ledgers(tmp_path), Ledgers(tmp_path)
    async with one.open(None) as first, other.open(None) as second:
        await first.reserve([model(requests=1)], 0)
        with pytest.raises(RateLimited):
            await second.reserve([model(requests=1)], 0)
    await one.aclose()
    await other.aclose()


async def test_redis_counts_where_it_is_configured(redis_server: RedisServer) -> None:
    """Processes that share nothing else keep one limit."""
    settings = RedisSettings(url=redis_server.url)
    one, other = Ledgers(), Ledgers()
    claim = model(requests=1, name="of-two-machines")
    async with one.open(settings) as first, other.open(settings) as second:
        await first.reserve([claim], 0)
        with pytest.raises(RateLimited):
            await second.reserve([claim], 0)


async def test_the_older_redis_of_the_package_counts_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The scripts run on Redis 6 and on what the distributions have; a password is used."""
    monkeypatch.setenv("PATH", "")
    with serve_redis(password="s3cret") as server:
        settings = RedisSettings(url=server.url, fail_open=False)
        assert "s3cret" not in repr(settings)
        async with Ledgers().open(settings) as ledger:
            reservation = await ledger.reserve([model(requests=1, tokens=5, parallel=1)], 5)
            reservation.cancel()
            with pytest.raises(RateLimited):
                await ledger.reserve([model(requests=0)], 0)
