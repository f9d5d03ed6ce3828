"""The guides to AWS: policies that can be pasted, and tables that are the code's."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import create_loader

from adapters.sagemaker import control_plane
from adapters.sagemaker.partitions import partition_of
from adapters.signed_headers import SIGNED_HEADERS

DOCS = Path(__file__).parents[2] / "docs"
AWS, OPERATIONS = ((DOCS / name).read_text() for name in ("aws.md", "operations.md"))
NETWORK = (DOCS / "aws-network.md").read_text()
PREFIX = "X-Amzn-SageMaker-"
#: What a policy names, and no operation is called.
PERMISSIONS_ONLY = {"sagemaker:CallWithBearerToken", "sts:TagSession"}
MODELS = {
    "sagemaker": ("sagemaker", "sagemaker-runtime"),
    "sts": ("sts",),
    "iam": ("iam",),
    "application-autoscaling": ("application-autoscaling",),
    "cloudwatch": ("cloudwatch",),
    "s3": ("s3",),
}


@cache
def operations(prefix: str) -> frozenset[str]:
    """What AWS's own models have under a prefix of actions."""
    loader = create_loader()
    models = [loader.load_service_model(name, "service-2") for name in MODELS[prefix]]
    return frozenset(name for model in models for name in model["operations"])


def policies(text: str) -> list[Any]:
    """Every block of JSON."""
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def statements(document: Any) -> list[Any]:
    return list(document.get("Statement", [document]))


def actions(document: Any) -> set[str]:
    """All that a policy allows."""
    given = [each["Action"] for each in statements(document)]
    return {one for each in given for one in ([each] if isinstance(each, str) else each)}


@pytest.mark.parametrize("document", [*policies(AWS), *policies(OPERATIONS)])
def test_policies_are_ready_to_paste(document: Any) -> None:
    """Each is JSON, allows something, and names actions that AWS has, in its spelling."""
    for statement in statements(document):
        assert statement["Effect"] == "Allow"
        assert {"Principal", "Resource"} & set(statement)
    for action in actions(document) - PERMISSIONS_ONLY:
        prefix, _, name = action.partition(":")
        assert name in operations(prefix), action


def test_features_name_awss_actions() -> None:
    """The table of features says no action that AWS does not have."""
    table = AWS.partition("## Which permission for which feature")[2].partition("\n## ")[0]
    named, prefix = set[str](), ""
    for word in re.findall(r"`([\w-]+:)?([A-Z]\w+)`", table):
        prefix = word[0] or prefix
        named.add(f"{prefix}{word[1]}")
    assert {"sagemaker:InvokeEndpoint", "sts:TagSession", "sagemaker:ListTags"} <= named
    for action in named - PERMISSIONS_ONLY:
        prefix, _, name = action.partition(":")
        assert name in operations(prefix), action
    (doctor,) = [each for each in policies(OPERATIONS) if "iam" in str(each)]
    assert actions(doctor) <= named


def test_the_doctors_policy_is_what_it_asks() -> None:
    """Every operation of the control plane that the code names is in the policy, and no other."""
    tree = ast.parse(Path(control_plane.__file__).read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    asked = {
        f"{prefix}:{name}"
        for prefix in MODELS
        for name in operations(prefix)
        if xform_name(name) in texts
    }
    (doctor,) = [each for each in policies(OPERATIONS) if "iam" in str(each)]
    assert asked - {"sts:GetCallerIdentity"} == actions(doctor)  # which needs no permission


def test_the_table_of_headers() -> None:
    """Each setting stands beside the header that it becomes."""
    rows = re.findall(r"^\| `(\w+)` \| `([\w-]+)` \|", NETWORK, re.MULTILINE)
    known = {each.setting: each.name for each in SIGNED_HEADERS.values()}
    assert {setting: PREFIX + name for setting, name in rows} == {
        "model_id": f"{PREFIX}Inference-Component",
        **known,
    }


@pytest.mark.parametrize(
    "region",
    [
        "eu-west-1",
        "us-gov-west-1",
        "cn-north-1",
        "eusc-de-east-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "eu-isoe-west-1",
        "us-isof-south-1",
    ],
)
def test_the_table_of_partitions(region: str) -> None:
    """Each partition's row has its two suffixes."""
    partition = partition_of(region)
    assert partition is not None
    start = re.sub(r"\w+-\d$", "…", region) if partition.name != "aws" else "eu-…"
    (row,) = [
        line for line in NETWORK.splitlines() if f"| `{start}`" in line or f" `{start}`," in line
    ]
    cells = re.findall(r"`([a-z][\w.-]*\.[\w.-]+)`", row)
    assert cells == [partition.suffix, partition.dualstack_suffix]
