"""GET /health: how each deployment does, by what recent traffic and AWS say.

Nothing is called for it, unless an administrator asks for that: an answer costs no inference and
wakes no sleeping endpoint. Traffic is this process's own view; checks are the gateway's.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response

from adapters.base import Json
from adapters.errors import InvalidRequest, PermissionDenied
from proxy.assembly import Serving
from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.deps import gateway
from proxy.gateway import Gateway
from proxy.health.board import is_bad
from proxy.incoming import Incoming
from proxy.json_response import JsonResponse
from proxy.leaving import until_gone
from proxy.routes.table import Route

_GOOD: Final = "healthy"
_CHECK_FAILED: Final = "check_failed"
#: What is told where the configuration wants no details.
_LEAST: Final = ("model", "model_id", "status")


async def index(request: Incoming, caller: Caller) -> Response:
    """List the deployments that can be counted on, and those that can't, of the caller's models.

    `?model=NAME` is about one model. `?active=true` calls each deployment once, for the master key
    only: that is billed, and wakes what sleeps. Endpoints' names and errors' words are for the
    master key; where none is configured, for every caller.
    """
    current = gateway(request)
    is_admin = caller.is_admin or not current.keyring.key_required
    servings = _asked_for(request, caller)
    if _is_active(request):
        if not is_admin:
            raise PermissionDenied("Only the master key may have the models called.")
        await until_gone(request, current.checks.call(servings))
    else:
        await asyncio.to_thread(current.checks.board.read)
    told = [_told(current, each, is_admin=is_admin) for each in servings]
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


def _asked_for(request: Incoming, caller: Caller) -> list[Serving]:
    model = request.query_params.get("model")
    return [
        each
        for each in gateway(request).registry.servings()
        if caller.may_use(each.deployment.model) and model in {None, each.deployment.model}
    ]


def _is_active(request: Incoming) -> bool:
    said = request.query_params.get("active", "false").lower()
    if said not in {"true", "false"}:
        raise InvalidRequest("'active' is true or false.", param="active", code="invalid_value")
    return said == "true"


def _told(current: Gateway, serving: Serving, *, is_admin: bool) -> Json:
    condition = serving.condition(where=is_admin)
    found = current.checks.board.told(serving.deployment.id)
    if is_bad(found) and condition["status"] == _GOOD:
        condition["status"] = _CHECK_FAILED
    if not current.tells_health:
        return {name: condition[name] for name in _LEAST}
    if not is_admin and "call" in found:
        found["call"].pop("error", None)
    return {**condition, **found}


ROUTES = (
    Route(
        paths=("/health",),
        method="GET",
        access=Access.CALLER,
        handler=index,
        summary="How each deployment does",
    ),
)
