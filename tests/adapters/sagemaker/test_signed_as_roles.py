"""Calls signed as roles, against the emulator, which verifies each signature on its own."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from adapters.base import Limits, Payload
from adapters.sagemaker.connections import Connections
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.identity import Keys, Role, RoleArn
from adapters.sagemaker.identity import Sts as StsAddress
from adapters.sagemaker.invoker import SageMakerInvoker
from adapters.sagemaker.refreshing import RefreshingCredentials
from adapters.sagemaker.roles import AssumedRole
from adapters.sagemaker.settings import read_aws_settings
from emulator.server import running_emulator
from emulator.settings import Credential, Settings
from tests.adapters.sagemaker.test_emulated import target
from tests.sts_server import ROLE, Sts, minted

LIMITS = Limits()
PAYLOAD = Payload(body=b'{"inputs": "Where?"}')
KEYS = Credentials("AKIDEXAMPLE", "secret")


def known(number: int, *, expired: bool = False) -> Credential:
    """Give STS's n-th keys as the emulator knows them."""
    key, secret, token = minted(number)
    return Credential(
        access_key=key, secret_key=SecretStr(secret), session_token=token, expired=expired
    )


@pytest.fixture(scope="module")
def emulator_url() -> Iterator[str]:
    """An emulator that knows STS's first three keys; to it the first ones are over."""
    credentials = (known(1, expired=True), known(2), known(3))
    with running_emulator(Settings(credentials=credentials, journal=500)) as url:
        yield url


@pytest.fixture
def journal(emulator_url: str) -> Iterator[httpx.Client]:
    """The emulator's control routes; its journal is empty."""
    with httpx.Client(base_url=emulator_url, trust_env=False) as control:
        control.delete("/_emulator/requests").raise_for_status()
        yield control


@pytest.fixture
async def client() -> AsyncIterator[DirectClient]:
    """A pool of connections, closed at the end."""
    client = DirectClient()
    yield client
    await client.aclose()


def signers(journal: httpx.Client) -> Counter[str]:
    """Give how often each key signed; every signature had its own key's token beside it."""
    entries = journal.get("/_emulator/requests").json()
    tokens = {minted(number)[0]: minted(number)[2] for number in (1, 2, 3)}
    found: Counter[str] = Counter()
    for entry in entries:
        scope = entry["headers"]["authorization"].partition("Credential=")[2].partition(",")[0]
        key = scope.partition("/")[0]
        assert entry["headers"]["x-amz-security-token"] == tokens[key]
        assert scope.endswith("/us-east-1/sagemaker/aws4_request")
        found[key] += 1
    return found


async def test_two_hundred_signers_during_a_refresh(
    sts: Sts, emulator_url: str, journal: httpx.Client, client: DirectClient
) -> None:
    """Each of two hundred signatures made around a refresh is valid; STS is called once (I1)."""
    sts.sessions = 1
    arn = RoleArn.parse(ROLE)
    assert arn is not None
    passed = 0.0
    role = Role(arn=arn, source=Keys(KEYS), sts=StsAddress("us-east-1", sts.url))
    provider = RefreshingCredentials(
        AssumedRole(role, StaticCredentials(KEYS), "session"), clock=lambda: time.time() + passed
    )
    await provider.prepare()
    invoker = SageMakerInvoker(client, provider)
    passed = timedelta(minutes=50).total_seconds()
    sts.open.clear()
    there = target(emulator_url)
    calls = [asyncio.create_task(invoker.invoke(there, PAYLOAD, LIMITS)) for _ in range(100)]
    await calls[0]
    sts.open.set()
    fresh = Credentials(*minted(3))
    while (await provider.current()) != fresh:
        calls.append(asyncio.create_task(invoker.invoke(there, PAYLOAD, LIMITS)))
        await asyncio.sleep(0.002)
    calls += [asyncio.create_task(invoker.invoke(there, PAYLOAD, LIMITS)) for _ in range(100)]
    await asyncio.gather(*calls)
    assert len(sts.asked) == 2
    counts = signers(journal)
    assert set(counts) == {minted(2)[0], minted(3)[0]}
    assert min(counts.values()) >= 100


@pytest.mark.usefixtures("bare_environment")
async def test_expired_for_aws_before_its_time(
    sts: Sts, emulator_url: str, journal: httpx.Client
) -> None:
    """Keys that AWS calls expired are replaced once for all callers, who see answers only."""
    connections = Connections()
    settings = read_aws_settings(
        {
            "aws_region_name": "us-east-1",
            "aws_role_name": ROLE,
            "aws_access_key_id": KEYS.access_key,
            "aws_secret_access_key": KEYS.secret_key,
            "aws_sts_endpoint": sts.url,
        },
        {},
    )
    invokers = [connections.invoker(settings) for _ in range(2)]
    await connections.prepare()
    there = target(emulator_url)
    replies = await asyncio.gather(
        *(invokers[number % 2].invoke(there, PAYLOAD, LIMITS) for number in range(50))
    )
    assert all(b"generated_text" in reply.body for reply in replies)
    stream = await invokers[0].open_stream(there, PAYLOAD, LIMITS)
    assert b"".join([chunk async for chunk in stream.chunks])
    await connections.aclose()
    assert len(sts.asked) == 2
    counts = signers(journal)
    assert counts[minted(2)[0]] == 51
