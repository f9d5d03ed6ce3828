"""Serves an application on a free loopback port, which it prints."""

import socket
import sys

import uvicorn
from starlette.applications import Starlette


def serve(app: Starlette) -> None:
    """Serves until it is told to stop."""
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"container serves http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    server.run(sockets=[listener])
