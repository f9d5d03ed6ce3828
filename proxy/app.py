"""The application on one page: what is built at start, what requests pass, what is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from proxy.building import Builder, Opener, open_connections
from proxy.errors import on_http_exception
from proxy.lifecycle.control import Alone, Reread
from proxy.lifecycle.life import Settle, living
from proxy.lifecycle.plan import Plan
from proxy.limits.ledgers import Ledgers
from proxy.passage import Passage
from proxy.routes import ROUTES
from proxy.routes.table import Route
from proxy.telemetry.metrics.page import Page, open_metrics
from proxy.telemetry.metrics.pulse import Pulse, beating


def _nothing_to_settle(plan: Plan) -> None:
    """Leave the process as it is."""
    del plan


def create_app(
    plan: Plan,
    *,
    opener: Opener = open_connections,
    reread: Reread | None = None,
    settle: Settle = _nothing_to_settle,
    processes: int = 1,
    shared: Path | None = None,
) -> FastAPI:
    """Build the application.

    In its state: `life`, with the gateway that each request is served with, `control`,
    `metrics`, and the `metrics_page` of all processes.

    Args:
        plan: What is served first.
        opener: Opens the way to AWS.
        reread: Gives the plan to serve after a reload; None gives the first one again.
        settle: Makes a plan's process-wide settings true before it is served after a reload.
        processes: How many serve the configuration together.
        shared: A folder of theirs for what they count together; None where this one is alone.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        settings = plan.config.litellm_settings
        buckets, notes = (
            settings.prometheus_latency_buckets,
            settings.custom_prometheus_metadata_labels,
        )
        async with AsyncExitStack() as stack:
            metrics = stack.enter_context(open_metrics(buckets, shared, notes))
            ledgers = await stack.enter_async_context(aclosing(Ledgers(shared)))
            builder = Builder(opener, ledgers, metrics, processes=processes, shared=shared)
            life = await stack.enter_async_context(living(builder.open, settle, plan))
            pulse = Pulse(
                metrics,
                calls=lambda: life.calls,
                tasks=lambda: len(asyncio.all_tasks()),
                live=builder.live,
                members=lambda: life.gateway.registry.members(),  # noqa: PLW0108 - of the moment
                credentials=builder.credentials,
                budgets=lambda: life.gateway.budgets(),  # noqa: PLW0108 - of the moment
            )
            await stack.enter_async_context(beating(pulse))
            yield {
                "life": life,
                "control": Alone(life, reread or (lambda: plan)),
                "metrics": metrics,
                "metrics_page": Page(metrics, pulse, shared),
            }

    app = _Application(
        title="sagegate",
        summary="The OpenAI-compatible gateway for Amazon SageMaker",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(HTTPException, on_http_exception)
    for route in ROUTES:
        _mount(app, route)
    return app


class _Application(FastAPI):
    """FastAPI behind the passage: it documents the routes, and finds those that need a search."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._passage = Passage(super().__call__, ROUTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] == "http":
            scope["app"] = self
            await self._passage(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _mount(app: FastAPI, route: Route) -> None:
    """Let a route be found under each of its paths."""
    for path in route.paths:
        for method in route.methods:
            app.add_api_route(
                path,
                _finder(route, path),
                methods=[method],
                summary=route.summary,
                description=route.description,
                response_model=None,
                include_in_schema=(
                    method == route.method and route.listed and "{model:path}" not in path
                ),
            )


def _finder(route: Route, path: str) -> Callable[[Request], Awaitable[Response]]:
    """Give the endpoint of a route: it answers nothing, and tells the passage who does."""

    async def serve(request: Request) -> Response:  # OpenAPI's names of operations say "serve"
        request.state.incoming.path = path
        request.state.route = route
        return _Nothing()

    return serve


class _Nothing(Response):
    """No response: whoever has asked for the route sends one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing."""
