"""A call of the control plane and how it is refused; no protocol, no operation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.managed import Policy
from emulator.runtime import Runtime
from emulator.signature import Identity

#: An answer's members, with AWS's names.
Answer = dict[str, Any]
#: When everything was made, in Unix seconds: the emulator has no history.
CREATED = 1_735_689_600


class Fault(Exception):
    """An answer that is an error.

    Attributes:
        status: The HTTP status.
        code: AWS's name for it.
        message: AWS's text.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call: who asks what, and what the emulator holds."""

    runtime: Runtime
    identity: Identity
    parameters: Mapping[str, Any]

    @property
    def policy(self) -> Policy:
        """What callers may do."""
        return self.runtime.settings.policy

    @property
    def account(self) -> str:
        """The account that owns everything."""
        return self.runtime.settings.account

    @property
    def caller_arn(self) -> str:
        """Who asks: a role's session is STS's own, a user is IAM's."""
        user = self.identity.credential.user
        service = "iam" if user.startswith("user/") else "sts"
        return f"arn:aws:{service}::{self.account}:{user}"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in the region that is asked."""
        return f"arn:aws:{service}:{self.identity.region}:{self.account}:{resource}"

    def required(self, name: str) -> Any:
        """A parameter that must be there.

        Raises:
            Fault: 400 `ValidationException`.
        """
        if name not in self.parameters:
            raise invalid(
                f"1 validation error detected: Value at '{name}' failed to satisfy constraint: "
                "Member must not be null"
            )
        return self.parameters[name]


@dataclass(frozen=True, slots=True)
class Operation:
    """What answers an operation, and the parameters that it knows."""

    answer: Callable[[Asked], Answer]
    parameters: frozenset[str]


def operation(answer: Callable[[Asked], Answer], parameters: str) -> Operation:
    """Declares an operation; its parameters' names are separated by blanks."""
    return Operation(answer, frozenset(parameters.split()))


def invalid(message: str) -> Fault:
    """400: AWS's code for whatever it can't do with a request."""
    return Fault(400, "ValidationException", message)
