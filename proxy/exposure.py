"""The host rule: who may reach a gateway depends on whether it has a lock.

Without a good key the gateway listens on loopback only, unless the operator says otherwise in the
configuration, in so many words.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from pydantic import SecretStr

from adapters.errors import ConfigError
from adapters.value import value
from proxy.config.document import Unreadable
from proxy.config.schema import GeneralSettings
from proxy.config.variable import read_variable

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - LiteLLM's default; only chosen when there is a good key
_LOOPBACK = "127.0.0.1"
_SHORTEST_KEY = 12
#: The key of LiteLLM's own examples.
_EXAMPLE_KEY = "sk-1234"


@value(frozen=True, slots=True)
class Exposure:
    """Where to listen, and a line for the operator when that was chosen for safety."""

    host: str
    notice: str | None = None


def master_key(settings: GeneralSettings, environ: Mapping[str, str]) -> SecretStr | None:
    """Give the configured key, else `LITELLM_MASTER_KEY`; an empty variable counts as unset.

    Raises:
        ConfigError: there is none, and keys can be made that need one; or the variable stands in
            a file that can't be read.
    """
    if settings.master_key is not None:
        return settings.master_key
    try:
        text = (read_variable("LITELLM_MASTER_KEY", environ) or "").strip()
    except Unreadable as error:
        raise ConfigError(str(error)) from error
    if not text and settings.database_url is not None:
        raise ConfigError(
            "virtual keys need an administrator: set master_key or LITELLM_MASTER_KEY",
            path=("general_settings", "database_url"),
        )
    return SecretStr(text) if text else None


def expose(host: str | None, key: SecretStr | None, settings: GeneralSettings) -> Exposure:
    """Choose the host to bind.

    Args:
        host: What `--host` or `HOST` says; None when neither is given.
        key: The master key, if there is one.
        settings: For the setting that permits an open door.

    Raises:
        ConfigError: the host is not loopback and the key is missing or weak.
    """
    weakness = _weakness(key)
    permitted = settings.dangerously_permit_weak_or_unset_master_key
    if weakness is None or (permitted and key is not None):
        return Exposure(host or _EVERYWHERE)
    if host is None:
        return Exposure(_LOOPBACK, f"{weakness}: listening on {_LOOPBACK} only")
    if permitted or is_loopback(host):
        return Exposure(host)
    raise ConfigError(
        f"{weakness}, and {host} is not loopback: refusing to start. Set "
        f"general_settings.master_key or LITELLM_MASTER_KEY to at least {_SHORTEST_KEY} "
        f"characters, or pass --host {_LOOPBACK}, or set "
        "general_settings.dangerously_permit_weak_or_unset_master_key: true"
    )


def is_loopback(host: str) -> bool:
    """Whether a host can be reached from this machine only; names but `localhost` are not known."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _weakness(key: SecretStr | None) -> str | None:
    if key is None:
        return "no master key is set"
    text = key.get_secret_value()
    if len(text) < _SHORTEST_KEY or text.startswith(_EXAMPLE_KEY):
        return "the master key is weak"
    return None
