"""Questions and answers between two processes of one gateway, both ways at once.

Knows frames only; what is asked, and what it means, others know. Both ends are our own code over a
pair of sockets that nobody else has, so what comes in is trusted.
"""

from __future__ import annotations

import asyncio
import itertools
import pickle
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import structlog

_LENGTH: Final = struct.Struct("!Q")

Answering = Callable[[Any], Awaitable[Any]]
_Kind = Literal["ask", "answer", "failure"]

_log = structlog.stdlib.get_logger("sagegate")


class WireCut(Exception):
    """The other process is gone, or failed to answer."""


class Wire:
    """One end; made by `connect`.

    Args:
        answering: Answers what the other end asks; each question in a task of its own.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answering: Answering
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._answering = answering
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def connect(cls, end: socket.socket, answering: Answering) -> Wire:
        """Take over one end of a pair of sockets."""
        reader, writer = await asyncio.open_unix_connection(sock=end)
        return cls(reader, writer, answering)

    async def ask(self, question: object) -> Any:
        """Give the other end's answer.

        Raises:
            WireCut: there will be none.
        """
        number = next(self._numbers)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send("ask", number, question)
            return await future
        finally:
            del self._waiting[number]

    def close(self) -> None:
        """Close this end; the other one is told."""
        self._writer.close()

    async def listen(self) -> None:
        """Take what comes in, until the other end is gone."""
        try:
            while True:
                length = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))[0]
                data = await self._reader.readexactly(length)
                self._take(*pickle.loads(data))  # noqa: S301 - our own process wrote it
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._give_up()

    def _take(self, kind: _Kind, number: int, content: Any) -> None:
        if kind == "ask":
            task = asyncio.create_task(self._answer(number, content), name="answering")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        future = self._waiting.get(number)
        if future is None or future.done():
            return
        if kind == "answer":
            future.set_result(content)
        else:
            future.set_exception(WireCut(content))

    async def _answer(self, number: int, question: Any) -> None:
        kind: _Kind = "answer"
        try:
            content = await self._answering(question)
        except Exception as error:  # noqa: BLE001 - logged here, and told to whoever asked
            _log.exception("order.failed", order=type(question).__name__)
            kind, content = "failure", type(error).__name__
        try:
            await self._send(kind, number, content)
        except WireCut:
            return  # nobody waits for it any more

    async def _send(self, kind: _Kind, number: int, content: Any) -> None:
        data = pickle.dumps((kind, number, content))
        try:
            self._writer.write(_LENGTH.pack(len(data)) + data)
            await self._writer.drain()
        except (ConnectionError, RuntimeError) as error:  # uvloop's word for a closed one
            raise WireCut("the other process is gone") from error

    def _give_up(self) -> None:
        self.close()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(WireCut("the other process is gone"))
