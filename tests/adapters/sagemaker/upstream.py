"""A scripted server on loopback that speaks raw HTTP/1.1, so that it can also misbehave."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from multidict import CIMultiDict

from adapters.base import Payload, Target
from adapters.sagemaker.hosts import invocation_urls

EVENT_STREAM = "application/vnd.amazon.eventstream"


@dataclass
class Call:
    """One request, and the connection to answer it on."""

    line: str
    headers: CIMultiDict[str]
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    connection: int

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(
        self, status: int = 200, body: bytes = b"{}", kind: str = "application/json", **more: str
    ) -> None:
        """Send a whole answer."""
        await self.send(head(status, kind, Content_Length=str(len(body)), **more) + body)

    async def begin_stream(self, kind: str = EVENT_STREAM) -> None:
        """Send the head of a chunked answer."""
        await self.send(
            head(
                200,
                kind,
                Transfer_Encoding="chunked",
                X_Amzn_SageMaker_Content_Type="text/event-stream",
                x_Amzn_Invoked_Production_Variant="blue",
                x_amzn_RequestId="request-1",
            )
        )

    async def chunk(self, data: bytes) -> None:
        """Send one HTTP chunk; an empty one ends the answer."""
        await self.send(chunk(data))

    async def gone(self) -> None:
        """Wait until the client has closed the connection."""
        while await self.reader.read(65536):
            pass

    def reset(self) -> None:
        """Break the connection without a farewell."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def head(status: int, kind: str, **headers: str) -> bytes:
    """Write a response head."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {kind}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunk(data: bytes) -> bytes:
    """Write one HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


Script = Callable[[Call], Awaitable[None]]


@dataclass
class Upstream:
    """A running server and what it was asked."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    connections: int = 0

    def target(self, **changes: object) -> Target:
        """Give a deployment that is served here."""
        urls = invocation_urls("my-endpoint", "eu-west-1", self.url)
        settings: dict[str, object] = {
            "model": "m",
            "endpoint": "my-endpoint",
            "region": "eu-west-1",
            "invoke_url": urls.invoke,
            "stream_url": urls.stream,
        }
        return Target(**{**settings, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def serve(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Upstream]:
    """Serve every request by the script; the client may keep its connections open."""
    upstream = Upstream()

    conversations: list[tuple[asyncio.Task[None], asyncio.StreamWriter]] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream.connections += 1
        number = upstream.connections
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                call = await receive(reader, writer, number)
                upstream.calls.append(call)
                await script(call)
        writer.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append((asyncio.create_task(converse(reader, writer)), writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    upstream.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield upstream
    finally:
        server.close()
        for task, writer in conversations:
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*(task for task, _ in conversations), return_exceptions=True)
        await asyncio.sleep(0)  # the aborted transports are told in the loop's next round


async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> Call:
    """Read one request."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = CIMultiDict[str]()
    for line in filter(None, lines[1:]):
        name, _, value = line.partition(": ")
        headers.add(name, value)
    body = await reader.readexactly(int(headers["Content-Length"]))
    return Call(lines[0], headers, body, reader, writer, number)


PAYLOAD = Payload(body=b'{"inputs":"hi"}')
