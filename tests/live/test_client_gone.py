"""A client that leaves takes its call to AWS with it, streaming or not; the gateway lives on."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway


@pytest.fixture
def mark(gateway: Gateway) -> int:
    """Where the gateway's log ends before the test."""
    return len(gateway.process.err)


def logged(gateway: Gateway, mark: int) -> dict[str, object]:
    """The log line of the call, parsed."""
    line: dict[str, object] = json.loads(gateway.process.wait_for_line("call.finished", since=mark))
    return line


def records(gateway: Gateway, model: str, count: int) -> Iterator[str]:
    """Opens a stream and gives its first records, then leaves."""
    body = {"model": model, "messages": HELLO, "stream": True}
    with gateway.http.stream("POST", "/v1/chat/completions", json=body) as answer:
        assert answer.status_code == 200
        lines = (line for line in answer.iter_lines() if line)
        for _ in range(count):
            yield next(lines)


@pytest.mark.parametrize("model", ["chat", "tgi", "lines"])
def test_leaving_a_stream(gateway: Gateway, emulated: Emulated, mark: int, model: str) -> None:
    """Leaving at record 3 ends the invocation while the container pauses; logged as 499 (F8)."""
    emulated.fault(model, "slow_records", seconds=0.2)

    assert len(list(records(gateway, model, 3))) == 3

    assert emulated.counts(open=0, cut=1) == {"open": 0, "cut": 1}
    line = logged(gateway, mark)
    assert (line["status"], line["outcome"]) == (499, "gone")
    assert line["aws_request_id"] == emulated.only()["request_id"]
    gateway.wait_until_ready()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", ["chat", "tgi", "fake-only"])
def test_leaving_before_the_answer(
    gateway: Gateway,
    emulated: Emulated,
    mark: int,
    model: str,
    stream: bool,
) -> None:
    """A client that leaves while the container thinks ends the invocation at once."""
    endpoint = "chat-hostile" if model == "fake-only" else model
    emulated.fault(endpoint, "slow_first_byte", seconds=60)
    body = json.dumps({"model": model, "messages": HELLO, "stream": stream}).encode()

    with gateway.connect() as connection:
        send(connection, body, len(body))
        emulated.counts(open=1)

    assert emulated.counts(open=0, cut=1) == {"open": 0, "cut": 1}
    line = logged(gateway, mark)
    assert (line["status"], line["outcome"], line["stream"]) == (499, "gone", stream)
    gateway.wait_until_ready()


def test_leaving_several_choices(gateway: Gateway, emulated: Emulated) -> None:
    """All calls of a request for several choices are given up."""
    emulated.fault("tgi", "slow_first_byte", seconds=60)
    body = json.dumps({"model": "tgi", "messages": HELLO, "n": 3}).encode()

    with gateway.connect() as connection:
        send(connection, body, len(body))
        emulated.counts(open=3)

    assert emulated.counts(open=0, cut=3)["cut"] == 3


def test_leaving_an_embedding(gateway: Gateway, emulated: Emulated) -> None:
    """Embeddings are given up as well."""
    emulated.fault("embed", "slow_first_byte", seconds=60)
    body = b'{"model":"embed","input":"x"}'

    with gateway.connect() as connection:
        send(connection, body, len(body), path="/v1/embeddings")
        emulated.counts(open=1)

    assert emulated.counts(open=0, cut=1)["cut"] == 1


def test_leaving_while_sending(gateway: Gateway, emulated: Emulated, mark: int) -> None:
    """Leaving in the middle of the body is nobody's fault: nothing is sent, no error is logged."""
    with gateway.connect() as connection:
        send(connection, b'{"model":"chat","mess', 500)
    with gateway.connect() as connection:
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
            b'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"mod\r\n'
        )
    gateway.chat("chat")
    gateway.process.wait_for_line("call.finished", since=mark)

    said = gateway.process.err[mark:]
    assert "Traceback" not in said
    assert "request.failed" not in said
    assert len(emulated.requests()) == 1


def test_a_half_closed_connection_is_no_disconnect_of_others(
    gateway: Gateway, emulated: Emulated
) -> None:
    """One client leaves, another one's stream of the same model goes on to its end."""
    emulated.fault("chat", "slow_records", seconds=0.02)
    body = {"model": "chat", "messages": HELLO, "stream": True}
    with gateway.http.stream("POST", "/v1/chat/completions", json=body) as staying:
        lines = staying.iter_lines()
        next(lines)
        list(records(gateway, "chat", 2))
        rest = [line for line in lines if line]

    assert rest[-1] == "data: [DONE]"
    assert emulated.counts(open=0, cut=1)["cut"] == 1


def send(
    connection: socket.socket, body: bytes, length: int, path: str = "/v1/chat/completions"
) -> None:
    """Sends a request whose body is announced with `length`."""
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n".encode()
        + body
    )
