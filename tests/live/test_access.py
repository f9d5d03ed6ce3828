"""The master key: every route but the public health ones wants it (cases A1 to A3)."""

from typing import Any

import httpx
import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of
from tests.live.leaks import MASTER_KEY, assert_log_is_clean, assert_reply_is_clean

PUBLIC = ("/health/liveliness", "/health/liveness", "/health/readiness")
PRIVATE: list[tuple[str, str]] = [
    *(("GET", path) for path in ("/", "/docs", "/openapi.json")),
    ("POST", "/config/reload"),
    ("GET", "/health/backlog"),
    ("GET", "/metrics"),
    *(("POST", f"/key/{name}") for name in ("generate", "update", "regenerate", "delete")),
    *(("POST", f"/key/{name}") for name in ("block", "unblock")),
    *(("GET", path) for path in ("/key/info", "/key/list", "/spend/logs")),
    *(("GET", path) for path in ("/models", "/v1/models", "/models/chat", "/v1/models/chat")),
    ("GET", "/health"),
    *(("POST", prefix + "/rerank") for prefix in ("", "/v1", "/v2")),
    *(("GET", prefix + "/model/info") for prefix in ("", "/v1", "/v2")),
    ("GET", "/cache/ping"),
    *(("POST", path) for path in ("/cache/delete", "/cache/flushall")),
    *(
        ("POST", prefix + task)
        for task in ("/chat/completions", "/completions", "/embeddings")
        for prefix in ("", "/v1", "/engines/chat", "/v1/engines/chat", "/openai/deployments/chat")
    ),
]
#: Called with the key it would end the gateway for the tests that come after.
DRAIN = "/health/drain"
WRONG: list[dict[str, str]] = [
    {},
    {"authorization": ""},
    {"authorization": "Bearer"},
    {"authorization": MASTER_KEY},
    {"authorization": f"Basic {MASTER_KEY}"},
    {"authorization": f"Bearer {MASTER_KEY}x"},
    {"authorization": f"Bearer {MASTER_KEY[:-1]}"},
    {"authorization": f"Bearer {MASTER_KEY.upper()}"},
    {"authorization": "Bearer ' OR 1=1--"},
    {"x-api-key": "wrong"},
    {"api-key": "wrong"},
    {"x-litellm-api-key": "wrong"},
    {"x-own-key": "wrong"},
    {"x-own-key": "wrong", "authorization": f"Bearer {MASTER_KEY}"},
    {"x-goog-api-key": MASTER_KEY},
    {"cookie": f"authorization={MASTER_KEY}"},
]
BODY: dict[str, Any] = {"model": "chat", "messages": HELLO, "input": "x"}


def assert_refused(answer: httpx.Response) -> None:
    """401 in OpenAI's shape, naming the scheme."""
    assert answer.status_code == 401
    assert error_of(answer)["type"] == "auth_error"
    assert error_of(answer)["code"] == "401"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert_reply_is_clean(answer.text + str(answer.headers))


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_every_route_wants_the_key(locked: Gateway, method: str, path: str) -> None:
    """Without a key 401, whatever is asked; with it anything but 401."""
    body = BODY if method == "POST" else None

    assert_refused(locked.http.request(method, path, json=body))

    headers = {"authorization": f"Bearer {MASTER_KEY}"}
    allowed = locked.http.request(method, path, json=body, headers=headers)
    assert allowed.status_code in {200, 400}


def test_draining_wants_the_key(locked: Gateway) -> None:
    """Without the key nobody takes the gateway out of service."""
    assert_refused(locked.http.post(DRAIN))
    locked.wait_until_ready()


def test_the_table_of_routes_is_complete(locked: Gateway) -> None:
    """What the gateway lists of itself is tested here: a new route must join a list (L6)."""
    headers = {"authorization": f"Bearer {MASTER_KEY}"}

    listed = locked.http.get("/openapi.json", headers=headers).json()["paths"]

    tested = {path.replace("/models/chat", "/models/{id}") for _, path in PRIVATE}
    tested |= {*PUBLIC, DRAIN}
    assert {path.replace(":path}", "}") for path in listed} <= tested


@pytest.mark.parametrize("path", PUBLIC)
def test_health_is_public(locked: Gateway, path: str) -> None:
    """The public health routes answer without a key, and with a wrong one."""
    expected: object = "I'm alive!"
    if path.endswith("readiness"):
        expected = {"status": "healthy", "db": "Not connected"}

    for headers in ({}, {"authorization": "Bearer wrong"}):
        answer = locked.http.get(path, headers=headers)
        assert (answer.status_code, answer.json()) == (200, expected)


@pytest.mark.parametrize("headers", WRONG, ids=str)
def test_wrong_keys(locked: Gateway, headers: dict[str, str]) -> None:
    """Nearly right is wrong: 401, never 400 or 500; a header of ours that is wrong decides."""
    assert_refused(locked.http.get("/v1/models", headers=headers))
    assert_refused(locked.http.post("/v1/chat/completions", json=BODY, headers=headers))


def test_headers_given_twice(locked: Gateway) -> None:
    """Two Authorization headers are refused, whichever comes first (case A3)."""
    right = ("Authorization", f"Bearer {MASTER_KEY}")
    for other in (("Authorization", "Bearer wrong"), right):
        for pair in ([right, other], [other, right]):
            assert_refused(locked.http.get("/v1/models", headers=pair))


@pytest.mark.parametrize(
    "key", [b"\xff\xfe", b"a\x01b", b"x" * 60_000], ids=["bytes", "ctl", "big"]
)
def test_keys_of_strange_bytes(locked: Gateway, key: bytes) -> None:
    """Strange bytes are a wrong key or a bad request; the gateway lives on."""
    received = locked.raw(
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Authorization: Bearer " + key + b"\r\n\r\n"
    )

    assert received.split(b" ")[1] in {b"400", b"401", b"431"}
    locked.wait_until_ready()


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {MASTER_KEY}"},
        {"authorization": f"bearer  {MASTER_KEY}"},
        {"x-api-key": MASTER_KEY},
        {"api-key": MASTER_KEY},
        {"x-litellm-api-key": MASTER_KEY},
        {"x-litellm-api-key": f"Bearer {MASTER_KEY}"},
        {"X-Own-Key": MASTER_KEY},
        {"X-Own-Key": f"Bearer {MASTER_KEY}"},
    ],
    ids=str,
)
def test_the_key_in_each_header(
    locked: Gateway, emulated: Emulated, headers: dict[str, str]
) -> None:
    """The key is taken from each of the documented headers, and goes no further."""
    answer = locked.http.post("/v1/chat/completions", json=BODY, headers=headers)

    assert answer.status_code == 200
    assert MASTER_KEY not in str(emulated.only())


def test_unknown_paths_and_methods(locked: Gateway) -> None:
    """What is no route is a 404 or a 405 in OpenAI's shape, with and without a key."""
    for headers in ({}, {"authorization": f"Bearer {MASTER_KEY}"}):
        for method, path, status in (
            ("GET", "/nowhere", 404),
            ("POST", "/v1/responses", 404),
            ("POST", "/v1/messages", 404),
            ("GET", "/v1/chat/completions", 405),
            ("DELETE", "/v1/models", 405),
        ):
            answer = locked.http.request(method, path, headers=headers)
            assert answer.status_code == status
            assert error_of(answer)["type"] == "invalid_request_error"


def test_a_body_is_not_read_before_the_key(locked: Gateway) -> None:
    """Without a key a broken body is a 401, not a 400: nothing is parsed for strangers."""
    headers = {"content-type": "application/json"}

    assert_refused(locked.http.post("/v1/chat/completions", content=b"{", headers=headers))


def test_any_host_and_any_origin_with_a_key(locked: Gateway) -> None:
    """With a key the Host is no lock, and web pages of any origin may call."""
    headers = {
        "host": "gateway.example.com",
        "origin": "https://chat.example.com",
        "authorization": f"Bearer {MASTER_KEY}",
    }

    answer = locked.http.get("/v1/models", headers=headers)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"


def test_preflight_needs_no_key(locked: Gateway) -> None:
    """A browser asks before it may send a key: the preflight answers without one."""
    answer = locked.http.options(
        "/v1/chat/completions",
        headers={
            "origin": "https://chat.example.com",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,x-stainless-lang",
        },
    )

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed


def test_errors_can_be_read_by_web_pages(locked: Gateway) -> None:
    """Also a 401, a 404 and a 413 carry the CORS header: else a page sees a network failure."""
    headers = {"origin": "https://chat.example.com", "content-type": "application/json"}
    for answer in (
        locked.http.get("/v1/models", headers=headers),
        locked.http.get("/nowhere", headers=headers),
        locked.http.post("/v1/embeddings", content=b" " * 300_000, headers=headers),
    ):
        assert answer.status_code in {401, 404, 413}
        assert answer.headers["access-control-allow-origin"] == "*"


def test_pipelined_requests_keep_their_own_identity(locked: Gateway) -> None:
    """On one connection the second request is judged by its own headers (case B5)."""
    first = (
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Bearer " + MASTER_KEY.encode() + b"\r\n\r\n"
    )
    second = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    received = locked.raw(first + second)

    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.count(b"HTTP/1.1 401 ") == 1


def test_the_log_at_its_most_talkative_has_no_secret(locked: Gateway, emulated: Emulated) -> None:
    """At its most talkative the log has no key, token, signature or prompt (cases K1, K2, K4)."""
    headers = {"authorization": f"Bearer {MASTER_KEY}"}
    body = {**BODY, "messages": [{"role": "user", "content": "the secret of the prompt"}]}
    emulated.fault("chat", "access_denied", times=1)
    for _ in range(2):
        locked.http.post("/v1/chat/completions", json=body, headers=headers)
    locked.http.post("/v1/chat/completions", json=body, headers={"authorization": "Bearer wrong"})
    locked.process.wait_for_line("call.finished", '"status":200')

    log = locked.process.err + locked.process.out
    assert_log_is_clean(log)
    assert "the secret of the prompt" not in log
