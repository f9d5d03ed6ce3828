"""Who an identity is, and what IAM's simulation says of its own policies."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from proxy.check.finding import Finding

_SESSION: Final = re.compile(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.+")
#: What no simulation of a principal's own policies can tell.
CANT_SEE: Final = (
    "Organisation policies, session policies and permissions of the VPC endpoint can't be seen."
)


def partition_of(arn: str) -> str:
    """Give an ARN's partition."""
    return arn.split(":")[1]


def principal_of(arn: str) -> str:
    """Give the principal whose policies count: for a role's session, the role.

    A role's path does not stand in its sessions' ARNs; it is taken for none.
    """
    session = _SESSION.fullmatch(arn)
    return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else arn


def sagemaker_arn(caller: str, region: str, kind: str, name: str) -> str:
    """Give the ARN of an endpoint or an inference component in the caller's account."""
    _, partition, _, _, account, _ = caller.split(":", 5)
    return f"arn:{partition}:sagemaker:{region}:{account}:{kind}/{name.lower()}"


def permission(action: str, resources: Sequence[str], decision: str) -> Finding:
    """Judge a decision of the simulation.

    Args:
        action: Such as `sagemaker:InvokeEndpoint`.
        resources: What a statement that allows it would name.
        decision: `allowed`, `explicitDeny` or `implicitDeny`.
    """
    if decision == "allowed":
        return Finding(level="ok", check="permission", text=f"{action} is allowed")
    if decision == "explicitDeny":
        return Finding(
            level="failure",
            check="permission",
            text=f"{action} is denied by a statement of the identity's own policies",
            advice=CANT_SEE,
        )
    statement = {"Effect": "Allow", "Action": action, "Resource": list(resources)}
    return Finding(
        level="failure",
        check="permission",
        text=f"no policy of the identity allows {action}",
        advice=f"Add this statement to it. {CANT_SEE}\n{json.dumps(statement, indent=2)}",
    )
