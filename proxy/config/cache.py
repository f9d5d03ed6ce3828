"""`cache_params`: which answers are kept, where, and for how long."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    model_validator,
)

from adapters.base import Task
from adapters.deployment.values import (
    Count,
    CountOrNone,
    Flag,
    KeptSeconds,
    Megabytes,
    Seconds,
    Secret,
    Section,
    Text,
)
from proxy.config.redis_address import RedisUrl

#: Each resource under LiteLLM's names for a call of it.
CallType = Literal[
    "completion",
    "acompletion",
    "text_completion",
    "atext_completion",
    "embedding",
    "aembedding",
    "rerank",
    "arerank",
    "transcription",
    "atranscription",
    "responses",
    "aresponses",
]
#: Those of them that are served.
_TASKS: Final[dict[str, Task]] = {
    "completion": "chat",
    "acompletion": "chat",
    "text_completion": "completion",
    "atext_completion": "completion",
    "embedding": "embedding",
    "aembedding": "embedding",
    "rerank": "rerank",
    "arerank": "rerank",
}
_SERVED_ALL: Final[tuple[CallType, ...]] = (
    "acompletion",
    "atext_completion",
    "aembedding",
    "arerank",
)
_MEGABYTE: Final = 1024 * 1024
_REDIS_ONLY: Final = (
    "url",
    "redis_url",
    "host",
    "username",
    "password",
    "ssl_ca_certs",
)


def _our_kind(kind: Any) -> Any:
    """Say of LiteLLM's other caches that there are none, rather than what the schema says."""
    if isinstance(kind, str) and kind not in {"local", "redis"}:
        raise ValueError('expected "local" or "redis": there is no other cache')
    return kind


Namespace = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]


class CacheParams(Section):
    """`cache_params`: how answers are cached, once `cache` is true."""

    type: Annotated[Literal["local", "redis"], BeforeValidator(_our_kind)] = "local"
    mode: Literal["default_on", "default_off"] = "default_on"
    ttl: KeptSeconds = 600
    default_in_memory_ttl: KeptSeconds | None = None
    default_in_redis_ttl: KeptSeconds | None = None
    supported_call_types: tuple[CallType, ...] = _SERVED_ALL
    #: Callers get answers that others were given; otherwise each has a cache of their own.
    shared_between_callers: Flag = False
    max_memory_mb: Megabytes = 64
    max_size_in_memory: Count | None = None
    max_entry_mb: Megabytes = 1
    namespace: Namespace = "sagegate"
    url: RedisUrl | None = None
    redis_url: RedisUrl | None = None
    host: Text | None = None
    port: Annotated[Count, Field(le=65535)] = 6379
    username: Text | None = None
    password: Secret | None = None
    db: Annotated[CountOrNone, Field(le=65535)] = 0
    ssl: Flag = False
    ssl_ca_certs: Text | None = None
    socket_timeout: Seconds = 0.25
    max_connections: Annotated[Count, Field(le=10_000)] = 32

    @model_validator(mode="after")
    def _fits_together(self) -> CacheParams:
        given = [name for name in _REDIS_ONLY if getattr(self, name) is not None]
        if self.type == "local" and given:
            raise ValueError(f"{given[0]}: needs type: redis")
        if self.type == "local" and self.max_entry_mb > self.max_memory_mb:
            raise ValueError("max_entry_mb must be at most max_memory_mb: all answers share that")
        addresses = [name for name in ("url", "redis_url", "host") if name in given]
        if len(addresses) > 1:
            raise ValueError(f"{addresses[1]}: there is {addresses[0]} already")
        return self

    @property
    def tasks(self) -> frozenset[Task]:
        """What is cached."""
        return frozenset(_TASKS[name] for name in self.supported_call_types if name in _TASKS)

    @property
    def seconds(self) -> float:
        """How long an answer is kept."""
        own = self.default_in_memory_ttl if self.type == "local" else self.default_in_redis_ttl
        return own or self.ttl

    @property
    def memory_bytes(self) -> int:
        """What all answers in memory may take."""
        return int(self.max_memory_mb * _MEGABYTE)

    @property
    def entry_bytes(self) -> int:
        """What one answer may take."""
        return int(self.max_entry_mb * _MEGABYTE)
