"""The chart: what Helm renders of it is what Kubernetes takes, and what the gateway needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from proxy.auth.route_rules import Access
from proxy.cli import main
from proxy.config.load import load_config
from proxy.routes import ROUTES
from tests.deploy.chart import (
    CHART,
    HELM,
    ask_helm,
    example,
    manifests,
    refusal,
    with_values,
)

EXAMPLES = sorted(path.stem for path in (HELM / "examples").glob("*.yaml"))
#: The oldest that the chart is for, and the newest that the schemas know.
VERSIONS = ("1.27", kubernetes_validate.latest_version())
#: What Kubernetes itself does not have.
FOREIGN = {"ServiceMonitor"}
ROLE = "arn:aws:iam::111122223333:role/sagegate"


def pod(rendered: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = rendered["Deployment"]["spec"]["template"]["spec"]
    return spec


def container(rendered: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod(rendered)["containers"]
    found: dict[str, Any] = only
    return found


def variables(rendered: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container(rendered)["env"]}


def checksum(rendered: dict[str, Any]) -> str:
    annotations = rendered["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    return str(annotations["checksum/config"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_kubernetes_takes_every_example(name: str) -> None:
    """Each manifest fits Kubernetes' own schema, with no key that it does not know."""
    for kind, manifest in manifests(example(name)).items():
        for version in VERSIONS if kind not in FOREIGN else ():
            kubernetes_validate.validate(manifest, version, strict=True)


def test_the_oldest_version_is_the_charts() -> None:
    """What is validated against is what `Chart.yaml` promises."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["kubeVersion"] == f">={VERSIONS[0]}.0-0"


def test_helm_finds_nothing_to_complain_about() -> None:
    """The linter, strictly, says no more than that an icon would be nice."""
    messages = ask_helm(example("small"))["lint"]["messages"]
    assert [each["error"] for each in messages if each["severity"] > 1] == []


def test_the_pieces_find_each_other() -> None:
    """Service, autoscaler, disruption budget, policy and monitor all mean the same pods."""
    all_of = manifests(example("production"))
    labels = all_of["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        all_of["Deployment"]["spec"]["selector"]["matchLabels"],
        all_of["Service"]["spec"]["selector"],
        all_of["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        all_of["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        all_of["ServiceMonitor"]["spec"]["selector"]["matchLabels"],
    ]
    assert all(each.items() <= labels.items() and each == selectors[0] for each in selectors)
    scaled = all_of["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert scaled["name"] == all_of["Deployment"]["metadata"]["name"]
    port = container(all_of)["ports"][0]
    assert all_of["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert all_of["NetworkPolicy"]["spec"]["ingress"][0]["ports"][0]["port"] == port["name"]
    assert pod(all_of)["serviceAccountName"] == all_of["ServiceAccount"]["metadata"]["name"]


def test_probes_ask_public_routes() -> None:
    """Kubelets have no key: each probe is a GET that is open to everybody."""
    public = {
        path
        for route in ROUTES
        if route.access is Access.PUBLIC and route.method == "GET"
        for path in route.paths
    }
    found = container(manifests(with_values()))
    probes = {
        name: found[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")
    }
    assert {name: each["path"] for name, each in probes.items()} == {
        "startup": "/health/liveliness",
        "liveness": "/health/liveliness",
        "readiness": "/health/readiness",
    }
    assert {each["path"] for each in probes.values()} <= public
    assert {each["port"] for each in probes.values()} == {found["ports"][0]["name"]}


def test_every_variable_is_one_that_the_gateway_reads() -> None:
    """Flags are set by their own variables; the port is the container's."""
    rendered = manifests(with_values())
    known = {str(parameter.envvar) for parameter in main.params if parameter.envvar}
    assert set(variables(rendered)) <= known | {"LITELLM_MASTER_KEY_FILE"}
    assert variables(rendered)["PORT"] == str(container(rendered)["ports"][0]["containerPort"])
    assert pod(rendered)["enableServiceLinks"] is False


@pytest.mark.parametrize(("notice", "timeout"), [(5, 60), (0, 0), (30, 900)])
def test_a_pod_is_not_killed_before_its_end(notice: int, timeout: int) -> None:
    """The grace is above notice and timeout together, whatever they are; less is refused."""
    drain = {"notice": notice, "timeout": timeout}
    rendered = manifests(with_values(drain=drain))
    assert pod(rendered)["terminationGracePeriodSeconds"] > notice + timeout + 5
    assert variables(rendered)["DRAIN_NOTICE"] == str(notice)
    assert variables(rendered)["DRAIN_TIMEOUT"] == str(timeout)
    shorter = max(5, notice + timeout + 4)
    if shorter < notice + timeout + 5:
        told = refusal(with_values(drain=drain, terminationGracePeriodSeconds=shorter))
        assert f"give at least {notice + timeout + 5}" in told


def test_a_changed_configuration_rolls_the_pods() -> None:
    """The checksum changes with the configuration and with nothing else."""
    first = manifests(with_values())
    other = manifests(with_values(config={"model_list": []}))
    assert checksum(first) == checksum(manifests(with_values(workers=2)))
    assert checksum(first) != checksum(other)


@pytest.mark.parametrize("name", ["small", "production"])
def test_the_configmap_is_a_configuration(name: str, tmp_path: Path) -> None:
    """What is mounted is what the gateway loads, from the path that it is told."""
    rendered = manifests(example(name))
    (key, text), *more = rendered["ConfigMap"]["data"].items()
    assert not more
    mounts = {each["name"]: each["mountPath"] for each in container(rendered)["volumeMounts"]}
    assert variables(rendered)["CONFIG_FILE_PATH"] == f"{mounts['config']}/{key}"
    file = tmp_path / key
    file.write_text(text)
    references = dict.fromkeys(re.findall(r"os\.environ/(\w+)", text), "redis://redis")
    assert references.keys() <= variables(rendered).keys()
    environ = {**references, "DATABASE_URL": "postgresql://u:p@h/d"}
    assert load_config(file, environ).config.model_list[0].model_name == "chat"


def test_secrets_are_references() -> None:
    """The master key is a file of its Secret; no manifest has a secret in it."""
    rendered = manifests(example("production"))
    (mounted,) = [each for each in pod(rendered)["volumes"] if "secret" in each]
    assert mounted["secret"]["secretName"] == "sagegate"
    (item,) = mounted["secret"]["items"]
    mounts = {each["name"]: each["mountPath"] for each in container(rendered)["volumeMounts"]}
    path = f"{mounts[mounted['name']]}/{item['path']}"
    assert variables(rendered)["LITELLM_MASTER_KEY_FILE"] == path
    assert "Secret" not in rendered


def test_an_object_of_s3_needs_no_configmap() -> None:
    """With `configObject` the pods read it themselves, by LiteLLM's variables."""
    rendered = manifests(example("s3"))
    assert "ConfigMap" not in rendered
    found = variables(rendered)
    assert found["LITELLM_CONFIG_BUCKET_NAME"] == "my-configurations"
    assert found["LITELLM_CONFIG_BUCKET_OBJECT_KEY"] == "sagegate/config.yaml"
    assert "CONFIG_FILE_PATH" not in found


def test_a_configmap_of_ones_own() -> None:
    """With `existingConfigMap` none is made, and that one is mounted."""
    rendered = manifests(with_values(config=None, existingConfigMap="mine"))
    assert "ConfigMap" not in rendered
    assert [each["configMap"]["name"] for each in pod(rendered)["volumes"] if "configMap" in each]


def test_the_pod_can_do_nothing_special() -> None:
    """Not root, nothing to write to but /tmp, no capability, no token of Kubernetes."""
    rendered = manifests(with_values())
    found = container(rendered)["securityContext"]
    assert found == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    whole = pod(rendered)["securityContext"]
    assert whole["runAsNonRoot"] is True
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    image = (CHART.parents[2] / "Dockerfile").read_text()
    user = re.search(r"^USER (\d+):(\d+)$", image, re.MULTILINE)
    assert user is not None
    assert [whole["runAsUser"], whole["runAsGroup"]] == [int(user[1]), int(user[2])]
    assert pod(rendered)["automountServiceAccountToken"] is False
    writable = [each for each in container(rendered)["volumeMounts"] if not each.get("readOnly")]
    assert [each["mountPath"] for each in writable] == ["/tmp"]  # noqa: S108 - in the pod


def test_the_role_is_an_annotation() -> None:
    """IRSA's annotation is there when a role is named; Pod Identity needs none."""
    named = manifests(example("production"))["ServiceAccount"]["metadata"]
    assert named["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/sagegate"
    }
    assert "annotations" not in manifests(example("s3"))["ServiceAccount"]["metadata"]


def test_nobody_may_ask_the_node_for_its_role() -> None:
    """The policy lets nothing out to the metadata service, by default."""
    rules = manifests(with_values())["NetworkPolicy"]["spec"]["egress"]
    blocks = [each["ipBlock"] for rule in rules for each in rule.get("to", [])]
    wide = {each["cidr"]: each.get("except", []) for each in blocks if each["cidr"].endswith("/0")}
    assert wide == {"0.0.0.0/0": ["169.254.169.254/32"], "::/0": ["fd00:ec2::254/128"]}


def test_pods_are_added_by_requests_under_way() -> None:
    """Both metrics are there when asked for; the one of the gateway is one that it has."""
    spec = manifests(example("production"))["HorizontalPodAutoscaler"]["spec"]
    cpu, in_flight = spec["metrics"]
    assert cpu["resource"]["target"]["averageUtilization"] == 70
    assert in_flight["pods"]["metric"]["name"] == "litellm_in_flight_requests"
    documented = (CHART.parents[2] / "docs" / "telemetry.md").read_text()
    assert "| `litellm_in_flight_requests` | gauge |" in documented
    assert "replicas" not in manifests(example("production"))["Deployment"]["spec"]
    fixed = manifests(with_values(autoscaling={"enabled": False}, replicaCount=7))
    assert fixed["Deployment"]["spec"]["replicas"] == 7
    assert "HorizontalPodAutoscaler" not in fixed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config": None}, "exactly one of config, existingConfigMap and configObject"),
        ({"existingConfigMap": "x"}, "given: config, existingConfigMap"),
        ({"config": None, "configObject": {"bucket": "b"}}, "/configObject/key"),
        ({"masterKey": None}, "/masterKey/existingSecret"),
        ({"image": {"repository": ""}}, "/image/repository"),
        ({"config": {"general_settings": {"master_key": "sk-x"}}}, "/config/general_settings"),
        ({"config": {"keys": [{"key": "sk-x"}]}}, "/config/keys/0/key"),
        ({"replicas": 3}, "additional properties 'replicas' not allowed"),
        ({"autoscaling": {"cpu": 0}}, "give cpu, inFlight or both"),
        ({"autoscaling": {"minReplicas": 5, "maxReplicas": 2}}, "minReplicas 5 is above"),
        ({"resources": {"requests": {"cpu": None}}}, "resources.requests.cpu"),
        ({"env": [{"name": "PORT", "value": "8000"}]}, "/env/0/name"),
        ({"env": [{"name": "KEEPALIVE_TIMEOUT", "value": 910}]}, "/env/0/value"),
        ({"podLabels": {"app.kubernetes.io/name": "mine"}}, "app.kubernetes.io/name"),
        ({"serviceAccount": {"create": False, "roleArn": ROLE}}, "annotate your own"),
        ({"serviceAccount": {"roleArn": "sagegate"}}, "/serviceAccount/roleArn"),
    ],
)
def test_what_cant_work_is_refused(changes: dict[str, Any], words: str) -> None:
    """Before anything reaches the cluster, and with the value's name."""
    assert words in refusal(with_values(**changes))


def test_every_value_is_explained() -> None:
    """The README's table has each value of `values.yaml`, and no others; the schema the same."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    rows = re.findall(r"^\| (`.+?) \|", (CHART / "README.md").read_text(), re.MULTILINE)
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(values)
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    assert set(schema["properties"]) == {*values, "global"}


def test_the_notes_say_how_to_try_it() -> None:
    """They name the Service and the Secret of the release, and which way the role comes."""
    answer = ask_helm(example("s3"))["rendered"]
    notes = answer["sagegate/templates/NOTES.txt"]
    assert "service/gateway-sagegate" in notes
    assert "get secret sagegate" in notes
    assert "create-pod-identity-association" in notes
    assert "name Redis and PostgreSQL in networkPolicy.egress" in notes
    assert "{{index .data" in notes
