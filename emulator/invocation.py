"""The path of one invocation: read, verify, admit, ask the container, frame the answer.

The only place that knows the order of these steps. Everything it does on the way is another
module's.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.types import Receive, Scope, Send

from emulator import frames
from emulator.admission import (
    COMPONENT,
    NEW_SESSION,
    PREFIX,
    SESSION,
    check_endpoint,
    check_names,
)
from emulator.connection import BodyTooLarge, CallerGone, Connection
from emulator.containers.base import (
    INVOCATIONS,
    ContainerBroken,
    ContainerReply,
    ContainerRequest,
    Route,
)
from emulator.endpoints import Endpoint
from emulator.errors import (
    WALL_TEXT,
    Location,
    Refused,
    body_too_large,
    endpoint_not_found,
    model_error,
    model_unreadable,
    stream_fault,
)
from emulator.faults.base import ConnectionLost, Disturbance, Operation
from emulator.faults.stages import disturbed
from emulator.journal import Entry
from emulator.runtime import Deployment, Runtime
from emulator.signature import Identity

_ERROR = 400  # the first HTTP status that is an error
_SESSION_LIFETIME = timedelta(minutes=20)
_PASSED_ON = (
    "content-type",
    "accept",
    *(PREFIX + end for end in ("custom-attributes", "target-model", "session-id")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An invocation that has been admitted."""

    connection: Connection
    request_id: str
    location: Location
    deployment: Deployment
    request: ContainerRequest
    disturbances: Sequence[Disturbance]


class Invocations:
    """The ASGI application of one of the two operations.

    Attributes:
        route: Where a container gets the body.
        framed: A stream is an event stream.
    """

    route: Route = INVOCATIONS
    framed = True

    def __init__(self, runtime: Runtime, operation: Operation) -> None:
        self._runtime = runtime
        self._operation: Operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        connection = Connection(scope, receive, send)
        request_id = str(uuid.uuid4())
        try:
            body = await connection.read(self._runtime.settings.body_limit)
        except CallerGone:
            return
        except BodyTooLarge:
            await _refuse(connection, body_too_large(self._runtime.settings.body_limit), request_id)
            return
        await self._follow(connection, self._entry(scope, request_id, connection, body))

    def _entry(self, scope: Scope, request_id: str, connection: Connection, body: bytes) -> Entry:
        return Entry(
            request_id=request_id,
            operation=self._operation,
            path=scope["path"],
            endpoint=scope["path_params"]["endpoint"],
            component=connection.headers.get(COMPONENT),
            headers=connection.headers,
            body=body,
        )

    async def _follow(self, connection: Connection, entry: Entry) -> None:
        """Answers, and keeps the journal true whatever happens."""
        runtime = self._runtime
        await runtime.journal.begin(entry)
        runtime.connections.add(connection)
        try:
            await connection.unless_gone(self._answer(connection, entry))
        except CallerGone:
            await runtime.journal.end(entry, "cut")
        except ConnectionLost:
            await runtime.journal.end(entry, "reset")
            connection.reset()
            await connection.gone()
        finally:
            runtime.connections.discard(connection)
            await runtime.journal.end(entry, "failed")

    async def _answer(self, connection: Connection, entry: Entry) -> None:
        """Answers; the outcome is noted just before the caller can know it."""
        try:
            call = self._admit(connection, entry)
            with self._runtime.capacity.taken(call.deployment.endpoint, call.location):
                answering = self._stream if entry.operation == "stream" else self._invoke
                rest = await answering(call)
        except Refused as plain:
            refused = self._worded(plain)
            await self._runtime.journal.end(entry, str(refused))
            await _refuse(connection, refused, entry.request_id)
        else:
            await self._runtime.journal.end(entry, "200")
            await connection.end(rest)

    def _admit(self, connection: Connection, entry: Entry) -> Call:
        runtime = self._runtime
        identity = self._identify(connection, entry)
        self._check_names(entry)
        location = Location(
            region=identity.region,
            account=runtime.settings.account,
            endpoint=entry.endpoint,
            component=entry.component or "",
        )
        deployment = runtime.find(entry.endpoint)
        if deployment is None:
            raise endpoint_not_found(location)
        self._check_endpoint(deployment.endpoint, entry, location)
        script = runtime.faults.take(entry.endpoint, entry.operation, framed=self.framed)
        if script.refusal is not None:
            raise script.refusal.refused(location, identity.credential.user)
        return Call(
            connection=connection,
            request_id=entry.request_id,
            location=location,
            deployment=deployment,
            request=ContainerRequest(
                body=entry.body,
                headers=_passed_on(entry.headers),
                component=location.component,
                route=self.route,
            ),
            disturbances=script.disturbances,
        )

    def _identify(self, connection: Connection, entry: Entry) -> Identity:
        return self._runtime.verifier.verify(connection.signed_request(entry.body))

    def _check_names(self, entry: Entry) -> None:
        check_names(entry.endpoint, entry.headers)

    def _check_endpoint(self, endpoint: Endpoint, entry: Entry, location: Location) -> None:
        check_endpoint(endpoint, entry.operation, entry.headers, location)

    def _worded(self, refused: Refused) -> Refused:
        """The refusal as this route answers it."""
        return refused

    async def _invoke(self, call: Call) -> bytes:
        """Answers with the container's bytes in one piece; returns those still to be sent."""
        async with self._wall(call), asked(call) as reply:
            body = await _whole(reply)
        length = ("content-length", str(len(body)))
        headers = (("content-type", reply.content_type), length, *answer_headers(call, reply))
        await call.connection.start(200, headers)
        if not call.disturbances:
            return body
        middle = len(body) // 2
        await call.connection.write(body[:middle])
        for disturbance in call.disturbances:
            await disturbance.midway()
        return body[middle:]

    async def _stream(self, call: Call) -> bytes:
        """Answers with the container's bytes in frames, as they come; nothing is left to send."""
        async with AsyncExitStack() as stack:
            async with self._wall(call):
                reply = await stack.enter_async_context(asked(call))
            headers = (
                ("content-type", frames.CONTENT_TYPE),
                (PREFIX + "content-type", reply.content_type),
                *answer_headers(call, reply),
            )
            await call.connection.start(200, headers)
            await self._send_frames(call, reply)
        return b""

    async def _send_frames(self, call: Call, reply: ContainerReply) -> None:
        """Sends the frames; when the answer breaks off, the last one says so."""
        writes = disturbed(reply.chunks, call.disturbances)
        try:
            async with asyncio.timeout(self._runtime.settings.stream_seconds), aclosing(writes):
                async for data in writes:
                    await call.connection.write(data)
        except TimeoutError:
            await call.connection.write(_broken("ModelInvocationTimeExceeded", WALL_TEXT))
        except ContainerBroken:
            await call.connection.write(_broken("StreamBroken", "The model's stream broke off."))

    @asynccontextmanager
    async def _wall(self, call: Call) -> AsyncIterator[None]:
        """Gives the container AWS's time to answer, and no more."""
        try:
            async with asyncio.timeout(self._runtime.settings.answer_seconds):
                yield
        except TimeoutError as cause:
            raise model_error(call.location, 0, WALL_TEXT) from cause
        except ContainerBroken as cause:
            raise model_unreadable(call.location, 500) from cause


@asynccontextmanager
async def asked(call: Call) -> AsyncIterator[ContainerReply]:
    """The container's answer, unless it is an error."""
    for disturbance in call.disturbances:
        await disturbance.before()
    async with call.deployment.container.invoke(call.request) as reply:
        if reply.status >= _ERROR:
            original = (await _whole(reply)).decode(errors="replace")
            raise model_error(call.location, reply.status, original)
        yield reply


async def _whole(reply: ContainerReply) -> bytes:
    return b"".join([chunk async for chunk in reply.chunks])


def answer_headers(call: Call, reply: ContainerReply) -> list[tuple[str, str]]:
    """What AWS adds to a container's answer, beside its media type."""
    headers = [
        ("x-amzn-requestid", call.request_id),
        ("x-amzn-invoked-production-variant", call.deployment.endpoint.variant),
    ]
    if call.request.headers.get(SESSION) == NEW_SESSION:
        ends = datetime.now(UTC) + _SESSION_LIFETIME
        headers.append((PREFIX + "new-session-id", f"{uuid.uuid4()}; Expires={ends:%FT%TZ}"))
    if reply.custom_attributes:
        headers.append((PREFIX + "custom-attributes", reply.custom_attributes))
    return headers


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """What AWS lets through to the container; the streaming operation has its own accept header."""
    passed = {name: headers[name] for name in _PASSED_ON if name in headers}
    if PREFIX + "accept" in headers:
        passed["accept"] = headers[PREFIX + "accept"]
    return passed


def _broken(code: str, message: str) -> bytes:
    return frames.exception("ModelStreamError", stream_fault(code, message))


async def _refuse(connection: Connection, refused: Refused, request_id: str) -> None:
    headers = [("x-amzn-requestid", request_id), ("content-type", refused.content_type)]
    if refused.name:
        headers.append(("x-amzn-errortype", refused.name))
    if refused.retry_after is not None:
        headers.append(("retry-after", str(refused.retry_after)))
    await connection.answer(refused.status, headers, refused.body)
