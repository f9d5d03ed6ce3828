"""Fixtures: one emulator for all tests of a module, and clean faults and journal for each test."""

from collections.abc import Iterator

import pytest

from emulator.server import running_emulator
from emulator.settings import Settings, parse
from tests.emulator.callers import TEMPORARY, Emulated


@pytest.fixture(autouse=True)
def no_aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads credentials or endpoints of the machine it runs on."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The demo endpoints, a temporary key, an expired one, and a small body limit."""
    permanent = Settings().credentials[0]
    return Settings(
        credentials=(permanent, *parse({"credentials": TEMPORARY}, "test").credentials),
        body_limit=10_000,
    )


@pytest.fixture(scope="module")
def serving(settings: Settings) -> Iterator[Emulated]:
    """A running emulator."""
    with running_emulator(settings) as url, Emulated(url) as emulated:
        yield emulated


@pytest.fixture
def emulated(serving: Emulated) -> Emulated:
    """The running emulator, without faults and with an empty journal."""
    serving.forget()
    return serving
