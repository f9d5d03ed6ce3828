"""One route: its paths, who may call it, and what answers; the only way a path gets served."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import field
from functools import cache
from typing import Any, Final, Literal

from pydantic import BaseModel
from starlette.responses import Response

from adapters.value import value
from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.errors import report_early_leaving
from proxy.incoming import ClientGone, Incoming

Handler = Callable[[Incoming, Caller], Awaitable[Response]]

#: How a caller can show the key, in OpenAPI's words.
SECURITY_SCHEMES = {"bearer": {"type": "http", "scheme": "bearer"}}

#: What every answer is that is not a good one.
_ERROR: Final = {
    "description": "An error, in OpenAI's shape",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error"],
                "additionalProperties": False,
                "properties": {
                    "error": {
                        "type": "object",
                        "required": ["message", "type", "param", "code"],
                        "additionalProperties": False,
                        "properties": {
                            "message": {"type": "string"},
                            "type": {"type": "string"},
                            "param": {"type": ["string", "null"]},
                            "code": {"type": "string"},
                        },
                    }
                },
            }
        }
    },
}

_CLIENT_CLOSED_REQUEST = 499


@value(frozen=True, slots=True, kw_only=True)
class Route:
    """A handler and where it stands.

    Args:
        paths: Exact paths, or with `{name}` parts.
        method: GET or POST.
        access: What is asked of the caller; there is no default.
        handler: Answers.
        summary: One line for the docs page.
        body: The request's schema, for the docs page.
    """

    paths: tuple[str, ...]
    method: Literal["GET", "POST"]
    access: Access
    handler: Handler
    summary: str
    body: type[BaseModel] | None = None
    listed: bool = field(default=True)

    @property
    def methods(self) -> tuple[str, ...]:
        """What it is served for: what can be got can also be asked about."""
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)

    async def serve(self, request: Incoming) -> Response:
        """Let the caller in, and answer."""
        gateway = request.gateway
        if self.access is not Access.PUBLIC:
            gateway.peers.admit(request.client_address)
        caller = await gateway.keyring.authenticate(request.scope, self.access, self.paths)
        try:
            return await self.handler(request, caller)
        except ClientGone:
            if request.call is None:  # a call is told of by itself
                report_early_leaving(request)
            return Response(status_code=_CLIENT_CLOSED_REQUEST)  # nobody is there to read it

    @property
    def description(self) -> str:
        """What the handler says of itself, for the docs page."""
        return inspect.getdoc(self.handler) or ""

    def documentation(self, path: str) -> dict[str, Any]:
        """Give what OpenAPI says of the key, the path's parts, the request's body and errors."""
        says: dict[str, Any] = {"responses": {"default": _ERROR}}
        if self.access is not Access.PUBLIC:
            says["security"] = [{name: []} for name in SECURITY_SCHEMES]
        names = re.findall(r"{(\w+)", path)
        if names:
            says["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in names
            ]
        if self.body is not None:
            content = {"application/json": {"schema": _schema(self.body)}}
            says["requestBody"] = {"required": True, "content": content}
        return says


@cache
def _schema(body: type[BaseModel]) -> dict[str, Any]:
    """Give a body's schema with its definitions inside: OpenAPI keeps them elsewhere."""
    schema = body.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolve(part: Any) -> Any:
        if isinstance(part, list):
            return [resolve(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return resolve(definitions[part["$ref"].rpartition("/")[2]])
        return {key: resolve(value) for key, value in part.items()}

    resolved: dict[str, Any] = resolve(schema)
    return resolved


def with_v1(*paths: str) -> tuple[str, ...]:
    """Give each path with and without `/v1` before it."""
    return tuple(prefix + path for path in paths for prefix in ("", "/v1"))


def for_models(path: str) -> tuple[str, ...]:
    """Give an inference path in all its forms, also those that name the model."""
    named = (f"/engines/{{model:path}}{path}", f"/openai/deployments/{{model:path}}{path}")
    return with_v1(path, *named)
