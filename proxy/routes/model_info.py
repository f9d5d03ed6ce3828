"""GET /model/info: what is known about each deployment, without credentials and addresses."""

from __future__ import annotations

from starlette.responses import Response

from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.deps import gateway
from proxy.incoming import Incoming
from proxy.json_response import JsonResponse
from proxy.routes.table import Route


async def index(request: Incoming, caller: Caller) -> Response:
    """List the deployments: public name, endpoint, region, format and the configured facts."""
    cards = gateway(request).registry.cards()
    return JsonResponse({"data": [card for card in cards if caller.may_use(card["model_name"])]})


ROUTES = (
    Route(
        paths=("/model/info", "/v1/model/info", "/v2/model/info"),
        method="GET",
        access=Access.CALLER,
        handler=index,
        summary="What is known about each deployment",
    ),
)
