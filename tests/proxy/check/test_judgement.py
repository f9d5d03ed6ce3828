"""What AWS's answers mean: tables of plain mappings and the findings they lead to."""

import json
from typing import Any

import pytest

from adapters.errors import EndpointNotFound, GatewayError, UpstreamError
from proxy.check.judgement.clock import clock
from proxy.check.judgement.endpoint import (
    component_named,
    component_status,
    endpoint_hints,
    endpoint_status,
)
from proxy.check.judgement.permission import (
    partition_of,
    permission,
    principal_of,
    sagemaker_arn,
)
from proxy.check.judgement.refusal import refusal
from proxy.check.judgement.scaling import may_sleep, wake_alarms, wakes

METRIC = "NoCapacityInvocationFailures"


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("InService", "ok"),
        ("Updating", "ok"),
        ("SystemUpdating", "ok"),
        ("RollingBack", "ok"),
        ("Creating", "failure"),
        ("Deleting", "failure"),
        ("OutOfService", "failure"),
        ("Failed", "failure"),
        ("UpdateRollbackFailed", "failure"),
    ],
)
def test_endpoint_status(status: str, level: str) -> None:
    """An endpoint serves in service and while it is changed; else it does not, and says why."""
    found = endpoint_status({"EndpointStatus": status, "FailureReason": "no disk"})
    assert found.level == level
    assert status in found.text
    assert ("no disk" in found.text) is (level == "failure")


@pytest.mark.parametrize(
    ("status", "copies", "home", "level", "word"),
    [
        ("InService", 1, "e", "ok", "1 copy"),
        ("InService", 2, "e", "ok", "2 copies"),
        ("InService", None, "e", "ok", "InService"),
        ("Updating", 1, "e", "ok", "Updating"),
        ("InService", 0, "e", "hint", "asleep"),
        ("Creating", 0, "e", "failure", "Creating: no room"),
        ("Failed", 0, "e", "failure", "Failed: no room"),
        ("InService", 1, "other", "failure", "belongs to the endpoint other"),
    ],
)
def test_component_status(
    status: str, copies: int | None, home: str, level: str, word: str
) -> None:
    """A component in service without copies is asleep, not broken; it must be the endpoint's."""
    described: dict[str, Any] = {
        "InferenceComponentStatus": status,
        "EndpointName": home,
        "FailureReason": "no room",
    }
    if copies is not None:
        described["RuntimeConfig"] = {"CurrentCopyCount": copies}
    found = component_status(described, "e")
    assert found.level == level
    assert word in found.text


@pytest.mark.parametrize(
    ("model", "component", "problem"),
    [
        ("m", None, None),
        (None, "c", None),
        (None, None, "names none"),
        ("m", "c", "names one"),
    ],
)
def test_component_named(model: str | None, component: str | None, problem: str | None) -> None:
    """Calls name a component exactly where the endpoint hosts components."""
    config = {"ProductionVariants": [{"ModelName": model} if model else {}]}
    found = list(component_named(config, component))
    assert [problem in each.text for each in found if problem] == ([True] if problem else [])
    assert bool(found) is (problem is not None)


@pytest.mark.parametrize(
    ("described", "limit", "checks"),
    [
        ({"ProductionVariants": [{"CurrentInstanceCount": 1}]}, 6 << 20, []),
        ({"AsyncInferenceConfig": {}}, 6 << 20, ["async"]),
        ({"ProductionVariants": [{"CurrentServerlessConfig": {}}]}, 6 << 20, ["serverless"]),
        ({"ProductionVariants": [{"CurrentServerlessConfig": {}}]}, 4 << 20, []),
        (
            {"ProductionVariants": [{"RoutingConfig": {"RoutingStrategy": "PREFIX_AWARE"}}]},
            6 << 20,
            ["routing"],
        ),
    ],
)
def test_hints(described: dict[str, Any], limit: int, checks: list[str]) -> None:
    """What of an endpoint's configuration concerns its callers is told, and nothing else."""
    assert [each.check for each in endpoint_hints(described, limit)] == checks


@pytest.mark.parametrize(
    ("ahead", "level"),
    [
        (0, "ok"),
        (60, "ok"),
        (-61, "warning"),
        (240, "warning"),
        (241, "failure"),
        (-900, "failure"),
    ],
)
def test_clock(ahead: float, level: str) -> None:
    """Beyond a minute a clock is worth a warning, beyond four signatures are about to fail."""
    found = clock(ahead)
    assert found.level == level
    if level != "ok":
        assert ("ahead of" if ahead > 0 else "behind") in found.text


@pytest.mark.parametrize(
    ("error", "level", "text"),
    [
        (
            EndpointNotFound("x", code="ValidationException", detail="d"),
            "failure",
            "it does not exist: d",
        ),
        (UpstreamError("no keys", code="credentials_not_found"), "failure", "no keys"),
        (UpstreamError("x", code="SignatureDoesNotMatch", detail="d"), "failure", "d"),
        (
            UpstreamError(
                "x", code="AccessDeniedException", detail="AccessDeniedException: not you"
            ),
            "unknown",
            "could not check it: AccessDeniedException: not you",
        ),
        (UpstreamError("x", code="ReadTimeoutError", detail="late"), "unknown", "check it: late"),
    ],
)
def test_refusals(error: GatewayError, level: str, text: str) -> None:
    """Bad credentials and missing things are failures; what may not be seen stays unknown."""
    found = refusal("endpoint", "it", error)
    assert found.level == level
    assert text in found.text


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        (
            "arn:aws:sts::111122223333:assumed-role/Gate/session-1",
            "arn:aws:iam::111122223333:role/Gate",
        ),
        (
            "arn:aws-cn:sts::111122223333:assumed-role/Gate/s",
            "arn:aws-cn:iam::111122223333:role/Gate",
        ),
        ("arn:aws:iam::111122223333:user/a/bob", "arn:aws:iam::111122223333:user/a/bob"),
    ],
)
def test_principals(arn: str, principal: str) -> None:
    """The policies that count are a role's own, not its session's; a user is itself."""
    assert principal_of(arn) == principal


def test_arns() -> None:
    """An endpoint's ARN has the caller's partition and account, and small letters."""
    caller = "arn:aws-us-gov:sts::111122223333:assumed-role/Gate/s:1"
    expected = "arn:aws-us-gov:sagemaker:us-gov-west-1:111122223333:endpoint/my-ep"
    assert sagemaker_arn(caller, "us-gov-west-1", "endpoint", "My-Ep") == expected
    assert partition_of(caller) == "aws-us-gov"


def test_permission() -> None:
    """What no policy allows comes with the statement that would, ready to be pasted."""
    action, resources = "sagemaker:InvokeEndpoint", ["arn:e", "arn:c"]
    assert permission(action, dict.fromkeys(resources, "allowed")).level == "ok"
    denied = permission(action, dict.fromkeys(resources, "explicitDeny"))
    assert denied.level == "failure"
    missing = permission(action, dict.fromkeys(resources, "implicitDeny"))
    assert missing.level == "failure"
    assert missing.advice is not None
    assert "can't be seen" in missing.advice
    statement = json.loads(missing.advice[missing.advice.index("{") :])
    assert statement == {"Effect": "Allow", "Action": action, "Resource": resources}


@pytest.mark.parametrize("decision", ["implicitDeny", "explicitDeny"])
def test_permission_on_one_of_two(decision: str) -> None:
    """What is allowed on the endpoint and not on the component is told with the component only."""
    told = permission("sagemaker:InvokeEndpoint", {"arn:e": "allowed", "arn:c": decision})
    assert (told.level, told.text.endswith(" on arn:c")) == ("failure", True)
    assert "arn:e" not in f"{told.text} {told.advice}"


@pytest.mark.parametrize(
    ("target", "copies", "sleeps"),
    [
        (None, {"CurrentCopyCount": 1, "DesiredCopyCount": 1}, False),
        (None, {"CurrentCopyCount": 0, "DesiredCopyCount": 0}, True),
        ({"MinCapacity": 0}, {"CurrentCopyCount": 1}, True),
        ({"MinCapacity": 1}, {"CurrentCopyCount": 1}, False),
    ],
)
def test_may_sleep(target: Any, copies: dict[str, int], sleeps: bool) -> None:
    """A component may be without copies when it is, or when scaling may take the last one."""
    assert may_sleep(target, {"RuntimeConfig": copies}) is sleeps


def test_wake_alarms() -> None:
    """Only step policies wake a component: target tracking needs a copy to track."""
    policies: list[dict[str, Any]] = [
        {"PolicyType": "TargetTrackingScaling", "Alarms": [{"AlarmName": "a"}]},
        {"PolicyType": "StepScaling", "Alarms": [{"AlarmName": "b"}]},
        {"PolicyType": "StepScaling"},
    ]
    assert wake_alarms(policies) == ["b"]


@pytest.mark.parametrize(
    ("alarms", "level"),
    [
        ([], "warning"),
        ([{"AlarmName": "a", "MetricName": "CPU", "ActionsEnabled": True}], "warning"),
        ([{"AlarmName": "a", "MetricName": METRIC, "ActionsEnabled": False}], "warning"),
        ([{"AlarmName": "a", "MetricName": METRIC, "ActionsEnabled": True}], "ok"),
        (
            [
                {
                    "AlarmName": "a",
                    "ActionsEnabled": True,
                    "Metrics": [
                        {"Expression": "m1"},
                        {"MetricStat": {"Metric": {"MetricName": METRIC}}},
                    ],
                }
            ],
            "ok",
        ),
    ],
)
def test_wakes(alarms: list[dict[str, Any]], level: str) -> None:
    """A component wakes by an alarm on calls without capacity whose actions are on."""
    found = wakes("c", alarms)
    assert found.level == level
    assert (found.advice is not None) is (level == "warning")
