"""Application Auto Scaling's and CloudWatch's operations that tell how components scale.

A component scales when `min_copies` is set. It has a target-tracking policy, and with `wake_alarm`
a step policy as well, on an alarm for calls that found no copy.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html
"""

from collections.abc import Iterator

from emulator.control_plane.asked import CREATED, Answer, Asked, operation
from emulator.endpoints import Endpoint

_PREFIX = "inference-component/"
_WAKES = "-no-capacity"


def _targets(asked: Asked) -> Answer:
    wanted = asked.parameters.get("ResourceIds")
    targets = [
        {
            **_resource(component),
            "MinCapacity": endpoint.min_copies,
            "MaxCapacity": 2,
            "RoleARN": f"arn:aws:iam::{asked.account}:role/emulator",
            "CreationTime": CREATED,
        }
        for component, endpoint in _scaled(asked)
        if wanted is None or _PREFIX + component in wanted
    ]
    return {"ScalableTargets": targets}


def _policies(asked: Asked) -> Answer:
    wanted = asked.parameters.get("ResourceId")
    policies: list[Answer] = []
    for component, endpoint in _scaled(asked):
        if wanted in {None, _PREFIX + component}:
            tracking = f"{component}-tracking"
            policies.append(_policy(asked, component, tracking, "TargetTrackingScaling", []))
            if endpoint.wake_alarm:
                name = component + _WAKES
                alarm = {"AlarmName": name, "AlarmARN": asked.arn("cloudwatch", f"alarm:{name}")}
                policies.append(_policy(asked, component, name, "StepScaling", [alarm]))
    return {"ScalingPolicies": policies}


def _alarms(asked: Asked) -> Answer:
    wanted = asked.parameters.get("AlarmNames")
    alarms = [
        {
            "AlarmName": component + _WAKES,
            "AlarmArn": asked.arn("cloudwatch", f"alarm:{component}{_WAKES}"),
            "ActionsEnabled": True,
            "AlarmActions": [_policy_arn(asked, component, component + _WAKES)],
            "MetricName": "NoCapacityInvocationFailures",
            "Namespace": "AWS/SageMaker",
            "Dimensions": [{"Name": "InferenceComponentName", "Value": component}],
            "StateValue": "OK",
        }
        for component, endpoint in _scaled(asked)
        if endpoint.wake_alarm and (wanted is None or component + _WAKES in wanted)
    ]
    return {"MetricAlarms": alarms, "CompositeAlarms": []}


SCALING = {
    "DescribeScalableTargets": operation(
        _targets, "ServiceNamespace ResourceIds ScalableDimension"
    ),
    "DescribeScalingPolicies": operation(
        _policies, "ServiceNamespace ResourceId ScalableDimension"
    ),
}
CLOUDWATCH = {"DescribeAlarms": operation(_alarms, "AlarmNames")}


def _scaled(asked: Asked) -> Iterator[tuple[str, Endpoint]]:
    for endpoint in asked.runtime.settings.endpoints.values():
        if endpoint.min_copies is not None:
            yield from ((component, endpoint) for component in endpoint.inference_components)


def _resource(component: str) -> Answer:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": _PREFIX + component,
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
    }


def _policy(asked: Asked, component: str, name: str, kind: str, alarms: list[Answer]) -> Answer:
    return {
        **_resource(component),
        "PolicyARN": _policy_arn(asked, component, name),
        "PolicyName": name,
        "PolicyType": kind,
        "Alarms": alarms,
        "CreationTime": CREATED,
    }


def _policy_arn(asked: Asked, component: str, name: str) -> str:
    resource = f"resource/sagemaker/{_PREFIX}{component}:policyName/{name}"
    return asked.arn("autoscaling", f"scalingPolicy:emulator:{resource}")
