"""HTTP/1.1 answers out of a connection's bytes: where each begins and ends, and what is no answer.

Sans I/O. Knows httptools and what a head may be; refuses to know sockets. More strict than HTTP
has to be wherever two readers of the same bytes could disagree about an answer's end.
"""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from adapters.sagemaker.direct.inbox import Inbox

#: Of all heads of an answer (with interim ones and trailers), and its lines.
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_HEAD_LINES: Final = 128

_BODILESS: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
#: A plain number: members of an enumeration take their time to be found.
_FIRST_FINAL: Final = int(HTTPStatus.OK)


class NotHttpError(Exception):
    """The bytes are no answer: no head, or no body as the head has it."""


class AnswerParser:
    """Reads one answer after the other, as they come over one connection."""

    def __init__(self, inbox: Inbox) -> None:
        #: Parts of the body that are not in the inbox yet.
        self._body: list[bytes] = []
        #: Called by httptools for each part: nothing of ours runs then.
        self.on_body: Final = self._body.append
        self._parser = HttpResponseParser(self)
        self.expect(inbox)

    def expect(self, inbox: Inbox) -> None:
        """Make ready for the answer to a request, which goes to an inbox of its own."""
        self._inbox = inbox
        #: Names and values, in turn, of all heads, and of the trailer.
        self._fields: list[bytes] = []
        #: How many of these are of heads that have been read.
        self._read = 0
        self._heads = 0
        #: Bytes that have come.
        self._size = 0
        self._interim = False
        self._surplus = False
        self._until_close = False
        self._keep_alive = False

    @property
    def can_go_on(self) -> bool:
        """Whether the connection may serve another request after this answer."""
        return self._keep_alive and not self._surplus

    def close(self) -> None:
        """Read nothing any more: httptools' part and this one hold each other until then.

        Nobody but the garbage collector would end that, and what the last answer held with it.
        """
        del self._parser

    def feed(self, data: bytes | memoryview) -> None:
        """Read what has come.

        Raises:
            NotHttpError: it can't be read; what is complete in front of that has been taken.
        """
        inbox = self._inbox
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not inbox.ended:
                self._deliver()
                raise NotHttpError from error
            self._surplus = True
        if self._body:
            self._deliver()
        if len(self._fields) > self._read and not inbox.ended:
            self._check()
        if not inbox.status and self._size > MAX_HEAD_BYTES:
            raise NotHttpError("The head is too large.")

    @property
    def ends_with_connection(self) -> bool:
        """Whether the answer is over when the peer closes."""
        return bool(self._inbox.status) and self._until_close

    # What follows is called by httptools.

    def on_message_begin(self) -> None:
        """Take note that an answer begins; there is but one."""
        if self._inbox.ended:
            self._surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a line of a head, or a trailer, which is counted and left out."""
        self._fields += (name, value)

    def on_headers_complete(self) -> None:
        """Take the end of a head."""
        status = self._parser.get_status_code()
        self._interim = status < _FIRST_FINAL
        self._check()
        self._heads += 1
        fields = self._fields[self._read :]
        self._read += len(fields)
        if self._interim or self._surplus:
            self._check()
            return
        # From the last to the first, which counts.
        pairs = zip(fields[-2::-2], fields[::-2], strict=True)
        headers = {_lowered(name): value.decode("latin-1") for name, value in pairs}
        coding = headers.get("transfer-encoding")
        if coding is not None and coding.lower() != "chunked":
            raise NotHttpError("The transfer encoding is not one that was asked for.")
        self._until_close = (
            coding is None and "content-length" not in headers and status not in _BODILESS
        )
        self._inbox.status, self._inbox.headers = status, headers

    def on_message_complete(self) -> None:
        """Take the end of an answer, or of an interim one."""
        if self._interim:
            self._interim = False
        elif not self._surplus:
            if self._body:
                self._deliver()
            if len(self._fields) > self._read:
                self._check()
            self._keep_alive = self._parser.should_keep_alive()
            self._inbox.ended = True

    def _check(self) -> None:
        """Let an answer's lines pass, and the first ones of the heads that have been read.

        Raises:
            NotHttpError: there are more than an answer may have.
        """
        lines = self._heads + len(self._fields) // 2
        if lines > MAX_HEAD_LINES or (
            self._size > MAX_HEAD_BYTES and sum(map(len, self._fields)) > MAX_HEAD_BYTES
        ):
            raise NotHttpError("The head is too large.")

    def _deliver(self) -> None:
        """Hand on what has come of the body; what is behind an answer's end is none of it."""
        inbox, body = self._inbox, self._body
        if not inbox.ended:
            inbox.parts += body
            inbox.size += sum(map(len, body))
        body.clear()


@lru_cache(maxsize=256)
def _lowered(name: bytes) -> str:
    """Give a header's name in lower case; SageMaker's are few, and the same in every answer."""
    return name.decode("latin-1").lower()
