"""Errors as replies: OpenAI's envelope, and nothing that should stay inside."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import quote

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from adapters.errors import (
    AuthenticationFailed,
    GatewayError,
    InvalidRequest,
    MethodNotAllowed,
    Overloaded,
    RouteNotFound,
)
from adapters.signed_headers import INFERENCE_ID
from proxy.limits.quota_headers import quota_headers
from proxy.routing.call import Call
from proxy.telemetry.logs import report_refusal

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


def of_call(call: Call) -> dict[str, str]:
    """Give the headers that tell how a call went, and what its data capture is found by.

    The model and the deployment are those that were asked last.
    """
    headers = {
        "x-litellm-model-group": _plain(call.group or call.model),
        "x-litellm-attempted-retries": str(call.retries),
        "x-litellm-attempted-fallbacks": str(call.fell_back),
    }
    if call.deployment is not None:
        headers["x-litellm-model-id"] = _plain(call.deployment)
    headers.update(quota_headers(call.remaining))
    if call.inference_id is not None:
        headers[INFERENCE_ID.lower()] = call.inference_id
    return headers


def _plain(name: str) -> str:
    """Give a configured name as a header's value; what a header can't hold is percent-encoded."""
    return name if name.isascii() and name.isprintable() else quote(name)


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


def unexpected() -> GatewayError:
    """Give the face of a fault of our own; what it was is for the log alone."""
    return GatewayError("The gateway failed to answer this request.")


def shutting_down() -> GatewayError:
    """Give what is said where this process ends before the answer: another one may be asked."""
    return Overloaded(
        "The gateway is shutting down before the answer is complete.",
        code="shutting_down",
        retry_after=1,
    )
