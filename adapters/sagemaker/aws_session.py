"""A session of AWS's own library whose clients all reach AWS as the process does.

Whatever the library calls by itself for a profile or a chain (STS, single sign-on) goes the same
way: the same proxies and exceptions, and certificates checked against the same authorities. The
library by itself checks none behind a proxy.

The library is loaded when the first session is made, and not before.
"""

from __future__ import annotations

import ssl
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

from adapters.sagemaker.network import Network
from adapters.sagemaker.proxies import Proxies, Proxy


def network_session(network: Network) -> Any:
    """Give an `AioSession` bound to a network; call it on a thread: it reads files.

    Args:
        network: What stands between the process and AWS.
    """
    tls = network.tls()
    session = _session_class()()
    session.way = partial(_way_class(), known=network.proxies, tls=True if tls is None else tls)
    return session


@cache
def _session_class() -> Any:
    from aiobotocore.config import AioConfig  # noqa: PLC0415 - see the module's docstring
    from aiobotocore.session import AioSession  # noqa: PLC0415

    class NetworkSession(AioSession):  # type: ignore[misc]  # untyped
        way: Any = None

        def create_client(self, *args: Any, config: Any = None, **options: Any) -> Any:
            bound: Any = AioConfig()
            if config is not None:
                bound = bound.merge(config)
            bound.http_session_cls = self.way
            return super().create_client(*args, config=bound, **options)

    return NetworkSession


@cache
def _way_class() -> Any:
    import aiohttp  # noqa: PLC0415 - as above
    from aiobotocore.httpsession import AIOHTTPSession  # noqa: PLC0415

    class Way(AIOHTTPSession):  # type: ignore[misc]  # untyped
        """Stands where AWS's library has its own view of proxies and certificates."""

        def __init__(self, *, known: Proxies, tls: ssl.SSLContext | bool, **options: Any) -> None:
            super().__init__(**options)
            self._proxy_config = _Proxying(known)
            self._tls = tls

        def _create_connector(self, proxy_url: str | None) -> aiohttp.TCPConnector:
            del proxy_url  # behind a proxy certificates are checked too
            options: dict[str, Any] = self._connector_args or {}
            limit = self._max_pool_connections
            return aiohttp.TCPConnector(limit=limit, ssl=self._tls, **options)

    return Way


class _Proxying:
    """Our proxies, asked as the library asks its own."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies

    def proxy_url_for(self, url: str) -> str | None:
        proxy = self._between(url)
        return None if proxy is None else proxy.url

    def proxy_headers_for(self, url: str) -> dict[str, str]:
        proxy = self._between(url)
        if proxy is None or not proxy.authorization:
            return {}
        return {"Proxy-Authorization": proxy.authorization}

    def _between(self, url: str) -> Proxy | None:
        parts = urlsplit(url)
        return self._proxies.between(parts.scheme, parts.hostname or "", parts.port)
