"""Which proxy stands before a host."""

from __future__ import annotations

import base64

import pytest

from adapters.errors import ConfigError
from adapters.sagemaker.proxies import Proxy, read_proxies

PROXY = "http://proxy.example:3128"
AWS = "runtime.sagemaker.us-east-1.amazonaws.com"


def between(environ: dict[str, str], host: str = AWS, port: int = 443) -> str | None:
    proxy = read_proxies(environ).between("https", host, port)
    return None if proxy is None else proxy.url


@pytest.mark.parametrize(
    ("environ", "https", "http"),
    [
        ({}, None, None),
        ({"HTTPS_PROXY": PROXY}, PROXY, None),
        ({"https_proxy": PROXY}, PROXY, None),
        ({"HTTP_PROXY": PROXY}, None, PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other"}, PROXY, None),
        ({"https_proxy": "", "HTTPS_PROXY": PROXY}, None, None),
        ({"ALL_PROXY": PROXY}, None, None),
        ({"HTTPS_PROXY": "proxy.example:3128"}, PROXY, None),
        ({"HTTPS_PROXY": "http://proxy.example"}, "http://proxy.example:80", None),
        ({"HTTPS_PROXY": "http://[fd00::1]:3128/"}, "http://[fd00::1]:3128", None),
    ],
)
def test_each_scheme_has_its_variable(
    environ: dict[str, str], https: str | None, http: str | None
) -> None:
    """As with AWS's SDKs; small letters go before, and an empty text switches off."""
    proxies = read_proxies(environ)
    for scheme, expected in (("https", https), ("http", http)):
        found = proxies.between(scheme, AWS, 443)
        assert (found.url if found else None) == expected


def test_who_we_are_at_the_proxy() -> None:
    """User and password come percent-decoded, and stand in no text."""
    proxies = read_proxies({"HTTPS_PROXY": "http://me:p%40ss%3Aword@proxy.example:3128"})
    login = base64.b64encode(b"me:p@ss:word").decode()
    assert proxies.https == Proxy(PROXY, f"Basic {login}")
    assert login not in repr(proxies)
    nameless = read_proxies({"HTTPS_PROXY": "http://me@proxy.example:3128"}).https
    assert nameless == Proxy(PROXY, f"Basic {base64.b64encode(b'me:').decode()}")


@pytest.mark.parametrize(
    "value",
    [
        "https://u:hush@proxy:3128",
        "socks5://u:hush@proxy:1080",
        "http://u:hush@",
        "http://u:hush@proxy:0",
        "http://u:hush@proxy:99999",
        "http://u:hush@[proxy",
    ],
)
def test_other_proxies_are_refused(value: str) -> None:
    """Silently going another way would be worse; the password is not repeated."""
    with pytest.raises(ConfigError, match="HTTPS_PROXY: expected a proxy") as caught:
        read_proxies({"HTTPS_PROXY": value})
    assert "hush" not in caught.value.message
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("*", AWS, True),
        ("other, *", AWS, True),
        ("amazonaws.com", AWS, True),
        (".amazonaws.com", AWS, True),
        ("*.amazonaws.com", AWS, True),
        ("AMAZONAWS.COM", AWS, True),
        (AWS, AWS, True),
        (AWS, AWS.upper() + ".", True),
        ("azonaws.com", AWS, False),
        ("other.example amazonaws.com", AWS, True),
        (" , ,", AWS, False),
        ("amazonaws.com:443", AWS, True),
        ("amazonaws.com:8443", AWS, False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", AWS, False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3:443", "10.1.2.3", True),
        ("10.1.2.3:80", "10.1.2.3", False),
        ("fd00::/8", "fd12::1", True),
        ("[fd12::1]", "fd12::1", True),
        ("[fd12::1]:443", "fd12::1", True),
        ("fd12::1", "fd12::2", False),
    ],
)
def test_hosts_without_a_proxy(no_proxy: str, host: str, direct: bool) -> None:
    """`NO_PROXY` has names with all below them, ports, addresses, ranges, and the star."""
    for name in ("NO_PROXY", "no_proxy"):
        assert between({"HTTPS_PROXY": PROXY, name: no_proxy}, host) == (None if direct else PROXY)


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_is_never_behind_a_proxy(host: str) -> None:
    """Loopback is reached directly whatever the variables say."""
    assert between({"HTTPS_PROXY": PROXY}, host) is None
    assert between({"HTTPS_PROXY": PROXY}, "128.0.0.1") == PROXY
