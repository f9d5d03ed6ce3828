"""GET /models and /models/{id}: the public names that the configuration has.

Source: https://platform.openai.com/docs/api-reference/models
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.base import Json
from proxy.auth.keyring import Access, Caller
from proxy.deps import gateway
from proxy.errors import JsonResponse
from proxy.routes.table import Route, with_v1


async def index(request: Request, caller: Caller) -> Response:
    """List the models."""
    del caller
    registry = gateway(request).registry
    models = [_model(name, registry.created) for name in registry.names()]
    return JsonResponse({"object": "list", "data": models})


async def show(request: Request, caller: Caller) -> Response:
    """Show one model."""
    del caller
    registry = gateway(request).registry
    pool = registry.pool(request.path_params["id"])
    return JsonResponse(_model(pool.model, registry.created))


def _model(name: str, created: int) -> Json:
    return {"id": name, "object": "model", "created": created, "owned_by": "sagemaker"}


ROUTES = (
    Route(
        paths=with_v1("/models"),
        method="GET",
        access=Access.CALLER,
        handler=index,
        summary="List the models",
    ),
    Route(
        paths=with_v1("/models/{id:path}"),
        method="GET",
        access=Access.CALLER,
        handler=show,
        summary="Show a model",
    ),
)
