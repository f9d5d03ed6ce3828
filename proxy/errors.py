"""Errors as replies: OpenAI's envelope, and nothing that should stay inside."""

from __future__ import annotations

import math
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from adapters.errors import (
    AuthenticationFailed,
    GatewayError,
    InvalidRequest,
    MethodNotAllowed,
    RouteNotFound,
)
from proxy.call_headers import of_call
from proxy.telemetry.logs import report_gone, report_refusal
from proxy.telemetry.metrics.reporter import Metrics

_NOT_FOUND = 404
_METHOD_NOT_ALLOWED = 405


class JsonResponse(Response):
    """A reply of JSON, written by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write the content."""
        return orjson.dumps(content)


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


async def on_gateway_error(request: Request, error: Exception) -> Response:
    """Answer an error of our own tree; a call's own failure is logged with the call."""
    assert isinstance(error, GatewayError)  # noqa: S101 - registered for this class only
    response = error_response(error)
    if hasattr(request.state, "call"):
        response.headers.update(of_call(request.state.call))
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
    _refused(request, refusal)
    response = error_response(refusal)
    response.headers.update(error.headers or {})
    return response


def _refused(request: Request, error: GatewayError) -> None:
    state = request.state
    report_refusal(state.call_id, state.client, request.method, request.url.path, error)
    metrics: Metrics = state.metrics
    route, model = request.scope.get("route"), getattr(state, "model", None)
    metrics.refused(error, getattr(route, "path", ""), None if model is None else model.name)


def report_early_refusal(scope: Scope, error: GatewayError) -> None:
    """Log and count a request that was refused before the router has seen it."""
    state = scope["state"]
    report_refusal(state["call_id"], state["client"], scope["method"], scope["path"], error)
    state["metrics"].refused(error, scope["path"])


def report_early_leaving(request: Request) -> None:
    """Log and count a client that left before there was a call of its request."""
    state = request.state
    report_gone(state.call_id, state.client, request.method, request.url.path)
    state.metrics.left_early(getattr(request.scope.get("route"), "path", ""))


def unexpected() -> GatewayError:
    """Give the face of a fault of our own; what it was is for the log alone."""
    return GatewayError("The gateway failed to answer this request.")
