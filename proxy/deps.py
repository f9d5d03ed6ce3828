"""What routes need of a request: the gateway, a checked body, news of the client's leaving."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final, NamedTuple

from adapters.base import Header, Json, Origin, Task
from adapters.errors import GatewayError
from adapters.openai.schemas import AddressedRequest
from adapters.openai.validation import validate
from adapters.signed_headers import PREFIX
from proxy import asking
from proxy.asking import cache_controls, wishes
from proxy.auth import client_fields
from proxy.auth.caller import Caller
from proxy.auth.grants import EVERY_MODEL
from proxy.callbacks.calling import Callbacks
from proxy.callbacks.hooks import Asked
from proxy.door import Door
from proxy.gateway import Gateway
from proxy.incoming import Incoming
from proxy.json_body import parse_object
from proxy.leaving import until_gone
from proxy.limits.claim import Claim
from proxy.registry import Registry
from proxy.routing.answering import Answering
from proxy.routing.call import Call
from proxy.routing.trace import HEADER as TRACEPARENT
from proxy.routing.trace import TraceContext, Traced
from proxy.routing.wishes import Wishes

_SAGEMAKER: Final = PREFIX.encode()
_TRACEPARENT: Final = TRACEPARENT.encode()


def gateway(request: Incoming) -> Gateway:
    """Give the configuration's snapshot that this request is served with."""
    return request.gateway


async def read_object(request: Incoming) -> Json:
    """Read and parse the request's body: a JSON object.

    Raises:
        PayloadTooLarge: it is larger than the gateway takes.
        InvalidRequest: it is none, or there is too much in it.
        ClientGone: the client left in the middle of it.
    """
    return parse_object(await request.body(), request.gateway.json_limits)


async def read_call(request: Incoming, caller: Caller, task: Task) -> tuple[Answering, Call, Json]:
    """Read and check a request for a model: give what answers, its call and its parameters.

    Between the two it waits for its turn, where the process takes only so many requests at once.

    Raises:
        BudgetExceeded: the caller's key has spent what it may.
        Overloaded: there is no room for it.
        DeadlineExceeded: there was none within the time that it gave itself.
        ClientGone: the client left in the middle of its body, or while it waited.
        InvalidRequest: the body is not what the model takes for the task, or names what a client
            may not choose.
        PermissionDenied: the caller's key is not for the model, or for one of these fallbacks.
        ModelNotFound: no such public model, or none that it names as a fallback.
    """
    if caller.account is not None:
        caller.account.check()
    data = request.whole_body()
    if data is None:
        data = await request.body()
    started = time.monotonic()
    if request.gateway.door is None:
        body = parse_object(data, request.gateway.json_limits)
    else:
        body = await _let_in(request.gateway.door, request, caller, data)
    named = request.scope.get("path_params")
    if named and "model" in named:
        body["model"] = named["model"]
    _check_addressed(body)
    callbacks = request.gateway.callbacks
    if callbacks is None or not callbacks.sees_requests:
        meant = _understood(request, caller, body, task)
    else:
        meant = await _seen(callbacks, request, caller, body, task)
    model, params = meant.model, meant.params
    trace, traced = _trace(request, task, params, started)
    call = Call(
        id=request.call_id,
        task=task,
        model=model.name,
        caller=caller.alias,
        key=caller.digest,
        notes=caller.metadata,
        key_claim=caller.claim,
        claims=meant.claims,
        client=request.client_address,
        drain=request.life.drain,
        stream=params.get("stream") is True,
        trace=trace,
        traced=traced,
        started=started,
        is_admin=caller.is_admin,
        size=len(data),
        at_the_door=request.at_the_door,
        wishes=meant.wishes,
        cache_controls=cache_controls(meant.body, request.header(b"cache-control")),
        origin=Origin(
            id=request.own_id,
            caller=caller.alias,
            trace="" if trace is None else trace.header,
            headers=_headers_for_sagemaker(request),
        ),
    )
    request.call = call
    return model, call, params


def _check_addressed(body: Json) -> None:
    """Refuse a request that names no model."""
    if not isinstance(body.get("model"), str):
        validate(AddressedRequest, body)


class _Meant(NamedTuple):
    """A body, and what it asks for."""

    body: Json
    model: Answering
    params: Json
    wishes: Wishes
    #: What the key may use of the model.
    claims: tuple[Claim, ...]


async def _seen(
    callbacks: Callbacks, request: Incoming, caller: Caller, body: Json, task: Task
) -> _Meant:
    """Give what a request asks for, once the operator's callbacks have seen it.

    What they make of it counts as if the client had sent it. Where that is no good request and the
    client's own is, the client's is served: a faulty callback fails nobody's request.
    """
    asked = Asked(call_id=request.call_id, caller=caller.alias, task=task)
    edited = await callbacks.edited(asked, body)
    if edited is body:
        return _understood(request, caller, body, task)
    try:
        _check_addressed(edited)
        return _understood(request, caller, edited, task)
    except GatewayError as error:
        meant = _understood(request, caller, body, task)
        callbacks.useless(error)
        return meant


def _understood(request: Incoming, caller: Caller, body: Json, task: Task) -> _Meant:
    registry = request.gateway.registry
    name = permitted(registry, caller, body["model"])
    model = request.model = registry.model(name)
    schema = model.schemas[task]
    validate(schema, body)
    params = client_fields.parameters(body, model.permitted_fields)
    if body.get("extra_body"):
        validate(schema, params)
    wished = wishes(body, request.headers_under(asking.PREFIX))
    if request.at_the_door:
        wished = wished.after(request.at_the_door)
    if wished.fallbacks or caller.tags:
        wished = _granted(registry, caller, wished)
    claims = caller.claims_on(body["model"], model.name, name)
    return _Meant(body, model, params, wished, claims)


def _trace(
    request: Incoming, task: Task, params: Json, started: float
) -> tuple[TraceContext | None, Traced | None]:
    """Give where a request stands in a trace: with a span of its own, where such are made."""
    header, tracing = request.header(_TRACEPARENT), request.gateway.tracing
    if tracing is None:
        return None if header is None else TraceContext.read(header), None
    return tracing.begin(header, task, params, started)


async def _let_in(door: Door, request: Incoming, caller: Caller, data: bytes) -> Json:
    """Give a request's body, once it is the request's turn; who is refused is not parsed."""
    limits = request.gateway.json_limits
    if door.passes(request, caller):
        return parse_object(data, limits)
    door.check_room()
    body = parse_object(data, limits)
    seconds = wishes(body, request.headers_under(asking.PREFIX)).seconds
    await until_gone(request, door.wait(request, caller, seconds))
    return body


def permitted(registry: Registry, caller: Caller, asked: str) -> str:
    """Give the model that a caller means by a name.

    A key that is not for it hears the same, whether there is such a model or not.

    Raises:
        PermissionDenied: the caller's key is not for it.
    """
    name = caller.resolved(asked)
    if caller.models is not EVERY_MODEL:
        caller.check_model(asked, name, registry.behind(name))
    return name


def _granted(registry: Registry, caller: Caller, wished: Wishes) -> Wishes:
    """Give the wishes that a caller's key allows; the key's tags win over the request's.

    Raises:
        PermissionDenied: a fallback is a model that the key is not for; those of the
            configuration are the operator's own choice.
        ModelNotFound: there is no such fallback.
    """
    if wished.fallbacks:
        allowed = tuple(permitted(registry, caller, name) for name in wished.fallbacks)
        wished = replace(wished, fallbacks=allowed)
        for fallback in allowed:
            registry.pool(fallback)
    return replace(wished, tags=caller.tags) if caller.tags else wished


def _headers_for_sagemaker(request: Incoming) -> tuple[Header, ...]:
    """Give the client's headers of SageMaker's kind; most of them go no further."""
    headers = request.headers_under(_SAGEMAKER)
    if not headers:
        return ()
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
