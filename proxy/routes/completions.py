"""POST /completions.

Source: https://platform.openai.com/docs/api-reference/completions/create
"""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.responses import Response

from adapters.openai.completions import CompletionRequest
from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.incoming import Incoming
from proxy.routes.table import Route, for_models
from proxy.routes.text import generate


def create(request: Incoming, caller: Caller) -> Awaitable[Response]:
    """Complete one prompt or several, as a whole or as a stream."""
    return generate(request, caller, "completion")


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
