"""The answer to what is refused before it is a request, as bytes: an error, and the end."""

from __future__ import annotations

from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from adapters.errors import GatewayError
from proxy.errors import error_response
from proxy.http_head import Header


def refusal(error: GatewayError, server_says: Iterable[Header]) -> bytes:
    """Write the answer for an error, after which the connection closes.

    Args:
        error: Why.
        server_says: Headers of all answers.
    """
    answer = error_response(error)
    headers = [
        *server_says,
        *((name.encode(), value.encode()) for name, value in answer.fields.items()),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    lines = b"".join(b"%s: %s\r\n" % header for header in headers)
    return STATUS_LINE[error.status] + lines + b"\r\n" + bytes(answer.body)
