"""Time, failure and waiting callers, for credentials that come from anywhere."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

import pytest

from adapters.errors import UpstreamError
from adapters.sagemaker.credentials import Credentials, Issued, StaticCredentials
from adapters.sagemaker.refreshing import RETRY_PAUSE, RefreshingCredentials, explained

HOUR = 3600.0


@dataclass
class Source:
    """Issues numbered keys on a clock of its own, or fails."""

    life: float | None = HOUR
    failure: Exception | None = None
    #: The number is not counted up: the same keys come again.
    stuck: bool = False
    now: float = 1_000_000.0
    number: int = 0
    fetched: int = 0
    stale: list[Credentials | None] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def __call__(self, stale: Credentials | None) -> Issued:
        self.fetched += 1
        self.stale.append(stale)
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.number += not self.stuck
        return Issued(keys(self.number), None if self.life is None else self.now + self.life)

    def provider(self, jitter: float = 1.0, patience: float = 30.0) -> RefreshingCredentials:
        """Give credentials that come from here."""
        return RefreshingCredentials(
            self, title="role r", clock=lambda: self.now, jitter=jitter, patience=patience
        )


def keys(number: int) -> Credentials:
    """Give the n-th keys."""
    return Credentials(f"ASIA{number}", "secret", "token")


async def settled() -> None:
    """Wait until no attempt is running."""
    for task in asyncio.all_tasks():
        if task.get_name() == RefreshingCredentials.__name__:
            await task


@pytest.mark.parametrize(
    ("life", "jitter", "quiet", "due"),
    [
        (HOUR, 1.0, 2699, 2701),
        (HOUR, 2 / 3, 2999, 3001),
        (900, 1.0, 599, 601),
        (12 * HOUR, 1.0, 12 * HOUR - 901, 12 * HOUR - 899),
    ],
)
async def test_when_a_refresh_begins(life: float, jitter: float, quiet: float, due: float) -> None:
    """It begins 10 to 15 minutes before the end, by process; in the last third of a short life."""
    source = Source(life=life)
    start = source.now
    provider = source.provider(jitter)
    await provider.prepare()
    source.now = start + quiet
    assert await provider.current() == keys(1)
    await settled()
    assert source.fetched == 1
    source.now = start + due
    assert await provider.current() == keys(1)
    await settled()
    assert await provider.current() == keys(2)
    assert source.fetched == 2


async def test_credentials_without_an_end_are_kept() -> None:
    """Nothing is fetched again where nothing ends."""
    source = Source(life=None)
    provider = source.provider()
    await provider.prepare()
    source.now += 1000 * HOUR
    assert await provider.issued() == Issued(keys(1), None)
    assert source.fetched == 1


async def test_one_renewal_for_many_refusals() -> None:
    """Two hundred callers that saw the same keys refused cause one fetch, and get its keys."""
    source = Source()
    provider = source.provider()
    stale = await provider.current()
    source.open.clear()
    callers = [asyncio.create_task(provider.renew(stale)) for _ in range(200)]
    await asyncio.sleep(0)
    source.open.set()
    assert set(await asyncio.gather(*callers)) == {keys(2)}
    assert await provider.renew(stale) == keys(2), "one that comes late finds them there"
    assert source.stale == [None, stale]


async def test_a_renewal_that_brings_nothing_new() -> None:
    """The same keys again are no others; the next attempt waits for the pause."""
    source = Source()
    provider = source.provider()
    stale = await provider.current()
    source.stuck = True
    assert await provider.renew(stale) is None
    assert await provider.renew(stale) is None
    assert source.fetched == 2
    source.now += RETRY_PAUSE
    source.stuck = False
    assert await provider.renew(stale) == keys(2)


async def test_a_renewal_that_fails() -> None:
    """Without an answer there are no others; the refused ones stay, they may be right elsewhere."""
    source = Source()
    provider = source.provider()
    stale = await provider.current()
    source.failure = OSError("down")
    assert await provider.renew(stale) is None
    assert await provider.current() == stale


async def test_pauses_grow_while_the_source_is_down(caplog: pytest.LogCaptureFixture) -> None:
    """Valid keys serve on; one warning a failure; the pause doubles up to a minute, then anew."""
    source = Source()
    provider = source.provider()
    await provider.prepare()
    source.failure = OSError("down")
    source.now += HOUR - 800
    attempts = []
    for _ in range(300):
        assert await provider.current() == keys(1)
        await settled()
        attempts.append(source.fetched - 1)
        source.now += 1
    began = [attempts.index(number) for number in range(1, attempts[-1] + 1)]
    assert began == [0, 5, 15, 35, 75, 135, 195, 255]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == len(began)
    assert "credentials.refresh_failed: role r: " in warnings[0].getMessage()
    assert "OSError: down" in warnings[0].getMessage()

    source.failure = None
    source.now += 60
    await provider.current()
    await settled()
    source.failure = OSError("down again")
    source.now += HOUR - 800
    await provider.current()
    await settled()
    source.now += RETRY_PAUSE
    fetched = source.fetched
    await provider.current()
    await settled()
    assert source.fetched == fetched + 1


async def test_past_the_end_every_caller_has_an_error_of_its_own() -> None:
    """Nobody waits for a source that has just failed, and recovery needs no restart (I3)."""
    source = Source(failure=OSError("down"))
    provider = source.provider()
    caught = []
    for _ in range(2):
        with pytest.raises(UpstreamError) as raised:
            await provider.current()
        caught.append(raised.value)
    assert caught[0] is not caught[1]
    assert {error.code for error in caught} == {"credentials_unavailable"}
    assert caught[1].detail == "OSError: down"
    assert source.fetched == 1
    assert await provider.renew(keys(1)) is None
    source.failure = None
    source.now += RETRY_PAUSE
    assert await provider.current() == keys(1)


async def test_a_source_that_never_answers_is_given_up() -> None:
    """An attempt has an end of its own, whoever waits for it."""
    source = Source()
    source.open.clear()
    provider = source.provider(patience=0.01)
    with pytest.raises(UpstreamError) as caught:
        await provider.current()
    assert caught.value.code == "credentials_unavailable"
    assert "TimeoutError" in str(caught.value.detail)


async def test_expired_between_an_attempt_and_its_use() -> None:
    """Keys that are over when they come serve nobody, and the error says that there are none."""
    provider = Source(life=0).provider()
    with pytest.raises(UpstreamError) as caught:
        await provider.current()
    assert caught.value.code == "credentials_unavailable"


async def test_static_keys_have_no_others() -> None:
    """Keys of the configuration are what they are."""
    provider = StaticCredentials(keys(1))
    assert await provider.issued() == Issued(keys(1), None)
    assert await provider.renew(keys(1)) is None


def test_an_explanation_has_awss_name_and_no_secret() -> None:
    """AWS's name is the code; its words are for the log, without keys and tokens (K3)."""

    class ClientError(Exception):
        response = {"Error": {"Code": "ExpiredTokenException"}}  # noqa: RUF012 - botocore's shape

    error = explained(ClientError("<SecretAccessKey>wJalrXUtnFEMI</SecretAccessKey> is old"))
    assert error.code == "ExpiredTokenException"
    assert "(ExpiredTokenException)" in error.message
    assert "wJalr" not in str(error.detail)
    assert explained(error) is error
