"""The control plane through AWS's own library, against the emulator."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.errors import EndpointNotFound, UpstreamError
from adapters.sagemaker.aws_clients import endpoint_url
from adapters.sagemaker.control_plane import ControlPlane
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from emulator.server import running_emulator
from emulator.settings import ACCESS_KEY, ACCOUNT, SECRET_KEY, parse

REGION = "us-east-1"
KEYS = Credentials(ACCESS_KEY, SECRET_KEY)
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/gateway"
OTHERS = {f"other-{number:03}": {"kind": "tgi"} for number in range(210)}
ENDPOINTS = {
    "chat": {"kind": "messages", "tags": {"team": "search"}},
    "parts": {"kind": "messages", "inference_components": ["a", "b"], "min_copies": 0},
    **OTHERS,
}


class Rotating(StaticCredentials):
    """An identity with other keys at each call; those after the first are refused."""

    def __init__(self) -> None:
        super().__init__(KEYS)
        self.calls = 0

    async def current(self) -> Credentials:
        """Give good keys, then bad ones."""
        self.calls += 1
        return KEYS if self.calls == 1 else Credentials("AKIAROTATEDEXAMPLE00", "x")


class Penniless(Rotating):
    """An identity without credentials."""

    async def current(self) -> Credentials:
        """Give nothing."""
        raise UpstreamError("None.", code="credentials_not_found", detail="no link has any")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A running emulator."""
    with running_emulator(parse({"endpoints": ENDPOINTS}, "test")) as address:
        yield address


@pytest.fixture(autouse=True)
def no_aws_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's library reads no file and no profile of the machine it runs on."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


@pytest.fixture
async def plane(url: str) -> AsyncIterator[ControlPlane]:
    """The emulator's control plane."""
    async with ControlPlane(REGION, StaticCredentials(KEYS), endpoint_url=url) as plane:
        yield plane


async def test_lists_are_whole(plane: ControlPlane) -> None:
    """Lists come with all their pages, filtered where that is asked for."""
    endpoints = await plane.list_endpoints()
    assert [each["EndpointName"] for each in endpoints] == list(ENDPOINTS)
    assert len(await plane.list_endpoints("other-01")) == 10
    components = await plane.list_components("parts")
    assert [each["InferenceComponentName"] for each in components] == ["a", "b"]
    assert await plane.list_tags(f"{ARN}endpoint/chat") == {"team": "search"}


async def test_descriptions(plane: ControlPlane) -> None:
    """Each description is AWS's own answer."""
    endpoint = await plane.describe_endpoint("chat")
    assert endpoint["EndpointArn"] == f"{ARN}endpoint/chat"
    config = await plane.describe_endpoint_config(endpoint["EndpointConfigName"])
    model = await plane.describe_model(config["ProductionVariants"][0]["ModelName"])
    assert "vllm" in model["PrimaryContainer"]["Image"]
    assert (await plane.describe_component("b"))["EndpointName"] == "parts"


async def test_access_and_scaling(plane: ControlPlane) -> None:
    """Who calls, what it may do, and how a component scales are asked of their own services."""
    assert (await plane.caller_identity())["Account"] == ACCOUNT
    assert await plane.simulate(ROLE, "sagemaker:InvokeEndpoint", f"{ARN}endpoint/x") == "allowed"
    target = await plane.scalable_target("a")
    assert target is not None
    assert target["MinCapacity"] == 0
    assert await plane.scalable_target("none") is None
    policies = await plane.scaling_policies("a")
    assert {each["PolicyType"] for each in policies} == {"TargetTrackingScaling", "StepScaling"}
    (alarm,) = await plane.alarms(["a-no-capacity"])
    assert alarm["MetricName"] == "NoCapacityInvocationFailures"


async def test_what_is_missing(plane: ControlPlane) -> None:
    """What does not exist is told apart from other refusals; both carry AWS's name for it."""
    with pytest.raises(EndpointNotFound) as missing:
        await plane.describe_endpoint("nowhere")
    assert missing.value.code == "ValidationException"
    with pytest.raises(UpstreamError) as refused:
        await plane.simulate("arn:aws:sts::1:assumed-role/a/b", "sagemaker:InvokeEndpoint", "*")
    assert refused.value.code == "InvalidInput"
    assert not isinstance(refused.value, EndpointNotFound)


async def test_credentials_are_read_for_each_call(url: str) -> None:
    """Keys that change are signed with from then on, by the same client."""
    async with ControlPlane(REGION, Rotating(), endpoint_url=url) as plane:
        await plane.caller_identity()
        with pytest.raises(UpstreamError) as refused:
            await plane.caller_identity()
    assert refused.value.code == "InvalidClientTokenId"


async def test_no_credentials(url: str) -> None:
    """An identity without credentials says so in its own words."""
    async with ControlPlane(REGION, Penniless(), endpoint_url=url) as plane:
        with pytest.raises(UpstreamError) as refused:
            await plane.caller_identity()
    assert refused.value.code == "credentials_not_found"


async def test_nobody_there() -> None:
    """An address where nobody listens is a failure like any other, and tells no clock."""
    variables = {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"}
    async with ControlPlane(REGION, StaticCredentials(KEYS), environ=variables) as plane:
        with pytest.raises(UpstreamError) as refused:
            await plane.caller_identity()
        assert plane.clock_skew is None
    assert refused.value.code == "EndpointConnectionError"


async def test_clock(plane: ControlPlane) -> None:
    """Every answer, a refusal too, tells AWS's time."""
    assert plane.clock_skew is None
    with pytest.raises(EndpointNotFound):
        await plane.describe_model("nowhere-model")
    assert plane.clock_skew is not None
    assert abs(plane.clock_skew) < 30


@pytest.mark.parametrize(
    ("service", "environ", "expected"),
    [
        ("sts", {}, None),
        ("sts", {"AWS_ENDPOINT_URL": "http://all"}, "http://all"),
        ("sts", {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_STS": "http://s"}, "http://s"),
        ("iam", {"AWS_ENDPOINT_URL_STS": "http://s"}, None),
        (
            "application-autoscaling",
            {"AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING": "http://a"},
            "http://a",
        ),
        (
            "sts",
            {"AWS_ENDPOINT_URL": "http://all", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            None,
        ),
    ],
)
def test_addresses(service: str, environ: dict[str, str], expected: str | None) -> None:
    """A service's own variable goes before the one for all; both can be switched off."""
    assert endpoint_url(service, environ) == expected


def test_aws_library_is_loaded_late() -> None:
    """Neither serving nor an offline check loads AWS's library, nor serving the doctor."""
    code = (
        "import sys, proxy.cli, adapters.sagemaker.control_plane\n"
        "assert not [name for name in sys.modules if name.startswith('proxy.check')]\n"
        "import proxy.check.command\n"
        "assert not {'botocore', 'aiobotocore', 'aioboto3'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
