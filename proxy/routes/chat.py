"""POST /chat/completions.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.responses import Response

from adapters.openai.chat import ChatRequest
from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.incoming import Incoming
from proxy.routes.table import Route, for_models
from proxy.routes.text import generate


def create(request: Incoming, caller: Caller) -> Awaitable[Response]:
    """Answer a chat request, as a whole or as a stream."""
    return generate(request, caller, "chat")


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
