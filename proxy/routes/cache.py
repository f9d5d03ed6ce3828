"""GET /cache/ping, POST /cache/delete and /cache/flushall: the answers' cache, for its operator.

Source: https://docs.litellm.ai/docs/proxy/caching
"""

from __future__ import annotations

from starlette.responses import Response

from adapters.errors import InvalidRequest, Overloaded
from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.cache.store import Store, StoreUnavailable
from proxy.deps import gateway, read_object
from proxy.incoming import Incoming
from proxy.json_response import JsonResponse
from proxy.routes.table import Route


async def ping(request: Incoming, caller: Caller) -> Response:
    """Tell whether the cache can be read and written."""
    del caller
    store = _store(request)
    try:
        await store.check()
    except StoreUnavailable as error:
        raise _away() from error
    return JsonResponse({"status": "healthy", "cache_type": store.kind, "ping_response": True})


async def delete(request: Incoming, caller: Caller) -> Response:
    """Forget the answers with the keys that `keys` lists, as `x-litellm-cache-key` gave them."""
    del caller
    store = _store(request)
    keys = (await read_object(request)).get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise InvalidRequest(
            "Invalid value for 'keys': expected a list of strings.",
            param="keys",
            code="invalid_type",
        )
    try:
        there = await store.delete(keys)
    except StoreUnavailable as error:
        raise _away() from error
    return JsonResponse({"status": "success", "deleted": there})


async def clear(request: Incoming, caller: Caller) -> Response:
    """Forget all answers."""
    del caller
    try:
        await _store(request).clear()
    except StoreUnavailable as error:
        raise _away() from error
    return JsonResponse({"status": "success"})


def _store(request: Incoming) -> Store:
    cache = gateway(request).cache
    if cache is None:
        raise InvalidRequest(
            "Answers are not cached: litellm_settings.cache switches that on.",
            code="cache_not_configured",
        )
    return cache.store


def _away() -> Overloaded:
    return Overloaded("The cache's Redis does not answer.", code="cache_unavailable")


ROUTES = (
    Route(
        paths=("/cache/ping",),
        method="GET",
        access=Access.ADMIN,
        handler=ping,
        summary="Whether the cache can be read and written",
    ),
    Route(
        paths=("/cache/delete",),
        method="POST",
        access=Access.ADMIN,
        handler=delete,
        summary="Forget some cached answers",
    ),
    Route(
        paths=("/cache/flushall",),
        method="POST",
        access=Access.ADMIN,
        handler=clear,
        summary="Forget all cached answers",
    ),
)
