"""Which implementation of the transport a process speaks through, and that it is told."""

from __future__ import annotations

import subprocess
import sys

import pytest
from yarl import URL

from adapters.base import Limits
from adapters.errors import ConfigError
from adapters.sagemaker.aiohttp_client import AiohttpClient
from adapters.sagemaker.clients import open_client
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.network import Network, read_network
from adapters.sagemaker.routed_client import RoutedClient
from adapters.sagemaker.transport import Client, TimeFrame
from tests.adapters.sagemaker.tunnel import serve_tunnel
from tests.adapters.sagemaker.upstream import Call, serve

PROXY = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({}, DirectClient),
        ({"SAGEGATE_HTTP_CLIENT": "direct"}, DirectClient),
        ({"SAGEGATE_HTTP_CLIENT": ""}, DirectClient),
        ({"SAGEGATE_HTTP_CLIENT": "aiohttp"}, AiohttpClient),
        ({**PROXY, "NO_PROXY": "*"}, DirectClient),
        (PROXY, RoutedClient),
        ({"HTTPS_PROXY": PROXY["HTTPS_PROXY"]}, RoutedClient),
        ({**PROXY, "SAGEGATE_HTTP_CLIENT": "direct"}, RoutedClient),
        ({**PROXY, "SAGEGATE_HTTP_CLIENT": "aiohttp"}, AiohttpClient),
    ],
)
async def test_the_fastest_that_can(environ: dict[str, str], kind: type[Client]) -> None:
    """Our own client, but where a proxy may be in between, or where another one is asked for."""
    client = open_client(read_network(environ))
    assert type(client) is kind
    await client.aclose()


def test_another_name_stops_the_start() -> None:
    """A client that does not exist is an error that names those that do."""
    with pytest.raises(ConfigError, match="SAGEGATE_HTTP_CLIENT: expected direct or aiohttp"):
        read_network({"SAGEGATE_HTTP_CLIENT": "curl"})
    assert Network().http_client == "direct"


def test_only_what_is_needed_is_loaded() -> None:
    """Without a proxy aiohttp is not in the process: it takes its time and memory at start."""
    code = (
        "import sys; from adapters.sagemaker.connections import Connections; Connections(); "
        "sys.exit('aiohttp' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


async def test_each_host_by_its_own_way() -> None:
    """Behind a proxy the hosts that are reached directly are, by our own client."""
    async with (
        serve(Call.answer) as upstream,
        serve_tunnel(int(URL(upstream.url).port or 0)) as way,
    ):
        client = open_client(read_network({"HTTP_PROXY": f"http://127.0.0.1:{way.port}"}))
        for url in (f"{upstream.url}/x", "http://sagemaker.example:8080/x"):
            response = await client.post(url, "", b"{}", TimeFrame.starting_now(Limits()))
            assert await response.read_all() == b"{}"
        await client.aclose()
    assert way.lines == ["POST http://sagemaker.example:8080/x HTTP/1.1"]
    assert [call.headers["Host"] for call in upstream.calls][1] == "sagemaker.example:8080"
