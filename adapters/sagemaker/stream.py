"""A streamed answer of SageMaker: the container's bytes, out of what is around them.

Knows which messages carry what; refuses to know their framing and AWS's error names.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable

from adapters.base import Head
from adapters.errors import GatewayError, MalformedReply
from adapters.parts import NOW, Parts
from adapters.sagemaker.errors import translate_message
from adapters.sagemaker.event_stream import EventStreamDecoder, Message
from adapters.sagemaker.transport import MAX_BODY_BYTES, Response

_log = logging.getLogger(__name__)


class _Stream(Parts[bytes]):
    """What all kinds of answers have in common; its own iterator.

    Whatever ends it early closes the connection, and carries AWS's request id.
    Implements `adapters.base.UpstreamStream`.
    """

    def __init__(self, response: Response, head: Head) -> None:
        self.head = head
        self._response = response
        #: What is wrong with what comes next.
        self._error: GatewayError | None = None

    @property
    def chunks(self) -> AsyncIterator[bytes]:
        """The container's bytes, cut anywhere."""
        return self

    def take(self) -> bytes | None:
        """Give what has come of them, or None where nothing has."""
        data = b"more"
        while data and self._error is None:
            try:
                come = self._response.take()
                if come is None:
                    return None
                data = come
                part = self._read(data)
            except BaseException as error:
                self._end(error)
                raise
            if part:
                return part
        self._end(self._error)
        raise self._error or StopAsyncIteration

    def more(self) -> Awaitable[object]:
        """Wait until something has come."""
        return self._response.more() if self._error is None else NOW

    async def __anext__(self) -> bytes:
        try:
            return await super().__anext__()
        except asyncio.CancelledError:
            self._response.close()
            raise

    def _end(self, error: BaseException | None) -> None:
        self._response.close()
        if isinstance(error, GatewayError):
            error.request_id = self.head.request_id or None

    async def aclose(self) -> None:
        """Close the connection, unless the answer was read to its end."""
        self._response.close()

    @abstractmethod
    def _read(self, data: bytes) -> bytes:
        """Give the container's bytes in what came, if any; nothing has come at the end.

        Raises:
            GatewayError: it is not what should come here.
        """


class EventStream(_Stream):
    """The parts of one `application/vnd.amazon.eventstream` answer.

    Each step gives the payloads of one read, joined. Parts in front of a fault are given before it
    is raised.
    """

    def __init__(self, response: Response, head: Head) -> None:
        super().__init__(response, head)
        self._decoder = EventStreamDecoder()
        self._passed_over = False

    def _read(self, data: bytes) -> bytes:
        if not data:
            self._decoder.finish()
            return b""
        payloads: list[bytes] = []
        for message in self._decoder.feed(data):
            if message.name == "PayloadPart" and message.kind == "event":
                payloads.append(message.payload)
            elif message.kind in {"exception", "error"}:
                self._error = translate_message(message)
                break
            else:
                self._pass_over(message)
        else:
            self._error = self._decoder.fault
        return payloads[0] if len(payloads) == 1 else b"".join(payloads)

    def _pass_over(self, message: Message) -> None:
        """Leave a message of an unknown kind out, as AWS asks of its clients."""
        if not self._passed_over:
            self._passed_over = True
            _log.info("event_stream.unknown_message: %.40r %.40r", message.kind, message.name)


class ByteStream(_Stream):
    """The container's bytes as they come, with nothing around them but HTTP.

    A body that ends before HTTP says so is an error, whichever way its length is told.
    """

    def _read(self, data: bytes) -> bytes:
        return data


class DocumentStream(ByteStream):
    """A whole JSON answer to a streaming call, handed on as it is: the format cuts it up."""

    def __init__(self, response: Response, head: Head) -> None:
        super().__init__(response, head)
        self._size = 0

    def _read(self, data: bytes) -> bytes:
        self._size += len(data)
        if self._size > MAX_BODY_BYTES:
            raise MalformedReply("The endpoint's answer is too large.")
        return data
