"""AWS's own library goes the process's way: proxies, their exceptions, and authorities."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.errors import UpstreamError
from adapters.sagemaker.control_plane import ControlPlane
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.network import read_network
from adapters.sagemaker.settings import read_aws_settings
from tests.adapters.sagemaker.authority import Authority, make_authority
from tests.adapters.sagemaker.tunnel import Tunnel, serve_tls, serve_tunnel
from tests.sts_server import ROLE, Sts, minted

HOST = "sts.eu-west-1.amazonaws.com"
CONNECT = f"CONNECT {HOST}:443 HTTP/1.1"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwb2QifQ.c2lnbmF0dXJl"
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
#: Each kind of identity for which STS is asked.
KINDS: Mapping[str, Mapping[str, object]] = {
    "role": {**KEYS, "aws_role_name": ROLE},
    "web identity": {"aws_role_name": ROLE, "aws_web_identity_token": TOKEN},
    "profile": {"aws_profile_name": "outer"},
}
FILES = (
    f"[profile outer]\nrole_arn = {ROLE}\nsource_profile = inner\n"
    "[profile inner]\naws_access_key_id = AKIDINNER\naws_secret_access_key = secret\n"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody's system trusts, with a certificate in STS's own name."""
    return make_authority(tmp_path_factory.mktemp("authority"), HOST)


@pytest.fixture
async def tunnel(
    sts: Sts, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Tunnel]:
    """A proxy behind which STS's own name leads to the service of the test."""
    (tmp_path / "config").write_text(FILES)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    port = urlsplit(sts.url).port
    assert port is not None
    async with serve_tls(port, authority.server) as secure, serve_tunnel(secure) as running:
        yield running


async def fetched(params: Mapping[str, object], environ: Mapping[str, str]) -> Credentials:
    """Fetch an identity's credentials as a process with these variables does."""
    settings = read_aws_settings({"aws_region_name": "eu-west-1", **params}, {})
    return await Identities(read_network(environ)).provider(settings).current()


@pytest.mark.parametrize("kind", KINDS)
async def test_sts_is_reached_through_the_tunnel(
    sts: Sts, tunnel: Tunnel, authority: Authority, kind: str
) -> None:
    """Every call of STS, the library's own for a profile too, trusts the company's authority."""
    environ = {
        "HTTPS_PROXY": f"http://me:hush@127.0.0.1:{tunnel.port}",
        "AWS_CA_BUNDLE": str(authority.bundle),
    }
    assert await fetched(KINDS[kind], environ) == Credentials(*minted(1))
    assert set(tunnel.lines) == {CONNECT}
    assert b"Proxy-Authorization: Basic " in tunnel.heads[0]
    assert "proxy-authorization" not in sts.asked[0].headers


@pytest.mark.parametrize("kind", KINDS)
async def test_certificates_are_checked_behind_a_proxy(sts: Sts, tunnel: Tunnel, kind: str) -> None:
    """A tunnel that ends at a stranger hears no token and no signature."""
    environ = {"HTTPS_PROXY": f"http://127.0.0.1:{tunnel.port}"}
    with pytest.raises(UpstreamError) as caught:
        await fetched(KINDS[kind], environ)
    assert "ssl" in str(caught.value.detail).lower()
    assert set(tunnel.lines) == {CONNECT}
    assert sts.asked == []


async def test_the_setting_is_for_sts_too(sts: Sts, tunnel: Tunnel, authority: Authority) -> None:
    """`ssl_verify` is the bundle for STS, whatever the environment's is."""
    environ = {"HTTPS_PROXY": f"http://127.0.0.1:{tunnel.port}"}
    network = read_network(environ, ssl_verify=str(authority.bundle))
    settings = read_aws_settings({"aws_region_name": "eu-west-1", **KINDS["role"]}, {})
    assert await Identities(network).provider(settings).current() == Credentials(*minted(1))
    assert sts.actions() == ["AssumeRole"]


async def test_what_has_no_proxy_is_reached_directly(
    sts: Sts, tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loopback goes directly, whatever the library itself would read in the environment."""
    proxy = f"http://127.0.0.1:{tunnel.port}"
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    params = {**KINDS["role"], "aws_sts_endpoint": sts.url}
    assert await fetched(params, {"HTTP_PROXY": proxy}) == Credentials(*minted(1))
    assert tunnel.heads == []


@pytest.mark.parametrize("trusted", [True, False])
async def test_the_control_plane_goes_the_same_way(
    sts: Sts, tunnel: Tunnel, authority: Authority, trusted: bool
) -> None:
    """The other clients of AWS's library have the same proxy and the same authorities."""
    environ = {"HTTPS_PROXY": f"http://127.0.0.1:{tunnel.port}"}
    if trusted:
        environ["AWS_CA_BUNDLE"] = str(authority.bundle)
    network = read_network(environ)
    keys = StaticCredentials(Credentials("AKIDEXAMPLE", "secret"))
    async with ControlPlane("eu-west-1", keys, network=network) as plane:
        if trusted:
            assert (await plane.caller_identity())["Arn"] == sts.caller
        else:
            with pytest.raises(UpstreamError, match="did not answer") as caught:
                await plane.caller_identity()
            assert caught.value.code == "SSLError"
    assert set(tunnel.lines) == {CONNECT}
    assert len(sts.asked) == trusted
