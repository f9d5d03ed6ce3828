"""The application: the routes of SageMaker Runtime and of the control plane, and our own."""

import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.control import Control
from emulator.control_plane.door import ControlPlaneDoor
from emulator.dates import Dated
from emulator.errors import unknown_operation
from emulator.invocation import Invocations
from emulator.openai_path import OpenAIPath
from emulator.runtime import build
from emulator.settings import Settings

_logger = logging.getLogger(__name__)


def create_app(settings: Settings) -> Starlette:
    """Builds the application; its `state.runtime` is the `Runtime` that it serves."""
    runtime = build(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        for url in await runtime.unhealthy():
            _logger.warning("the container %s is not ready yet", url)
        yield
        await runtime.aclose()

    async def ping(_: Request) -> Response:
        return Response(status_code=503 if await runtime.unhealthy() else 200)

    ahead = settings.clock_ahead
    endpoint = "/endpoints/{endpoint}"
    component = endpoint + "/inference-components/{component}"
    invocations = endpoint + "/invocations"
    chat = "/openai/v1/chat/completions"
    app = Starlette(
        routes=[
            Route(invocations, Invocations(runtime, "invoke"), methods=["POST"]),
            Route(
                invocations + "-response-stream", Invocations(runtime, "stream"), methods=["POST"]
            ),
            *(
                Route(prefix + chat, OpenAIPath(runtime), methods=["POST"])
                for prefix in (endpoint, component)
            ),
            Route("/", ControlPlaneDoor(runtime), methods=["POST"]),
            Route("/ping", ping, methods=["GET"]),
            *Control(runtime).routes(),
        ],
        middleware=[Middleware(Dated, clock_ahead=ahead)] if ahead else None,
        exception_handlers={404: _unknown_operation, 405: _unknown_operation},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.runtime = runtime
    return app


async def _unknown_operation(_: Request, __: Exception) -> Response:
    refused = unknown_operation()
    headers = {"x-amzn-errortype": refused.name, "x-amzn-requestid": str(uuid.uuid4())}
    return Response(refused.body, refused.status, headers, media_type=refused.content_type)
