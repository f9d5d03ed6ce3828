"""AWS's control plane, read only: what there is, how it is, and who may call it.

The only place that names these operations. Knows AWS's own answers, given as they are; refuses to
judge them. Nothing here is ever called on a request's way.

Operations: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Service.html
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from adapters.base import Json
from adapters.sagemaker.aws_clients import AwsClients
from adapters.sagemaker.credentials import CredentialProvider
from adapters.sagemaker.network import DIRECT, Network

#: The most that the list operations give at once.
_PAGE = 100


class ControlPlane:
    """One identity's view of one region; an async context manager, or closed by `aclose`.

    Every method raises `UpstreamError`: AWS refuses, or does not answer; its `code` is AWS's name
    for it. What does not exist is an `EndpointNotFound`.

    Args:
        region: Where to ask.
        credentials: Who asks; read anew for each call.
        environ: AWS's endpoint variables are looked up here.
        endpoint_url: Stands in for every service's own address.
        network: What AWS is reached through.
    """

    def __init__(
        self,
        region: str,
        credentials: CredentialProvider,
        *,
        environ: Mapping[str, str] | None = None,
        endpoint_url: str | None = None,
        network: Network = DIRECT,
    ) -> None:
        self.region = region
        self._clients = AwsClients(
            region, credentials, environ or {}, url=endpoint_url, network=network
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._clients.aclose()

    @property
    def closer(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """What closes every connection; not bound to this view, so that it may outlive it."""
        return self._clients.aclose

    @property
    def clock_skew(self) -> float | None:
        """Seconds that this machine's clock is ahead of AWS's; None before the first answer."""
        return self._clients.clock_skew

    async def list_endpoints(self, name_contains: str | None = None) -> list[Json]:
        """List all endpoints, or those whose name contains a text: ListEndpoints."""
        filters = {} if name_contains is None else {"NameContains": name_contains}
        return await self._listed("list_endpoints", "Endpoints", **filters)

    async def describe_endpoint(self, name: str) -> Json:
        """Tell an endpoint's status and variants: DescribeEndpoint."""
        return await self._sagemaker("describe_endpoint", EndpointName=name)

    async def describe_endpoint_config(self, name: str) -> Json:
        """Tell the models behind an endpoint's variants: DescribeEndpointConfig."""
        return await self._sagemaker("describe_endpoint_config", EndpointConfigName=name)

    async def describe_model(self, name: str) -> Json:
        """Tell a model's containers: DescribeModel."""
        return await self._sagemaker("describe_model", ModelName=name)

    async def list_components(self, endpoint: str) -> list[Json]:
        """List an endpoint's inference components: ListInferenceComponents."""
        return await self._listed(
            "list_inference_components", "InferenceComponents", EndpointNameEquals=endpoint
        )

    async def describe_component(self, name: str) -> Json:
        """Tell a component's status, copies and container: DescribeInferenceComponent."""
        return await self._sagemaker("describe_inference_component", InferenceComponentName=name)

    async def list_tags(self, arn: str) -> dict[str, str]:
        """Give the tags of an endpoint or a component: ListTags."""
        tags = await self._listed("list_tags", "Tags", ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for tag in tags}

    async def caller_identity(self) -> Json:
        """Tell who asks: GetCallerIdentity, which needs no permission."""
        return await self._clients.call("sts", "get_caller_identity")

    async def simulate(self, principal: str, action: str, resource: str) -> str:
        """Ask IAM what a principal's own policies say: SimulatePrincipalPolicy.

        Args:
            principal: The ARN of a user or a role, not of a role's session.
            action: Such as `sagemaker:InvokeEndpoint`.
            resource: The ARN that the action is for.

        Returns:
            `allowed`, `explicitDeny` or `implicitDeny`. Organisation and session policies don't
            count in it.
        """
        answer = await self._clients.call(
            "iam",
            "simulate_principal_policy",
            PolicySourceArn=principal,
            ActionNames=[action],
            ResourceArns=[resource],
        )
        return str(answer["EvaluationResults"][0]["EvalDecision"])

    async def scalable_target(self, component: str) -> Json | None:
        """Tell how few copies a component may have: DescribeScalableTargets; None: it is fixed."""
        answer = await self._scaling("describe_scalable_targets", component, one=False)
        targets: list[Json] = answer["ScalableTargets"]
        return targets[0] if targets else None

    async def scaling_policies(self, component: str) -> list[Json]:
        """Give the policies that change a component's copies: DescribeScalingPolicies."""
        answer = await self._scaling("describe_scaling_policies", component, one=True)
        policies: list[Json] = answer["ScalingPolicies"]
        return policies

    async def alarms(self, names: Sequence[str]) -> list[Json]:
        """Give CloudWatch's alarms of these names: DescribeAlarms."""
        answer = await self._clients.call("cloudwatch", "describe_alarms", AlarmNames=list(names))
        alarms: list[Json] = answer["MetricAlarms"]
        return alarms

    async def _scaling(self, operation: str, component: str, *, one: bool) -> Json:
        resource = f"inference-component/{component}"
        return await self._clients.call(
            "application-autoscaling",
            operation,
            ServiceNamespace="sagemaker",
            ScalableDimension="sagemaker:inference-component:DesiredCopyCount",
            **({"ResourceId": resource} if one else {"ResourceIds": [resource]}),
        )

    async def _sagemaker(self, operation: str, **arguments: Any) -> Json:
        return await self._clients.call("sagemaker", operation, **arguments)

    async def _listed(self, operation: str, key: str, **arguments: Any) -> list[Json]:
        """Give all pages of a list."""
        found: list[Json] = []
        while True:
            answer = await self._sagemaker(operation, MaxResults=_PAGE, **arguments)
            found += answer[key]
            if not answer.get("NextToken"):
                return found
            arguments["NextToken"] = answer["NextToken"]
