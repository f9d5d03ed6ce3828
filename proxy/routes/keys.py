"""/key/…: an administrator's virtual keys, under LiteLLM's names.

A key is shown once, when it is made; later it is told by its SHA-256, or its last four characters.

Source: https://docs.litellm.ai/docs/proxy/virtual_keys
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, TypeVar

from starlette.responses import Response

from adapters.errors import InvalidRequest
from adapters.openai.validation import validate
from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.deps import gateway, read_object
from proxy.incoming import Incoming
from proxy.json_response import JsonResponse
from proxy.keys.bodies import Body, DeleteKeys, GenerateKey, OneKey, RegenerateKey, UpdateKey
from proxy.keys.shown import shown_key, shown_log
from proxy.routes.table import Route

if TYPE_CHECKING:
    from proxy.keys.desk import KeyDesk

B = TypeVar("B", bound=Body)

_MOST_ON_A_PAGE: Final = 100
_FOR_KEYS: Final = frozenset({Access.CALLER, Access.NAMED})


async def generate(request: Incoming, caller: Caller) -> Response:
    """Make a key, and show it: it is never shown again."""
    del caller
    body = await _read(request, GenerateKey)
    key, record = await _desk(request).generate(body, _paths())
    return JsonResponse({"key": key, **shown_key(record)})


async def update(request: Incoming, caller: Caller) -> Response:
    """Change what a key is for; null lifts a limit, what is not named stays."""
    del caller
    body = await _read(request, UpdateKey)
    record = await _desk(request).update(body, _paths())
    return JsonResponse({"key": record.digest, **shown_key(record)})


async def regenerate(request: Incoming, caller: Caller) -> Response:
    """Put a new key in a key's place, and show it; the old one is none any more."""
    del caller
    body = await _read(request, RegenerateKey)
    key, record = await _desk(request).regenerate(body, _paths())
    return JsonResponse({"key": key, **shown_key(record)})


async def delete(request: Incoming, caller: Caller) -> Response:
    """End keys for ever, by themselves, their digests or their aliases."""
    del caller
    body = await _read(request, DeleteKeys)
    return JsonResponse({"deleted_keys": await _desk(request).delete(body)})


async def block(request: Incoming, caller: Caller) -> Response:
    """Switch a key off."""
    del caller
    body = await _read(request, OneKey)
    return JsonResponse(shown_key(await _desk(request).block(body.key, blocked=True)))


async def unblock(request: Incoming, caller: Caller) -> Response:
    """Switch a key on again."""
    del caller
    body = await _read(request, OneKey)
    return JsonResponse(shown_key(await _desk(request).block(body.key, blocked=False)))


async def info(request: Incoming, caller: Caller) -> Response:
    """Show what a key is for and what it has spent: `?key=` with the key or its digest."""
    del caller
    key = request.query_params.get("key")
    if not key:
        raise InvalidRequest("Which key? Add ?key= and its digest.", param="key")
    record = await _desk(request).find(key)
    return JsonResponse({"key": record.digest, "info": shown_key(record)})


async def index(request: Incoming, caller: Caller) -> Response:
    """List the keys' digests, the newest first, or with `return_full_object=true` all of them."""
    del caller
    query = request.query_params
    number, size = _whole(query.get("page"), "page", 1), _whole(query.get("size"), "size", 10)
    size = min(size, _MOST_ON_A_PAGE)
    records, total = await _desk(request).page(
        number, size, alias=query.get("key_alias"), digest=query.get("key_hash")
    )
    in_full = query.get("return_full_object", "").lower() == "true"
    return JsonResponse(
        {
            "keys": [shown_key(each) if in_full else each.digest for each in records],
            "total_count": total,
            "current_page": number,
            "total_pages": math.ceil(total / size),
        }
    )


async def spend_logs(request: Incoming, caller: Caller) -> Response:
    """List what requests have cost, the newest first.

    Narrowed by `api_key` (a key or its digest), `request_id`, `start_date` and `end_date`.
    """
    del caller
    query, desk = request.query_params, _desk(request)
    key = query.get("api_key")
    logs = await desk.spend_logs(
        digest=(await desk.find(key)).digest if key else None,
        request_id=query.get("request_id"),
        since=_moment(query.get("start_date"), "start_date"),
        until=_moment(query.get("end_date"), "end_date"),
    )
    return JsonResponse([shown_log(log) for log in logs])


def _desk(request: Incoming) -> KeyDesk:
    desk = gateway(request).desk
    if desk is None:
        raise InvalidRequest(
            "Virtual keys need a database: set general_settings.database_url, for instance to "
            "sqlite:////var/lib/sagegate/keys.db.",
            code="no_database",
        )
    return desk


async def _read(request: Incoming, schema: type[B]) -> B:
    _desk(request)  # before the body is judged
    body = await read_object(request)
    validate(schema, body)
    return schema.model_validate(body)


def _paths() -> frozenset[str]:
    """Give all paths of the routes that a key can be for."""
    from proxy.routes import ROUTES as ALL  # noqa: PLC0415 - this file is one of them

    return frozenset(path for each in ALL if each.access in _FOR_KEYS for path in each.paths)


def _whole(text: str | None, name: str, otherwise: int) -> int:
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:9]) == int(text):
        raise InvalidRequest(f"'{name}' must be a whole number, 1 or more.", param=name)
    return int(text)


def _moment(text: str | None, name: str) -> float | None:
    from proxy.config.key_entry import moment  # noqa: PLC0415 - a rare question

    if text is None:
        return None
    try:
        return moment(text)
    except ValueError as error:
        raise InvalidRequest(f"'{name}': {error}.", param=name) from None


def _route(path: str, method: Any, handler: Any, summary: str, body: Any = None) -> Route:
    return Route(
        paths=(path,),
        method=method,
        access=Access.ADMIN,
        handler=handler,
        summary=summary,
        body=body,
    )


ROUTES = (
    _route("/key/generate", "POST", generate, "Make a virtual key", GenerateKey),
    _route("/key/update", "POST", update, "Change what a key is for", UpdateKey),
    _route("/key/regenerate", "POST", regenerate, "Put a new key in its place", RegenerateKey),
    _route("/key/delete", "POST", delete, "End keys for ever", DeleteKeys),
    _route("/key/block", "POST", block, "Switch a key off", OneKey),
    _route("/key/unblock", "POST", unblock, "Switch a key on again", OneKey),
    _route("/key/info", "GET", info, "Show a key"),
    _route("/key/list", "GET", index, "List the keys"),
    _route("/spend/logs", "GET", spend_logs, "List what requests have cost"),
)
