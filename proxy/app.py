"""The application on one page: what is built at start, what requests pass, what is served."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from adapters.errors import GatewayError
from proxy.building import Builder, Opener, open_connections
from proxy.door import DoorCloses
from proxy.errors import on_gateway_error, on_http_exception
from proxy.exact_paths import ExactPaths
from proxy.lifecycle.control import Alone, Reread
from proxy.lifecycle.life import Settle, living
from proxy.lifecycle.plan import Plan
from proxy.limits.ledgers import Ledgers
from proxy.middleware import BodyLimit, CallIdentity, Cors, Entrance
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

    app = FastAPI(
        title="sagegate",
        summary="The OpenAI-compatible gateway for Amazon SageMaker",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(GatewayError, on_gateway_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    for route in ROUTES:
        _mount(app, route)
    app.add_middleware(ExactPaths, routes=app.routes)
    for layer in (
        DoorCloses,
        BodyLimit,
        CallIdentity,
        Cors,
        Entrance,
    ):  # the last one is the outermost
        app.add_middleware(layer)
    return app


def _mount(app: FastAPI, route: Route) -> None:
    """Serve a route under each of its paths; what can be got can also be asked about."""
    for path in route.paths:
        app.add_api_route(
            path,
            route.serve,
            methods=[route.method],
            summary=route.summary,
            description=route.description,
            response_model=None,
            include_in_schema=route.listed and "{model:path}" not in path,
        )
        if route.method == "GET":
            app.add_api_route(path, route.serve, methods=["HEAD"], include_in_schema=False)
