"""What the control plane says of an endpoint, and of those who call it.

Knows the schema. Refuses to know how an endpoint behaves, but for a component without copies: it
refuses every call.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, model_validator

from emulator.strict import Strict

Name = Annotated[str, Field(max_length=63, pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$")]
Status = Literal[
    "OutOfService",
    "Creating",
    "Updating",
    "SystemUpdating",
    "RollingBack",
    "InService",
    "Deleting",
    "Failed",
    "UpdateRollbackFailed",
]
#: IAM's words: https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
Decision = Literal["allowed", "explicitDeny", "implicitDeny"]
_COMPONENTS_ONLY = {"copies", "min_copies", "wake_alarm"}


class Managed(Strict):
    """What can be described of an endpoint of any kind.

    Attributes:
        variant: The production variant that serves.
        inference_components: When there are any, a request must name one of them.
        status: What DescribeEndpoint says; invocations don't look at it.
        image: The container's image; a typical one of its kind unless given.
        environment: The container's variables.
        routing_strategy: How a variant's instances are chosen.
        serverless: The variant has a serverless configuration.
        asynchronous: The endpoint has a configuration for asynchronous inference.
        tags: Of the endpoint.
        copies: Each component's copies; without one it refuses every call as having no capacity.
        min_copies: The fewest copies that scaling leaves; without it nothing scales.
        wake_alarm: Whether scaling starts a copy when a call finds none.
    """

    variant: Name = "AllTraffic"
    inference_components: tuple[Name, ...] = ()
    status: Status = "InService"
    image: str | None = None
    environment: Mapping[str, str] = Field(default_factory=dict)
    routing_strategy: Literal[
        "LEAST_OUTSTANDING_REQUESTS", "RANDOM", "PREFIX_AWARE", "KV_AWARE"
    ] = "LEAST_OUTSTANDING_REQUESTS"
    serverless: bool = False
    asynchronous: bool = False
    tags: Mapping[str, str] = Field(default_factory=dict)
    copies: NonNegativeInt = 1
    min_copies: NonNegativeInt | None = None
    wake_alarm: bool = True

    @model_validator(mode="after")
    def _only_components_scale(self) -> Self:
        scaled = self.model_fields_set & _COMPONENTS_ONLY
        if scaled and not self.inference_components:
            raise ValueError(f"{', '.join(sorted(scaled))}: only inference_components have copies")
        return self

    @property
    def asleep(self) -> bool:
        """Whether it has components, and these have no copies."""
        return bool(self.inference_components) and self.copies == 0


class Policy(Strict):
    """What callers may do, for IAM's simulation and for the control plane's own operations.

    Attributes:
        allow: Actions such as `sagemaker:InvokeEndpoint`; `*` stands for any text.
        deny: Such actions too; a denied one is refused whatever else allows it.
    """

    allow: tuple[str, ...] = ("*",)
    deny: tuple[str, ...] = ()

    def decision(self, action: str) -> Decision:
        """Decide on an action; names compare without case, as with IAM."""
        if _one_of(self.deny, action):
            return "explicitDeny"
        return "allowed" if _one_of(self.allow, action) else "implicitDeny"


def _one_of(patterns: tuple[str, ...], action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
