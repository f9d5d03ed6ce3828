"""A pod's service account and a role assumed from it, with moto as the token service."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from moto.sts.models import AssumedRole, sts_backends

from tests.live.conftest import StartGateway, emulating
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.leaks import REGION
from tests.live.test_identity_sources import TOKEN, key_of, known
from tests.sts_server import ROLE

TENANT = ROLE.replace("111122223333", "444455556666")
CONFIGURATION = """\
model_list:
  - model_name: pod
    litellm_params: {{model: sagemaker_chat/chat, aws_role_name: {role}}}
  - model_name: tenant
    litellm_params: {{model: sagemaker_chat/chat, aws_role_name: {tenant}, aws_external_id: t-7}}
router_settings:
  default_litellm_params: {{sagemaker_base_url: "{url}", aws_region_name: {region}}}
"""


def sessions(account: str) -> list[AssumedRole]:
    """Every session of an account's roles that moto gave."""
    given: list[AssumedRole] = sts_backends[account]["aws"].assumed_roles
    return given


@dataclass(frozen=True)
class Pod:
    """A gateway in a pod, and the emulator, which knows moto's keys and no others."""

    gateway: Gateway
    emulated: Emulated


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """Moto's server, without sessions from before."""
    for account in ("111122223333", "444455556666"):
        sessions(account).clear()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def pod(start: StartGateway, moto: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    """The gateway is ready first: only then does moto know the keys that it gave."""
    folder: Path = tmp_path_factory.mktemp("pod")
    (folder / "token").write_text(TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    text = CONFIGURATION.format(role=ROLE, tenant=TENANT, url=url, region=REGION)
    variables = {
        "AWS_ROLE_ARN": ROLE,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"),
        "AWS_ENDPOINT_URL_STS": moto,
    }
    with start(text, **variables) as gateway:
        given = [*sessions("111122223333"), *sessions("444455556666")]
        triples = [(s.access_key_id, s.secret_access_key, s.session_token) for s in given]
        settings = {
            "regions": [REGION],
            "credentials": [known(triple) for triple in triples],
            "endpoints": {"chat": {"kind": "messages"}},
        }
        with emulating(folder, settings, port) as emulated:
            yield Pod(gateway, emulated)


@pytest.mark.parametrize(
    ("model", "account"), [("pod", "111122223333"), ("tenant", "444455556666")]
)
def test_the_pods_role_and_one_behind_it(pod: Pod, model: str, account: str) -> None:
    """The pod's session signs for its own role, and assumes the other account's."""
    (session,) = sessions(account)
    pod.emulated.forget()
    assert pod.gateway.chat(model).status_code == 200
    assert pod.gateway.stream(model).done
    signed = [entry["headers"]["authorization"] for entry in pod.emulated.requests("chat")]
    assert {key_of(header) for header in signed} == {session.access_key_id}
    assert session.external_id == ("t-7" if model == "tenant" else None)
