"""POST /config/reload and /health/drain, GET /health/backlog: the gateway's life, for its operator.

Each is about the whole gateway, whichever of its processes is asked.
"""

from __future__ import annotations

from typing import cast

from starlette.responses import Response

from adapters.errors import ConfigError, InvalidRequest
from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.incoming import Incoming
from proxy.json_response import JsonResponse
from proxy.lifecycle.control import Control
from proxy.routes.table import Route


async def reload(request: Incoming, caller: Caller) -> Response:
    """Serve what the configuration file says now; requests under way keep what they began with.

    A file that can't be used is refused with the places and the reasons, and nothing changes.
    """
    del caller
    try:
        reloaded = await _control(request).reload()
    except ConfigError as error:
        raise InvalidRequest(str(error), code="invalid_configuration") from error
    return JsonResponse(
        {
            "status": "reloaded",
            "workers": reloaded.workers,
            "of": reloaded.of,
            "notices": reloaded.notices,
        }
    )


async def drain(request: Incoming, caller: Caller) -> Response:
    """Announce the end: readiness and liveness fail, and requests are served until a signal comes.

    There is no way back.
    """
    del caller
    control = _control(request)
    await control.drain()
    return JsonResponse({"status": "shutting_down", "in_flight_requests": await _others(control)})


async def backlog(request: Incoming, caller: Caller) -> Response:
    """Count the requests under way, but for this one."""
    del caller
    return JsonResponse({"in_flight_requests": await _others(_control(request))})


async def _others(control: Control) -> int:
    return max(0, await control.backlog() - 1)


def _control(request: Incoming) -> Control:
    return cast("Control", request.state["control"])


ROUTES = (
    Route(
        paths=("/config/reload",),
        method="POST",
        access=Access.ADMIN,
        handler=reload,
        summary="Serve what the configuration file says now",
    ),
    Route(
        paths=("/health/drain",),
        method="POST",
        access=Access.ADMIN,
        handler=drain,
        summary="Announce that the gateway ends",
    ),
    Route(
        paths=("/health/backlog",),
        method="GET",
        access=Access.CALLER,
        handler=backlog,
        summary="How many requests are under way",
    ),
)
