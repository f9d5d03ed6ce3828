"""A model container: llama.cpp with a small real model, behind SageMaker's container contract.

Knows `POST /invocations` and `GET /ping`, and which of llama.cpp's routes a body is for, as vLLM's
`/invocations` does: `messages` are chat, a `prompt` is completed; `inputs` are answered in Text
Generation Inference's words. Refuses to know more of the bodies. Run it as
`python -m tests.real.container`; it prints its address.

Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.real.runtime import load
from tests.real.serving import serve
from tests.real.tgi import TgiFront

_CHAT, _COMPLETIONS, _TOKENIZE = "/v1/chat/completions", "/v1/completions", "/tokenize"


class Llama:
    """llama.cpp's HTTP server, to which requests are forwarded byte by byte."""

    def __init__(self, url: str) -> None:
        # llama.cpp drops kept connections after a stream, so each request has its own.
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=None,  # noqa: S113 - the walls of time are the caller's
            headers={"connection": "close", "accept-encoding": "identity"},
            trust_env=False,
        )
        self._tgi = TgiFront(self._client)

    async def invoke(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one invocation; gives it up when the caller leaves."""
        body = await Request(scope, receive).body()
        await _while_wanted(self._answer(body, send), receive)

    async def tokenize(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forwards to llama.cpp's tokenizer; it is no part of the contract."""
        await self._forward(_TOKENIZE, await Request(scope, receive).body(), send)

    async def ping(self, _: Request) -> Response:
        """Tells whether the model is loaded."""
        return Response(status_code=(await self._client.get("/health")).status_code)

    async def _answer(self, body: bytes, send: Send) -> None:
        asked: Mapping[str, Any] = json.loads(body)
        if "inputs" in asked:
            await self._tgi.answer(asked, send)
        else:
            await self._forward(_CHAT if "messages" in asked else _COMPLETIONS, body, send)

    async def _forward(self, path: str, body: bytes, send: Send) -> None:
        request = self._client.stream(
            "POST", path, content=body, headers={"content-type": "application/json"}
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


async def _while_wanted(answering: Awaitable[None], receive: Receive) -> None:
    answer = asyncio.ensure_future(answering)
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({answer, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        answer.cancel()
        leaving.cancel()
        await asyncio.gather(answer, leaving, return_exceptions=True)
    if not answer.cancelled():
        answer.result()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Raw:
    """An ASGI application of a method: Starlette takes methods for request handlers."""

    def __init__(self, serve: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._serve(scope, receive, send)


def main() -> None:
    """Loads the model and serves it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--slots", type=int, default=1)
    runtime = load(parser.parse_args().slots)
    llama = Llama(runtime.listening_address)
    serve(
        Starlette(
            routes=[
                Route("/invocations", _Raw(llama.invoke), methods=["POST"]),
                Route("/tokenize", _Raw(llama.tokenize), methods=["POST"]),
                Route("/ping", llama.ping, methods=["GET"]),
            ]
        )
    )


if __name__ == "__main__":
    main()
