"""What stands between a gateway and AWS in a company's network, on loopback: a proxy, and TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Tunnel:
    """A running proxy: every request's head, and where all of them lead."""

    port: int = 0
    #: Refuses every tunnel with this status line.
    refusal: bytes = b""
    heads: list[bytes] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """The request lines."""
        return [head.partition(b"\r\n")[0].decode() for head in self.heads]


Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serve_tunnel(upstream_port: int, refusal: bytes = b"") -> AsyncIterator[Tunnel]:
    """Serve a proxy that leads every host to one port of this machine, as a name server would."""
    tunnel = Tunnel(refusal=refusal)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        tunnel.heads.append(head)
        if tunnel.refusal:
            writer.write(tunnel.refusal + b"\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        elif head.startswith(b"CONNECT "):
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _lead(reader, writer, upstream_port)
        else:
            await _lead(reader, writer, upstream_port, head)

    async with _listening(converse) as tunnel.port:
        yield tunnel


@asynccontextmanager
async def serve_tls(upstream_port: int, tls: ssl.SSLContext) -> AsyncIterator[int]:
    """Serve TLS in front of a server of this machine that has none; give the port."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _lead(reader, writer, upstream_port)

    async with _listening(converse, tls) as port:
        yield port


@asynccontextmanager
async def _listening(
    converse: Conversation, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    conversations: list[tuple[asyncio.Task[None], asyncio.StreamWriter]] = []

    async def converse_quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            await converse(reader, writer)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append((asyncio.create_task(converse_quietly(reader, writer)), writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task, writer in conversations:
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*(task for task, _ in conversations), return_exceptions=True)
        await asyncio.sleep(0)  # the aborted transports are told in the loop's next round


async def _lead(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, first: bytes = b""
) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", port)
    back.write(first)
    try:
        await asyncio.gather(_pipe(reader, back), _pipe(there, writer))
    finally:
        back.transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
