"""What a container is to the emulator: it takes a request's body and answers in chunks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import orjson

JSON = "application/json"
#: The routes of a container that AWS calls.
Route = Literal["/invocations", "/v1/chat/completions"]
INVOCATIONS: Route = "/invocations"
CHAT: Route = "/v1/chat/completions"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerRequest:
    """What AWS hands to a container.

    Attributes:
        body: The caller's bytes, untouched.
        headers: The headers that AWS passes on; lower-case names.
        component: The inference component that was chosen, if any.
        route: Where it is posted to.
    """

    body: bytes
    headers: Mapping[str, str]
    component: str = ""
    route: Route = INVOCATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerReply:
    """What a container answers: status, media type, and its bytes chunk by chunk."""

    status: int
    content_type: str
    chunks: AsyncIterator[bytes]
    custom_attributes: str = ""


class Container(Protocol):
    """Anything that serves `POST /invocations`, and perhaps OpenAI's chat route."""

    def invoke(self, request: ContainerRequest) -> AbstractAsyncContextManager[ContainerReply]:
        """Asks the container; leaving the context gives its answer up.

        Raises:
            Refused: AWS can't reach the container.
            ContainerBroken: While chunks are read: the answer broke off.
        """
        ...


class ContainerBroken(Exception):
    """A container's answer broke off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a built-in container answers: each record is one chunk."""

    records: Iterable[bytes]
    status: int = 200
    content_type: str = JSON


class Behaviour(Protocol):
    """A built-in container: pure, from the request to the answer."""

    def answer(self, request: ContainerRequest) -> Answer:
        """Answers as the real container would.

        Raises:
            Complaint: The container refuses the request.
        """
        ...


class Complaint(Exception):
    """A container's own error answer."""

    def __init__(self, status: int, content: Mapping[str, Any]) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.content = content


class BuiltIn:
    """Lets a behaviour stand where a container would."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour

    @asynccontextmanager
    async def invoke(self, request: ContainerRequest) -> AsyncIterator[ContainerReply]:
        """Answers; a complaint becomes an answer with an error status."""
        try:
            answer = self._behaviour.answer(request)
        except Complaint as complaint:
            answer = document(complaint.content, status=complaint.status)
        except Exception:  # a container that trips over a request answers 500, and goes on
            _logger.exception("a built-in container failed")
            answer = document({"error": "Internal Server Error"}, status=500)
        yield ContainerReply(
            status=answer.status,
            content_type=answer.content_type,
            chunks=_yielding(answer.records),
        )


def document(content: Any, status: int = 200) -> Answer:
    """One whole JSON document."""
    return Answer(records=(orjson.dumps(content),), status=status)


def sse(content: Any) -> bytes:
    """One server-sent event with JSON data."""
    return b"data: " + orjson.dumps(content) + b"\n\n"


async def _yielding(records: Iterable[bytes]) -> AsyncIterator[bytes]:
    """The records one by one, letting other requests run in between."""
    for record in records:
        yield record
        await asyncio.sleep(0)
