"""GET /, /docs and /openapi.json: what this server offers."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import BaseRoute

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
    app: FastAPI = request.scope["app"]
    _describe(app.routes)
    document = app.openapi()
    components = {**document.get("components", {}), "securitySchemes": SECURITY_SCHEMES}
    return JsonResponse({**document, "components": components})


def _describe(mounted: Iterable[BaseRoute]) -> None:
    """Have each route say what only it knows: here, since a start need not wait for schemas."""
    from proxy.routes import ROUTES as ALL  # noqa: PLC0415 - this file is one of them

    known: dict[tuple[str, str], Route] = {
        (path, route.method): route for route in ALL for path in route.paths
    }
    for each in mounted:
        if isinstance(each, APIRoute) and each.include_in_schema:
            for method in each.methods or ():
                each.openapi_extra = known[each.path, method].documentation(each.path)


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
