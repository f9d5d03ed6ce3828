"""Roles and web identities against moto's token service, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from adapters.sagemaker.credentials import Credentials
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.identity import Sts
from adapters.sagemaker.settings import AwsSettings, read_aws_settings
from adapters.sagemaker.sts import caller_arn
from tests.sts_server import ROLE

pytestmark = pytest.mark.usefixtures("bare_environment")

SESSION = "arn:aws:sts::111122223333:assumed-role/invoke-models"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwb2QifQ.c2lnbmF0dXJl"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """Moto's server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def settings(url: str, **params: object) -> AwsSettings:
    """Read a deployment's settings."""
    return read_aws_settings(
        {"aws_region_name": "eu-west-1", "aws_sts_endpoint": url, "aws_role_name": ROLE, **params},
        {},
    )


async def test_assumed_role(moto: str) -> None:
    """The keys that STS gives are a session of the role, under the gateway's name."""
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
    identities = Identities()
    more = {"aws_external_id": "tenant-1", "aws_session_tags": {"team": "search"}}
    provider = identities.provider(settings(moto, **keys, **more))
    credentials = await provider.current()
    assert credentials.access_key.startswith("ASIA")
    assert credentials.token
    caller = await caller_arn(Sts("eu-west-1", moto), credentials)
    assert caller == f"{SESSION}/{identities.session_name}"
    assert await provider.renew(credentials) not in {None, credentials}


async def test_web_identity(moto: str, tmp_path: Path) -> None:
    """A token out of a file gives a session of the role, under the name that was chosen."""
    (tmp_path / "token").write_text(TOKEN)
    provider = Identities().provider(
        settings(moto, aws_web_identity_token=str(tmp_path / "token"), aws_session_name="pod-7")
    )
    credentials = await provider.current()
    assert credentials.token
    assert await caller_arn(Sts("eu-west-1", moto), credentials) == f"{SESSION}/pod-7"


async def test_the_same_role_is_recognised(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session of the role is not assumed again: the chain's own keys sign."""
    session = settings(moto, aws_access_key_id="AKID", aws_secret_access_key="secret")
    credentials = await Identities().provider(session).current()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", str(credentials.token))
    held = await Identities().provider(settings(moto)).current()
    assert held == credentials
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDSOMEBODY")
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    other = await Identities().provider(settings(moto)).current()
    assert isinstance(other, Credentials)
    assert other.access_key not in {credentials.access_key, "AKIDSOMEBODY"}
