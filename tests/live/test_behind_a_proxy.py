"""A gateway in a company's network: AWS's own host, a proxy before it, the company's authority."""

import asyncio
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.adapters.sagemaker.authority import make_authority
from tests.adapters.sagemaker.tunnel import serve_tls, serve_tunnel
from tests.live import serving
from tests.live.conftest import StartGateway, write
from tests.live.emulated import Emulated
from tests.live.processes import clean_environment

HOST = "runtime-fips.sagemaker.us-east-1.amazonaws.com"


async def test_everything_goes_through_the_proxy(
    start: StartGateway, emulated: Emulated, tmp_path: Path
) -> None:
    """AWS's FIPS host is reached through one tunnel, TLS checked; the password is never logged."""
    authority = make_authority(tmp_path, HOST)
    settings = serving.small_gateway(emulated.url)
    defaults = settings["router_settings"]["default_litellm_params"]
    del defaults["sagemaker_base_url"]
    emulator_port = urlsplit(emulated.url).port or 0

    def call(proxy: str) -> tuple[str, str, str]:
        variables = {
            "HTTPS_PROXY": proxy,
            "AWS_CA_BUNDLE": str(authority.bundle),
            "AWS_USE_FIPS_ENDPOINT": "true",
        }
        configuration = serving.written(settings)
        with start(configuration, "--detailed_debug", **variables) as gateway:
            return gateway.text("chat"), gateway.stream("chat").text(), gateway.process.err

    async with (
        serve_tls(emulator_port, authority.server) as tls_port,
        serve_tunnel(tls_port) as tunnel,
    ):
        proxy = f"http://me:p%40ssword@127.0.0.1:{tunnel.port}"
        text, streamed, log = await asyncio.to_thread(call, proxy)

    assert text == streamed
    assert tunnel.lines == [f"CONNECT {HOST}:443 HTTP/1.1"]
    assert [entry["headers"]["host"] for entry in emulated.requests()] == [HOST, HOST]
    assert not any("proxy-authorization" in entry["headers"] for entry in emulated.requests())
    assert "ssword" not in log


def test_what_can_not_be_used_stops_the_start(tmp_path: Path) -> None:
    """The command names the variable, never what is in it, and exits with 1."""
    configuration = write(tmp_path, serving.written(serving.small_gateway("http://127.0.0.1:9")))
    for variable in ("HTTPS_PROXY", "AWS_CA_BUNDLE"):
        environment = clean_environment(**{variable: "https://me:hush@proxy"})
        done = subprocess.run(
            [sys.executable, "-m", "proxy", "--config", str(configuration), "--validate_config"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert variable in done.stderr
        assert "hush" not in done.stderr
