"""The short way to a route: by its exact path, without the framework's router.

The router tries one pattern after the other, and prepares for dependencies that no handler here
has: a quarter of the work of a plain request. It serves what is left: paths with parts that vary,
unknown ones, and methods that a path does not take.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.errors import GatewayError
from proxy.errors import on_gateway_error
from proxy.routing.call import Call


class ExactPaths:
    """Answers requests for the paths that have no part that varies; the innermost middleware.

    Args:
        app: Answers everything else.
        routes: What is mounted there, each with an endpoint from a request to a response.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._routes = {
            (method, route.path): route
            for route in routes
            if isinstance(route, APIRoute) and "{" not in route.path
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        route = None
        if scope["type"] == "http":
            route = self._routes.get((scope["method"], scope["path"]))
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive, send)
        try:
            response = await route.endpoint(request)
        except GatewayError as error:
            response = await on_gateway_error(request, error)
        await response(scope, receive, send)
        call: Call | None = scope["state"].get("call")
        if call is not None:
            call.let_go()
