"""`--health` and `--test` against a real server on loopback that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from proxy.cannot_start import CannotStart
from proxy.probe import Probe


class Scripted(ThreadingHTTPServer):
    """Answers each path with a status and a body; remembers keys and bodies."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.answers: dict[str, tuple[int, Any]] = {}
        self.keys: list[str | None] = []
        self.bodies: list[Any] = []

    def probe(self, key: str | None = None) -> Probe:
        """Give a probe of this server, addressed as a server that binds everywhere."""
        return Probe(host="0.0.0.0", port=self.server_port, key=key)


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        script = cast("Scripted", self.server)
        status, body = script.answers[self.path]
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        length = int(self.headers.get("Content-Length", "0"))
        script.bodies.append(json.loads(self.rfile.read(length)) if length else None)
        script.keys.append(self.headers["Authorization"])
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # noqa: N815 - the same

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Keep the test's output clean."""


@pytest.fixture
def gateway() -> Iterator[Scripted]:
    """Give a scripted gateway that listens."""
    with Scripted() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_health_gives_the_gateways_word(gateway: Scripted) -> None:
    """`--health` prints what readiness answers; without a key none is sent."""
    gateway.answers["/health/readiness"] = (200, {"status": "healthy"})
    assert gateway.probe().health() == '{"status": "healthy"}'
    assert gateway.keys == [None]


def test_test_lets_the_first_model_answer(gateway: Scripted) -> None:
    """`--test` sends one chat to the first model, with the key, and prints the text."""
    gateway.answers["/v1/models"] = (200, {"data": [{"id": "one"}, {"id": "two"}]})
    reply = {"choices": [{"message": {"content": "A poem."}}]}
    gateway.answers["/v1/chat/completions"] = (200, reply)
    assert gateway.probe("sk-key").test() == "one: A poem."
    assert gateway.keys == ["Bearer sk-key"] * 2
    assert gateway.bodies[1]["model"] == "one"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, {"error": 1}), '/v1/models answers 401: {"error": 1}'),
        ((200, {"data": []}), "/v1/models answers without data: is it a gateway?"),
        ((200, []), "/v1/models answers without data: is it a gateway?"),
        ((200, b"<html>"), "/v1/models answers without data: is it a gateway?"),
    ],
)
def test_another_answer_is_one_line(gateway: Scripted, answer: tuple[int, Any], words: str) -> None:
    """A refusal, no models, and something that is no gateway: one line each."""
    gateway.answers["/v1/models"] = answer
    with pytest.raises(CannotStart) as caught:
        gateway.probe().test()
    assert str(caught.value) == words


def test_nobody_there_is_one_line(gateway: Scripted, tmp_path: Path) -> None:
    """No listener, no usable certificate, or no https where it is expected: one line each."""
    port = gateway.server_port
    with pytest.raises(CannotStart, match=r"no gateway answers at http://127\.0\.0\.1:1"):
        Probe(host="127.0.0.1", port=1).health()
    empty = tmp_path / "empty.pem"
    empty.touch()
    with pytest.raises(CannotStart, match=r"the certificate .*empty\.pem can't be used"):
        Probe(host="127.0.0.1", port=port, certfile=str(empty)).health()
