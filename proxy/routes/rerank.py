"""POST /rerank and /v2/rerank, in Cohere's shape: OpenAI has no such resource.

Source: https://docs.cohere.com/reference/rerank
"""

from __future__ import annotations

from starlette.responses import Response

from adapters.openai.rerank import RerankRequest
from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.deps import read_call
from proxy.incoming import Incoming
from proxy.leaving import until_gone
from proxy.routes import answers
from proxy.routes.table import Route, with_v1


async def create(request: Incoming, caller: Caller) -> Response:
    """Rank documents by how well they answer a query."""
    model, call, params = await read_call(request, caller, "rerank")
    return answers.whole(call, await until_gone(request, model.call(call, params)))


ROUTES = (
    Route(
        paths=(*with_v1("/rerank"), "/v2/rerank"),
        method="POST",
        access=Access.CALLER,
        handler=create,
        summary="Rank documents",
        body=RerankRequest,
    ),
)
