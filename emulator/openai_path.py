"""The native OpenAI path: chat with a bearer token, answered in the container's own bytes.

Knows what sets this path apart from the two invocation routes; the order of the steps is theirs.
"""

import asyncio
from contextlib import AsyncExitStack, aclosing

import orjson
from starlette.types import Scope

from emulator.admission import COMPONENT, check_endpoint, check_names
from emulator.bearer import without_token
from emulator.connection import Connection
from emulator.containers.base import CHAT, ContainerBroken
from emulator.endpoints import Endpoint
from emulator.envelope import in_envelope
from emulator.errors import Location, Refused, validation_error
from emulator.faults.base import ConnectionLost
from emulator.faults.stages import disturbed_plainly
from emulator.invocation import Call, Invocations, answer_headers, asked
from emulator.journal import Entry
from emulator.runtime import Runtime
from emulator.signature import Identity


class OpenAIPath(Invocations):
    """The ASGI application of the path, with and without an inference component in it."""

    route = CHAT
    framed = False

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, "invoke")

    def _entry(self, scope: Scope, request_id: str, connection: Connection, body: bytes) -> Entry:
        return Entry(
            request_id=request_id,
            operation="stream" if _wants_stream(body) else "invoke",
            path=scope["path"],
            endpoint=scope["path_params"]["endpoint"],
            component=scope["path_params"].get("component"),
            headers=without_token(connection.headers),
            body=body,
        )

    def _identify(self, connection: Connection, entry: Entry) -> Identity:
        del entry
        return self._runtime.bearer_verifier.verify(connection.headers.get("authorization"))

    def _check_names(self, entry: Entry) -> None:
        if COMPONENT in entry.headers:
            raise validation_error(
                "Inference Component Name header is not allowed on this path. Please include the "
                "inference component in the path."
            )
        component = {} if entry.component is None else {COMPONENT: entry.component}
        check_names(entry.endpoint, {**entry.headers, **component})

    def _check_endpoint(self, endpoint: Endpoint, entry: Entry, location: Location) -> None:
        # Streaming is the container's own business here.
        check_endpoint(endpoint, "invoke", entry.headers, location)

    def _worded(self, refused: Refused) -> Refused:
        return in_envelope(refused)

    async def _stream(self, call: Call) -> bytes:
        """Answers with the container's bytes as they come; nothing is left to send."""
        async with AsyncExitStack() as stack:
            async with self._wall(call):
                reply = await stack.enter_async_context(asked(call))
            headers = (("content-type", reply.content_type), *answer_headers(call, reply))
            await call.connection.start(200, headers)
            writes = disturbed_plainly(reply.chunks, call.disturbances)
            try:
                async with asyncio.timeout(self._runtime.settings.stream_seconds), aclosing(writes):
                    async for data in writes:
                        await call.connection.write(data)
            except (TimeoutError, ContainerBroken) as cause:
                # There is no frame to say it in.
                raise ConnectionLost from cause
        return b""


def _wants_stream(body: bytes) -> bool:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(content, dict) and bool(content.get("stream"))
