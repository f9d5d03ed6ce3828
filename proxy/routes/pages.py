"""GET /, /docs and /openapi.json: what this server offers."""

from __future__ import annotations

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response

from adapters.base import Json
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
    document = request.app.openapi()
    components = {**document.get("components", {}), "securitySchemes": SECURITY_SCHEMES}
    return JsonResponse({**document, "paths": _told(document["paths"]), "components": components})


def _told(paths: dict[str, Json]) -> dict[str, Json]:
    """Add what each route says of itself: here, since a start need not wait for schemas."""
    from proxy.routes import ROUTES as ALL  # noqa: PLC0415 - this file is one of them

    told = {path: dict(operations) for path, operations in paths.items()}
    for route in ALL:
        method = route.method.lower()
        for path in told.keys() & set(route.paths):
            plain, said = told[path][method], route.documentation(path)
            responses = {**plain["responses"], **said["responses"]}
            told[path][method] = {**plain, **said, "responses": responses}
    return told


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
