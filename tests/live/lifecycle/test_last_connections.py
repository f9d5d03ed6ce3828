"""The last to come: whoever has connected before the door closes is answered."""

import signal
import threading

import httpx
import pytest

from tests.live.gateway import HELLO, Gateway
from tests.live.lifecycle.stage import ADMIN, File, served_by_all, until
from tests.live.processes import PATIENCE

CHAT = {"model": "chat", "messages": HELLO}
CLIENTS = 24


class Comers:
    """Clients that open a connection for each request, until nobody listens any more."""

    def __init__(self, gateway: Gateway) -> None:
        self.done = 0
        self.failed: list[str] = []
        self._url = f"{gateway.url}/v1/chat/completions"
        self._threads = [threading.Thread(target=self._come) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Waits until all have been turned away."""
        for thread in self._threads:
            thread.join(PATIENCE)

    def _come(self) -> None:
        while True:
            try:
                answer = httpx.post(
                    self._url, json=CHAT, headers=ADMIN, trust_env=False, timeout=PATIENCE
                )
            except httpx.ConnectError:
                return
            except httpx.HTTPError as error:
                self.failed.append(repr(error))
                continue
            self.done += 1
            if answer.status_code != httpx.codes.OK:
                self.failed.append(answer.text)


@pytest.mark.parametrize("count", [1, 3], ids=["one", "workers"])
def test_no_request_fails_at_the_end(file: File, count: int) -> None:
    """SIGTERM under load costs nobody an answer who could still connect."""
    with file.served("--num_workers", str(count), "--drain_notice", "0.5") as gateway:
        served_by_all(gateway, count)
        comers = Comers(gateway)
        until(lambda: comers.done > CLIENTS, "requests are answered")
        gateway.process.send(signal.SIGTERM)
        comers.join()
        assert gateway.process.ended() == 0
        assert not comers.failed


def test_a_fresh_connection_can_still_ask(file: File) -> None:
    """A connection that has not said anything when the door closes has a moment for its request."""
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
    request = httpx.Request("POST", "http://localhost", json=CHAT)
    body = request.read()
    head += f"Authorization: {ADMIN['authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
    with file.served("--drain_notice", "0") as gateway, gateway.connect() as connection:
        gateway.process.send(signal.SIGTERM)
        until(lambda: not listens(gateway), "the door is closed")
        connection.sendall(head.encode() + body)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
        assert received.startswith(b"HTTP/1.1 200 OK")
        assert b"connection: close" in received.lower()
        assert gateway.process.ended() == 0


def listens(gateway: Gateway) -> bool:
    """Whether a new connection is taken."""
    try:
        with gateway.connect():
            return True
    except ConnectionRefusedError:
        return False
