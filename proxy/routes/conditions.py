"""GET /health: how each deployment does, by what recent traffic says.

Nothing is called for it: an answer costs no inference and wakes no sleeping endpoint. It is this
process's own view.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.deps import gateway
from proxy.errors import JsonResponse
from proxy.routes.table import Route

_GOOD: Final = "healthy"


async def index(request: Request, caller: Caller) -> Response:
    """List the deployments that can be counted on, and those that can't, of the caller's models.

    Endpoints' names are for the master key; where none is configured, for every caller.
    """
    current = gateway(request)
    is_admin = caller.is_admin or not current.keyring.key_required
    told = [
        each.condition(where=is_admin)
        for each in current.registry.servings()
        if caller.may_use(each.deployment.model)
    ]
    healthy = [each for each in told if each["status"] == _GOOD]
    unhealthy = [each for each in told if each["status"] != _GOOD]
    return JsonResponse(
        {
            "healthy_endpoints": healthy,
            "unhealthy_endpoints": unhealthy,
            "healthy_count": len(healthy),
            "unhealthy_count": len(unhealthy),
        }
    )


ROUTES = (
    Route(
        paths=("/health",),
        method="GET",
        access=Access.CALLER,
        handler=index,
        summary="How each deployment does",
    ),
)
