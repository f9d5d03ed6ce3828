"""GET /models and /models/{id}: the public names that the configuration has, and discovered ones.

The latter have a field that OpenAI's don't have: `status`, AWS's word for the endpoint's state.

Source: https://platform.openai.com/docs/api-reference/models
"""

from __future__ import annotations

from starlette.responses import Response

from adapters.base import Json
from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.deps import gateway, permitted
from proxy.incoming import Incoming
from proxy.json_response import JsonResponse
from proxy.routes.table import Route, with_v1


async def index(request: Incoming, caller: Caller) -> Response:
    """List the models that the caller's key is for, and its own names for them."""
    registry = gateway(request).registry
    models = {
        name: status
        for name, status in registry.models().items()
        if caller.may_use(name, registry.behind(name))
    }
    for name, model in caller.aliases.items():
        if caller.may_use(model, registry.behind(model)):
            models.setdefault(name, None)
    listed = [_model(name, registry.created, status) for name, status in models.items()]
    return JsonResponse({"object": "list", "data": listed})


async def show(request: Incoming, caller: Caller) -> Response:
    """Show one model."""
    registry = gateway(request).registry
    asked = request.scope["path_params"]["id"]
    name = permitted(registry, caller, asked)
    registry.pool(name)
    return JsonResponse(_model(asked, registry.created, registry.models().get(name)))


def _model(name: str, created: int, status: str | None) -> Json:
    model = {"id": name, "object": "model", "created": created, "owned_by": "sagemaker"}
    return model if status is None else {**model, "status": status}


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
