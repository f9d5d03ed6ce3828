"""POST /chat/completions.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.openai.chat import ChatRequest
from proxy.auth.keyring import Access, Caller
from proxy.deps import read_call, until_gone
from proxy.errors import JsonResponse
from proxy.routes.headers import answer_headers
from proxy.routes.table import Route, for_models
from proxy.sse import ChunkResponse


async def create(request: Request, caller: Caller) -> Response:
    """Answer a chat request, as a whole or as a stream."""
    pool, call, params = await read_call(request, caller, "chat", ChatRequest)
    if call.stream:
        stream = await until_gone(request, pool.stream(call, params))
        return ChunkResponse(stream, answer_headers(call, stream.head))
    answer = await until_gone(request, pool.call(call, params))
    headers = answer_headers(call, answer.head)
    headers["x-sagegate-usage-source"] = answer.usage_source
    return JsonResponse(answer.body, headers=headers)


ROUTES = (
    Route(
        paths=for_models("/chat/completions"),
        method="POST",
        access=Access.CALLER,
        handler=create,
        summary="Create a chat completion",
        body=ChatRequest,
    ),
)
