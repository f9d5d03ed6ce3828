"""The way to AWS that a process opens once: what is shared, prepared and closed."""

import asyncio
import gc
import logging
import weakref
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.base import Limits
from adapters.errors import UpstreamError
from adapters.sagemaker.connections import Connections
from adapters.sagemaker.credentials import Credentials
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.identity import Keys
from adapters.sagemaker.settings import AwsSettings
from tests.adapters.sagemaker.metadata import Metadata, triple
from tests.adapters.sagemaker.upstream import PAYLOAD, Call, serve

pytestmark = pytest.mark.usefixtures("bare_environment")

AMBIENT = AwsSettings(region="eu-west-1")
KEYS = AwsSettings(region="eu-west-1", identity=Keys(Credentials("AKIDEXAMPLE", "secret")))


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    """Connections, closed at the end."""
    connections = Connections()
    yield connections
    await connections.aclose()


async def test_deployments_of_one_identity_share_it(
    connections: Connections, metadata: Metadata
) -> None:
    """Every deployment on the default chain uses the same credentials, fetched once at start."""
    invokers = [connections.invoker(AwsSettings(region=f"eu-west-{n}")) for n in (1, 2, 3)]
    await connections.prepare()
    assert metadata.asked == 1
    async with serve(Call.answer) as upstream:
        for invoker in [*invokers, connections.invoker(AMBIENT)]:
            await invoker.invoke(upstream.target(), PAYLOAD, Limits())
    assert metadata.asked == 1
    tokens = {call.headers["X-Amz-Security-Token"] for call in upstream.calls}
    assert tokens == {triple(1).token}
    assert upstream.connections == 1


async def test_a_control_plane_belongs_to_a_region_and_an_identity(
    connections: Connections,
) -> None:
    """AWS's library and its connections are opened once for each; nothing is sent for that."""
    plane = connections.catalogue(KEYS, {})
    assert connections.catalogue(replace(KEYS, base_url="http://127.0.0.1:9"), {}) is plane
    assert connections.catalogue(replace(KEYS, region="eu-west-2"), {}) is not plane
    assert connections.catalogue(AMBIENT, {}) is not plane


async def test_identities_stay_apart(connections: Connections, metadata: Metadata) -> None:
    """A deployment with keys of its own signs with them, beside one on the default chain."""
    async with serve(Call.answer) as upstream:
        for settings in (AMBIENT, KEYS):
            await connections.invoker(settings).invoke(upstream.target(), PAYLOAD, Limits())
    signers = [
        call.headers["Authorization"].partition("=")[2].partition("/")[0] for call in upstream.calls
    ]
    assert signers == [triple(metadata.asked).access_key, "AKIDEXAMPLE"]


async def test_starts_without_credentials(
    connections: Connections, caplog: pytest.LogCaptureFixture
) -> None:
    """Missing credentials are a warning at start and an error of the call; other keys sign."""
    ambient, keys = connections.invoker(AMBIENT), connections.invoker(KEYS)
    await connections.prepare()
    (warning,) = caplog.records
    assert (warning.levelno, warning.name) == (logging.WARNING, "adapters.sagemaker.connections")
    said = "credentials.missing: default AWS chain: The gateway has no AWS credentials."
    assert said in warning.getMessage()
    async with serve(Call.answer) as upstream:
        with pytest.raises(UpstreamError, match="no AWS credentials"):
            await ambient.invoke(upstream.target(), PAYLOAD, Limits())
        assert (await keys.invoke(upstream.target(), PAYLOAD, Limits())).body == b"{}"


async def test_quiet_start_with_credentials(
    connections: Connections, metadata: Metadata, caplog: pytest.LogCaptureFixture
) -> None:
    """Where every identity has its credentials, nothing is said; nor where there is none."""
    await connections.prepare()
    assert metadata.asked == 0
    invokers = [connections.invoker(settings) for settings in (KEYS, AMBIENT)]
    await connections.prepare()
    assert metadata.asked == 1
    del invokers
    assert not [record for record in caplog.records if record.name.startswith("adapters.")]


async def test_closing_closes_every_connection() -> None:
    """The connections that are kept for further calls go with the process's way to AWS."""
    connections = Connections()
    left = asyncio.Event()

    async def script(call: Call) -> None:
        await call.answer()
        await call.gone()
        left.set()

    async with serve(script) as upstream:
        await connections.invoker(KEYS).invoke(upstream.target(), PAYLOAD, Limits())
        assert not left.is_set()
        await connections.aclose()
        await asyncio.wait_for(left.wait(), 10)
    await connections.aclose()


async def test_a_control_plane_ends_with_its_last_user() -> None:
    """A reload may need others: what nobody looks through is closed, its identity forgotten."""
    connections = Connections()
    left = asyncio.Event()

    async def script(call: Call) -> None:
        await call.answer()
        await call.gone()
        left.set()

    async with serve(script) as upstream:
        plane = connections.catalogue(KEYS, {"AWS_ENDPOINT_URL_SAGEMAKER": upstream.url})
        await plane.describe_endpoint("e")
        used = connections.catalogue(AMBIENT, {})
        planes = {weakref.ref(plane)}
        del plane
        for _ in range(3):
            gc.collect()
            await asyncio.sleep(0)
        await asyncio.wait_for(left.wait(), 10)
        assert {each() for each in planes} == {None}
        assert connections.catalogue(AMBIENT, {}) is used
        assert connections.catalogue(KEYS, {}) not in (None, used)
        await connections.aclose()
        await connections.aclose()


async def test_the_native_path_shares_its_tokens(connections: Connections) -> None:
    """Deployments of one identity and region use one token, over the same connections."""
    native = replace(KEYS, transport="openai_path")
    async with serve(Call.answer) as upstream:
        for _ in range(2):
            await connections.invoker(native).invoke(upstream.target(), PAYLOAD, Limits())
    (token,) = {call.headers["Authorization"] for call in upstream.calls}
    assert token.startswith("Bearer sagemaker-api-key-")
    assert upstream.connections == 1


def test_an_identity_is_kept_as_long_as_it_is_used() -> None:
    """Credentials that change with each call leave nothing behind when their deployments go."""
    identities = Identities()
    kept = identities.provider(AMBIENT)
    used = [
        identities.provider(replace(KEYS, identity=Keys(Credentials("AKID", str(n)))))
        for n in range(3)
    ]
    assert set(identities.providers) == {kept, *used}
    used.clear()
    gc.collect()
    assert list(identities.providers) == [kept]
    assert identities.provider(AMBIENT) is kept
