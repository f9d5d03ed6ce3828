"""GET /health/...: whether this process lives and serves; needs no key and calls no endpoint."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from proxy.auth.caller import Caller
from proxy.auth.keyring import Access
from proxy.errors import JsonResponse
from proxy.routes.table import Route


async def liveness(request: Request, caller: Caller) -> Response:
    """Say that the process answers."""
    del request, caller
    return JsonResponse("I'm alive!")


async def readiness(request: Request, caller: Caller) -> Response:
    """Say that the process serves requests."""
    del request, caller
    return JsonResponse({"status": "healthy", "db": "Not connected"})


ROUTES = (
    Route(
        paths=("/health/liveliness", "/health/liveness"),
        method="GET",
        access=Access.PUBLIC,
        handler=liveness,
        summary="Whether the process lives",
    ),
    Route(
        paths=("/health/readiness",),
        method="GET",
        access=Access.PUBLIC,
        handler=readiness,
        summary="Whether the process serves requests",
    ),
)
