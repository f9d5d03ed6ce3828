"""One request on its way in: what is known of it before it is a call.

Knows the gateway of its moment, its ids and its body's bounds; refuses to know routes and models.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope

from adapters.errors import PayloadTooLarge
from proxy import call_ids
from proxy.gateway import Gateway
from proxy.http_cycle import Cycle
from proxy.http_head import first_values
from proxy.lifecycle.life import Life
from proxy.routing.answering import Answering
from proxy.routing.call import Call
from proxy.routing.permits import Permit

_OWN_IDS: Final = call_ids.OwnIds()
os.register_at_fork(after_in_child=_OWN_IDS.forget)


class ClientGone(Exception):
    """The client closed its connection before there was anything to send."""


class Incoming:
    """A request, with what everything that serves it must know.

    Args:
        scope: ASGI's; in its state is what the server's start has given.
        receive: ASGI's.
        gateway: The only one that it ever sees.
        life: The process's.

    Attributes:
        said: The first value of each header, names in lower case.
        crosses_origins: Whether a web page asks, which may be another site's.
        client_address: Where it comes from; empty where that is not known.
        own_id: The gateway's id for it.
        call_id: The client's, where it has one.
        path: The path of the route that serves it, as it stands in the documentation.
        permit: The place that it has in this process.
        at_the_door: Seconds that it waited for that.
        call: What it asks a model, once that is known.
        model: The model that it asks, once that is known.
    """

    path = ""
    permit: Permit | None = None
    at_the_door = 0.0
    call: Call | None = None
    model: Answering | None = None

    def __init__(self, scope: Scope, receive: Receive, gateway: Gateway, life: Life) -> None:
        self.scope = scope
        self.receive = receive
        self.gateway = gateway
        self.life = life
        # the server's own, where nobody stands between
        server = getattr(receive, "__self__", None)
        if isinstance(server, Cycle):
            self.cycle: Cycle | None = server
            self.said = server.head.said
        else:
            self.cycle = None
            self.said = first_values(scope["headers"])
        # all in one text, which is looked through faster than one after the other
        self._names = b" ".join(self.said)
        self.crosses_origins = b"origin" in self.said
        self.client_address = gateway.peers.client(scope)
        self.own_id = _OWN_IDS.next()
        given = self.said.get(b"x-litellm-call-id")
        self.call_id = (given and call_ids.of_client(given)) or self.own_id

    @property
    def method(self) -> str:
        """Its method."""
        method: str = self.scope["method"]
        return method

    @property
    def state(self) -> MutableMapping[str, Any]:
        """What the server's start has given."""
        state: MutableMapping[str, Any] = self.scope["state"]
        return state

    @property
    def query_params(self) -> QueryParams:
        """What its target says behind the path."""
        return QueryParams(self.scope["query_string"])

    def header(self, name: bytes) -> str | None:
        """Give the first value of a header, if it is there; its name in lower case."""
        value = self.said.get(name)
        return None if value is None else value.decode("latin-1")

    def headers_under(self, prefix: bytes) -> list[tuple[bytes, bytes]]:
        """Give the headers whose names begin so, as they came; most requests have none."""
        if prefix not in self._names:
            return []
        return [header for header in self.scope["headers"] if header[0].startswith(prefix)]

    def check_announced(self) -> None:
        """Refuse a body that says that it is too large.

        Raises:
            PayloadTooLarge: it does.
        """
        announced = self.said.get(b"content-length")
        if announced is not None and announced.isdigit():
            self._check_size(int(announced))

    def whole_body(self) -> bytes | None:
        """Give the body where all of it has come; else None.

        Raises:
            PayloadTooLarge: it is larger than the gateway takes.
        """
        whole = None if self.cycle is None else self.cycle.whole_body()
        if whole is not None:
            self._check_size(len(whole))
        return whole

    async def body(self) -> bytes:
        """Read the body.

        Raises:
            PayloadTooLarge: it is larger than the gateway takes.
            ClientGone: the client left in the middle of it.
        """
        whole = self.whole_body()
        return await self._arriving() if whole is None else whole

    async def _arriving(self) -> bytes:
        data = bytearray()
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            data += message.get("body", b"")
            self._check_size(len(data))
            more = message.get("more_body", False)
        return bytes(data)

    def _check_size(self, size: int) -> None:
        if size > self.gateway.max_body_bytes:
            megabytes = self.gateway.max_body_bytes / 1_048_576
            raise PayloadTooLarge(
                f"The request body is larger than {megabytes:g} MB.", param="request_body"
            )
