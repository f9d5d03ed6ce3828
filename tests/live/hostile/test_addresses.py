"""Who may call from where, whose word counts about it, and what every answer tells browsers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of
from tests.live.leaks import MASTER_KEY
from tests.live.test_access import PRIVATE, PUBLIC

ALLOWED, PROXY, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.4"
KEY = {"authorization": f"Bearer {MASTER_KEY}"}
CLIENT = "192.0.2.1"


@pytest.fixture(scope="module")
def fenced(start: StartGateway, emulator_process: Emulated) -> Iterator[Gateway]:
    """A gateway for one address, and for one client behind a proxy."""
    configuration = serving.locked_gateway(emulator_process.url)
    configuration["general_settings"] |= {
        "allowed_ips": [ALLOWED, "192.0.2.0/30"],
        "use_x_forwarded_for": True,
        "trusted_proxy_ranges": [PROXY],
    }
    with start(serving.written(configuration), "--host", "127.0.0.1") as gateway:
        yield gateway


def from_address(gateway: Gateway, address: str) -> httpx.Client:
    """A client with an address of its own."""
    transport = httpx.HTTPTransport(local_address=address)
    return httpx.Client(base_url=gateway.url, transport=transport, headers=KEY)


def test_only_listed_addresses_may_call(fenced: Gateway, emulated: Emulated) -> None:
    """Others get 403 on every route but the public ones, key or not; nothing is read or sent."""
    with from_address(fenced, ALLOWED) as client:
        assert client.get("/v1/models").status_code == 200
    with from_address(fenced, STRANGER) as client:
        for method, path in PRIVATE:
            answer = client.request(method, path, content=b"{")
            assert answer.status_code == 403, path
            assert error_of(answer)["code"] == "address_not_allowed"
        for path in PUBLIC:
            assert client.get(path).status_code == 200
    assert emulated.requests() == []
    line = json.loads(fenced.process.wait_for_line("address_not_allowed"))
    assert (line["client"], line["status"]) == (STRANGER, 403)


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        (PROXY, {"x-forwarded-for": CLIENT}, 200),
        (PROXY, {"x-forwarded-for": f"10.0.0.1, {CLIENT}"}, 200),
        (PROXY, {"x-forwarded-for": f"{CLIENT}, 10.0.0.1"}, 403),
        (PROXY, {"forwarded": f"for={CLIENT}", "x-real-ip": CLIENT}, 403),
        (PROXY, {}, 403),
        (STRANGER, {"x-forwarded-for": CLIENT}, 403),
        (STRANGER, {"x-forwarded-for": ALLOWED, "x-real-ip": ALLOWED}, 403),
        (STRANGER, {"forwarded": f"for={ALLOWED}", "client-ip": ALLOWED}, 403),
        (ALLOWED, {"x-forwarded-for": STRANGER}, 200),
    ],
)
def test_b06_a_header_counts_only_from_a_trusted_proxy(
    fenced: Gateway, peer: str, headers: dict[str, str], status: int
) -> None:
    """What a stranger, or a client before the proxy, writes about itself is nothing (B6)."""
    with from_address(fenced, peer) as client:
        assert client.get("/v1/models", headers=headers).status_code == status


def test_b06_the_log_has_the_client_s_address(fenced: Gateway) -> None:
    """A call is logged with the address that the trusted proxy saw (B6)."""
    with from_address(fenced, PROXY) as client:
        answer = client.post(
            "/v1/chat/completions",
            json={"model": "chat", "messages": HELLO},
            headers={"x-forwarded-for": f"evil, {CLIENT}"},
        )
    assert answer.status_code == 200
    assert json.loads(fenced.process.wait_for_line("call.finished"))["client"] == CLIENT


def test_every_answer_is_careful_with_browsers(locked: Gateway) -> None:
    """No guessing of types, no storing, no server's name: on answers and on refusals alike."""
    answers = [
        *(locked.http.request(method, path, headers=KEY, json={}) for method, path in PRIVATE),
        *(locked.http.request(method, path) for method, path in PRIVATE),
        *(locked.http.get(path) for path in (*PUBLIC, "/nowhere")),
        locked.http.put("/v1/models"),
        locked.http.get("/v1/models", headers={"host": "x/health?"}),
        locked.http.post("/v1/embeddings", content=b" " * 300_000),
    ]
    for answer in answers:
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"], answer.url
        assert answer.headers.get_list("cache-control") == ["no-store"], answer.url
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers
    body = {"model": "chat", "messages": HELLO, "stream": True}
    stream = locked.http.post("/v1/chat/completions", json=body, headers=KEY)
    assert stream.headers.get_list("cache-control") == ["no-cache"]
    assert stream.headers["x-content-type-options"] == "nosniff"
