"""Requests that two servers could read differently: each is refused, or read in the one safe way.

Security cases B1 to B5 and B8, at the protocol.
"""

from __future__ import annotations

import orjson
import pytest

from proxy.http_bounds import MAX_PIPELINED
from tests.proxy.raw import reply_to, statuses

POST = b"POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
GET = b"GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def get(*headers: bytes, target: bytes = b"/x", version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join([b"GET " + target + b" " + version, *headers, b"", b""])


@pytest.mark.parametrize(
    "data",
    [
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        *(
            POST + b"Content-Length: " + length + b"\r\n\r\nhello"
            for length in (b"+5", b"0x5", b"-1", b"5_0", b"5, 5", b"", b"5 5", b"9" * 30)
        ),
        POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        *(
            POST + b"Transfer-Encoding" + coding + b"\r\n\r\n0\r\n\r\n"
            for coding in (
                b": xchunked",
                b": chunked, identity",
                b": gzip, chunked",
                b": identity",
                b": \x0bchunked",
                b" : chunked",
                b": chunked\r\nTransfer-Encoding: chunked",
                b": chunked\r\nTransfer-Encoding: x",
            )
        ),
        b"POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        *(
            CHUNKED + body
            for body in (
                b"zz\r\nhello\r\n0\r\n\r\n",
                b"0x5\r\nhello\r\n0\r\n\r\n",
                b"+5\r\nhello\r\n0\r\n\r\n",
                b"5 \r\nhello\r\n0\r\n\r\n",
                b"5\nhello\r\n0\r\n\r\n",
                b"5;a\nb\r\nhello\r\n0\r\n\r\n",
                b"5\r\nhello0\r\n\r\n",
                b"3\r\nhello\r\n0\r\n\r\n",
                b"f" * 17 + b"\r\nhello\r\n0\r\n\r\n",
            )
        ),
    ],
    ids=lambda data: repr(data.removeprefix(POST)),
)
async def test_b03_lengths_that_can_be_read_in_two_ways(data: bytes) -> None:
    """Two lengths, odd lengths, odd codings, bad chunks: one 400 and a close (B3)."""
    reply = await reply_to(data + GET)
    assert statuses(reply) == [400]
    assert orjson.loads(reply.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_http"


async def test_b03_a_chunk_s_extension_changes_nothing() -> None:
    """An extension that is well formed is skipped, as RFC 9112 wants (B3)."""
    reply = await reply_to(CHUNKED + b"5;a=b\r\nhello\r\n0\r\n\r\n")
    assert orjson.loads(reply.partition(b"\r\n\r\n")[2])["body"] == "hello"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [b"Host:"],
        [b"Host: a", b"Host: a"],
        [b"Host: x/health?"],
        [b"Host: x#"],
        [b"Host: x?"],
        [b"Host: a@b"],
        [b"Host: a b"],
        [b"Host: a, b"],
        [b"Host: a:b"],
        [b"Host: [::1"],
        [b"Host: \xff"],
    ],
    ids=repr,
)
async def test_b01_hosts_that_are_none(headers: list[bytes]) -> None:
    """A request without one clear host is a 400, whoever asks and whatever (B1)."""
    assert statuses(await reply_to(get(*headers))) == [400]


@pytest.mark.parametrize("host", [b"a", b"a_b-c.d:65535", b"10.0.0.1:80", b"[::1]:80", b"[::1]"])
async def test_b01_hosts_that_are_some(host: bytes) -> None:
    """Names, IPv4 and IPv6 addresses, with and without a port, are hosts (B1)."""
    assert statuses(await reply_to(get(b"Host: " + host, b"Connection: close"))) == [200]


async def test_b01_old_clients_have_no_host() -> None:
    """HTTP/1.0 knows no Host header; simple probes speak it (B1)."""
    assert statuses(await reply_to(get(version=b"HTTP/1.0"))) == [200]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (get(b"Host: a", version=b"HTTP/2.0"), 505),
        (get(b"Host: a", version=b"HTTP/1.2"), 400),
        (b"GET /x\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (get(b"Host: a", target=b"http://a/x"), 400),
        (get(b"Host: a", target=b"//a@b/x", version=b"HTTP/1.1\nX: y"), 400),
        (get(b"Host: a", target=b"/\xff"), 400),
        (get(b"Host: a", target=b"/x y"), 400),
        (b"CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"get /x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"FOO /x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ],
)
async def test_b02_b08_lines_that_are_no_request(data: bytes, status: int) -> None:
    """Other versions, foreign targets, tunnels, unknown methods (B2, B8)."""
    assert statuses(await reply_to(data)) == [status]


@pytest.mark.parametrize(
    "line",
    [
        b"X: a\rb",
        b"X: a\0b",
        b"X: a\x01b",
        b"X\0: a",
        b" X: a",
        b": a",
        b"X : a",
        b"X: a\r\n b",
        b"X",
    ],
    ids=repr,
)
async def test_b04_headers_that_are_none(line: bytes) -> None:
    """Control characters, folded lines, nameless headers: 400, none of them is kept (B4)."""
    assert statuses(await reply_to(get(b"Host: a", line, b"Connection: close"))) == [400]


async def test_b04_a_header_behind_the_body_is_nobody_s() -> None:
    """A trailer is no header: it brings no key that a proxy before us would have removed (B4)."""
    trailers = b"Authorization: Bearer x\r\nX-Forwarded-For: 10.0.0.1\r\n"
    reply = await reply_to(CHUNKED + b"5\r\nhello\r\n0\r\n" + trailers + b"\r\n")
    said = orjson.loads(reply.partition(b"\r\n\r\n")[2])
    assert said["body"] == "hello"
    assert {name for name, _ in said["headers"]} == {"host", "connection", "transfer-encoding"}


async def test_b04_endless_trailers_are_refused() -> None:
    """What stands behind a body counts as headers do (B4)."""
    trailers = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(90))
    assert statuses(await reply_to(CHUNKED + b"0\r\n" + trailers + b"\r\n")) in ([431], [])


async def test_b05_nothing_is_answered_behind_an_error() -> None:
    """What follows a refused request on its connection is not read (B5)."""
    assert statuses(await reply_to(get(b"Host: a", b"bad header") + GET)) == [400]
    assert statuses(await reply_to(get(b"Host: a", b"Connection: close") + GET)) == [200]


async def test_b05_a_broken_request_does_not_spoil_the_one_before() -> None:
    """The first answer is the first request's: a refusal never takes its place (B5)."""
    for broken in (b"bad line\r\n\r\n", POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"):
        reply = await reply_to(get(b"Host: a") + broken + GET)
        assert statuses(reply) == [200]
        assert b'"path":"/x"' in reply


async def test_b05_a_flood_of_pipelined_requests_is_cut() -> None:
    """Only a few requests may wait on one connection (B5)."""
    reply = await reply_to(get(b"Host: a") * 1000)
    assert statuses(reply) == [200] * (MAX_PIPELINED + 1)


async def test_other_protocols_are_not_spoken() -> None:
    """An upgrade is ignored and ends the connection; one that hides a body is refused (B3)."""
    upgrade = (b"Host: a", b"Connection: upgrade", b"Upgrade: websocket")
    assert statuses(await reply_to(get(*upgrade) + GET)) == [200]
    head = b"POST /x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
    assert statuses(await reply_to(head + b"Content-Length: 5\r\n\r\nhello")) == [400]
    assert statuses(await reply_to(head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")) == [400]
