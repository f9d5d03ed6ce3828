"""What raw sockets may send: bounded heads, plain paths, and errors that clients can read."""

from __future__ import annotations

import orjson
import pytest

from proxy.http_reader import MAX_HEAD_BYTES, MAX_HEADERS
from tests.proxy.raw import reply_to, statuses


async def answer_to(*parts: bytes) -> tuple[int, bytes]:
    """Send the parts one after another; give the first answer's status and the whole reply."""
    reply = await reply_to(*parts)
    return next(iter(statuses(reply)), 0), reply


def request(*headers: bytes, target: bytes = b"/x") -> bytes:
    lines = (b"GET " + target + b" HTTP/1.1", b"Host: localhost", b"Connection: close", *headers)
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def test_ordinary_requests_pass() -> None:
    """A request with many, long headers is still an ordinary one."""
    headers = [b"x-h%d: " % number + b"v" * 500 for number in range(80)]
    status, _ = await answer_to(request(*headers))
    assert status == 200


@pytest.mark.parametrize(
    "parts",
    [
        [request(*[b"x-h%d: v" % number for number in range(MAX_HEADERS + 1)])],
        [request(b"x-h: " + b"v" * MAX_HEAD_BYTES)],
        [request(target=b"http://evil.example/v1/models")],
        [request(target=b"x")],
        [request(b"bad header")],
        [b"\x16\x03\x01 no HTTP at all\r\n\r\n"],
        [b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"],
        [b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello"],
        [
            b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ],
    ],
)
async def test_what_no_client_sends_is_refused(parts: list[bytes]) -> None:
    """Endless or too many headers, foreign targets, broken HTTP: readable, and closed."""
    status, reply = await answer_to(*parts)
    assert status in {400, 431}
    head, _, body = reply.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    assert orjson.loads(body)["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("start", [b"GET /x HTTP/1.1\r\nx-h: ", b"GET /", b"\r\n"])
async def test_a_head_without_end_is_cut_off(start: bytes) -> None:
    """A flood is not kept: the connection ends, with an answer if the client still listens."""
    status, _ = await answer_to(start, *[b"v" * 16_384] * 60)
    assert status in {0, 400, 431}


async def test_each_request_of_a_connection_has_its_own_bound() -> None:
    """Requests that follow one another don't add up."""
    one = request(b"x-h: " + b"v" * 30_000).replace(b"Connection: close\r\n", b"")
    status, reply = await answer_to(one, one, one, request())
    assert status == 200
    assert reply.count(b"HTTP/1.1 200 OK") == 4
