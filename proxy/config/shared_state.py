"""The keys of `router_settings` that say where rate limits are counted for several machines."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt, SecretStr, model_validator

from adapters.deployment.values import Secret, Section, Text

_PORT = 6379


def _redis_url(secret: SecretStr) -> SecretStr:
    refusal = ValueError("expected redis://[user:password@]host[:port][/db], or rediss:// for TLS")
    try:
        parts = urlsplit(secret.get_secret_value())
        usable = parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise refusal from None  # the cause repeats the value
    if not usable or parts.query:
        raise refusal
    return secret


class GroupLimits(Section):
    """What a public model may use, whichever deployment answers."""

    rpm: PositiveInt | None = None
    tpm: PositiveInt | None = None
    max_parallel_requests: PositiveInt | None = None


class SharedStateSettings(Section):
    """Redis, by its URL or by its parts."""

    redis_url: Annotated[Secret, AfterValidator(_redis_url)] | None = None
    redis_host: Text | None = None
    redis_port: Annotated[PositiveInt, Field(le=65535)] | None = None
    redis_password: Secret | None = None
    redis_db: NonNegativeInt | None = None
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
        user = f":{quote(secret, safe='')}@" if secret else ""
        host = f"[{self.redis_host}]" if ":" in self.redis_host else self.redis_host
        return f"redis://{user}{host}:{self.redis_port or _PORT}/{self.redis_db or 0}"
