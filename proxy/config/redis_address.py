"""Where a Redis is, as the configuration says it, and whether it can be talked to at all."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, SecretStr

from adapters.deployment.values import Secret
from adapters.errors import ConfigError


def _redis_url(secret: SecretStr) -> SecretStr:
    refusal = ValueError("expected redis://[user:password@]host[:port][/db], or rediss:// for TLS")
    try:
        parts = urlsplit(secret.get_secret_value())
        usable = parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise refusal from None  # the cause repeats the value
    if not usable:
        raise refusal
    if parts.query:
        raise ValueError("a Redis URL has no query here: its settings are keys of their own")
    return secret


RedisUrl = Annotated[Secret, AfterValidator(_redis_url)]


def spelled(
    host: str,
    port: int | str,
    db: int,
    *,
    username: str = "",
    password: str = "",
    tls: bool = False,
) -> str:
    """Spell the parts of an address as a URL; a name without a password says nothing."""
    login = f"{quote(username, safe='')}:{quote(password, safe='')}@" if password else ""
    place = f"[{host}]" if ":" in host else host
    return f"{'rediss' if tls else 'redis'}://{login}{place}:{port}/{db}"


def check_package(*path: str) -> None:
    """Find out whether the package is there that Redis needs.

    Raises:
        ConfigError: it is not; `path` says which key wants it.
    """
    if find_spec("redis") is None:
        message = "Redis needs a package more: pip install 'sagegate[redis]'"
        raise ConfigError(message, path=path)
