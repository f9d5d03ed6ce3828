"""POST /embeddings.

Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

from starlette.responses import Response

from adapters.openai.embeddings import EmbeddingRequest
from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.deps import read_call
from proxy.incoming import Incoming
from proxy.leaving import until_gone
from proxy.routes import answers
from proxy.routes.table import Route, for_models


async def create(request: Incoming, caller: Caller) -> Response:
    """Answer an embedding request."""
    model, call, params = await read_call(request, caller, "embedding")
    return answers.whole(call, await until_gone(request, model.call(call, params)))


ROUTES = (
    Route(
        paths=for_models("/embeddings"),
        method="POST",
        access=Access.CALLER,
        handler=create,
        summary="Create embeddings",
        body=EmbeddingRequest,
    ),
)
