"""The open door: without a key only this machine is served, and no web page can pose as it.

Raw sockets, for no client library would write these requests (cases B1 to B4 and B8).
"""

import pytest

from tests.live.gateway import Gateway

JSON_BODY = b'{"model":"chat","messages":[{"role":"user","content":"x"}]}'


def request(target: str, *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    """A request as bytes; nothing but `Connection: close` is added."""
    lines = [f"{method} {target} HTTP/1.1", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def status(received: bytes) -> int:
    """The status of the first answer; 0 when the connection was closed without one."""
    return int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/") else 0


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:4000",
        "LocalHost:80",
        "127.0.0.1",
        "127.1.2.3:99",
        "[::1]:4000",
        "0.0.0.0:4000",
    ],
)
def test_hosts_of_this_machine(gateway: Gateway, host: str) -> None:
    """Every spelling of this machine is answered, in any case."""
    assert status(gateway.raw(request("/v1/models", f"Host: {host}"))) == 200


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Host:"],
        ["Host: evil.example"],
        ["Host: x/health?"],
        ["Host: x/health/liveness?"],
        ["Host: x#"],
        ["Host: x?"],
        ["Host: localhost@evil.example"],
        ["Host: evil@localhost"],
        ["Host: localhost.evil.example"],
        ["Host: localhost evil"],
        ["Host: localhost:port"],
        ["Host: 127.0.0.1.evil.example"],
        ["Host: evil.example", "Host: localhost"],
        ["Host: localhost", "Host: evil.example"],
        ["Host: evil.example", "X-Forwarded-Host: localhost"],
        ["Host: evil.example", "Forwarded: host=localhost;for=127.0.0.1"],
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_hosts(gateway: Gateway, headers: list[str], method: str) -> None:
    """A page that reaches us by DNS rebinding sends its own name: 400 or 403, never an answer."""
    target, body = "/v1/models", b""
    if method == "POST":
        target, body = "/v1/chat/completions", JSON_BODY
        headers = [*headers, "Content-Type: application/json", f"Content-Length: {len(body)}"]

    received = gateway.raw(request(target, *headers, method=method, body=body))

    assert status(received) in {400, 403}


def test_an_absolute_target_is_a_host(gateway: Gateway) -> None:
    """The authority of an absolute target goes before the Host line (RFC 9112 §3.2.2, case B2)."""
    received = gateway.raw(request("http://evil.example/v1/models", "Host: localhost"))

    assert status(received) in {400, 403, 404}


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Content-Type: text/plain"],
        ["Content-Type: application/x-www-form-urlencoded"],
        ["Content-Type: multipart/form-data; boundary=x"],
        ["Content-Type: text/plain; application/json"],
        ["Content-Type: text/plain", "Content-Type: application/json"],
        ["Content-Type: application/json", "Content-Type: text/plain"],
        ["Content-Type: application/jsonx"],
    ],
    ids=str,
)
@pytest.mark.parametrize("target", ["/v1/chat/completions", "/embeddings"])
def test_bodies_that_a_form_could_send(gateway: Gateway, headers: list[str], target: str) -> None:
    """Without a key a body must be `application/json`, which no page can send unasked."""
    length = f"Content-Length: {len(JSON_BODY)}"

    received = gateway.raw(
        request(target, "Host: localhost", length, *headers, method="POST", body=JSON_BODY)
    )

    assert status(received) in {400, 403, 415}
    assert b'{"error":{' in received


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_in_each_spelling(gateway: Gateway, kind: str) -> None:
    """Parameters and case of the media type do not matter."""
    answer = gateway.http.post(
        "/v1/chat/completions", content=JSON_BODY, headers={"content-type": kind}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "//v1/models",
        "/v1//models",
        "/v1/%2e%2e/v1/models",
        "/v1/../v1/models",
        "/v1/models;x",
        "/v1%2fmodels",
        "/v1\\models",
        "/V1/Models",
        "/v1/models.",
        "/v1/models%00",
        "/health%2f..",
    ],
)
def test_targets_that_are_no_route(locked: Gateway, target: str) -> None:
    """What only looks like a route is none, or is refused; it never has another route's rights."""
    received = locked.raw(request(target, "Host: localhost"))

    assert status(received) in {400, 401, 404}


@pytest.mark.parametrize("target", ["/v1/models?/health/liveness", "/v1/models#/health/liveness"])
def test_a_query_changes_no_right(locked: Gateway, target: str) -> None:
    """Access goes by the routed path only (case B1)."""
    assert status(locked.raw(request(target, "Host: x/health/liveness?"))) in {400, 401}


@pytest.mark.parametrize(
    ("method", "extra"),
    [("TRACE", []), ("CONNECT", []), ("PUT", []), ("POST", ["X-HTTP-Method-Override: GET"])],
)
def test_methods(gateway: Gateway, method: str, extra: list[str]) -> None:
    """Other methods are 405 (or not HTTP at all), and none can be overridden (case B8)."""
    headers = ["Host: localhost", "Content-Type: application/json", "Content-Length: 0", *extra]

    received = gateway.raw(request("/v1/models", *headers, method=method))

    assert status(received) in {400, 405}


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 59", "Transfer-Encoding: chunked"],
        ["Content-Length: 59", "Content-Length: 58"],
        ["Content-Length: +59"],
        ["Content-Length: 0x3b"],
        ["Content-Length: -1"],
        ["Transfer-Encoding: chunked, identity"],
        ["Bad Header: x"],
        ["X: a\rb"],
        ["X: a\0b"],
    ],
    ids=repr,
)
def test_smuggling(gateway: Gateway, headers: list[str]) -> None:
    """Lengths that can be read in two ways, broken headers: a 400 and a close (cases B3, B4)."""
    lines = ["Host: localhost", "Content-Type: application/json", *headers]

    received = gateway.raw(request("/v1/chat/completions", *lines, method="POST", body=JSON_BODY))

    assert status(received) == 400
    assert received.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "lines",
    [["X: " + "a" * 200_000], [f"X-{number}: a" for number in range(2000)]],
    ids=["long", "many"],
)
def test_headers_have_a_bound(gateway: Gateway, lines: list[str]) -> None:
    """Headers beyond any use are refused, not kept (case B4)."""
    try:
        received = gateway.raw(request("/v1/models", "Host: localhost", *lines))
    except ConnectionError:
        received = b""  # the close came before we had sent everything

    assert status(received) in {0, 400, 431}
    gateway.wait_until_ready()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:3000", True),
        ("https://127.0.0.1", True),
        ("http://[::1]:8080", True),
        ("https://evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://localhost:3000.evil.example", False),
        ("null", False),
    ],
)
def test_only_pages_of_this_machine(gateway: Gateway, origin: str, allowed: bool) -> None:
    """Without a key only loopback origins may read, and only they pass the preflight."""
    simple = gateway.http.get("/v1/models", headers={"origin": origin})
    preflight = gateway.http.options(
        "/v1/chat/completions",
        headers={
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        },
    )

    for answer in (simple, preflight):
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
        assert answer.headers.get("access-control-allow-origin") != "*"
    assert (preflight.status_code == 200) is allowed


def test_health_is_answered_for_any_host(gateway: Gateway) -> None:
    """A load balancer's probe names its own host; health is public."""
    assert status(gateway.raw(request("/health/readiness", "Host: 10.0.0.5:80"))) == 200
