"""Who an identity is, and what IAM's simulation says of its own policies."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
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


def permission(action: str, decisions: Mapping[str, str]) -> Finding:
    """Judge what the simulation says of each resource that a call concerns.

    Args:
        action: Such as `sagemaker:InvokeEndpoint`.
        decisions: `allowed`, `explicitDeny` or `implicitDeny`, by the resource's ARN.
    """
    if all(decision == "allowed" for decision in decisions.values()):
        return Finding(level="ok", check="permission", text=f"{action} is allowed")
    denied = [arn for arn, decision in decisions.items() if decision == "explicitDeny"]
    if denied:
        return Finding(
            level="failure",
            check="permission",
            text=f"{action} is denied by a statement of the identity's own policies"
            f"{_only(denied, decisions)}",
            advice=CANT_SEE,
        )
    missing = [arn for arn, decision in decisions.items() if decision != "allowed"]
    statement = {"Effect": "Allow", "Action": action, "Resource": missing}
    return Finding(
        level="failure",
        check="permission",
        text=f"no policy of the identity allows {action}{_only(missing, decisions)}",
        advice=f"Add this statement to it. {CANT_SEE}\n{json.dumps(statement, indent=2)}",
    )


def _only(concerned: Sequence[str], all_of_them: Mapping[str, str]) -> str:
    return "" if len(concerned) == len(all_of_them) else f" on {', '.join(concerned)}"
