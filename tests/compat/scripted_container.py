"""A container that answers what it is told: for what no built-in container of the emulator says.

The emulator hands requests to it, as it does to any real container.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson

ID = "container-1"
CREATED = 1_700_000_000
TEXT = "a\n b"
USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
#: A stream of chat chunks with fields that OpenAI does not know, and a usage record unasked.
CHUNKS = (
    *(
        {
            "id": ID,
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": "inner",
            "prompt_logprobs": None,
            "kv_transfer": {"x": 1},
            "choices": [
                {"index": 0, "delta": {"content": piece}, "finish_reason": None, "token_ids": [1]}
            ],
        }
        for piece in ("a", "\n", " b")
    ),
    {
        "id": ID,
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": "inner",
        "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "stop_reason": 7}],
    },
    {
        "id": ID,
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": "inner",
        "choices": [],
        "usage": USAGE,
    },
)


class _Invocations(BaseHTTPRequestHandler):
    """Streams the chunks, whatever is asked."""

    def do_POST(self) -> None:
        """Answers an invocation."""
        self.rfile.read(int(self.headers["content-length"]))
        lines = [b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in CHUNKS]
        body = b"".join([*lines, b"data: [DONE]\n\n"])
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


@contextmanager
def listening() -> Iterator[str]:
    """Runs it; its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Invocations) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
