import asyncio

import httpx
import pytest
from starlette.types import Message

from emulator.app import create_app
from emulator.connection import TRANSPORT, Connection
from emulator.settings import parse
from tests.emulator.callers import sign

URL = "http://127.0.0.1:9/endpoints/a/invocations"


class ClosingTransport(asyncio.Transport):
    """A transport that is closing already."""

    def is_closing(self) -> bool:
        """Always."""
        return True


async def nothing() -> Message:
    """No message ever."""
    return {"type": "http.disconnect"}


async def nowhere(_: Message) -> None:
    """Sends nothing."""


def test_reset_of_a_closing_connection() -> None:
    """Breaking off a connection that is closing already does nothing."""
    scope = {"type": "http", "extensions": {TRANSPORT: ClosingTransport()}}
    Connection(scope, nothing, nowhere).reset()


async def test_reset_needs_the_server() -> None:
    """In process, without a socket, a scripted reset says what it would need."""
    endpoints = {"a": {"kind": "tgi", "faults": [{"fault": "reset"}]}}
    transport = httpx.ASGITransport(app=create_app(parse({"endpoints": endpoints}, "test")))
    headers = sign("POST", URL, b"{}", {})
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(RuntimeError, match=r"only when emulator\.server serves"):
            await client.post(URL, content=b"{}", headers=headers)
