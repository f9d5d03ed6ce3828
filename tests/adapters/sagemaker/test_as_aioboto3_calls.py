"""Whole calls beside those of aioboto3, the reference: what arrives at AWS, and what comes back."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aioboto3
import pytest
from aiobotocore.config import AioConfig
from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError

from adapters.base import Limits, Payload, Target
from adapters.errors import GatewayError
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.invoker import SageMakerInvoker
from adapters.sagemaker.transport import Client
from tests.adapters.deployment.composing import composed
from tests.adapters.sagemaker.frames import error, exception, part
from tests.adapters.sagemaker.upstream import Call, Script, Upstream, serve

pytestmark = pytest.mark.usefixtures("bare_environment")

KEYS = Credentials("AKIDEXAMPLE", "secret", "token")
BODY = '{"inputs":"Where is Köln?"}'.encode()
#: What aioboto3 says of itself and of its own tries, and what differs with each second.
OF_THE_LIBRARY = {
    "accept-encoding",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "authorization",
    "user-agent",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-user-agent",
}
#: aioboto3's arguments, and the settings of ours that say the same.
SETTINGS: list[tuple[str, str, str]] = [
    ("CustomAttributes", "custom_attributes", "accept_eula=true,trace=1"),
    ("TargetVariant", "target_variant", "blue-1"),
    ("TargetContainerHostname", "target_container", "second"),
    ("InferenceId", "inference_id", "call-1"),
    ("SessionId", "session_id", "NEW_SESSION"),
    ("InferenceComponentName", "model_id", "llama-1"),
]
PLAIN_ONLY = [
    ("TargetModel", "target_model", "models/a b.tar.gz"),
    ("EnableExplanations", "enable_explanations", "`true`"),
]


@pytest.fixture
def invoker(client: Client) -> SageMakerInvoker:
    """Ours, over each implementation of the transport."""
    return SageMakerInvoker(client, StaticCredentials(KEYS))


class Reference:
    """The calls as aioboto3 makes them, without tries of its own."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def invoke(self, **arguments: str) -> Any:
        """Call InvokeEndpoint; give its answer with the body read."""
        answer = await self._client.invoke_endpoint(**_asked(arguments))
        return {**answer, "Body": await answer["Body"].read()}

    async def stream(self, **arguments: str) -> bytes:
        """Call InvokeEndpointWithResponseStream; give the parts, joined."""
        answer = await self._client.invoke_endpoint_with_response_stream(**_asked(arguments))
        return b"".join([each["PayloadPart"]["Bytes"] async for each in answer["Body"]])


def _asked(arguments: dict[str, str]) -> dict[str, Any]:
    content = {"Body": BODY, "ContentType": "application/json", "Accept": "application/json"}
    return {"EndpointName": "my-endpoint", **content, **arguments}


@asynccontextmanager
async def referring(upstream: Upstream) -> AsyncIterator[Reference]:
    """Give the reference in front of a server."""
    session = aioboto3.Session(
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=KEYS.secret_key,
        aws_session_token=KEYS.token,
        region_name="eu-west-1",
    )
    config = AioConfig(retries={"total_max_attempts": 1})
    opening: Any = session.client("sagemaker-runtime", endpoint_url=upstream.url, config=config)
    async with opening as client:
        yield Reference(client)


def arrived(call: Call) -> dict[str, Any]:
    """Give what a call asks of AWS, without who says so."""
    headers = {name.lower(): value for name, value in call.headers.items()}
    scope = re.search(r"Credential=[^/]+/\d{8}/([^,]+)", call.headers["Authorization"])
    assert scope is not None
    asked = {name: value for name, value in headers.items() if name not in OF_THE_LIBRARY}
    if asked.get("accept") == "*/*":  # aiohttp's own, where aioboto3 says nothing
        del asked["accept"]
    return {"line": call.line, "scope": scope[1], "body": call.body, **asked}


def signed(call: Call) -> set[str]:
    """Give the names of the headers that a call's signature covers."""
    listed = re.search("SignedHeaders=([^,]+)", call.headers["Authorization"])
    assert listed is not None
    return set(listed[1].split(";")) - OF_THE_LIBRARY


def target(upstream: Upstream, **settings: str) -> Target:
    """Give a deployment as the configuration has it."""
    return composed("sagemaker/my-endpoint", sagemaker_base_url=upstream.url, **settings).target


async def answered(call: Call) -> None:
    """Answer either operation."""
    if call.line.split()[1].endswith("-stream"):
        await call.begin_stream()
        await call.chunk(part(b"data: 1\n\n") + part(b"data: 2\n\n"))
        await call.chunk(b"")
    else:
        await call.answer(
            body=b'[{"generated_text":"x"}]',
            x_amzn_RequestId="r-1",
            x_Amzn_Invoked_Production_Variant="blue",
        )


@pytest.mark.parametrize(
    ("argument", "setting", "value", "streams"),
    [(*each, streams) for each in SETTINGS for streams in (False, True)]
    + [(*each, False) for each in PLAIN_ONLY],
)
async def test_the_same_request(
    invoker: SageMakerInvoker, argument: str, setting: str, value: str, streams: bool
) -> None:
    """Line, body, region, and every header but those about the library are aioboto3's; all signed.

    Ours may sign more than it has to, never less.
    """
    payload = Payload(body=BODY)
    async with serve(answered) as upstream:
        to = target(upstream, **{setting: value})
        async with referring(upstream) as reference:
            if streams:
                await reference.stream(**{argument: value})
                stream = await invoker.open_stream(to, payload, Limits())
                await stream.aclose()
            else:
                await reference.invoke(**{argument: value})
                await invoker.invoke(to, payload, Limits())
    theirs, ours = upstream.calls
    assert value in arrived(theirs).values()
    assert arrived(ours) == arrived(theirs)
    assert signed(ours) >= signed(theirs)


async def test_the_same_answer(invoker: SageMakerInvoker) -> None:
    """Body, type, variant and request id are read as aioboto3 reads them."""
    async with serve(answered) as upstream, referring(upstream) as reference:
        theirs = await reference.invoke()
        ours = await invoker.invoke(target(upstream), Payload(body=BODY), Limits())
    assert ours.body == theirs["Body"]
    assert ours.head.content_type == theirs["ContentType"]
    assert ours.head.variant == theirs["InvokedProductionVariant"]
    assert ours.head.request_id == theirs["ResponseMetadata"]["RequestId"]


async def read_by_both(
    invoker: SageMakerInvoker, script: Script
) -> tuple[bytes | Exception, bytes | Exception]:
    """Give what aioboto3, and what we, make of a stream: its bytes, or why there are none."""
    async with serve(script) as upstream, referring(upstream) as reference:
        theirs: bytes | Exception
        ours: bytes | Exception
        try:
            theirs = await reference.stream()
        except (BotoCoreError, ClientError, ParserError) as failure:
            theirs = failure
        try:
            stream = await invoker.open_stream(target(upstream), Payload(body=BODY), Limits())
            ours = b"".join([piece async for piece in stream.chunks])
        except GatewayError as failure:
            ours = failure
    return theirs, ours


@pytest.mark.parametrize("cut", [1, 7, 16, 60, 1000])
async def test_the_same_stream(invoker: SageMakerInvoker, cut: int) -> None:
    """However the parts are cut on their way, the bytes in them are the same."""
    frames = b"".join(part(b"data: %d\n\n" % number) for number in range(5)) + part(b"")

    async def script(call: Call) -> None:
        await call.begin_stream()
        for at in range(0, len(frames), cut):
            await call.chunk(frames[at : at + cut])
        await call.chunk(b"")

    theirs, ours = await read_by_both(invoker, script)
    assert ours == theirs == b"".join(b"data: %d\n\n" % number for number in range(5))


FAULTS = {
    "ModelStreamError": exception("ModelStreamError", Message="cut", ErrorCode="StreamBroken"),
    "InternalStreamFailure": exception("InternalStreamFailure", Message="sorry"),
    "InternalError": error("InternalError", "sorry"),
    "damage": part(b"data")[:-1] + b"?",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_the_same_end_of_a_stream(invoker: SageMakerInvoker, fault: bytes) -> None:
    """What is a failure in the middle of a stream to aioboto3 is one to us."""

    async def script(call: Call) -> None:
        await call.begin_stream()
        await call.chunk(part(b"data: 1\n\n") + fault)
        await call.chunk(b"")

    theirs, ours = await read_by_both(invoker, script)
    assert isinstance(theirs, Exception)
    assert isinstance(ours, GatewayError)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "ValidationError"),
        (400, "ThrottlingException"),
        (403, "AccessDeniedException"),
        (424, "ModelError"),
        (500, "InternalFailure"),
        (503, "ServiceUnavailable"),
        (530, "InternalDependencyException"),
    ],
)
async def test_the_same_refusals(invoker: SageMakerInvoker, status: int, name: str) -> None:
    """What AWS refuses is an error with its request id, whoever asks, and whichever operation."""

    async def script(call: Call) -> None:
        text = json.dumps({"Message": "no", "OriginalMessage": "no"}).encode()
        await call.answer(status, text, x_amzn_ErrorType=name, x_amzn_RequestId="r-1")

    theirs, ours = await read_by_both(invoker, script)
    assert isinstance(theirs, ClientError)
    assert isinstance(ours, GatewayError)
    assert theirs.response["Error"]["Code"] == name
    assert ours.request_id == theirs.response["ResponseMetadata"]["RequestId"]
