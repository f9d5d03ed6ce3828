"""POST /completions.

Source: https://platform.openai.com/docs/api-reference/completions/create
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.openai.completions import CompletionRequest
from proxy.auth.keyring import Access, Caller
from proxy.deps import read_call, until_gone
from proxy.routes import answers
from proxy.routes.table import Route, for_models


async def create(request: Request, caller: Caller) -> Response:
    """Complete one prompt or several, as a whole or as a stream."""
    pool, call, params = await read_call(request, caller, "completion", CompletionRequest)
    if call.stream:
        return answers.streamed(call, await until_gone(request, pool.stream(call, params)))
    return answers.whole(call, await until_gone(request, pool.call(call, params)))


ROUTES = (
    Route(
        paths=for_models("/completions"),
        method="POST",
        access=Access.CALLER,
        handler=create,
        summary="Create a completion",
        body=CompletionRequest,
    ),
)
