"""The composition: the specification's own types take it, and its parts fit together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from compose_spec import PyCompose

from proxy.cli import main
from proxy.exposure import expose, master_key
from proxy.start import Source
from tests.live.gateway import Gateway
from tests.live.processes import clean_environment, running
from tests.redis_server import RedisServer

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose"
TEXT = (COMPOSE / "compose.yaml").read_text()
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = DOCUMENT["services"]
KEY = "sk-0123456789abcdef"


def environment() -> dict[str, str]:
    """Give the gateway's variables as Compose would fill them in, with a key in the caller's."""
    variables: dict[str, str] = SERVICES["sagegate"]["environment"]

    def filled(found: re.Match[str]) -> str:
        name, default = found[1], found[2] or ""
        return KEY if name == "LITELLM_MASTER_KEY" else default

    pattern = r"\$\{(\w+)(?::[-?]([^}]*))?\}"
    return {name: re.sub(pattern, filled, value) for name, value in variables.items()}


def test_it_is_a_composition() -> None:
    """A parser of the Compose specification takes every key, and every reference is defined."""
    composition = PyCompose.from_json(json.dumps(DOCUMENT))
    composition.validate()
    assert set(composition.service_names()) == {
        *("sagegate", "emulator", "redis", "postgres", "prometheus", "grafana")
    }


def test_only_this_machine_can_reach_it() -> None:
    """Every published port is on loopback, and what needs none has no way out."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert DOCUMENT["networks"]["inside"] == {"internal": True}
    for name in ("emulator", "redis", "postgres"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_there_is_no_key_for_everybody() -> None:
    """Without a key of one's own, Compose stops and says what is missing."""
    assert SERVICES["sagegate"]["environment"]["LITELLM_MASTER_KEY"].startswith(
        "${LITELLM_MASTER_KEY:?"
    )


def test_what_is_mounted_is_there() -> None:
    """Every file and folder is in the project; the dashboards' own folder is deploy/grafana."""
    mounts = [each.split(":") for name in SERVICES for each in SERVICES[name].get("volumes", [])]
    binds = {source: target for source, target, *_ in mounts if source.startswith(".")}
    dashboards = binds.pop("../grafana")
    assert all((COMPOSE / source).exists() for source in binds)
    provider = COMPOSE / "grafana/provisioning/dashboards/sagegate.yaml"
    (only,) = yaml.safe_load(provider.read_text())["providers"]
    assert only["options"]["path"] == dashboards


def test_prometheus_has_the_alerts() -> None:
    """What it reads rules from, beside its configuration, is the project's own file of alerts."""
    binds = dict(each.split(":")[1::-1] for each in SERVICES["prometheus"]["volumes"])
    (rules,) = yaml.safe_load((COMPOSE / "prometheus.yaml").read_text())["rule_files"]
    mounted = COMPOSE / binds[f"/etc/prometheus/{rules}"]
    assert mounted.resolve() == (COMPOSE.parent / "grafana" / "alerts.yaml").resolve()


def test_the_gateway_can_read_its_configuration() -> None:
    """With the variables that it is given, and it may listen on all addresses with the key."""
    environ = environment()
    loaded = Source(config=str(COMPOSE / "config.yaml")).load(environ)
    general = loaded.config.general_settings
    assert expose("0.0.0.0", master_key(general, environ), general).notice is None
    known = {str(parameter.envvar) for parameter in main.params if parameter.envvar}
    referred = set(re.findall(r"os\.environ/(\w+)", (COMPOSE / "config.yaml").read_text()))
    aws = {name for name in environ if name.startswith("AWS_")}
    assert set(environ) == aws | referred | (set(environ) & known)


def test_addresses_are_services() -> None:
    """Every host that a service calls is a service, on the port that it has."""
    environ = environment()
    hosts = {
        "emulator": environ["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"],
        "redis": environ["REDIS_URL"],
        "postgres": environ["DATABASE_URL"],
    }
    for name, url in hosts.items():
        assert re.search(rf"[/@]{name}[:/]", url), url
        assert SERVICES["sagegate"]["depends_on"][name] == {"condition": "service_healthy"}
        assert "healthcheck" in SERVICES[name]
    (job,) = yaml.safe_load((COMPOSE / "prometheus.yaml").read_text())["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["sagegate:4000"]}]
    (secret,) = SERVICES["prometheus"]["secrets"]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    assert secret in DOCUMENT["secrets"]
    folder = COMPOSE / "grafana/provisioning/datasources/prometheus.yaml"
    (source,) = yaml.safe_load(folder.read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"


def test_the_projects_own_containers_can_do_nothing_special() -> None:
    """A read-only root, no capability, and time enough for the end."""
    for name in ("sagegate", "emulator"):
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        # what Compose itself refuses: such secrets are written into the container's root
        assert "secrets" not in SERVICES[name]
    assert int(SERVICES["sagegate"]["stop_grace_period"].removesuffix("s")) > 5 + 60


def test_the_composition_answers(redis_server: RedisServer, tmp_path: Path) -> None:
    """Its own configuration, commands and variables, but for addresses: every model answers.

    SQLite stands in for PostgreSQL, and the key in a file for the one in a variable.
    """
    _, *command = SERVICES["emulator"]["entrypoint"]
    arguments = [*command[: command.index("--host")], "--port", "0"]
    key = tmp_path / "key"
    key.write_text(f"{KEY}\n")
    with running(["-m", "proxy", *arguments], clean_environment()) as emulator:
        variables = {
            **environment(),
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": emulator.address(),
            "REDIS_URL": redis_server.url,
            "DATABASE_URL": f"sqlite:///{tmp_path}/keys.db",
            "LITELLM_MASTER_KEY_FILE": str(key),
            "NUM_WORKERS": "1",
        }
        del variables["LITELLM_MASTER_KEY"]
        serving = ["-m", "proxy", "--config", str(COMPOSE / "config.yaml"), "--port", "0"]
        with running(serving, clean_environment(**variables)) as process:
            gateway = Gateway(process)
            gateway.wait_until_ready()
            assert gateway.http.get("/v1/models").status_code == 401
            gateway.http.headers["authorization"] = f"Bearer {KEY}"
            assert gateway.stream("chat-model").done
            assert gateway.text("jumpstart-model")
            embedded = gateway.post("/v1/embeddings", {"model": "embedding-model", "input": "a"})
            assert embedded.status_code == 200
            made = gateway.http.post("/key/generate", json={"models": ["chat-model"]})
            assert made.json()["key"].startswith("sk-")
            assert "litellm_in_flight_requests" in gateway.http.get("/metrics").text
            gateway.close()
