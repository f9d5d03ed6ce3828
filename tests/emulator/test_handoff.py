import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from botocore.exceptions import ClientError, EventStreamError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from emulator.server import listen, running_emulator
from emulator.settings import parse
from tests.emulator.callers import TGI, Emulated
from tests.emulator.native import chat


class TinyContainer:
    """A container that answers as its request body says."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[tuple[dict[str, str], Any]] = []
        self.paths: list[str] = []
        self.left = threading.Event()
        self.ping_status = 200

    def forget(self) -> None:
        """Goes back to the beginning."""
        self.received.clear()
        self.paths.clear()
        self.left.clear()
        self.ping_status = 200

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/invocations", self.invocations, methods=["POST"]),
                Route("/v1/chat/completions", self.invocations, methods=["POST"]),
                Route("/ping", self.ping),
            ]
        )

    async def ping(self, _: Request) -> Response:
        """The health route."""
        return Response(status_code=self.ping_status)

    async def invocations(self, request: Request) -> Response:
        """The one route for everything."""
        body = await request.json()
        self.received.append((dict(request.headers), body))
        self.paths.append(request.url.path)
        wish = body["wish"]
        if wish == "stream":
            return StreamingResponse(self._records(body["count"]), media_type="text/event-stream")
        if wish == "break":
            return StreamingResponse(_breaking(), media_type="text/event-stream")
        if wish == "shorten":
            return Response(b"short", headers={"content-length": "100"})
        if wish == "fail":
            return Response(b"x" * 3000, status_code=body["status"])
        return JSONResponse({"said": body}, headers={"x-amzn-sagemaker-custom-attributes": "v=1"})

    async def _records(self, count: int) -> AsyncIterator[bytes]:
        """Records without end when `count` is 0; notices when nobody listens any more."""
        try:
            number = 0
            while number < count or not count:
                yield f"data: {number}\n\n".encode()
                number += 1
                await asyncio.sleep(0.01)
        finally:
            self.left.set()


async def _breaking() -> AsyncIterator[bytes]:
    yield b"data: 0\n\n"
    await asyncio.sleep(0.05)
    raise ConnectionAbortedError


class Handed(Emulated):
    """An emulator in front of a tiny container."""

    def __init__(self, url: str, container: TinyContainer) -> None:
        super().__init__(url)
        self.container = container


@contextmanager
def tiny_container() -> Iterator[TinyContainer]:
    """Runs the container in a thread."""
    container = TinyContainer()
    listener = listen("127.0.0.1", 0)
    container.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        container.app(), log_level="critical", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield container
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def handing() -> Iterator[Handed]:
    """A running emulator that hands every endpoint to a running container."""
    with tiny_container() as container:
        settings = parse({"container": container.url}, "test")
        with running_emulator(settings) as url:
            emulated = Handed(url, container)
            with emulated:
                yield emulated


@pytest.fixture
def handed(handing: Handed) -> Handed:
    """The same, with nothing remembered."""
    handing.forget()
    handing.container.forget()
    return handing


def test_whole_answer(handed: Handed) -> None:
    """Body and headers that AWS passes on arrive; the container's answer and headers come back."""
    answer = handed.client().invoke_endpoint(
        EndpointName="any-name",
        Body=json.dumps({"wish": "talk"}),
        ContentType="application/json",
        Accept="application/json",
        CustomAttributes="accept_eula=true",
        InferenceId="secret",
    )
    assert json.loads(answer["Body"].read()) == {"said": {"wish": "talk"}}
    assert answer["CustomAttributes"] == "v=1"
    ((headers, _),) = handed.container.received
    assert headers["x-amzn-sagemaker-custom-attributes"] == "accept_eula=true"
    assert headers["accept"] == headers["content-type"] == "application/json"
    assert not {"authorization", "x-amz-date", "x-amzn-sagemaker-inference-id"} & headers.keys()


def test_accept_of_the_streaming_operation(handed: Handed) -> None:
    """The streaming operation's own accept header reaches the container under its plain name."""
    body = {"wish": "stream", "count": 1}
    assert b"".join(handed.parts("any-name", body, Accept="text/event-stream"))
    assert handed.container.received[0][0]["accept"] == "text/event-stream"


def test_stream_is_incremental(handed: Handed) -> None:
    """Records arrive while the container is still sending, and leaving cancels its work."""
    parts = handed.parts("any-name", {"wish": "stream", "count": 0})
    assert next(parts).startswith(b"data: 0\n\n")
    assert next(parts)
    assert not handed.container.left.is_set()
    parts.close()  # type: ignore[attr-defined]  # a generator, as `parts` is one
    assert handed.container.left.wait(10)
    assert handed.counts(cut=1)["cut"] == 1


@pytest.mark.parametrize("status", [400, 429, 503])
def test_container_error(handed: Handed, status: int) -> None:
    """A container's error is a ModelError with its status and the first 2048 characters."""
    with pytest.raises(ClientError) as caught:
        list(handed.parts("any-name", {"wish": "fail", "status": status}))
    response: Any = caught.value.response
    assert response["Error"]["Code"] == "ModelError"
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] == "x" * 2048


def test_stream_breaks_off(handed: Handed) -> None:
    """A container's stream that breaks off is a ModelStreamError after what had come."""
    parts = handed.parts("any-name", {"wish": "break"})
    assert next(parts) == b"data: 0\n\n"
    with pytest.raises(EventStreamError, match="ModelStreamError"):
        next(parts)


def test_answer_breaks_off(handed: Handed) -> None:
    """A whole answer that breaks off is a ModelError without the container's text."""
    with pytest.raises(ClientError, match="could not load the entire response body"):
        handed.invoke("any-name", {"wish": "shorten"})


def test_no_answer_at_all() -> None:
    """A container that hangs up without an answer is a ModelError too."""
    with listen("127.0.0.1", 0) as listener:
        hanging_up = threading.Thread(target=_hang_up, args=(listener,))
        hanging_up.start()
        settings = parse({"container": f"http://127.0.0.1:{listener.getsockname()[1]}"}, "test")
        with (
            running_emulator(settings) as url,
            Emulated(url) as emulated,
            pytest.raises(ClientError, match="could not load the entire response body"),
        ):
            emulated.invoke("any-name", TGI)
        hanging_up.join()


def _hang_up(listener: socket.socket) -> None:
    """Answers nothing to the ping of the start, nor to the invocation."""
    for _ in range(2):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)


def test_component_passes(handed: Handed) -> None:
    """Any inference component may be named in front of a real container."""
    assert handed.invoke("any-name", {"wish": "talk"}, InferenceComponentName="part")


def test_ping(handed: Handed) -> None:
    """The emulator is healthy while its container is."""
    assert handed.http.get("/ping").status_code == 200
    handed.container.ping_status = 500
    assert handed.http.get("/ping").status_code == 503


def test_route_of_a_plain_server(handed: Handed) -> None:
    """A URL with a path is posted to as it is, and its server needs no `/ping`."""
    container = handed.container
    container.ping_status = 500
    settings = parse({"container": f"{container.url}/v1/chat/completions"}, "test")
    with running_emulator(settings) as url, Emulated(url) as emulated:
        assert emulated.http.get("/ping").status_code == 200
        assert emulated.invoke("any-name", {"wish": "talk"}) == {"said": {"wish": "talk"}}


def test_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    """Without a container: a warning at start, 503 from `/ping`, ServiceUnavailable for callers."""
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    endpoints = {"mine": {"kind": "container", "container": f"http://127.0.0.1:{port}"}}
    settings = parse({"endpoints": endpoints}, "test")
    with running_emulator(settings) as url, Emulated(url) as emulated:
        assert "is not ready yet" in caplog.text
        assert emulated.http.get("/ping").status_code == 503
        with pytest.raises(ClientError) as caught:
            emulated.invoke("mine", TGI)
        assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
        with pytest.raises(ClientError, match="Endpoint other of account"):
            emulated.invoke("other", TGI)


def test_the_chat_route(handed: Handed) -> None:
    """On the native OpenAI path a container gets the body on its own chat route, as it came."""
    whole = chat(handed, "any-name", {"wish": "talk"}, component="c")
    assert whole.json() == {"said": {"wish": "talk"}}
    assert chat(handed, "any-name", {"wish": "stream", "count": 2}).text == (
        "data: 0\n\ndata: 1\n\n"
    )
    assert handed.container.paths == ["/v1/chat/completions"] * 2
    assert "authorization" not in handed.container.received[0][0]


def test_a_container_that_breaks_off(handed: Handed) -> None:
    """Where a container's stream breaks, the path's answer is cut: nobody takes it for whole."""
    with pytest.raises(httpx.TransportError):
        chat(handed, "any-name", {"wish": "break", "stream": True})
