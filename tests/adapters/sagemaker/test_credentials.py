"""AWS's default chain through the real botocore, against a metadata service on loopback."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from adapters.errors import UpstreamError
from adapters.sagemaker.credentials import (
    RETRY_PAUSE,
    CredentialProvider,
    Credentials,
    DefaultChain,
    StaticCredentials,
)

VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_BEARER_TOKEN_BEDROCK",
    "BOTO_CONFIG",
)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials anywhere: no variables, no files, no instance metadata."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # botocore rests a second between two tries of its own.
    monkeypatch.setattr("aiobotocore.utils.AioContainerMetadataFetcher.SLEEP_TIME", 0)


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


@dataclass
class Metadata:
    """A container's credential service: gives numbered keys, or fails, as told."""

    life: timedelta = timedelta(hours=6)
    working: bool = True
    asked: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, _: web.Request) -> web.Response:
        """Answer like ECS and EKS Pod Identity."""
        await self.open.wait()
        self.asked += 1
        if not self.working:
            return web.Response(status=400, text="no")
        expiry = datetime.now(UTC) + self.life
        return web.json_response(
            {
                "AccessKeyId": f"ASIA{self.asked}",
                "SecretAccessKey": f"secret {self.asked}",
                "Token": f"token {self.asked}",
                "Expiration": expiry.isoformat(),
            }
        )


def triple(number: int) -> Credentials:
    """Give the credentials of the service's n-th answer."""
    return Credentials(f"ASIA{number}", f"secret {number}", f"token {number}")


@pytest.fixture
async def metadata(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Metadata]:
    """A running credential service that the chain finds through the environment."""
    service = Metadata()
    service.open.set()
    app = web.Application()
    app.router.add_get("/", service.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{port}/")
    yield service
    await runner.cleanup()


async def settled() -> None:
    """Wait until no attempt to refresh is running."""
    for task in asyncio.all_tasks():
        if task.get_name() == DefaultChain.__name__:
            await task


def test_are_providers() -> None:
    """Both kinds have the shape that invokers ask for (checked by the type checkers)."""
    providers: list[CredentialProvider] = [StaticCredentials(triple(1)), DefaultChain()]
    assert len(providers) == 2


async def test_nothing_found() -> None:
    """Without credentials there is a 502 that nobody should retry, and says so by its code."""
    chain = DefaultChain()
    for attempt in (chain.prepare, chain.current):
        with pytest.raises(UpstreamError) as caught:
            await attempt()
        assert (caught.value.status, caught.value.code) == (502, "credentials_not_found")
        assert caught.value.should_retry is False


async def test_found_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that come later are found without a restart, after the pause."""
    clock = Clock()
    chain = DefaultChain(clock)
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
    chain = DefaultChain()
    await chain.prepare()
    assert chain.source == "default AWS chain (env)"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert await chain.current() == Credentials("AKIDEXAMPLE", "secret", "token")


async def test_profile_file(tmp_path: Path) -> None:
    """A shared credentials file is found."""
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = secret\n"
    )
    assert await DefaultChain().current() == Credentials("AKIDFILE", "secret", None)


async def test_resolved_once(metadata: Metadata) -> None:
    """Two hundred callers at the start share one call to the service; later ones need none (I1)."""
    chain = DefaultChain()
    metadata.open.clear()
    callers = [asyncio.create_task(chain.current()) for _ in range(200)]
    while not callers[0].done() and metadata.asked == 0:
        metadata.open.set()
        await asyncio.sleep(0)
    assert set(await asyncio.gather(*callers)) == {triple(1)}
    assert await chain.current() == triple(1)
    assert metadata.asked == 1
    assert chain.source == "default AWS chain (container-role)"


async def test_refresh_beside_the_requests(metadata: Metadata) -> None:
    """Near expiry two hundred callers are served the valid keys while one refresh runs (I1)."""
    metadata.life = timedelta(minutes=12)
    clock = Clock()
    chain = DefaultChain(clock)
    first = await chain.current()
    asked = metadata.asked
    clock.now += RETRY_PAUSE
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
    chain = DefaultChain(clock)
    first = await chain.current()
    metadata.working = False
    clock.now += RETRY_PAUSE
    for _ in range(50):
        assert await chain.current() == first
        await settled()
    warned = [
        record for record in caplog.records if record.name == "adapters.sagemaker.credentials"
    ]
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
    metadata.life = timedelta(seconds=0.5)
    clock = Clock()
    chain = DefaultChain(clock)
    first = await chain.current()
    metadata.working = False
    await asyncio.sleep(0.6)
    clock.now += RETRY_PAUSE
    with pytest.raises(UpstreamError) as caught:
        await chain.current()
    assert (caught.value.status, caught.value.code) == (502, "credentials_unavailable")
    assert caught.value.should_retry is False
    assert caught.value.detail
    metadata.working = True
    metadata.life = timedelta(hours=6)
    with pytest.raises(UpstreamError):
        await chain.current()
    clock.now += RETRY_PAUSE
    assert await chain.current() != first


async def test_leaving_caller_does_not_stop_the_others(metadata: Metadata) -> None:
    """A caller that gives up does not take the running attempt away from the rest."""
    chain = DefaultChain()
    metadata.open.clear()
    impatient = asyncio.create_task(chain.current())
    patient = asyncio.create_task(chain.current())
    await asyncio.sleep(0)
    impatient.cancel()
    metadata.open.set()
    assert await patient == triple(1)
    assert impatient.cancelled()


def test_credentials_show_nothing() -> None:
    """The printed form has no part of the triple in it (K5)."""
    assert repr(triple(1)) == "Credentials(***)"
    assert str(triple(1)) == "Credentials(***)"
