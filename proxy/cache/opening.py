"""The configuration's cache, ready to be asked: where it is, and what holds for it.

Loads the Redis package only where Redis is configured.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from adapters.errors import ConfigError
from proxy.cache.answers import AnswerCache, Policy
from proxy.cache.memory import MemoryStore
from proxy.config.cache import CacheParams
from proxy.config.redis_address import check_package, spelled
from proxy.config.schema import LitellmSettings
from proxy.redis_line import Lines

_PATH: Final = ("litellm_settings", "cache_params")


@asynccontextmanager
async def open_cache(
    settings: LitellmSettings,
    environ: Mapping[str, str],
    before: AnswerCache | None = None,
    lines: Lines | None = None,
) -> AsyncIterator[AnswerCache | None]:
    """Open the cache for the block; None where answers are not cached.

    Args:
        settings: The configuration's.
        environ: The process's environment.
        before: The cache of the configuration before this one: what is in memory stays.
        lines: Those of the process.

    Raises:
        ConfigError: the cache can't be opened.
    """
    if not settings.cache:
        yield None
        return
    params = settings.cache_params
    policy = Policy(
        seconds=params.seconds,
        tasks=params.tasks,
        default_on=params.mode == "default_on",
        shared=params.shared_between_callers,
        entry_bytes=params.entry_bytes,
    )
    if params.type == "local":
        yield AnswerCache(store=_memory(params, before), policy=policy)
        return
    url = redis_url(params, environ)
    from proxy.cache.redis_store import RedisStore  # noqa: PLC0415 - see the module's docstring

    store = RedisStore(
        url,
        namespace=params.namespace,
        timeout=params.socket_timeout,
        max_connections=params.max_connections,
        ca_file=params.ssl_ca_certs,
        line=(lines or Lines()).of(url),
    )
    try:
        yield AnswerCache(store=store, policy=policy)
    finally:
        await store.aclose()


def check(settings: LitellmSettings, environ: Mapping[str, str]) -> None:
    """Find out what would keep the cache from being opened.

    Raises:
        ConfigError: says what is missing.
    """
    if settings.cache and settings.cache_params.type == "redis":
        redis_url(settings.cache_params, environ)


def redis_url(params: CacheParams, environ: Mapping[str, str]) -> str:
    """Give Redis' address: the configuration's, or else that of LiteLLM's variables.

    Raises:
        ConfigError: neither has one, or the package for Redis is missing.
    """
    check_package(*_PATH, "type")
    url = params.url or params.redis_url
    if url is not None:
        return url.get_secret_value()
    if params.host is None and environ.get("REDIS_URL"):
        return environ["REDIS_URL"]
    return _spelled(params, environ)


def _spelled(params: CacheParams, environ: Mapping[str, str]) -> str:
    """Spell the parts of an address as a URL."""
    if params.host is None:
        host, port = environ.get("REDIS_HOST"), environ.get("REDIS_PORT") or params.port
    else:
        host, port = params.host, params.port
    if not host:
        message = "a Redis cache needs a host or url, or the variable REDIS_HOST or REDIS_URL"
        raise ConfigError(message, path=(*_PATH, "type"))
    configured = params.password.get_secret_value() if params.password else None
    password = configured or environ.get("REDIS_PASSWORD") or ""
    username = params.username or environ.get("REDIS_USERNAME") or ""
    return spelled(host, port, params.db, username=username, password=password, tls=params.ssl)


def _memory(params: CacheParams, before: AnswerCache | None) -> MemoryStore:
    """Give a store in memory: the one that there was, where its bounds are the same."""
    bounds = (params.memory_bytes, params.max_size_in_memory)
    store = None if before is None else before.store
    if isinstance(store, MemoryStore) and store.bounds == bounds:
        return store
    return MemoryStore(*bounds)
