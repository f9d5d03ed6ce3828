"""A reply of JSON, whose headers stay plain until it is sent: in one write, where that can be."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from proxy.standing import NONE, Standing


class JsonResponse(Response):
    """A reply of JSON, written by orjson.

    Args:
        content: What is written.
        status: HTTP's.
        headers: Beside those of every JSON; names in lower case, each once.
        standing: Further ones, of other names.

    Attributes:
        fields: All headers but those.
        written: The body.

    Raises:
        TypeError: the content is no JSON, or too deep.
    """

    background = None

    def __init__(
        self,
        content: Any,
        status: int = 200,
        headers: dict[str, str] | None = None,
        standing: Standing = NONE,
    ) -> None:
        self.status_code = status
        self.body = self.written = orjson.dumps(content)
        self.standing = standing
        self.fields: dict[str, str] = {} if headers is None else headers
        self.fields["content-length"] = str(len(self.written))
        self.fields["content-type"] = "application/json"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it as ASGI has it."""
        del scope, receive
        headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in {**self.standing.fields, **self.fields}.items()
        ]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})
