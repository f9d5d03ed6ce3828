"""The end: announced first, patient then, and nothing that is cut looks like an answer."""

import json
import signal
import threading
import time

import httpx
import pytest

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of
from tests.live.leaks import assert_reply_is_clean
from tests.live.lifecycle.stage import ADMIN, File, OpenStream, models, until

CHAT = {"model": "chat", "messages": HELLO}
ENDING = {"status": "shutting_down"}


def get(gateway: Gateway, path: str) -> httpx.Response:
    """Asks over a connection of its own."""
    return httpx.get(gateway.url + path, headers=ADMIN, trust_env=False)


def unready(gateway: Gateway) -> bool:
    """Whether readiness says that the end has come."""
    return get(gateway, "/health/readiness").status_code == 503


@pytest.mark.parametrize("count", ["1", "2"], ids=["one", "workers"])
def test_readiness_fails_before_the_door_closes(file: File, count: str) -> None:
    """After SIGTERM both probes fail, and for the notice requests are served: the last on theirs.

    Then code 0.
    """
    with file.served("--num_workers", count, "--drain_notice", "2") as gateway:
        assert gateway.http.post("/v1/chat/completions", json=CHAT).status_code == 200
        gateway.process.send(signal.SIGTERM)
        sent = time.monotonic()
        until(lambda: unready(gateway), "readiness fails")

        for path in ("/health/readiness", "/health/liveness", "/health/liveliness"):
            answer = get(gateway, path)
            assert (answer.status_code, answer.json()) == (503, ENDING)
        kept = gateway.http.post("/v1/chat/completions", json=CHAT)
        new = httpx.post(
            f"{gateway.url}/v1/chat/completions", json=CHAT, headers=ADMIN, trust_env=False
        )
        for answer in (kept, new):
            assert answer.status_code == 200
            assert answer.headers["connection"] == "close"
        assert gateway.process.ended() == 0
        assert time.monotonic() - sent >= 2


def test_streams_finish_in_every_worker(file: File, emulated: Emulated) -> None:
    """Streams that are open when SIGTERM comes go on to their `[DONE]`; then code 0 (case H1)."""
    emulated.fault("chat", "slow_records", seconds=0.1)
    with file.served("--num_workers", "2") as gateway:
        streams = [OpenStream(gateway) for _ in range(3)]
        gateway.process.send(signal.SIGTERM)

        for stream in streams:
            assert stream.events()[-1] == "[DONE]"
        assert gateway.process.ended() == 0


@pytest.mark.parametrize(
    ("count", "hurried"),
    [("1", False), ("1", True), ("2", True)],
    ids=["limit", "second-signal", "second-signal-for-workers"],
)
def test_what_is_cut_says_so(file: File, emulated: Emulated, count: str, hurried: bool) -> None:
    """At the drain's limit, or a second signal, a stream ends with an error and no `[DONE]`.

    A whole answer that is not there is a 503 that may be asked again; the exit is prompt, its code
    is 0, and the calls to AWS are given up (case H2).
    """
    emulated.fault("chat", "slow_records", seconds=600)
    limit = "600" if hurried else "0.5"
    slow = serving.model("slow", "sagemaker_chat/seed-chat")
    file.write(serving.model("chat", "sagemaker_chat/chat"), slow)
    with file.served("--num_workers", count, "--drain_timeout", limit) as gateway:
        stream = OpenStream(gateway)
        waiting = Waiting(gateway, emulated)
        gateway.process.send(signal.SIGTERM)
        if hurried:
            until(lambda: not accepts(gateway), "the door is closed")
            gateway.process.send(signal.SIGTERM)

        error = stream.last()["error"]
        assert (error["code"], error["type"]) == ("shutting_down", "overloaded_error")
        assert "[DONE]" not in stream.events()
        answer = waiting.answer()
        assert (answer.status_code, error_of(answer)["code"]) == (503, "shutting_down")
        assert answer.headers["retry-after"] == "1"
        assert gateway.process.ended() == 0
        assert_reply_is_clean(str(error) + answer.text)
        lines = [line for line in gateway.process.err.splitlines() if "call.finished" in line]
        ends = [(line["outcome"], line["status"]) for line in map(json.loads, lines)]
        assert ends == [("cut", 503)] * 2
    emulated.counts(open=0)


def test_draining_by_request(file: File, emulated: Emulated) -> None:
    """`/health/drain` makes the probes of every worker fail and stops nothing.

    `/health/backlog` says what is still under way, in all workers together.
    """
    emulated.fault("chat", "slow_records", seconds=0.4)  # they last longer than what follows
    with file.served("--num_workers", "2") as gateway:
        assert get(gateway, "/health/backlog").json() == {"in_flight_requests": 0}
        streams = [OpenStream(gateway) for _ in range(3)]

        drained = gateway.http.post("/health/drain")

        assert drained.json() == {**ENDING, "in_flight_requests": 3}
        assert get(gateway, "/health/backlog").json() == {"in_flight_requests": 3}
        for _ in range(8):
            assert unready(gateway)
        assert all(stream.events()[-1] == "[DONE]" for stream in streams)
        until(lambda: get(gateway, "/health/backlog").json()["in_flight_requests"] == 0, "empty")
        assert models(gateway) == ["chat"]


def accepts(gateway: Gateway) -> bool:
    """Whether new connections are taken."""
    try:
        with gateway.connect():
            return True
    except OSError:
        return False


class Waiting:
    """A whole answer that somebody waits for, in a thread."""

    def __init__(self, gateway: Gateway, emulated: Emulated) -> None:
        emulated.fault("seed-chat", "slow_first_byte", seconds=600)
        self._answer: httpx.Response | None = None
        self._thread = threading.Thread(target=self._ask, args=(gateway.url,))
        self._thread.start()
        emulated.counts(open=2)

    def answer(self) -> httpx.Response:
        """The answer, once it is there."""
        self._thread.join(30)
        assert self._answer is not None
        return self._answer

    def _ask(self, url: str) -> None:
        body = {**CHAT, "model": "slow"}
        self._answer = httpx.post(
            f"{url}/v1/chat/completions", json=body, headers=ADMIN, trust_env=False, timeout=30
        )
