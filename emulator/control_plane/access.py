"""STS's and IAM's operations that tell who calls and what they may do."""

import re

from emulator.control_plane.asked import Answer, Asked, Fault, operation

_PRINCIPAL = re.compile(r"arn:aws:iam::\d{12}:(?:user|role|group)/.+")


def _caller_identity(asked: Asked) -> Answer:
    return {
        "Arn": asked.caller_arn,
        "UserId": asked.identity.credential.access_key,
        "Account": asked.account,
    }


def _simulate(asked: Asked) -> Answer:
    source = asked.required("PolicySourceArn")
    if not _PRINCIPAL.fullmatch(source):
        raise Fault(
            400,
            "InvalidInput",
            f"Invalid Entity Arn: {source} does not clearly define entity type and name.",
        )
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": asked.policy.decision(action),
            "MatchedStatements": [],
            "MissingContextValues": [],
        }
        for action in asked.required("ActionNames")
        for resource in asked.parameters.get("ResourceArns", ["*"])
    ]
    return {"IsTruncated": False, "EvaluationResults": results}


STS = {"GetCallerIdentity": operation(_caller_identity, "")}
IAM = {
    "SimulatePrincipalPolicy": operation(_simulate, "PolicySourceArn ActionNames ResourceArns"),
}
