"""The configuration's cache: where it is, what is missing, and what outlives a reload."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.errors import ConfigError
from proxy.cache.opening import check, open_cache, redis_url
from proxy.config.cache import CacheParams
from proxy.config.schema import LitellmSettings
from proxy.deployments import faults
from tests.proxy.served import config


def settings(**params: Any) -> LitellmSettings:
    return LitellmSettings.model_validate({"cache": True, "cache_params": params})


def url_of(environ: dict[str, str] | None = None, **params: Any) -> str:
    return redis_url(CacheParams.model_validate({"type": "redis", **params}), environ or {})


@pytest.mark.parametrize(
    ("params", "environ", "url"),
    [
        ({"url": "rediss://u:p@r:1/2"}, {"REDIS_URL": "redis://no"}, "rediss://u:p@r:1/2"),
        ({"redis_url": "redis://r"}, {}, "redis://r"),
        ({"host": "r"}, {"REDIS_URL": "redis://no"}, "redis://r:6379/0"),
        ({"host": "r", "port": "7", "db": 3, "ssl": True}, {}, "rediss://r:7/3"),
        ({"host": "r", "password": "p@:/"}, {}, "redis://:p%40%3A%2F@r:6379/0"),
        ({"host": "r", "username": "u", "password": "p"}, {}, "redis://u:p@r:6379/0"),
        ({}, {"REDIS_URL": "redis://e"}, "redis://e"),
        (
            {},
            {"REDIS_HOST": "e", "REDIS_PORT": "9", "REDIS_USERNAME": "u", "REDIS_PASSWORD": "p"},
            "redis://u:p@e:9/0",
        ),
    ],
)
def test_redis_is_where_the_configuration_says(
    params: dict[str, Any], environ: dict[str, str], url: str
) -> None:
    """A URL, or its parts, or LiteLLM's variables; the configuration wins."""
    assert url_of(environ, **params) == url


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"type": "s3"}, 'expected "local" or "redis": there is no other cache'),
        ({"type": "redis-semantic"}, 'expected "local" or "redis": there is no other cache'),
        ({"type": 5}, "Input should be"),
        ({"host": "r"}, "host: needs type: redis"),
        ({"type": "redis", "host": "r", "url": "redis://r"}, "host: there is url already"),
        ({"type": "redis", "url": "http://r"}, "expected redis://"),
        ({"type": "redis", "url": "redis://r:x"}, "expected redis://"),
        ({"type": "redis", "url": "rediss://r?ssl_cert_reqs=none"}, "has no query"),
        ({"mode": "off"}, "default_off"),
        ({"ttl": 0}, "greater than 0"),
        ({"ttl": 31_536_001}, "less than or equal"),
        ({"namespace": "a b"}, "match pattern"),
        ({"supported_call_types": ["chat"]}, "acompletion"),
    ],
)
def test_what_can_not_be_is_refused(params: dict[str, Any], says: str) -> None:
    """A slip in `cache_params` is told at start, and never repeats a URL: it may hold a secret."""
    with pytest.raises(ValidationError) as caught:
        settings(**params)
    assert says in str(caught.value)
    assert "redis://r" not in str(caught.value)


def test_a_redis_without_an_address_is_a_fault() -> None:
    """`type: redis` with no address anywhere is told with its place, before anything is served."""
    made = config(litellm_settings={"cache": True, "cache_params": {"type": "redis"}})
    environ = {"AWS_REGION": "eu-west-1"}
    (fault,) = faults(made, environ)
    assert fault.path == ("litellm_settings", "cache_params", "type")
    assert "REDIS_HOST" in fault.message
    assert faults(made, {**environ, "REDIS_HOST": "r"}) == []


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package for Redis the operator is told what to install; `local` needs none."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigError, match=r"pip install 'sagegate\[redis\]'"):
        check(settings(type="redis", host="r"), {})
    check(settings(type="local"), {})
    check(LitellmSettings.model_validate({"cache_params": {"type": "redis"}}), {})


def test_call_types_are_litellms() -> None:
    """LiteLLM's names of calls choose resources; those that are not served choose nothing."""
    chosen = CacheParams(supported_call_types=("completion", "arerank", "aresponses"))
    assert chosen.tasks == {"chat", "rerank"}
    assert CacheParams().tasks == {"chat", "completion", "embedding", "rerank"}
    assert CacheParams(supported_call_types=()).tasks == frozenset()


def test_each_kind_has_its_own_ttl() -> None:
    """`default_in_memory_ttl` and `default_in_redis_ttl` win over `ttl` for their kind."""
    both: Any = {"ttl": 1, "default_in_memory_ttl": 2, "default_in_redis_ttl": 3}
    assert CacheParams(**both).seconds == 2
    assert CacheParams(type="redis", host="r", **both).seconds == 3
    assert CacheParams(ttl=1).seconds == 1


async def test_memory_outlives_a_reload() -> None:
    """The next configuration finds what is in memory, unless its bounds are others."""
    async with (
        open_cache(settings(), {}) as first,
        open_cache(settings(ttl=5, mode="default_off"), {}, first) as second,
        open_cache(settings(max_memory_mb=1), {}, second) as third,
    ):
        assert first is not None
        assert second is not None
        assert third is not None
        assert second.store is first.store
        assert (second.policy.seconds, second.policy.default_on) == (5, False)
        assert third.store is not first.store


async def test_a_cache_that_is_off_is_none() -> None:
    """`cache_params` alone cache nothing."""
    off = LitellmSettings.model_validate({"cache_params": {"ttl": 5}})
    async with open_cache(off, {}) as cache:
        assert cache is None
