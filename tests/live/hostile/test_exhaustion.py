"""Clients that take time, connections or memory: each is bounded, and others don't notice."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of
from tests.live.hostile.conftest import CONNECTIONS, FLOOD
from tests.live.processes import PATIENCE

CHAT = "/v1/chat/completions"
HEAD = (f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n").encode()


def until_closed(connection: socket.socket) -> bytes:
    """What the gateway says until it closes."""
    try:
        return b"".join(iter(lambda: connection.recv(65536), b""))
    except ConnectionError:
        return b""


def peak_megabytes(gateway: Gateway) -> float:
    """The most memory that the gateway has had."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /v1/chat",
        HEAD,
        HEAD + b"Content-Length: 100\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
    ids=["line", "headers", "body", "chunk"],
)
def test_e02_slow_clients_get_408(strict: Gateway, flooding: Emulated, sent: bytes) -> None:
    """A request that never ends is a 408; others are answered meanwhile, AWS hears nothing (E2)."""
    flooding.forget()
    with strict.connect() as slow:
        slow.sendall(sent)
        assert strict.http.get("/v1/models").status_code == 200
        reply = until_closed(slow)
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nx-content-type-options: nosniff\r\n" in reply
    error = json.loads(reply.partition(b"\r\n\r\n")[2])["error"]
    assert (error["type"], error["code"]) == ("timeout_error", "request_timeout")
    assert flooding.requests() == []


def test_e01_a_length_that_lies(strict: Gateway) -> None:
    """An announced body that is too large is a 413 at once; one that never comes a 408 (E1)."""
    with strict.connect() as liar:
        liar.sendall(HEAD + b"Content-Length: 18446744073709551615\r\n\r\n")
        reply = until_closed(liar)
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert reply.count(b"HTTP/1.1 ") == 1


def test_e03_a_stream_that_nobody_reads(strict: Gateway, flooding: Emulated) -> None:
    """What the client does not take is not fetched; then the call to AWS is ended (E3)."""
    flooding.forget()
    before = peak_megabytes(strict)
    body = json.dumps({"model": "flood", "messages": HELLO, "stream": True}).encode()
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(PATIENCE)
        deaf.connect(strict.address)
        deaf.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert deaf.recv(1024).startswith(b"HTTP/1.1 200 ")
        assert flooding.counts(open=0, cut=1) == {"open": 0, "cut": 1}
    assert peak_megabytes(strict) - before < 20
    assert strict.chat("chat").status_code == 200


def test_e04_idle_connections(strict: Gateway) -> None:
    """Past the cap they are refused; a stream that runs is not touched; then there is room (E4)."""
    body = {"model": "flood", "messages": HELLO, "stream": True}
    with ExitStack() as held, strict.http.stream("POST", CHAT, json=body) as answer:
        lines = answer.iter_lines()
        next(lines)
        idle = [held.enter_context(strict.connect()) for _ in range(2 * CONNECTIONS)]
        chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
        replies = [until_closed(connection) for connection in idle]
    refused = [reply for reply in replies if reply]
    assert len(refused) >= CONNECTIONS // 2  # some of the others may have been closed already
    assert all(reply.startswith(b"HTTP/1.1 503 ") for reply in refused)
    text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    assert text.split() == FLOOD.split()
    strict.wait_until_ready()
    assert strict.process.wait_for_line("connections.full")


def test_e06_a_multipart_bomb(strict: Gateway) -> None:
    """Nothing here reads forms: a boundary of a megabyte is a 415 or a 400, at once (E6)."""
    for kind, status in (("multipart/form-data; boundary=x", 415), ("application/json", 400)):
        answer = strict.http.post(CHAT, content=b"-" * 1_000_000, headers={"content-type": kind})
        assert answer.status_code == status
        error_of(answer)


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/v1/models"])
def test_e07_ranges_are_ignored(strict: Gateway, path: str) -> None:
    """No answer is given in parts, however many are asked for (E7)."""
    ranges = "bytes=" + ",".join(f"{start}-" for start in range(5000))
    answer = strict.http.get(path, headers={"range": ranges})
    assert answer.status_code == 200
    assert answer.content == strict.http.get(path).content


def test_e09_many_names_leave_nothing_behind(strict: Gateway) -> None:
    """Names of models, users, calls and agents that nobody has seen before are not kept (E9)."""

    def ask(number: int) -> int:
        name = f"{number}-" + "n" * 2000
        headers = {"user-agent": name, "x-litellm-call-id": name[:100], "authorization": name}
        body = {"model": name, "messages": HELLO, "user": name}
        return strict.http.post(CHAT, json=body, headers=headers).status_code

    assert {ask(number) for number in range(300)} == {404}
    before = peak_megabytes(strict)
    assert {ask(number) for number in range(3000)} == {404}
    assert peak_megabytes(strict) - before < 5  # kept, they would be 24 MB


@pytest.mark.parametrize(
    "body",
    [
        {"model": "chat", "messages": HELLO, "a": [1] * 2000},
        {"model": "chat", "messages": HELLO, "a": {str(number): 1 for number in range(600)}},
        {"model": "chat", "messages": HELLO, "a": [[] for _ in range(600)]},
    ],
    ids=["values", "keys", "lists"],
)
def test_e01_bodies_have_bounds(strict: Gateway, flooding: Emulated, body: object) -> None:
    """`max_json_items` and `max_json_keys` hold, and nothing goes to AWS (E1)."""
    flooding.forget()
    answer = strict.post(CHAT, body)
    assert (answer.status_code, error_of(answer)["code"]) == (400, "json_too_large")
    assert flooding.requests() == []


def test_c09_d05_texts_are_only_texts(strict: Gateway, flooding: Emulated) -> None:
    """An image's URL is never fetched, a template in a text never rendered (C9, D5)."""
    flooding.forget()
    with socket.create_server(("127.0.0.1", 0)) as watched:
        url = f"http://127.0.0.1:{watched.getsockname()[1]}/latest/meta-data"
        parts = [
            {"type": "text", "text": "{{ 7*7 }} {% for x in [1] %}{{ x }}{% endfor %}"},
            {"type": "image_url", "image_url": {"url": url}},
            {"type": "file", "file": {"file_data": url, "filename": "../../etc/passwd"}},
        ]
        messages = [{"role": "user", "content": parts}]
        assert strict.chat("chat", messages=messages).status_code == 200
        watched.settimeout(0.2)
        with pytest.raises(TimeoutError):
            watched.accept()
    assert json.loads(flooding.unchecked()[0]["body"])["messages"] == messages


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chat_template", "{{ ''.__class__ }}"),
        ("custom_prompt_dict", {"m": {"roles": {}}}),
        ("roles", {}),
        ("hf_model_name", "../../etc/passwd"),
    ],
)
def test_d04_c11_no_template_and_no_path_comes_from_a_client(
    strict: Gateway, field: str, value: object
) -> None:
    """A template, or the name of a file with one, is the configuration's alone (D4, C11)."""
    answer = strict.chat("chat", **{field: value})
    assert (answer.status_code, error_of(answer)["param"]) == (400, field)


@pytest.mark.parametrize(
    "path",
    [
        *("/utils/transform_request", "/prompts/test", "/v1/prompts", "/test", "/debug"),
        *("/sagemaker/chat/invocations", "/sagemaker/http://127.0.0.1/x", "/sagemaker/../chat"),
        *("/config/update", "/model/new", "/mcp-rest/test/connection", "/static/../x"),
    ],
)
def test_c10_d06_routes_that_do_not_exist(strict: Gateway, path: str) -> None:
    """Nobody renders, tests, passes through or configures over HTTP (C10, D6, L6)."""
    for method in ("GET", "POST"):
        assert strict.http.request(method, path, json={}).status_code == 404


def test_c01_no_address_comes_from_a_query_or_a_header(strict: Gateway, flooding: Emulated) -> None:
    """What names a URL beside the body is nobody's setting: the host named hears nothing (C1)."""
    flooding.forget()
    names = ("api_base", "base_url", "sagemaker_base_url", "endpoint_url", "aws_sts_endpoint")
    with socket.create_server(("127.0.0.1", 0)) as watched:
        url = f"http://127.0.0.1:{watched.getsockname()[1]}"
        headers = {name.replace("_", sign): url for name in names for sign in "_-"} | {
            f"x-litellm-{name.replace('_', '-')}": url for name in names
        }
        answer = strict.http.post(
            CHAT,
            params=dict.fromkeys(names, url),
            headers=headers,
            json={"model": "chat", "messages": HELLO},
        )
        assert answer.status_code == 200
        watched.settimeout(0.2)
        with pytest.raises(TimeoutError):
            watched.accept()
    assert url not in json.dumps(flooding.only())
