"""POST /chat/completions.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.openai.chat import ChatRequest
from proxy.auth.keyring import Access, Caller
from proxy.deps import read_call, until_gone
from proxy.routes import answers
from proxy.routes.table import Route, for_models


async def create(request: Request, caller: Caller) -> Response:
    """Answer a chat request, as a whole or as a stream."""
    pool, call, params = await read_call(request, caller, "chat", ChatRequest)
    if call.stream:
        return answers.streamed(call, await until_gone(request, pool.stream(call, params)))
    return answers.whole(call, await until_gone(request, pool.call(call, params)))


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
