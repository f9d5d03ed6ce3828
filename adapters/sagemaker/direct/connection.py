"""One connection: a request out, its answer in, one after the other.

Knows flow control both ways and when a connection may serve again. Refuses to know names, TLS and
who waits for a connection.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol, cast

from adapters.sagemaker.direct.alarm import Alarm
from adapters.sagemaker.direct.answer_parser import AnswerParser, NotHttpError
from adapters.sagemaker.direct.inbox import Inbox

#: A body beyond this is not copied behind its head, but written in pieces of this size.
_PIECE: Final = 64 * 1024
#: What may wait for a slow reader before the socket is no longer read.
_HIGH_WATER: Final = 256 * 1024
#: From this status on the rest of a body is not wanted.
_FIRST_REFUSAL: Final = 300
_NOTHING: Final = memoryview(b"")


class ClosedByPeer(ConnectionError):
    """The peer closed the connection before its answer was complete."""


class Owner(Protocol):
    """Whoever made a connection."""

    def freed(self, connection: Connection) -> None:
        """Take a connection back that may serve again."""
        ...

    def lost(self, connection: Connection) -> None:
        """Take note that a connection is no more."""
        ...


class Connection(asyncio.BufferedProtocol):
    """A connection to one origin, for one request at a time.

    Args:
        loop: The running one.
        owner: Told once it has served, and once it is lost.
        buffer: What comes is read into it, and taken out at once: connections share it. Without one
            the loop's TLS makes a quarter of a megabyte anew for every read.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, owner: Owner, buffer: memoryview) -> None:
        self._loop = loop
        self._owner = owner
        self._buffer = buffer
        self._transport: asyncio.Transport | None = None
        self._inbox: Inbox | None = None
        unasked = Inbox(loop)
        self._parser = AnswerParser(unasked)
        self._alarm = Alarm(loop, unasked)
        self._unsent: memoryview = _NOTHING
        self._holds_writing = False
        #: Its socket is not read, for the reader has not taken what had come.
        self.holds_reading = False
        #: Requests that it has been asked.
        self.asked = 0
        self._asked_at = 0.0
        #: Something has come since the last request.
        self.heard = False
        self.made_at = loop.time()
        #: The loop's time up to which it may wait for a request; its owner's business.
        self.usable_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether a request may be written."""
        return self._transport is not None and not self._transport.is_closing()

    def silence(self) -> float:
        """Give the seconds since it was last asked."""
        return self._loop.time() - self._asked_at

    def ask(self, head: bytes, body: bytes, until: float) -> Inbox:
        """Write a request; give what its answer will come to.

        Args:
            head: The request's, with the empty line behind it.
            body: The request's.
            until: The loop's time by which the answer's head has to be there; else it is late.
        """
        inbox = Inbox(self._loop)
        transport = self._transport
        if transport is None or transport.is_closing():
            inbox.fail(ClosedByPeer("closed before the request"))
            return inbox
        self._inbox = inbox
        self._parser.expect(inbox)
        self.asked += 1
        self._asked_at = self._loop.time()
        self.heard = False
        self._alarm.set(inbox, until)
        if len(body) <= _PIECE:
            self._unsent = _NOTHING
            transport.write(head + body)
        else:
            transport.write(head)
            self._unsent = memoryview(body)
            self._send_on()
        return inbox

    def abort(self) -> None:
        """Close at once; an answer that has not come to its end fails."""
        inbox, self._inbox = self._inbox, None
        if inbox is not None:
            inbox.fail(ConnectionAbortedError("closed by the gateway"))
        if self._transport is not None:
            self._transport.abort()

    def leave(self, inbox: Inbox) -> None:
        """Close where this answer is still under way."""
        if self._inbox is inbox:
            self.abort()

    def read_on(self, inbox: Inbox) -> None:
        """Read the socket again for this answer: the reader has taken what had come."""
        if self.holds_reading and self._inbox is inbox:
            self._resume_reading()

    # What follows is called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give where the next bytes go."""
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Read what has come; nothing may come unasked, since it would answer the next request."""
        inbox = self._inbox
        if inbox is None:
            self.abort()
            return
        self.heard = True
        try:
            self._parser.feed(self._buffer[:nbytes])
        except NotHttpError as error:
            self._inbox = None
            inbox.fail(error)
            self.abort()
            return
        inbox.wake()
        if inbox.ended:
            self._finish()
        elif inbox.size > _HIGH_WATER and not self.holds_reading:
            self.holds_reading = True
            cast("asyncio.Transport", self._transport).pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._transport = None
        self._unsent = _NOTHING
        self._alarm.stop()
        inbox, self._inbox = self._inbox, None
        if inbox is not None:
            if exc is None and self._parser.ends_with_connection:
                inbox.ended = True
                inbox.wake()
            else:
                inbox.fail(exc or ClosedByPeer("closed before the answer's end"))
        self._parser.close()
        self._owner.lost(self)

    def pause_writing(self) -> None:
        """Hold the rest of a request's body back."""
        self._holds_writing = True

    def resume_writing(self) -> None:
        """Write on."""
        self._holds_writing = False
        self._send_on()

    def _send_on(self) -> None:
        """Write the body as far as the transport takes it, and as long as the peer wants it."""
        transport, inbox = self._transport, self._inbox
        while self._unsent and transport is not None and inbox is not None:
            if self._holds_writing or inbox.status >= _FIRST_REFUSAL:
                return
            piece, self._unsent = self._unsent[:_PIECE], self._unsent[_PIECE:]
            transport.write(piece)

    def _finish(self) -> None:
        """Go back to the owner; or close, where a further answer could not be trusted."""
        self._inbox = None
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._unsent or transport.get_write_buffer_size() or not self._parser.can_go_on:
            self.abort()  # a peer that answers early may not read the rest
        else:
            if self.holds_reading:
                self._resume_reading()
            self._owner.freed(self)

    def _resume_reading(self) -> None:
        if self.is_open:
            self.holds_reading = False
            cast("asyncio.Transport", self._transport).resume_reading()
