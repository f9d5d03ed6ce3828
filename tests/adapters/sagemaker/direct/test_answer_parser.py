"""The answer parser, byte by byte."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sagemaker.direct.answer_parser import (
    MAX_HEAD_BYTES,
    MAX_HEAD_LINES,
    AnswerParser,
    NotHttpError,
)
from adapters.sagemaker.direct.inbox import Inbox

OK = b"HTTP/1.1 200 OK\r\n"
SIZED = OK + b"Content-Length: 5\r\nX-Empty:\r\n\r\nhello"
CHUNKED = (
    OK + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-Trailer: 1\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n" + SIZED


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop for the inbox, which asks it for nothing here."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def read(loop: asyncio.AbstractEventLoop, *pieces: bytes) -> tuple[Inbox, AnswerParser]:
    inbox = Inbox(loop)
    parser = AnswerParser(inbox)
    for piece in pieces:
        parser.feed(piece)
    return inbox, parser


@pytest.mark.parametrize("answer", [SIZED, CHUNKED, INTERIM], ids=["sized", "chunked", "interim"])
def test_cut_anywhere(loop: asyncio.AbstractEventLoop, answer: bytes) -> None:
    """However an answer is cut, it is the same, ends where it ends, and another may follow."""
    for first in range(len(answer)):
        for second in range(first, len(answer), 7):
            pieces = answer[:first], answer[first:second], answer[second:]
            inbox, parser = read(loop, *pieces)
            assert (inbox.status, b"".join(inbox.take()), inbox.ended) == (200, b"hello", True)
            assert "x" not in inbox.headers
            assert "x-trailer" not in inbox.headers
            assert parser.can_go_on
            following = Inbox(loop)
            parser.expect(following)
            parser.feed(answer)
            assert b"".join(following.take()) == b"hello"


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"\r\n", b"\n") + b"Content-Length: 0\n\n",
        OK + b"X: a\r\n b\r\n\r\n",
        OK + b"X : a\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2 \r\nhe\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\nhe\r\n",
        OK + b"Transfer-Encoding: xchunked\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        OK + b"X: 1\r\n" * (MAX_HEAD_LINES + 2),
        OK + b"X: " + b"x" * MAX_HEAD_BYTES + b"\r\n",
        OK + b"X: " + b"x" * MAX_HEAD_BYTES,
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_HEAD_LINES + 1),
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: 1\r\n" * MAX_HEAD_LINES,
    ],
)
def test_what_is_refused(loop: asyncio.AbstractEventLoop, answer: bytes) -> None:
    """Whatever two readers could take for two things, and whatever has no end, in any packets."""
    with pytest.raises(NotHttpError):
        read(loop, answer)
    with pytest.raises(NotHttpError):
        read(loop, *(answer[at : at + 1] for at in range(len(answer))))


def test_an_end_that_is_the_connections(loop: asyncio.AbstractEventLoop) -> None:
    """Only an answer that tells no length may end with its connection."""
    endings = {
        OK + b"\r\nhello": True,
        OK + b"\r\n": True,
        SIZED[:-1]: False,
        CHUNKED[:-1]: False,
        OK: False,
        b"": False,
        b"HTTP/1.1 100 Continue\r\n\r\n": False,
    }
    for answer, is_end in endings.items():
        inbox, parser = read(loop, answer)
        assert not inbox.ended
        assert parser.ends_with_connection is is_end


def test_surplus_is_left_out(loop: asyncio.AbstractEventLoop) -> None:
    """What comes behind an answer neither changes it nor lets the connection go on."""
    for surplus in (b"x", SIZED, CHUNKED, INTERIM, OK + b"X: 1\r\n" * 1000):
        for answer in (SIZED, CHUNKED):
            inbox, parser = read(loop, answer + surplus)
            assert (b"".join(inbox.take()), inbox.ended, parser.can_go_on) == (
                b"hello",
                True,
                False,
            )


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_any_bytes(pieces: list[bytes]) -> None:
    """Nothing but an answer or a refusal comes out of whatever is sent."""
    loop = asyncio.new_event_loop()
    try:
        inbox, _ = read(loop, OK, *pieces)
    except NotHttpError:
        return
    finally:
        loop.close()
    assert inbox.status in {0, 200}
