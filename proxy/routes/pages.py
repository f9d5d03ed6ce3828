"""GET /, /docs and /openapi.json: what this server offers."""

from __future__ import annotations

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import Response

from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.incoming import Incoming
from proxy.json_response import JsonResponse
from proxy.routes.table import SECURITY_SCHEMES, Route


async def root(request: Incoming, caller: Caller) -> Response:
    """Say what this is and where to go on."""
    del request, caller
    return JsonResponse(
        {"name": "sagegate", "docs": "/docs", "openapi": "/openapi.json", "models": "/v1/models"}
    )


async def docs(request: Incoming, caller: Caller) -> Response:
    """Show the interactive documentation."""
    del request, caller
    return get_swagger_ui_html(openapi_url="/openapi.json", title="sagegate")


async def openapi(request: Incoming, caller: Caller) -> Response:
    """Give the machine-readable documentation."""
    del caller
    document = request.app.openapi()
    components = {**document.get("components", {}), "securitySchemes": SECURITY_SCHEMES}
    return JsonResponse({**document, "components": components})


ROUTES = tuple(
    Route(
        paths=(path,),
        method="GET",
        access=Access.CALLER,
        handler=handler,
        summary=summary,
        listed=False,
    )
    for path, handler, summary in (
        ("/", root, "What this is"),
        ("/docs", docs, "The interactive documentation"),
        ("/openapi.json", openapi, "The machine-readable documentation"),
    )
)
