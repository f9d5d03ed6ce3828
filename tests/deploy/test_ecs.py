"""The template for Fargate: CloudFormation's own linter, and times that let streams live."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.auth.route_rules import Access
from proxy.cli import main
from proxy.routes import ROUTES
from tests.deploy.test_iam import known_actions
from tests.proxy.test_aws_guide import actions
from tests.test_dockerfile import all_of, stages

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "deploy" / "ecs" / "fargate.yaml"


class _Intrinsics(yaml.SafeLoader):
    """YAML with CloudFormation's functions: `!Ref X` becomes `{"Ref": "X"}`."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    assert isinstance(node, yaml.SequenceNode)
    return {name: loader.construct_sequence(node, deep=True)}


_Intrinsics.add_multi_constructor("!", _function)


@cache
def template() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _Intrinsics)  # noqa: S506 - a SafeLoader
    return found


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = template()["Resources"][name]["Properties"]
    return found


def attributes(name: str, key: str) -> dict[str, Any]:
    return {each["Key"]: each["Value"] for each in properties(name)[key]}


def container() -> dict[str, Any]:
    (only,) = properties("Task")["ContainerDefinitions"]
    found: dict[str, Any] = only
    return found


def variables() -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in container()["Environment"]}


def seconds(name: str) -> int:
    return int(variables()[name])


def test_cfn_lint_finds_nothing() -> None:
    """Neither errors nor warnings nor hints, in three regions of two partitions."""
    regions = ("us-east-1", "eu-west-1", "us-gov-west-1")
    program = "import sys; from cfnlint.runner import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "--include-checks", "I", "--regions", *regions]
    done = subprocess.run(
        [*command, "--", str(TEMPLATE)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


def test_the_end_of_a_task_fits_its_stop() -> None:
    """ECS waits longer than the gateway takes, and no longer than Fargate allows."""
    end = seconds("DRAIN_NOTICE") + seconds("DRAIN_TIMEOUT")
    assert end + 5 < container()["StopTimeout"] <= 120


def test_the_load_balancer_cuts_no_stream_that_the_gateway_would_end() -> None:
    """The delay, after which it breaks connections, is never shorter than the gateway's own end.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-connection-draining.html
    """
    attribute = attributes("Targets", "TargetGroupAttributes")[
        "deregistration_delay.timeout_seconds"
    ]
    assert attribute == {"Ref": "DeregistrationDelay"}
    delay = template()["Parameters"]["DeregistrationDelay"]
    end = seconds("DRAIN_NOTICE") + seconds("DRAIN_TIMEOUT")
    assert end + 5 < delay["MinValue"] <= delay["Default"] <= delay["MaxValue"] == 3600


def test_the_container_is_asked_as_the_image_says() -> None:
    """ECS leaves the image's own health check out: the task has the same."""
    (text,) = all_of(stages()[-1], "HEALTHCHECK")
    options, _, command = text.partition(" CMD ")
    check = container()["HealthCheck"]
    assert check["Command"] == ["CMD", *json.loads(command)]
    told = dict(re.findall(r"--([\w-]+)=(\d+)", options))
    assert {name: int(value) for name, value in told.items()} == {
        "interval": check["Interval"],
        "timeout": check["Timeout"],
        "start-period": check["StartPeriod"],
        "retries": check["Retries"],
    }


def test_the_load_balancer_lets_streams_live() -> None:
    """Long silences are borne, and it is never the gateway that closes an idle connection first.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
    """
    idle = int(attributes("LoadBalancer", "LoadBalancerAttributes")["idle_timeout.timeout_seconds"])
    assert 600 < idle <= 4000
    assert seconds("KEEPALIVE_TIMEOUT") > idle


def test_the_health_check_asks_a_public_route() -> None:
    """The load balancer has no key."""
    public = {path for route in ROUTES if route.access is Access.PUBLIC for path in route.paths}
    assert properties("Targets")["HealthCheckPath"] in public


def test_every_variable_is_one_that_the_gateway_reads() -> None:
    """Flags by their own variables, the rest LiteLLM's and AWS's."""
    known = {str(parameter.envvar) for parameter in main.params if parameter.envvar}
    bucket = {"LITELLM_CONFIG_BUCKET_NAME", "LITELLM_CONFIG_BUCKET_OBJECT_KEY"}
    assert set(variables()) <= known | bucket | {"AWS_REGION"}
    port = container()["PortMappings"][0]["ContainerPort"]
    assert seconds("PORT") == port == properties("Targets")["Port"]


def test_secrets_are_references() -> None:
    """No secret is a parameter, a default or a variable: tasks get them from Secrets Manager."""
    names = {
        each["Name"] if "Name" in each else each["If"][1]["Name"] for each in container()["Secrets"]
    }
    assert names == {"LITELLM_MASTER_KEY", "REDIS_URL", "DATABASE_URL"}
    for name in template()["Parameters"]:
        assert "Secret" not in name or name.endswith("SecretArn")


def test_the_container_can_do_nothing_special() -> None:
    """The image's own user, a read-only root, no public address."""
    assert container()["ReadonlyRootFilesystem"] is True
    assert container()["User"] in (ROOT / "Dockerfile").read_text()
    network = properties("Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"


@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        ("TaskRole", {"sagemaker:InvokeEndpoint", "s3:GetObject"}),
        ("ExecutionRole", {"secretsmanager:GetSecretValue"}),
    ],
)
def test_roles_may_do_little(role: str, wanted: set[str]) -> None:
    """Each role has the least actions, spelt as AWS does, on named resources only."""
    policies = [each["PolicyDocument"] for each in properties(role)["Policies"]]
    assert {action for each in policies for action in actions(each)} == wanted <= known_actions()
    assert '"Resource": "*"' not in json.dumps(policies)
    (trust,) = properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_alarms_are_heard() -> None:
    """Each alarm tells the topic, when there is one, that it began and that it ended."""
    alarms = [
        each["Properties"]
        for each in template()["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]
    assert len(alarms) == 4
    for alarm in alarms:
        assert "AlarmTopicArn" in str(alarm["AlarmActions"])
        assert alarm["AlarmActions"] == alarm["OKActions"]
