"""What one connection's client sends, read: heads, bounded and checked, and bodies.

Knows the parser's news, and hands each request on once its head is there; refuses to know how
long anything takes, and what is answered.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from httptools import HttpParserError, HttpRequestParser

from proxy.http_cycle import Cycle
from proxy.http_head import BadHead, Head, Header, check_head, refused

#: The request line and all headers, in bytes; one read of the socket may go beyond it unnoticed.
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_HEADERS: Final = 100
#: What is said of whatever the parser does not take.
INVALID: Final = "Invalid HTTP request received."


class Begin(Protocol):
    """Who answers."""

    def __call__(self, head: Head, *, keep_alive: bool) -> Cycle:
        """Begin a request whose head is there, and give who takes its body.

        Raises:
            BadHead: it is not begun.
        """
        ...


class RequestReader:
    """Reads the requests of a connection, one after the other.

    Args:
        begin: Begins each.

    Attributes:
        begun: Whether a request has begun to arrive, and has not ended.
        in_head: Whether what comes next is, or will be, a head.
        ended: How many requests have arrived.
        held: What has come since the last of them, or since one has begun, in further reads.
        body_bytes: What has come of a body.
    """

    #: Of the newest request, once its head is there.
    _cycle: Cycle

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._parser: Any = HttpRequestParser(self)
        # a client that is done may say more, which is not read
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.begun = False
        self.in_head = True
        self.ended = 0
        self.held = 0
        self.body_bytes = 0
        self._read = 0
        self._target = b""
        self._headers: list[Header] = []
        self._host: bytes | None = None
        #: Of the head and of what comes behind the body, once there is some.
        self._head: Head | None = None
        self._trailing = 0
        self._bad: BadHead | None = None

    def feed(self, data: bytes) -> None:
        """Read what has come.

        Raises:
            BadHead: it is no HTTP, or not what is taken here; what follows it can't be read.
            HttpParserUpgrade: what follows is another protocol.
        """
        self._read = len(data)
        self.held += self._read
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise (self._bad or refused(INVALID)) from error
        if self.in_head and (self.held > MAX_HEAD_BYTES or len(self._headers) > MAX_HEADERS):
            raise refused("The request's headers are too large.", status=431)

    def close(self) -> None:
        """Read no more, and let go of everybody, who would else hold one another."""
        vars(self).clear()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.held = self.body_bytes = 0
        self.begun = True
        self._target = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        """Take the target, or a part of it."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one that comes behind the body is counted, and is nobody's."""
        if self.in_head:
            self._headers.append((name.lower(), value))
        else:
            self._trail(len(name) + len(value))

    def on_headers_complete(self) -> None:
        """Begin to answer; what follows is the body, which has a limit of its own."""
        parser, headers = self._parser, self._headers
        version: str = parser.get_http_version()
        head = self._head = Head(
            parser.get_method(), self._target, version, headers, upgrades=parser.should_upgrade()
        )
        try:
            if len(headers) > MAX_HEADERS or (
                # one that came in a small piece is not measured
                (self._read > MAX_HEAD_BYTES or self.held > MAX_HEAD_BYTES)
                and head.size > MAX_HEAD_BYTES
            ):
                raise refused("The request has too many headers.", status=431)
            check_head(head, self._host)
            keep_alive = version != "1.0" and parser.should_keep_alive()
            self._cycle = self._begin(head, keep_alive=keep_alive)
        except BadHead as bad:
            self._fail(bad)
        self._host = head.said.get(b"host")
        self.in_head = False

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self.body_bytes += len(body)
        self._cycle.take(body)

    def on_message_complete(self) -> None:
        """End a request; what follows is the next one's head."""
        self._cycle.end_of_body()
        self.held = 0
        self.in_head = True
        self.begun = False
        self.ended += 1

    def _trail(self, size: int) -> None:
        """Count what comes behind a body."""
        if self._head is not None:
            self._trailing, self._head = self._head.size, None
        self._trailing += size
        if self._trailing > MAX_HEAD_BYTES:
            self._fail(refused("The request has too many headers.", status=431))

    def _fail(self, bad: BadHead) -> None:
        """Stop the parser, which says no more than that somebody has."""
        self._bad = bad
        raise bad
