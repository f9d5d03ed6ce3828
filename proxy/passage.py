"""What every request passes, once: in, to the route that serves it, and out again.

In front of FastAPI, which only finds the routes whose paths have parts that vary, and answers where
there is none. Pure ASGI: nothing is buffered, streams pass as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.errors import GatewayError
from proxy.errors import (
    error_response,
    on_gateway_error,
    on_leaving,
    report_early_refusal,
    unexpected,
)
from proxy.incoming import ClientGone, Incoming
from proxy.lifecycle.life import Life
from proxy.outgoing import Outgoing
from proxy.routes.table import Route

_log = structlog.stdlib.get_logger("sagegate")


class Passage:
    """Lets requests in, has them served, and answers what nothing else caught.

    Each is served with the gateway of the moment that it came in, and counted until it has ended.

    Args:
        app: Finds the route of a request, and notes it there; or answers that there is none.
        routes: All there are.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[Route]) -> None:
        self._app = app
        self._routes = {
            (method, path): route
            for route in routes
            for path in route.paths
            if "{" not in path
            for method in route.methods
        }
        self._rules: Mapping[str, Any] | None = None
        self._ruled: ASGIApp = self._behind_rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = scope["state"]
        life: Life = state["life"]
        generation = life.enter()
        try:
            request = Incoming(scope, receive, generation.gateway, life)
            if request.crosses_origins:
                state["incoming"] = request
                await self._cors(generation.gateway.cors)(scope, receive, send)
            else:
                await self._answer(request, send)
        finally:
            generation.leave()

    def _cors(self, rules: Mapping[str, Any]) -> ASGIApp:
        """Give the way of requests from web pages, which are told whether they may call."""
        if rules is not self._rules:
            self._rules, self._ruled = rules, CORSMiddleware(self._behind_rules, **rules)
        return self._ruled

    async def _behind_rules(self, scope: Scope, _: Receive, send: Send) -> None:
        await self._answer(scope["state"]["incoming"], send)

    async def _answer(self, request: Incoming, send: Send) -> None:
        """Answer a request, whatever happens to it; and let in the next one at the door."""
        answer = Outgoing(request, send)
        try:
            await self._serve(request, answer)
        except asyncio.CancelledError:
            if not request.life.drain.cut:
                raise
            await answer.cut()
        except Exception:
            if answer.started:
                raise
            path = request.scope["path"]
            _log.exception("request.failed", call_id=request.call_id, path=path)
            await answer.give(error_response(unexpected()))
        finally:
            if request.permit is not None:
                request.permit.release()

    async def _serve(self, request: Incoming, answer: Outgoing) -> None:
        try:
            request.check_announced()
        except GatewayError as refusal:
            report_early_refusal(request, refusal)
            await answer.give(error_response(refusal))
            return
        scope = request.scope
        route = self._routes.get((scope["method"], scope["path"]))
        if route is not None:
            request.path = scope["path"]
        else:
            route = await self._searched(request, answer)
        if route is None:
            return
        try:
            response = await route.handler(request, await route.caller(request))
        except GatewayError as error:
            response = on_gateway_error(request, error)
        except ClientGone:
            response = on_leaving(request)
        await answer.give(response)
        if request.call is not None:
            request.call.let_go()

    async def _searched(self, request: Incoming, answer: Outgoing) -> Route | None:
        """Give the route of no exact path; None where it has been told that there is none."""
        state = request.scope["state"]
        state["incoming"] = request
        await self._app(request.scope, request.receive, answer.send)
        found: Route | None = state.get("route")
        return found
