"""AWS's default chain through the real botocore, against a metadata service on loopback."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.errors import UpstreamError
from adapters.sagemaker.chain import Chain
from adapters.sagemaker.credentials import Credentials
from adapters.sagemaker.refreshing import RETRY_PAUSE, RefreshingCredentials
from tests.adapters.sagemaker.metadata import Metadata, triple

pytestmark = pytest.mark.usefixtures("bare_environment")


@dataclass
class Clock:
    """A clock that is moved by hand."""

    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        """Give the time."""
        return self.now


def default_chain(clock: Clock | None = None) -> RefreshingCredentials:
    """Give AWS's default chain."""
    return RefreshingCredentials(Chain("eu-west-1"), clock=clock or time.time)


async def settled() -> None:
    """Wait until no attempt to refresh is running."""
    for task in asyncio.all_tasks():
        if task.get_name() == RefreshingCredentials.__name__:
            await task


async def test_nothing_found() -> None:
    """Without credentials there is a 502 that nobody should retry, and says so by its code."""
    chain = default_chain()
    for attempt in (chain.prepare, chain.current):
        with pytest.raises(UpstreamError) as caught:
            await attempt()
        assert (caught.value.status, caught.value.code) == (502, "credentials_not_found")
        assert caught.value.should_retry is False


async def test_found_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that come later are found without a restart, after the pause."""
    clock = Clock()
    chain = default_chain(clock)
    with pytest.raises(UpstreamError):
        await chain.current()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(UpstreamError):
        await chain.current()
    clock.now += RETRY_PAUSE
    assert await chain.current() == Credentials("AKIDEXAMPLE", "secret", None)


async def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ambient keys come with their ambient token, and are read once."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock")
    chain = default_chain()
    await chain.prepare()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert await chain.current() == Credentials("AKIDEXAMPLE", "secret", "token")


async def test_profile_file(tmp_path: Path) -> None:
    """A shared credentials file is found."""
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = secret\n"
    )
    assert await default_chain().current() == Credentials("AKIDFILE", "secret", None)


async def test_resolved_once(metadata: Metadata) -> None:
    """Two hundred callers at the start share one call to the service; later ones need none (I1)."""
    chain = default_chain()
    metadata.open.clear()
    callers = [asyncio.create_task(chain.current()) for _ in range(200)]
    while not callers[0].done() and metadata.asked == 0:
        metadata.open.set()
        await asyncio.sleep(0)
    assert set(await asyncio.gather(*callers)) == {triple(1)}
    assert await chain.current() == triple(1)
    assert metadata.asked == 1


async def test_refresh_beside_the_requests(metadata: Metadata) -> None:
    """Near expiry two hundred callers are served the valid keys while one refresh runs (I1)."""
    metadata.life = timedelta(minutes=12)
    clock = Clock()
    chain = default_chain(clock)
    first = await chain.current()
    asked = metadata.asked
    clock.now += timedelta(minutes=9).total_seconds()
    metadata.open.clear()
    metadata.life = timedelta(hours=6)
    answers = await asyncio.gather(*(chain.current() for _ in range(200)))
    assert set(answers) == {first}
    metadata.open.set()
    await settled()
    assert await chain.current() == triple(asked + 1)
    assert metadata.asked == asked + 1


@pytest.mark.parametrize("minutes", [12, 5])
async def test_outage_while_valid(
    metadata: Metadata, caplog: pytest.LogCaptureFixture, minutes: int
) -> None:
    """While the service is out, valid credentials serve on; the log warns now and then (I2)."""
    metadata.life = timedelta(minutes=minutes)
    clock = Clock()
    chain = default_chain(clock)
    first = await chain.current()
    metadata.working = False
    clock.now += minutes * 50
    for _ in range(50):
        assert await chain.current() == first
        await settled()
    warned = [record for record in caplog.records if record.name == "adapters.sagemaker.refreshing"]
    assert len(warned) == 1
    assert warned[0].levelno == logging.WARNING
    metadata.working = True
    metadata.life = timedelta(hours=6)
    clock.now += RETRY_PAUSE
    await chain.current()
    await settled()
    assert await chain.current() != first


async def test_outage_past_expiry(metadata: Metadata) -> None:
    """Past expiry an outage is a 502; once the service is back, so are the answers (I3)."""
    clock = Clock()
    chain = default_chain(clock)
    first = await chain.current()
    metadata.working = False
    clock.now += metadata.life.total_seconds() + 60
    with pytest.raises(UpstreamError) as caught:
        await chain.current()
    assert (caught.value.status, caught.value.code) == (502, "credentials_unavailable")
    assert caught.value.should_retry is False
    assert caught.value.detail
    metadata.working = True
    metadata.life = timedelta(hours=24)
    with pytest.raises(UpstreamError):
        await chain.current()
    clock.now += RETRY_PAUSE
    assert await chain.current() != first


async def test_leaving_caller_does_not_stop_the_others(metadata: Metadata) -> None:
    """A caller that gives up does not take the running attempt away from the rest."""
    chain = default_chain()
    metadata.open.clear()
    impatient = asyncio.create_task(chain.current())
    patient = asyncio.create_task(chain.current())
    await asyncio.sleep(0)
    impatient.cancel()
    metadata.open.set()
    assert await patient == triple(1)
    assert impatient.cancelled()


async def test_failures_show_no_keys(metadata: Metadata) -> None:
    """Keys in what the service said, which botocore quotes, do not get into the log (K3)."""
    metadata.working = False
    metadata.complaint = '{"SecretAccessKey": "wJalrXUtnFEMI", "Message": "Not now."}'
    with pytest.raises(UpstreamError) as caught:
        await default_chain().current()
    assert caught.value.detail is not None
    assert "wJalr" not in caught.value.detail
    assert "Not now." in caught.value.detail


def test_credentials_show_nothing() -> None:
    """The printed form has no part of the triple in it (K5)."""
    assert repr(triple(1)) == "Credentials(***)"
    assert str(triple(1)) == "Credentials(***)"
