"""How a process reaches AWS: through which proxies, and trusting which certificate authorities.

Decided once, at start, from the configuration and the environment. Refuses to know clients.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, get_args

from adapters.errors import ConfigError
from adapters.sagemaker.proxies import Proxies, read_proxies
from adapters.value import value

#: The order of AWS's SDK for Python; the last one is OpenSSL's own. Each stands in the place of the
#: system's authorities.
_BUNDLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_MOST_BUNDLES: Final = 4
_NO_PROXIES: Final = Proxies()
#: Which implementation of HTTP speaks to SageMaker Runtime; behind a proxy it is always aiohttp.
HttpClient = Literal["direct", "aiohttp"]
#: For comparison, and for a way back.
_HTTP_CLIENT: Final = "SAGEGATE_HTTP_CLIENT"
_SETTING: Final = ("litellm_settings", "ssl_verify")


@value(frozen=True, slots=True, kw_only=True)
class Network:
    """What stands between the gateway and AWS."""

    proxies: Proxies = _NO_PROXIES
    #: A file, or an OpenSSL directory, of authorities; None stands for the system's.
    ca_bundle: str | None = None
    http_client: HttpClient = "direct"

    def tls(self) -> ssl.SSLContext | None:
        """Give the context that trusts these authorities; None for the system's."""
        return None if self.ca_bundle is None else _context(self.ca_bundle)


#: No proxy, and the system's authorities.
DIRECT: Final = Network()


def read_network(environ: Mapping[str, str], *, ssl_verify: bool | str = True) -> Network:
    """Read a process's network settings.

    Args:
        environ: The process's environment.
        ssl_verify: The setting: a bundle's path; True leaves it to the environment.

    Raises:
        ConfigError: certificates are not to be checked, or a bundle, a proxy or a client can't be
            used; `path` is the setting's, empty for a variable.
    """
    return Network(
        proxies=read_proxies(environ),
        ca_bundle=_bundle(environ, ssl_verify=ssl_verify),
        http_client=_http_client(environ),
    )


def _http_client(environ: Mapping[str, str]) -> HttpClient:
    said = environ.get(_HTTP_CLIENT) or "direct"
    for known in get_args(HttpClient):
        if said == known:
            return known  # type: ignore[no-any-return]  # get_args has no types
    raise ConfigError(f"{_HTTP_CLIENT}: expected {' or '.join(get_args(HttpClient))}", path=())


def _bundle(environ: Mapping[str, str], *, ssl_verify: bool | str) -> str | None:
    if ssl_verify is False:
        raise ConfigError(
            "certificates are always checked: give the path of a bundle that has the authority",
            path=_SETTING,
        )
    if isinstance(ssl_verify, str):
        return _checked(ssl_verify, "expected true, or", _SETTING)
    for name in _BUNDLES:
        if environ.get(name):
            return _checked(environ[name], f"{name}: expected", ())
    return None


def _checked(path: str, expected: str, where: tuple[str, ...]) -> str:
    try:
        _context(path)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            f"{expected} the path of a file with certificates in PEM form", path=where
        ) from error
    return path


@lru_cache(maxsize=_MOST_BUNDLES)
def _context(path: str) -> ssl.SSLContext:
    """Read a bundle once for the process: a large one takes some 20 ms."""
    is_directory = Path(path).is_dir()
    context = ssl.create_default_context(
        capath=path if is_directory else None, cafile=None if is_directory else path
    )
    context.set_alpn_protocols(["http/1.1"])
    return context
