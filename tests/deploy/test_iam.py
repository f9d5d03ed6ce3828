"""The ready policies: AWS's own actions, what the guides say, and no more."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import create_loader

from tests.proxy.test_aws_guide import (
    AWS,
    MODELS,
    OPERATIONS,
    PERMISSIONS_ONLY,
    actions,
    policies,
    statements,
)

IAM = Path(__file__).parents[2] / "deploy" / "iam"
FILES = sorted(IAM.glob("*.json"))
GUIDES = [*policies(AWS), *policies(OPERATIONS)]
#: What permits a change, by the first word of the action's name.
READS = ("Describe", "Get", "List", "Simulate")
#: What is meant to be done, beside reading.
DOES = {
    "sagemaker:InvokeEndpoint",
    "sagemaker:CallWithBearerToken",
    "sts:AssumeRole",
    "sts:AssumeRoleWithWebIdentity",
    "sts:TagSession",
}


@cache
def known_actions() -> frozenset[str]:
    """Every action that AWS's models have, of the services that the policies name."""
    loader = create_loader()
    services = {**MODELS, "secretsmanager": ("secretsmanager",)}
    return frozenset(
        f"{prefix}:{operation}"
        for prefix, names in services.items()
        for name in names
        for operation in loader.load_service_model(name, "service-2")["operations"]
    )


def read(name: str) -> Any:
    return json.loads((IAM / f"{name}.json").read_text())


def bare(document: Any) -> list[Any]:
    """Give a policy's statements without their names, lists in order."""
    return [
        {
            key: sorted(value) if isinstance(value, list) else value
            for key, value in statement.items()
            if key != "Sid"
        }
        for statement in statements(document)
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_is_a_policy_that_aws_takes(file: Path) -> None:
    """The language's version, unique names, actions in AWS's spelling, and a side to be on."""
    document = json.loads(file.read_text())
    assert document["Version"] == "2012-10-17"
    names = [each["Sid"] for each in document["Statement"] if "Sid" in each]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9]+", name) for name in names)
    side = "Principal" if file.stem.startswith("trust-") else "Resource"
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        assert side in statement
    assert actions(document) <= known_actions() | PERMISSIONS_ONLY


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_none_changes_anything(file: Path) -> None:
    """Calls, roles and reading; nothing with a `*` in its action."""
    for action in actions(json.loads(file.read_text())) - DOES:
        assert action.partition(":")[2].startswith(READS), action
        assert "*" not in action


@pytest.mark.parametrize(
    "name", ["invoke", "openai-path", "assume-role", "trust-gateway", "trust-irsa", "check"]
)
def test_the_guides_say_the_same(name: str) -> None:
    """A policy that a guide shows is the file's, statement for statement."""
    assert bare(read(name)) in [bare(guide) for guide in GUIDES]


def test_every_feature_has_its_policy() -> None:
    """Each row of the guide's table is a file, which allows what the row says and no more."""
    table = AWS.partition("## Which permission for which feature")[2].partition("\n## ")[0]
    rows = [row.split("|")[1:3] for row in re.findall(r"^\| .*`.*$", table, re.MULTILINE)]
    assert {feature.strip(): named(words) for feature, words in rows} == {
        "every call, streams included": actions(read("invoke")),
        "`transport: openai_path`, `sagegate token`": actions(read("openai-path"))
        - actions(read("invoke")),
        "`aws_role_name`": actions(read("assume-role")),
        "`discover`": actions(read("discover")),
        "`describe_endpoints: true`": actions(read("describe")),
        "a configuration in S3": actions(read("configuration")),
        "`sagegate check --aws`": actions(read("check")) - actions(read("discover")),
    }


def named(words: str) -> set[str]:
    """Give the actions that a cell names; a service's name counts for those behind it."""
    found, prefix = set[str](), ""
    for word in re.findall(r"`([\w-]+:)?([A-Z]\w+)`", words):
        prefix = word[0] or prefix
        found.add(f"{prefix}{word[1]}")
    return found


@pytest.mark.parametrize("name", ["trust-pod-identity", "trust-ecs"])
def test_services_act_for_this_account_only(name: str) -> None:
    """A service's trust names the account, so that nobody else's tasks take the role."""
    (statement,) = read(name)["Statement"]
    assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == "111122223333"


def test_the_page_has_each() -> None:
    """Every file is a row of the README, and every row a file."""
    page = (IAM / "README.md").read_text()
    rows = re.findall(r"^\| \[`([\w-]+\.json)`\]\(\1\) \|", page, re.MULTILINE)
    assert sorted(rows) == [file.name for file in FILES]
