"""Whole calls against the emulator, which verifies signatures and writes frames on its own."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.base import Limits, Payload, Target
from adapters.errors import (
    EndpointNotFound,
    EndpointUnavailable,
    GatewayError,
    InvalidRequest,
    MalformedReply,
    ModelError,
    StreamingRefused,
    Throttled,
    UpstreamError,
    UpstreamTimeout,
)
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.hosts import invocation_urls
from adapters.sagemaker.invoker import SageMakerInvoker
from emulator.server import running_emulator
from emulator.settings import ACCESS_KEY, ACCOUNT, SECRET_KEY, Credential, Settings

KEYS = Credentials(ACCESS_KEY, SECRET_KEY)
TEMPORARY = Credentials("ASIATEMPORARYEXAMPLE", "temporary", "session-token")
TGI = {"inputs": "Where is Köln?", "parameters": {"max_new_tokens": 50}}
CHAT = {"messages": [{"role": "user", "content": "Where is Köln?"}]}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A running emulator that knows a permanent key and a temporary one."""
    temporary = Credential(
        access_key=TEMPORARY.access_key,
        secret_key=SecretStr(TEMPORARY.secret_key),
        session_token=TEMPORARY.token,
    )
    with running_emulator(Settings(credentials=(*Settings().credentials, temporary))) as url:
        yield url


@pytest.fixture
async def client() -> AsyncIterator[DirectClient]:
    """A pool of connections, closed at the end."""
    client = DirectClient()
    yield client
    await client.aclose()


@pytest.fixture
def script(url: str) -> Iterator[Any]:
    """Scripts faults, which are forgotten afterwards."""
    with httpx.Client(base_url=url, trust_env=False) as control:

        def fault(name: str, **options: Any) -> None:
            order = {"endpoint": "demo-tgi", "fault": name, **options}
            control.post("/_emulator/faults", json=order).raise_for_status()

        yield fault
        control.delete("/_emulator/faults").raise_for_status()


def target(url: str, endpoint: str = "demo-tgi", **changes: Any) -> Target:
    """Give a deployment that the emulator serves."""
    urls = invocation_urls(endpoint, "us-east-1", url)
    settings = {"model": "m", "endpoint": endpoint, "region": "us-east-1"}
    urls_of = {"invoke_url": urls.invoke, "stream_url": urls.stream}
    return Target(**{**settings, **urls_of, **changes})


def payload(body: dict[str, Any], *headers: tuple[str, str]) -> Payload:
    """Write a body."""
    return Payload(body=json.dumps(body).encode(), headers=headers)


def invoker(client: DirectClient, keys: Credentials = KEYS) -> SageMakerInvoker:
    """Give an invoker for these keys."""
    return SageMakerInvoker(client, StaticCredentials(keys))


async def stream(client: DirectClient, where: Target) -> bytes:
    """Read a stream to its end."""
    opened = await invoker(client).open_stream(where, payload({**TGI, "stream": True}), Limits())
    return b"".join([chunk async for chunk in opened.chunks])


@pytest.mark.parametrize("keys", [KEYS, TEMPORARY], ids=["permanent", "temporary"])
async def test_signatures_are_accepted(client: DirectClient, url: str, keys: Credentials) -> None:
    """Our signature passes a verifier that shares no line with it, with a session token too."""
    reply = await invoker(client, keys).invoke(target(url), payload(TGI), Limits())
    assert "Köln" in json.loads(reply.body)[0]["generated_text"]
    assert (reply.head.content_type, reply.head.variant) == ("application/json", "AllTraffic")
    assert reply.head.request_id


async def test_the_deployments_own_headers(client: DirectClient, url: str) -> None:
    """Headers that the configuration names are signed, and arrive, with both operations."""
    where = target(url, headers=(("X-Amzn-SageMaker-Custom-Attributes", "tier=gold"),))
    await invoker(client).invoke(where, payload(TGI), Limits())
    await stream(client, where)
    async with httpx.AsyncClient(base_url=url, trust_env=False) as control:
        seen = (await control.get("/_emulator/requests")).json()
    for call in seen[-2:]:
        headers = {name.lower(): value for name, value in dict(call["headers"]).items()}
        assert headers["x-amzn-sagemaker-custom-attributes"] == "tier=gold"
        assert "x-amzn-sagemaker-custom-attributes" in headers["authorization"]


async def test_signed_component_and_attributes(client: DirectClient, url: str) -> None:
    """The inference component and further headers are signed and reach their place."""
    where = target(url, "demo-components", inference_component="demo-component")
    attributes = ("X-Amzn-SageMaker-Custom-Attributes", "  accept_eula=true   x ")
    await invoker(client).invoke(where, payload(CHAT, attributes), Limits())
    with pytest.raises(InvalidRequest):
        await invoker(client).invoke(target(url, "demo-components"), payload(CHAT), Limits())


@pytest.mark.parametrize(
    ("keys", "region", "code"),
    [
        (Credentials(ACCESS_KEY, "wrong"), "us-east-1", "InvalidSignatureException"),
        (Credentials("AKIANOBODYEXAMPLE000", "x"), "us-east-1", "UnrecognizedClientException"),
        (
            Credentials(TEMPORARY.access_key, "temporary"),
            "us-east-1",
            "UnrecognizedClientException",
        ),
        (KEYS, "eu-west-1", "InvalidSignatureException"),
    ],
    ids=["secret", "key", "no token", "region"],
)
async def test_refused_identities(
    client: DirectClient, url: str, keys: Credentials, region: str, code: str
) -> None:
    """What AWS refuses of our own identity is a 502 without AWS's text."""
    with pytest.raises(UpstreamError) as caught:
        await invoker(client, keys).invoke(target(url, region=region), payload(TGI), Limits())
    error = caught.value
    assert (error.status, error.code, error.should_retry) == (502, code, False)
    assert keys.access_key not in error.message


async def test_clock_that_is_off(client: DirectClient, url: str) -> None:
    """A clock ten minutes off is a 502; the log's line names the clock (I4)."""
    early = SageMakerInvoker(client, StaticCredentials(KEYS), clock=lambda: 1_000_000_000.0)
    with pytest.raises(UpstreamError) as caught:
        await early.invoke(target(url), payload(TGI), Limits())
    assert caught.value.status == 502
    assert "clock" in str(caught.value.detail)


async def test_unknown_endpoint(client: DirectClient, url: str) -> None:
    """An endpoint that does not exist is a 404 without the account's number, on both operations."""
    for operation in (invoker(client).invoke, invoker(client).open_stream):
        with pytest.raises(EndpointNotFound) as caught:
            await operation(target(url, "nobody"), payload(TGI), Limits())
        assert ACCOUNT not in caught.value.message


async def test_refused_streaming(client: DirectClient, url: str) -> None:
    """An endpoint that can't stream is told apart, and serves plain calls."""
    where = target(url, "demo-no-stream")
    with pytest.raises(StreamingRefused):
        await stream(client, where)
    assert (await invoker(client).invoke(where, payload(TGI), Limits())).body


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ("throttling", Throttled, 429),
        ("model_not_ready", EndpointUnavailable, 503),
        ("no_capacity", EndpointUnavailable, 503),
        ("service_unavailable", EndpointUnavailable, 503),
        ("internal_dependency", EndpointUnavailable, 503),
        ("internal_failure", UpstreamError, 500),
        ("access_denied", UpstreamError, 502),
        ("expired_token", UpstreamError, 502),
        ("html_page", MalformedReply, 502),
        ("model_error", ModelError, None),
        ("reset", UpstreamError, 502),
    ],
)
async def test_faults(
    client: DirectClient,
    url: str,
    script: Any,
    fault: str,
    kind: type[GatewayError],
    status: int | None,
) -> None:
    """The emulator's faults, which are AWS's, come out as our errors on both operations."""
    script(fault)
    for operation in (invoker(client).invoke, invoker(client).open_stream):
        with pytest.raises(kind) as caught:
            await operation(target(url), payload(TGI), Limits())
        assert caught.value.status == (status or caught.value.status)
        assert ACCOUNT not in caught.value.message
        assert "arn:" not in caught.value.message


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("stream_error", UpstreamError),
        ("stream_failure", UpstreamError),
        ("error_frame", UpstreamError),
        ("truncated_frame", MalformedReply),
        ("corrupted_crc", MalformedReply),
        ("reset_mid_stream", UpstreamError),
    ],
)
async def test_stream_faults(
    client: DirectClient, url: str, script: Any, fault: str, kind: type[GatewayError]
) -> None:
    """Faults inside a stream raise after the records that came before them."""
    whole = await stream(client, target(url))
    script(fault)
    opened = await invoker(client).open_stream(
        target(url), payload({**TGI, "stream": True}), Limits()
    )
    received = bytearray()

    async def read() -> None:
        async for chunk in opened.chunks:
            received.extend(chunk)

    with pytest.raises(kind) as caught:
        await read()
    assert whole.startswith(received)
    assert len(received) < len(whole)
    assert caught.value.status in {502, 504}


@pytest.mark.parametrize(
    "options",
    [
        {"name": "unknown_event"},
        *({"name": "cuts", "cuts": cuts} for cuts in ("every_byte", "coalesced", "utf8_split")),
        *({"name": "cuts", "cuts": cuts} for cuts in ("empty_parts", "random:1", "random:2")),
    ],
)
async def test_hostile_framing(
    client: DirectClient, url: str, script: Any, options: dict[str, str]
) -> None:
    """However frames and writes are cut, the bytes are the same."""
    whole = await stream(client, target(url))
    script(**options)
    assert await stream(client, target(url)) == whole


async def test_wall(client: DirectClient, url: str, script: Any) -> None:
    """The container's own time-out is a 504."""
    script("model_error", status=0)
    with pytest.raises(UpstreamTimeout) as caught:
        await invoker(client).invoke(target(url), payload(TGI), Limits())
    assert caught.value.status == 504
