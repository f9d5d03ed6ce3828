"""The host rule."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from adapters.errors import ConfigError
from proxy.config.schema import GeneralSettings
from proxy.exposure import Exposure, expose, is_loopback, master_key

GOOD = SecretStr("sk-long-enough-1")
CLOSED = GeneralSettings()
PERMITTED = GeneralSettings(dangerously_permit_weak_or_unset_master_key=True)


def test_a_good_key_opens_every_address() -> None:
    """With a good key the default is 0.0.0.0, and any host is taken as it is."""
    assert expose(None, GOOD, CLOSED) == Exposure("0.0.0.0")
    assert expose("10.0.0.1", GOOD, CLOSED) == Exposure("10.0.0.1")


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (None, "no master key is set"),
        (SecretStr("short"), "the master key is weak"),
        (SecretStr("sk-1234567890abcdef"), "the master key is weak"),
    ],
)
def test_without_a_good_key_only_this_machine_is_served(key: SecretStr | None, why: str) -> None:
    """A10: no or a weak key binds loopback and says so; other hosts refuse with the ways out."""
    assert expose(None, key, CLOSED) == Exposure("127.0.0.1", f"{why}: listening on 127.0.0.1 only")
    for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"):
        assert expose(host, key, CLOSED) == Exposure(host)
    for host in ("0.0.0.0", "::", "10.0.0.1", "gateway.internal"):
        with pytest.raises(ConfigError) as caught:
            expose(host, key, CLOSED)
        text = str(caught.value)
        assert text.startswith(f"{why}, and {host} is not loopback: refusing to start.")
        for way_out in (
            "general_settings.master_key",
            "LITELLM_MASTER_KEY",
            "--host 127.0.0.1",
            "dangerously_permit_weak_or_unset_master_key: true",
        ):
            assert way_out in text
        if key is not None:
            assert key.get_secret_value() not in text


def test_the_dangerous_permission_is_needed_in_so_many_words() -> None:
    """The setting allows any given host; without any key the default stays loopback."""
    assert expose("0.0.0.0", None, PERMITTED) == Exposure("0.0.0.0")
    assert expose(None, None, PERMITTED).host == "127.0.0.1"
    assert expose(None, SecretStr("short"), PERMITTED) == Exposure("0.0.0.0")


def test_the_configured_key_wins_over_the_variable() -> None:
    """`general_settings.master_key`, else `LITELLM_MASTER_KEY`, which when empty is unset."""
    variable = {"LITELLM_MASTER_KEY": " from-variable "}
    assert master_key(GeneralSettings(master_key=GOOD), variable) == GOOD
    assert master_key(CLOSED, variable) == SecretStr("from-variable")
    assert master_key(CLOSED, {"LITELLM_MASTER_KEY": " "}) is None
    assert master_key(CLOSED, {}) is None


def test_names_other_than_localhost_are_not_trusted() -> None:
    """A name may resolve to anything: only `localhost` and loopback addresses count."""
    assert is_loopback("LocalHost")
    assert not is_loopback("localhost.example.com")
    assert not is_loopback("")
