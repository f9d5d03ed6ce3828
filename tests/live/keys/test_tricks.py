"""Requests that no client library would write, with keys that are nobody's or a caller's (B1, B2).

Who may do what is decided by the routed path and by nothing that a Host, or an odd spelling, says.
"""

import pytest

from tests.live.gateway import Gateway
from tests.live.keys.conftest import CUSTOM, STATIC
from tests.live.keys.counter import Counter
from tests.live.leaks import MASTER_KEY
from tests.live.test_hosts import request, status
from tests.proxy.jwt.identity import Identity

HOSTS = (
    "Host: x/health/liveliness?",
    "Host: x/health/liveliness#",
    "Host: x#",
    "Host: a@b",
    "Host: localhost",
)
#: Each an odd spelling of a route of the administrator.
TARGETS = (
    "/key/list",
    "//key/list",
    "/key//list",
    "/key/list/",
    "/key/list;x",
    "/key/list?/health/liveliness",
    "/key/list#/health/liveliness",
    "/KEY/LIST",
    "/key/list.",
    "/key%2flist",
    "/key%2Flist",
    "/%6bey/list",
    "/key\\list",
    "/key/list%00",
    "/key/list%20",
    "/v1/key/list",
    "/v1/../key/list",
    "/v1/%2e%2e/key/list",
    "/health/liveliness/../../key/list",
    "/health/liveliness/..;/..;/key/list",
    "/health/liveliness%2f..%2f..%2fkey/list",
    "/chat/completions/../../key/list",
    "/engines/../key/list",
    "http://localhost/key/list",
    "http://localhost/health/liveliness/../../key/list",
    "key/list",
    "*",
)
HEADERS = (
    "X-Original-URL: /health/liveliness",
    "X-Rewrite-URL: /health/liveliness",
    "X-Forwarded-Prefix: /health/liveliness",
    "X-HTTP-Method-Override: GET",
    "X-Forwarded-For: 127.0.0.1",
)


@pytest.fixture(scope="module")
def keys(gateway: Gateway, identity: Identity) -> list[str]:
    """A caller's key of each kind, and one that is nobody's."""
    virtual: str = Counter(gateway).made(key_alias="tricks")["key"]
    return [virtual, STATIC, CUSTOM, identity.token(models=["chat"]), "sk-nobody-has-this"]


def asked(gateway: Gateway, target: str, *headers: str, key: str | None = None) -> int:
    shown = [] if key is None else [f"Authorization: Bearer {key}"]
    return status(gateway.raw(request(target, *headers, *shown)))


@pytest.mark.parametrize("target", TARGETS)
def test_b02_paths(gateway: Gateway, keys: list[str], target: str) -> None:
    """B2: no spelling of an administrator's path is answered to a caller, or to nobody."""
    assert asked(gateway, "/key/list", "Host: localhost", key=MASTER_KEY) == 200
    for key in (None, *keys):
        assert asked(gateway, target, "Host: localhost", key=key) in {400, 401, 403, 404, 405}


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("target", ["/key/list", "/metrics", "/config/reload"])
def test_b01_hosts(gateway: Gateway, keys: list[str], host: str, target: str) -> None:
    """B1: whatever the Host says, it says nothing of who may call."""
    for key in (None, *keys):
        assert asked(gateway, target, host, key=key) in {400, 401, 403, 405}
    assert asked(gateway, "/v1/models", host) in {400, 401}


@pytest.mark.parametrize("header", HEADERS)
def test_headers_that_name_paths(gateway: Gateway, keys: list[str], header: str) -> None:
    """No header stands for another path, method or address."""
    for key in (None, *keys):
        assert asked(gateway, "/key/list", "Host: localhost", header, key=key) in {401, 403}


def test_two_keys_in_one_request(gateway: Gateway, keys: list[str]) -> None:
    """Of several headers with keys one decides, the same for every route; doubled is refused."""
    for key in keys:
        master = f"x-api-key: {MASTER_KEY}"
        assert asked(gateway, "/key/list", "Host: localhost", master, key=key) in {401, 403}
        doubled = f"Authorization: Bearer {MASTER_KEY}"
        assert asked(gateway, "/key/list", "Host: localhost", doubled, key=key) == 401


def test_a_body_is_not_another_request(gateway: Gateway, keys: list[str]) -> None:
    """B3: bytes behind a refused request with two lengths are never read as a request."""
    hidden = request("/key/list", "Host: localhost", f"Authorization: Bearer {MASTER_KEY}")
    lengths = [f"Content-Length: {len(hidden)}", "Transfer-Encoding: chunked"]
    received = gateway.raw(
        request(
            "/v1/models",
            *("Host: localhost", f"Authorization: Bearer {keys[0]}"),
            *lengths,
            method="POST",
            body=hidden,
        )
    )
    assert status(received) == 400
    assert received.count(b"HTTP/1.1") == 1
