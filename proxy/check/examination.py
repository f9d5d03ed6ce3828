"""One deployment under examination: which questions, in which order, and who judges the answers.

Knows the control plane's methods by name; refuses to know how they are reached.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from adapters.base import Json
from adapters.errors import GatewayError
from proxy.check.finding import Finding
from proxy.check.judgement.container import (
    Container,
    container_of_component,
    container_of_model,
    container_of_variant,
    format_fits,
)
from proxy.check.judgement.endpoint import (
    component_named,
    component_status,
    endpoint_hints,
    endpoint_status,
)
from proxy.check.judgement.permission import permission, principal_of, sagemaker_arn
from proxy.check.judgement.refusal import refusal
from proxy.check.judgement.scaling import may_sleep, wake_alarms, wakes
from proxy.check.row import Row

#: Asks a method of `ControlPlane`.
Ask = Callable[..., Awaitable[Any]]


class Examination:
    """Asks about one deployment.

    Args:
        row: The deployment.
        ask: Gives the answer to a question, or raises `GatewayError`.
        caller: The ARN of who calls it; None where it isn't known.
    """

    def __init__(self, row: Row, ask: Ask, caller: str | None) -> None:
        self._row = row
        self._ask = ask
        self._caller = caller
        self._found: list[Finding] = []

    async def findings(self) -> list[Finding]:
        """Ask everything; never raises for AWS's sake."""
        endpoint = await self._asked("endpoint", "the endpoint", "describe_endpoint")
        component = await self._component()
        if endpoint is not None:
            await self._endpoint(endpoint, component)
        if component is not None:
            await self._wakes(component)
        await self._permissions(endpoint)
        return self._found

    async def _asked(self, check: str, what: str, operation: str, *arguments: Any) -> Any:
        """Give an answer; a refusal becomes a finding, and the answer None."""
        try:
            return await self._ask(operation, *(arguments or (self._row.endpoint,)))
        except GatewayError as error:
            self._found.append(refusal(check, what, error))
            return None

    async def _component(self) -> Json | None:
        name = self._row.inference_component
        if name is None:
            return None
        what = f"the component {name}"
        described: Json | None = await self._asked("component", what, "describe_component", name)
        if described is not None:
            self._found.append(component_status(described, self._row.endpoint))
        return described

    async def _endpoint(self, endpoint: Json, component: Json | None) -> None:
        self._found.append(endpoint_status(endpoint))
        name = endpoint["EndpointConfigName"]
        what = "the endpoint's configuration"
        config = await self._asked("component", what, "describe_endpoint_config", name)
        if config is not None:
            self._found += component_named(config, self._row.inference_component)
        self._found += endpoint_hints(endpoint, self._row.max_payload_bytes)
        container = await self._container(endpoint, config, component)
        if container is not None:
            self._found.append(format_fits(self._row.format, container, self._row.mode))

    async def _container(
        self, endpoint: Json, config: Json | None, component: Json | None
    ) -> Container | None:
        """Find the image that answers: the component's, else the first variant's."""
        if component is not None:
            own = container_of_component(component)
            model = component.get("Specification", {}).get("ModelName")
        else:
            own = None
            variants = (config or {}).get("ProductionVariants") or [{}]
            model = variants[0].get("ModelName")
        if own is None and model is not None:
            described = await self._asked("format", f"the model {model}", "describe_model", model)
            own = None if described is None else container_of_model(described)
        return own or container_of_variant(endpoint)

    async def _permissions(self, endpoint: Json | None) -> None:
        if self._caller is None:
            return
        row, caller = self._row, self._caller
        arn = (endpoint or {}).get("EndpointArn")
        arn = arn or sagemaker_arn(caller, row.region, "endpoint", row.endpoint)
        wanted = [arn]
        if row.inference_component is not None:
            component = row.inference_component
            wanted.append(sagemaker_arn(caller, row.region, "inference-component", component))
        await self._permission("sagemaker:InvokeEndpoint", wanted)
        if row.transport == "openai_path":
            await self._permission("sagemaker:CallWithBearerToken", ["*"])

    async def _permission(self, action: str, resources: list[str]) -> None:
        principal = principal_of(self._caller or "")
        what = f"whether {action} is allowed"
        decisions = {}
        for arn in resources:
            decision = await self._asked("permission", what, "simulate", principal, action, arn)
            if decision is None:
                return
            decisions[arn] = decision
        self._found.append(permission(action, decisions))

    async def _wakes(self, described: Json) -> None:
        """Ask what starts the component, if it may be without copies."""
        name = described["InferenceComponentName"]
        what = "how the component scales"
        try:
            target = await self._ask("scalable_target", name)
            if not may_sleep(target, described):
                return
            policies = await self._ask("scaling_policies", name)
            names = wake_alarms(policies)
            alarms = await self._ask("alarms", tuple(names)) if names else []
        except GatewayError as error:
            self._found.append(refusal("wake_up", what, error))
            return
        self._found.append(wakes(name, alarms))
