"""Proxies and certificate authorities, over real sockets: a tunnel and TLS on loopback."""

from __future__ import annotations

import base64
import logging
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.base import Limits, Target
from adapters.errors import ConfigError, UpstreamError
from adapters.sagemaker.connections import Connections
from adapters.sagemaker.credentials import Credentials
from adapters.sagemaker.hosts import invocation_urls
from adapters.sagemaker.identity import Keys
from adapters.sagemaker.network import Network, read_network
from adapters.sagemaker.settings import AwsSettings
from tests.adapters.sagemaker.authority import Authority, make_authority
from tests.adapters.sagemaker.tunnel import serve_tunnel
from tests.adapters.sagemaker.upstream import PAYLOAD, Call, Upstream, serve

REGION = "us-east-1"
HOST = "runtime.sagemaker.us-east-1.amazonaws.com"
KEYS = AwsSettings(region=REGION, identity=Keys(Credentials("AKIDEXAMPLE", "secret")))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody's system trusts, with a certificate in AWS's host's name."""
    return make_authority(tmp_path_factory.mktemp("authority"), HOST)


def target(base_url: str | None = None) -> Target:
    urls = invocation_urls("my-endpoint", REGION, base_url)
    return Target(
        model="m",
        endpoint="my-endpoint",
        region=REGION,
        invoke_url=urls.invoke,
        stream_url=urls.stream,
    )


def port(upstream: Upstream) -> int:
    found = urlsplit(upstream.url).port
    assert found is not None
    return found


async def body(environ: dict[str, str], where: Target, count: int = 1) -> bytes:
    """Call through what the environment says; give the last answer."""
    connections = Connections(read_network(environ))
    invoker = connections.invoker(KEYS)
    try:
        answers = [await invoker.invoke(where, PAYLOAD, Limits(connect=5)) for _ in range(count)]
    finally:
        await connections.aclose()
    return answers[-1].body


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
async def test_aws_is_reached_through_a_tunnel(authority: Authority, variable: str) -> None:
    """`CONNECT` to AWS's host, TLS inside it with the company's authority, one tunnel kept."""
    async with (
        serve(Call.answer, authority.server) as upstream,
        serve_tunnel(port(upstream)) as tunnel,
    ):
        environ = {
            "HTTPS_PROXY": f"http://127.0.0.1:{tunnel.port}",
            variable: str(authority.bundle),
        }
        assert await body(environ, target(), count=2) == b"{}"
    assert tunnel.lines == [f"CONNECT {HOST}:443 HTTP/1.1"]
    assert b"uthorization" not in tunnel.heads[0]
    assert [call.headers["Host"] for call in upstream.calls] == [HOST, HOST]
    assert "Proxy-Authorization" not in upstream.calls[0].headers


async def test_the_proxys_password_stays_with_the_proxy(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """It is sent to the proxy, never to AWS, and never logged."""
    caplog.set_level(logging.DEBUG)
    async with (
        serve(Call.answer, authority.server) as upstream,
        serve_tunnel(port(upstream)) as tunnel,
    ):
        environ = {
            "HTTPS_PROXY": f"http://me:p%40ssword@127.0.0.1:{tunnel.port}",
            "AWS_CA_BUNDLE": str(authority.bundle),
        }
        assert await body(environ, target(), count=2) == b"{}"
    login = base64.b64encode(b"me:p@ssword")
    (head,) = tunnel.heads
    assert b"Proxy-Authorization: Basic " + login in head
    assert "Proxy-Authorization" not in upstream.calls[0].headers
    assert "ssword" not in caplog.text


@pytest.mark.parametrize("status", [403, 407, 502])
async def test_a_proxy_that_refuses(authority: Authority, status: int) -> None:
    """No tunnel is a 502 of its own, without the proxy's address or password in its words."""
    refusal = f"HTTP/1.1 {status} No".encode()
    async with (
        serve(Call.answer, authority.server) as upstream,
        serve_tunnel(port(upstream), refusal) as tunnel,
    ):
        environ = {"HTTPS_PROXY": f"http://me:hush@127.0.0.1:{tunnel.port}"}
        with pytest.raises(UpstreamError) as caught:
            await body(environ, target())
    assert (caught.value.status, caught.value.code) == (502, "proxy_refused")
    assert str(status) in str(caught.value.detail)
    for text in (caught.value.message, str(caught.value.detail)):
        assert "hush" not in text
    assert "127.0.0.1" not in caught.value.message
    assert upstream.calls == []


async def test_a_proxy_that_is_not_there(unused_port: int) -> None:
    """A proxy that can't be reached is a 502, and AWS is not tried without it."""
    environ = {"HTTPS_PROXY": f"http://me:hush@127.0.0.1:{unused_port}"}
    with pytest.raises(UpstreamError) as caught:
        await body(environ, target())
    assert caught.value.code == "connection_failed"
    assert "hush" not in f"{caught.value.message} {caught.value.detail}"


async def test_a_tunnel_to_a_stranger_is_no_way_to_aws(authority: Authority) -> None:
    """A server whose authority is not trusted hears nothing, whoever opened the tunnel (C7)."""
    async with (
        serve(Call.answer, authority.server) as upstream,
        serve_tunnel(port(upstream)) as tunnel,
    ):
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{tunnel.port}"}
        with pytest.raises(UpstreamError) as caught:
            await body(environ, target())
    assert caught.value.code == "tls_failed"
    assert upstream.calls == []


async def test_plain_addresses_have_their_own_proxy() -> None:
    """`HTTP_PROXY` gets the request with its whole address; the signature still fits the host."""
    async with serve(Call.answer) as upstream, serve_tunnel(port(upstream)) as tunnel:
        environ = {"HTTP_PROXY": f"http://me:hush@127.0.0.1:{tunnel.port}"}
        assert await body(environ, target("http://sagemaker.example:8080")) == b"{}"
    (line,) = tunnel.lines
    url = "http://sagemaker.example:8080/endpoints/my-endpoint/invocations"
    assert line == f"POST {url} HTTP/1.1"
    assert upstream.calls[0].headers["Proxy-Authorization"].startswith("Basic ")
    assert "proxy-authorization" not in upstream.calls[0].headers["Authorization"]
    assert upstream.calls[0].headers["Host"] == "sagemaker.example:8080"


@pytest.mark.parametrize("environ", [{}, {"NO_PROXY": "other.example"}])
async def test_this_machine_is_reached_directly(environ: dict[str, str]) -> None:
    """Loopback needs no exception."""
    async with serve(Call.answer) as upstream, serve_tunnel(port(upstream)) as tunnel:
        proxy = f"http://127.0.0.1:{tunnel.port}"
        assert await body(
            {**environ, "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy}, target(upstream.url)
        )
    assert tunnel.heads == []


def test_the_first_bundle_decides(authority: Authority, tmp_path: Path) -> None:
    """The setting, then botocore's order, then OpenSSL's own variable."""
    bundles = {}
    for name in ("setting", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        bundles[name] = str(tmp_path / name)
        Path(bundles[name]).write_bytes(authority.bundle.read_bytes())
    environ = dict(list(bundles.items())[1:])
    assert read_network(environ, ssl_verify=bundles["setting"]).ca_bundle == bundles["setting"]
    for name in list(environ):
        assert read_network(environ).ca_bundle == bundles[name]
        del environ[name]
    assert read_network({"AWS_CA_BUNDLE": ""}) == Network()
    assert Network().tls() is None


def test_a_bundle_is_read_once(tmp_path: Path, authority: Authority) -> None:
    """However many clients trust it: a bundle of the system's size takes its time."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.bundle.read_bytes())
    network = read_network({"AWS_CA_BUNDLE": str(bundle)})
    bundle.unlink()
    assert network.tls() is network.tls() is not None


def test_a_directory_of_authorities(tmp_path: Path) -> None:
    """OpenSSL's hashed directories are bundles too."""
    network = read_network({}, ssl_verify=str(tmp_path))
    assert network.ca_bundle == str(tmp_path)
    assert network.tls() is not None


@pytest.mark.parametrize("content", [None, b"", b"not PEM"])
@pytest.mark.parametrize("variable", ["", "AWS_CA_BUNDLE"])
def test_a_bundle_that_can_not_be_read(
    tmp_path: Path, content: bytes | None, variable: str
) -> None:
    """It stops the start, and says which setting or variable named it."""
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_bytes(content)
    environ, setting = ({variable: str(path)}, True) if variable else ({}, str(path))
    with pytest.raises(ConfigError) as caught:
        read_network(environ, ssl_verify=setting)
    assert variable in caught.value.message
    assert caught.value.path == (() if variable else ("litellm_settings", "ssl_verify"))


def test_certificates_are_always_checked() -> None:
    """There is no switch that turns the check off."""
    with pytest.raises(ConfigError, match="always checked") as caught:
        read_network({}, ssl_verify=False)
    assert caught.value.path == ("litellm_settings", "ssl_verify")
