"""The keys of `router_settings` that say where rate limits are counted for several machines."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from adapters.deployment.values import (
    Count,
    CountOrNone,
    Places,
    Secret,
    Section,
    Text,
)
from proxy.config.redis_address import RedisUrl, spelled

_PORT: Final = 6379


class GroupLimits(Section):
    """What a public model may use, whichever deployment answers."""

    rpm: Count | None = None
    tpm: Count | None = None
    max_parallel_requests: Places | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> GroupLimits:
        if self.rpm is self.tpm is self.max_parallel_requests is None:
            raise ValueError("needs rpm, tpm or max_parallel_requests: this limits nothing")
        return self


class SharedStateSettings(Section):
    """Redis, by its URL or by its parts."""

    redis_url: RedisUrl | None = None
    redis_host: Text | None = None
    redis_port: Annotated[Count, Field(le=65535)] | None = None
    redis_password: Secret | None = None
    redis_db: CountOrNone | None = None
    #: Whether requests with a limit pass while Redis is away, each machine counting for itself.
    limits_without_redis: Literal["fail_open", "fail_closed"] = "fail_open"

    @model_validator(mode="after")
    def _one_address(self) -> SharedStateSettings:
        parts = (self.redis_host, self.redis_port, self.redis_password, self.redis_db)
        if self.redis_url is not None and any(part is not None for part in parts):
            raise ValueError("redis_url already says what the other redis_... keys say")
        if self.redis_host is None and any(part is not None for part in parts):
            raise ValueError("redis_port, redis_password and redis_db need redis_host")
        return self

    @property
    def redis_address(self) -> str | None:
        """The URL, with the password; None without Redis."""
        if self.redis_url is not None:
            return self.redis_url.get_secret_value()
        if self.redis_host is None:
            return None
        secret = "" if self.redis_password is None else self.redis_password.get_secret_value()
        port, db = self.redis_port or _PORT, self.redis_db or 0
        return spelled(self.redis_host, port, db, password=secret)
