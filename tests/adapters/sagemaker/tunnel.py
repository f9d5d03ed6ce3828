"""A real proxy on loopback that opens tunnels, or passes plain requests on, wherever one asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
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


@asynccontextmanager
async def serve_tunnel(upstream_port: int, refusal: bytes = b"") -> AsyncIterator[Tunnel]:
    """Serve a proxy that leads every host to one port of this machine, as a name server would."""
    tunnel = Tunnel(refusal=refusal)
    conversations: list[tuple[asyncio.Task[None], asyncio.StreamWriter]] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            tunnel.heads.append(head)
            if tunnel.refusal:
                writer.write(tunnel.refusal + b"\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
                return
            there, back = await asyncio.open_connection("127.0.0.1", upstream_port)
            if head.startswith(b"CONNECT "):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                back.write(head)
            try:
                await asyncio.gather(_pipe(reader, back), _pipe(there, writer))
            finally:
                back.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append((asyncio.create_task(converse(reader, writer)), writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    tunnel.port = server.sockets[0].getsockname()[1]
    try:
        yield tunnel
    finally:
        server.close()
        for task, writer in conversations:
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*(task for task, _ in conversations), return_exceptions=True)
        await asyncio.sleep(0)  # the aborted transports are told in the loop's next round


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
