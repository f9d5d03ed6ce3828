from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.server import running_emulator
from emulator.settings import ACCESS_KEY, SECRET_KEY, parse
from tests.emulator.callers import REGION, TOKEN
from tests.emulator.control_plane.conftest import ClientOf, clients

ROLE = "arn:aws:iam::111122223333:role/gateway"


@pytest.fixture(scope="module")
def strict() -> Iterator[ClientOf]:
    """Clients of an emulator with a policy, and with a user in the place of a role."""
    credential = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "user": "user/alice"}
    policy = {
        "allow": ["sagemaker:*Endpoint*", "iam:*"],
        "deny": ["sagemaker:invokeendpoint", "sagemaker:Describe*", "cloudwatch:*", "sts:*"],
    }
    with running_emulator(parse({"policy": policy, "credentials": [credential]}, "t")) as url:
        yield from clients(url)


def code(caught: pytest.ExceptionInfo[ClientError]) -> Any:
    """The code of a botocore error."""
    return caught.value.response["Error"]["Code"]


def decisions(client: Any) -> dict[str, str]:
    """What the simulation says of two actions."""
    answer = client.simulate_principal_policy(
        PolicySourceArn=ROLE,
        ActionNames=["sagemaker:InvokeEndpoint", "sagemaker:CallWithBearerToken"],
        ResourceArns=["*"],
    )
    return {each["EvalActionName"]: each["EvalDecision"] for each in answer["EvaluationResults"]}


def test_caller(client: ClientOf, strict: ClientOf) -> None:
    """The caller is the session of a role or a user; everybody may ask, whatever the policy."""
    role = client("sts").get_caller_identity()
    assert role["Arn"] == "arn:aws:sts::111122223333:assumed-role/emulator/session"
    assert role["Account"] == "111122223333"
    assert strict("sts").get_caller_identity()["Arn"] == "arn:aws:iam::111122223333:user/alice"


def test_simulation(client: ClientOf, strict: ClientOf) -> None:
    """What the policy denies is told apart from what it does not allow; the rest is allowed."""
    assert set(decisions(client("iam")).values()) == {"allowed"}
    assert decisions(strict("iam")) == {
        "sagemaker:InvokeEndpoint": "explicitDeny",
        "sagemaker:CallWithBearerToken": "implicitDeny",
    }


def test_sessions_have_no_policies(client: ClientOf) -> None:
    """A role's session is no principal that can be simulated, as with IAM."""
    with pytest.raises(ClientError) as caught:
        client("iam").simulate_principal_policy(
            PolicySourceArn="arn:aws:sts::111122223333:assumed-role/emulator/session",
            ActionNames=["sagemaker:InvokeEndpoint"],
        )
    assert code(caught) == "InvalidInput"


def test_denied(strict: ClientOf) -> None:
    """A denied operation is refused in its own protocol; others are not."""
    with pytest.raises(ClientError) as caught:
        strict("sagemaker").describe_endpoint(EndpointName="demo-chat")
    assert code(caught) == "AccessDeniedException"
    assert "user/alice is not authorized to perform" in str(caught.value)
    with pytest.raises(ClientError) as caught:
        strict("cloudwatch").describe_alarms(AlarmNames=["x"])
    assert code(caught) == "AccessDenied"
    assert strict("sagemaker").list_endpoints()["Endpoints"]


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("sagemaker", "list_endpoints", "UnrecognizedClientException"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
    ],
)
def test_unknown_keys(client: ClientOf, service: str, operation: str, expected: str) -> None:
    """Signatures are verified for each service, and refused under the name its protocol has."""
    with pytest.raises(ClientError) as caught:
        getattr(client(service, "AKIAUNKNOWNEXAMPLE00"), operation)()
    assert code(caught) == expected


def test_expired_token(client: ClientOf) -> None:
    """An expired token is refused on the control plane too."""
    keys = {"aws_secret_access_key": "expired", "aws_session_token": TOKEN}
    with pytest.raises(ClientError) as caught:
        client("sts", "ASIAEXPIREDEXAMPLE00", **keys).get_caller_identity()
    assert code(caught) == "ExpiredToken"


def test_regions(client: ClientOf) -> None:
    """ARNs have the region that was signed for; a region that is not served is refused."""
    arn = client("sagemaker", region="eu-west-1").describe_endpoint(EndpointName="plain")
    assert ":eu-west-1:" in arn["EndpointArn"]
    with pytest.raises(ClientError) as caught:
        client("sagemaker", region="ap-south-1").list_endpoints()
    assert code(caught) == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("service", "operation"), [("sagemaker", "list_models"), ("iam", "list_users")]
)
def test_unknown_operations(client: ClientOf, service: str, operation: str) -> None:
    """An operation that is not emulated is refused by its name."""
    with pytest.raises(ClientError) as caught:
        getattr(client(service), operation)()
    assert code(caught) == "UnknownOperationException"


def test_scaling(client: ClientOf) -> None:
    """A component with `min_copies` is a target; with a wake alarm it has a step policy on it."""
    scaling = client("application-autoscaling")
    namespace = {"ServiceNamespace": "sagemaker"}
    targets = scaling.describe_scalable_targets(**namespace)["ScalableTargets"]
    assert [each["ResourceId"] for each in targets] == [
        f"inference-component/{name}" for name in ("sleeper", "second", "stuck-one")
    ]
    assert {each["MinCapacity"] for each in targets} == {0}
    kinds = {
        name: {
            each["PolicyType"]: [alarm["AlarmName"] for alarm in each["Alarms"]]
            for each in scaling.describe_scaling_policies(
                **namespace, ResourceId=f"inference-component/{name}"
            )["ScalingPolicies"]
        }
        for name in ("sleeper", "stuck-one", "steady-one")
    }
    assert kinds == {
        "sleeper": {"TargetTrackingScaling": [], "StepScaling": ["sleeper-no-capacity"]},
        "stuck-one": {"TargetTrackingScaling": []},
        "steady-one": {},
    }


def test_alarm(client: ClientOf) -> None:
    """The alarm watches calls that found no copy, and starts its component's policy."""
    (alarm,) = client("cloudwatch").describe_alarms(AlarmNames=["second-no-capacity", "other"])[
        "MetricAlarms"
    ]
    assert alarm["MetricName"] == "NoCapacityInvocationFailures"
    assert alarm["ActionsEnabled"] is True
    assert alarm["AlarmActions"][0].endswith("/second:policyName/second-no-capacity")
    assert alarm["AlarmActions"][0].startswith(f"arn:aws:autoscaling:{REGION}:")
