"""GET /, /docs and /openapi.json: what this server offers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.errors import JsonResponse
from proxy.routes.table import SECURITY_SCHEMES, Route


async def root(request: Request, caller: Caller) -> Response:
    """Say what this is and where to go on."""
    del request, caller
    return JsonResponse(
        {"name": "sagegate", "docs": "/docs", "openapi": "/openapi.json", "models": "/v1/models"}
    )


async def docs(request: Request, caller: Caller) -> Response:
    """Show the interactive documentation."""
    del request, caller
    return get_swagger_ui_html(openapi_url="/openapi.json", title="sagegate")


async def openapi(request: Request, caller: Caller) -> Response:
    """Give the machine-readable documentation."""
    del caller
    app: FastAPI = request.app
    _describe(app.routes)
    document = app.openapi()
    components = {**document.get("components", {}), "securitySchemes": SECURITY_SCHEMES}
    return JsonResponse({**document, "components": components})


def _describe(mounted: Iterable[BaseRoute]) -> None:
    """Have each route say what only it knows: here, since a start need not wait for schemas."""
    from proxy.routes import ROUTES as ALL  # noqa: PLC0415 - this file is one of them

    known: dict[Any, Route] = {route.serve: route for route in ALL}
    for each in mounted:
        if isinstance(each, APIRoute) and each.include_in_schema:
            each.openapi_extra = known[each.endpoint].documentation(each.path)


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
