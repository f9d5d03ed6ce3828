"""Errors as replies: OpenAI's envelope, and nothing that should stay inside."""

from __future__ import annotations

import math

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from adapters.errors import (
    AuthenticationFailed,
    GatewayError,
    InvalidRequest,
    MethodNotAllowed,
    RouteNotFound,
)
from proxy.call_headers import of_call, of_way
from proxy.incoming import Incoming
from proxy.json_response import JsonResponse
from proxy.telemetry.logs import report_gone, report_refusal
from proxy.telemetry.metrics.reporter import Metrics

_NOT_FOUND = 404
_METHOD_NOT_ALLOWED = 405
_CLIENT_CLOSED_REQUEST = 499


def error_response(error: GatewayError) -> JsonResponse:
    """Give the reply for an error: status, envelope and the headers that clients obey."""
    return JsonResponse(error.envelope(), error.status, headers=_headers(error))


def _headers(error: GatewayError) -> dict[str, str]:
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(math.ceil(error.retry_after))
    if error.should_retry is not None:
        headers["x-should-retry"] = str(error.should_retry).lower()
    if error.request_id:
        headers["x-amzn-requestid"] = error.request_id
    if isinstance(error, AuthenticationFailed):  # ours; a container's 401 is not about our key
        headers["www-authenticate"] = "Bearer"
    return headers


def on_gateway_error(request: Incoming, error: GatewayError) -> JsonResponse:
    """Answer an error of our own tree; a call's own failure is logged with the call."""
    response = error_response(error)
    if request.call is not None:
        response.standing = of_way(request.call)
        response.fields.update(of_call(request.call))
    else:
        _refused(request, error)
    return response


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the router itself refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    path, method = request.url.path, request.method
    if error.status_code == _NOT_FOUND:
        refusal: GatewayError = RouteNotFound(f"There is no route {method} {path}.")
    elif error.status_code == _METHOD_NOT_ALLOWED:
        refusal = MethodNotAllowed(f"{path} does not take {method}.")
    else:
        refusal = InvalidRequest(str(error.detail), status=error.status_code)
    _refused(request.state.incoming, refusal)
    response = error_response(refusal)
    response.fields.update({name.lower(): said for name, said in (error.headers or {}).items()})
    return response


def _refused(request: Incoming, error: GatewayError) -> None:
    _report(request, error)
    model, metrics = request.model, _metrics(request)
    metrics.refused(error, request.path, None if model is None else model.name)


def report_early_refusal(request: Incoming, error: GatewayError) -> None:
    """Log and count a request that was refused before anybody has looked for its route."""
    _report(request, error)
    _metrics(request).refused(error, request.scope["path"])


def on_leaving(request: Incoming) -> Response:
    """Answer a client that has left, by custom: nobody is there to read it.

    Where there was no call of its request yet that is logged and counted; a call is told of by
    itself.
    """
    if request.call is None:
        report_gone(request.call_id, request.client_address, request.method, request.scope["path"])
        _metrics(request).left_early(request.path)
    return Response(status_code=_CLIENT_CLOSED_REQUEST)


def _report(request: Incoming, error: GatewayError) -> None:
    path = request.scope["path"]
    report_refusal(request.call_id, request.client_address, request.method, path, error)


def _metrics(request: Incoming) -> Metrics:
    metrics: Metrics = request.state["metrics"]
    return metrics


def unexpected() -> GatewayError:
    """Give the face of a fault of our own; what it was is for the log alone."""
    return GatewayError("The gateway failed to answer this request.")
