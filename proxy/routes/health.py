"""GET /health/...: whether this process lives and serves; needs no key and calls no endpoint.

Once the process is on its way out both say so with a 503, while it goes on serving.
"""

from __future__ import annotations

from starlette.responses import Response

from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.incoming import Incoming
from proxy.json_response import JsonResponse
from proxy.lifecycle.life import Life
from proxy.routes.table import Route

_SERVICE_UNAVAILABLE = 503


async def liveness(request: Incoming, caller: Caller) -> Response:
    """Say that the process answers."""
    del caller
    return _unless_draining(request, "I'm alive!")


async def readiness(request: Incoming, caller: Caller) -> Response:
    """Say that the process serves requests."""
    del caller
    return _unless_draining(request, {"status": "healthy", "db": "Not connected"})


def _unless_draining(request: Incoming, answer: object) -> Response:
    life: Life = request.state["life"]
    if life.drain.begun:
        return JsonResponse({"status": "shutting_down"}, _SERVICE_UNAVAILABLE)
    return JsonResponse(answer)


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
