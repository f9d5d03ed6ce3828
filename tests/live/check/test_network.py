"""The doctor behind a company's proxy, with AWS's own names and the company's authority."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from emulator.server import running_emulator
from emulator.settings import parse
from tests.adapters.sagemaker.authority import Authority, make_authority
from tests.adapters.sagemaker.tunnel import serve_tls, serve_tunnel
from tests.live.check.checked import KEYS, Checker, chat
from tests.live.check.conftest import SETTINGS
from tests.live.leaks import REGION

RUNTIME = f"runtime.sagemaker.{REGION}.amazonaws.com"
STS = f"sts.{REGION}.amazonaws.com"
PLANE = f"api.sagemaker.{REGION}.amazonaws.com"
HOSTS = (RUNTIME, STS, PLANE, "iam.amazonaws.com")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody's system trusts, with a certificate in the names of AWS's hosts."""
    return make_authority(tmp_path_factory.mktemp("authority"), *HOSTS)


@pytest.fixture(scope="module")
def emulator_port() -> Iterator[int]:
    """An emulator, for all of AWS's hosts."""
    with running_emulator(parse(SETTINGS, "test")) as url:
        port = urlsplit(url).port
        assert port is not None
        yield port


@pytest.mark.parametrize("by_setting", [True, False])
async def test_everything_goes_through_the_proxy(
    emulator_port: int, authority: Authority, tmp_path: Path, by_setting: bool
) -> None:
    """STS, the control plane, IAM and the call itself: one proxy, one bundle, however named."""
    bundle = str(authority.bundle)
    async with (
        serve_tls(emulator_port, authority.server) as secure,
        serve_tunnel(secure) as tunnel,
    ):
        variables = {**KEYS, "HTTPS_PROXY": f"http://127.0.0.1:{tunnel.port}"}
        checked = await asyncio.to_thread(
            Checker(tmp_path, None),
            "--aws",
            "--invoke",
            "--json",
            models=[chat("m", "plain")],
            variables=variables if by_setting else {**variables, "AWS_CA_BUNDLE": bundle},
            settings={"litellm_settings": {"ssl_verify": bundle}} if by_setting else None,
        )
    assert checked.code == 0, checked.out + checked.err
    assert checked.err == ""
    assert checked.found("m") == {
        "endpoint": "ok",
        "format": "ok",
        "permission": "ok",
        "invoke": "ok",
    }
    assert set(tunnel.lines) == {f"CONNECT {host}:443 HTTP/1.1" for host in HOSTS}


async def test_a_stranger_behind_the_proxy(
    emulator_port: int, authority: Authority, tmp_path: Path
) -> None:
    """Without the bundle nothing is told to whoever answers; that is said in clear words."""
    async with (
        serve_tls(emulator_port, authority.server) as secure,
        serve_tunnel(secure) as tunnel,
    ):
        checked = await asyncio.to_thread(
            Checker(tmp_path, None),
            "--aws",
            "--json",
            models=[chat("m", "plain")],
            variables={**KEYS, "HTTPS_PROXY": f"http://127.0.0.1:{tunnel.port}"},
        )
    assert checked.err == ""
    (caller,) = checked.document["identities"]
    assert [each["level"] for each in caller["findings"]] == ["unknown"]
    assert "SSL" in caller["findings"][0]["text"]
