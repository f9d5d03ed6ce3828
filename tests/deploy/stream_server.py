"""A gateway's stand-in: streams one event, and the next only once the first one has arrived."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FIRST, SECOND = b"data: first\n\n", b"data: [DONE]\n\n"
#: Seconds until a test gives up; nothing waits that long where events pass as they come.
PATIENCE = 20.0


@dataclass
class StreamServer:
    """What it heard, and whether it may go on."""

    port: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def serve_stream() -> Iterator[StreamServer]:
    """Serve on a port of its own; every GET is healthy, every POST a stream."""
    state = StreamServer()

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            state.headers.update({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self._chunk(FIRST)
            if state.arrived.wait(PATIENCE):
                self._chunk(SECOND)
                self._chunk(b"")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.arrived.set()
        server.shutdown()
        thread.join()
        server.server_close()
