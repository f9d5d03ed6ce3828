"""An endpoint's and a component's own state, as the control plane describes them.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html and
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeInferenceComponent.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.base import Json
from proxy.check.finding import Finding

#: An endpoint goes on serving while it is changed.
_SERVING: Final = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})
#: The most that a serverless endpoint takes or gives, in bytes.
_SERVERLESS_BYTES: Final = 4 * 1024 * 1024


def endpoint_status(described: Json) -> Finding:
    """Judge DescribeEndpoint's answer."""
    status = described["EndpointStatus"]
    if status in _SERVING:
        return Finding(level="ok", check="endpoint", text=f"the endpoint is {status}")
    reason = described.get("FailureReason")
    return Finding(
        level="failure",
        check="endpoint",
        text=f"the endpoint is {status}{f': {reason}' if reason else ''}",
    )


def component_status(described: Json, endpoint: str) -> Finding:
    """Judge DescribeInferenceComponent's answer, for a deployment on an endpoint."""
    status, home = described["InferenceComponentStatus"], described["EndpointName"]
    copies = described.get("RuntimeConfig", {}).get("CurrentCopyCount")
    check = "component"
    if home != endpoint:
        return Finding(
            level="failure",
            check=check,
            text=f"the component belongs to the endpoint {home}, not to {endpoint}",
        )
    if status == "InService" and copies == 0:
        return Finding(level="hint", check=check, text="the component is asleep: it has 0 copies")
    if status in {"InService", "Updating"}:
        counted = "" if copies is None else f" with {copies} cop{'y' if copies == 1 else 'ies'}"
        return Finding(level="ok", check=check, text=f"the component is {status}{counted}")
    reason = described.get("FailureReason")
    return Finding(
        level="failure",
        check=check,
        text=f"the component is {status}{f': {reason}' if reason else ''}",
    )


def component_named(config: Json, component: str | None) -> Iterator[Finding]:
    """Judge, by DescribeEndpointConfig's answer, whether calls must name a component."""
    variants = config["ProductionVariants"]
    hosts_components = not any("ModelName" in each for each in variants)
    if hosts_components and component is None:
        yield Finding(
            level="failure",
            check="component",
            text="the endpoint hosts inference components and the deployment names none",
            advice="Set model_id to the component's name.",
        )
    if component is not None and not hosts_components:
        yield Finding(
            level="failure",
            check="component",
            text="the endpoint hosts no inference components but the deployment names one",
            advice="Leave model_id out.",
        )


def endpoint_hints(described: Json, max_payload_bytes: int) -> Iterator[Finding]:
    """Tell what of an endpoint's configuration concerns its callers."""
    if "AsyncInferenceConfig" in described:
        yield Finding(
            level="warning",
            check="async",
            text="the endpoint is for asynchronous inference: it takes no calls of this kind",
        )
    variants = described.get("ProductionVariants", [])
    serverless = any("CurrentServerlessConfig" in each for each in variants)
    if serverless and max_payload_bytes > _SERVERLESS_BYTES:
        yield Finding(
            level="hint",
            check="serverless",
            text="the endpoint is serverless: 4 MB each way, an answer within 60 s",
            advice="Set max_payload_mb: 4, so that larger requests are refused in clear words.",
        )
    strategies = {each.get("RoutingConfig", {}).get("RoutingStrategy") for each in variants}
    if "PREFIX_AWARE" in strategies:
        yield Finding(
            level="hint",
            check="routing",
            text="the endpoint routes by prefix: requests that begin alike go to one instance",
            advice="The header X-Amzn-SageMaker-Prefix-Aware-Id keeps applications apart.",
        )
