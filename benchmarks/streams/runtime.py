"""`python -m benchmarks.streams.runtime PORT PACE [--tls CERT KEY]`: a fake runtime that is slow.

The benchmarks' own runtime, whose paced streams have a token every so many seconds here.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import ssl
from dataclasses import replace
from typing import Final

import uvloop

from benchmarks.upstream.replies import NOT_FOUND, REPLIES, Reply
from benchmarks.upstream.server import Runtime

#: Connections that may wait to be taken.
_BACKLOG: Final = 4096


class SlowRuntime(Runtime):
    """The same, at another pace.

    Args:
        pace: Seconds from one token to the next.
    """

    def __init__(self, pace: float) -> None:
        super().__init__()
        self._pace = pace

    def _reply(self) -> Reply:
        reply = REPLIES.get(self._url.decode("latin-1"), NOT_FOUND)
        return replace(reply, pace=self._pace) if reply.pace else reply


async def serve(port: int, pace: float, tls: ssl.SSLContext | None) -> None:
    """Serve on 127.0.0.1 until SIGTERM."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    server = await loop.create_server(
        lambda: SlowRuntime(pace), "127.0.0.1", port, ssl=tls, backlog=_BACKLOG
    )
    await over.wait()
    server.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams.runtime")
    parser.add_argument("port", type=int)
    parser.add_argument("pace", type=float)
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    options = parser.parse_args()
    tls = None
    if options.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*options.tls)
    uvloop.run(serve(options.port, options.pace, tls))


if __name__ == "__main__":
    main()
