import json

import pytest

from tests.emulator.callers import CHAT, Emulated

ROUTE = "/endpoints/demo-chat/invocations"
STREAM_ROUTE = ROUTE + "-response-stream"
BODY = json.dumps({**CHAT, "stream": True}).encode()


@pytest.mark.parametrize("route", [ROUTE, STREAM_ROUTE])
def test_caller_leaves_before_the_answer(emulated: Emulated, route: str) -> None:
    """A caller that leaves while the container works is counted as cut, on both operations."""
    emulated.fault("demo-chat", "slow_first_byte", seconds=50)
    with emulated.connect(route, BODY):
        assert emulated.counts(open=1) == {"open": 1, "cut": 0}
    assert emulated.counts(open=0, cut=1) == {"open": 0, "cut": 1}
    assert emulated.requests()[-1]["outcome"] == "cut"


def test_caller_leaves_mid_stream(emulated: Emulated) -> None:
    """A caller that leaves a stream is noticed between two records."""
    emulated.fault("demo-chat", "slow_records", seconds=50)
    with emulated.connect(STREAM_ROUTE, BODY) as connection:
        assert connection.recv(65536)
    assert emulated.counts(open=0, cut=1) == {"open": 0, "cut": 1}


def test_caller_leaves_while_sending(emulated: Emulated) -> None:
    """A request that never arrived whole is neither recorded nor counted."""
    with emulated.connect(ROUTE, b"") as connection:
        assert connection.recv(65536)
        head = f"POST {ROUTE} HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n1"
        connection.sendall(head.encode())
    assert emulated.counts(open=0) == {"open": 0, "cut": 0}
    assert len(emulated.requests()) == 1


def test_connections_are_kept_alive(emulated: Emulated) -> None:
    """Several invocations share one connection: a finished answer is not a departure."""
    for _ in range(3):
        emulated.invoke("demo-chat", CHAT)
    assert emulated.counts(open=0) == {"open": 0, "cut": 0}
