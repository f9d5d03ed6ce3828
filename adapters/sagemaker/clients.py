"""Which implementation of the transport a process speaks through."""

from __future__ import annotations

from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.network import Network
from adapters.sagemaker.routed_client import RoutedClient
from adapters.sagemaker.transport import Client


def open_client(network: Network) -> Client:
    """Give the fastest client that reaches AWS through a network: our own, but behind proxies.

    aiohttp is loaded only where it is needed: it takes its time and memory at start.
    """
    tls, proxies = network.tls(), network.proxies
    if network.http_client == "direct" and not proxies.any:
        return DirectClient(tls=tls)
    from adapters.sagemaker.aiohttp_client import AiohttpClient  # noqa: PLC0415 - see above

    through_aiohttp = AiohttpClient(tls=tls, proxies=proxies)
    if network.http_client == "aiohttp":
        return through_aiohttp
    return RoutedClient(proxies, through_aiohttp, DirectClient(tls=tls))
