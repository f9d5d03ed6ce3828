"""One deployment, ready to be called: a target, the format it speaks, and the way there.

Knows the path of a request (encode, invoke, decode), and fake streaming; refuses to know HTTP's
server side, retries and other deployments.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Mapping
from dataclasses import field, replace
from typing import Final

from adapters.answer import Answer
from adapters.answer_stream import AnswerStream
from adapters.base import (
    COMPONENT_NAME,
    Codec,
    Collect,
    Format,
    Invoker,
    Json,
    Limits,
    Origin,
    Payload,
    Reply,
    Request,
    StreamCodec,
    StreamMode,
    Target,
    Task,
)
from adapters.call_headers import prevents_streaming, with_headers
from adapters.codec_faults import not_read, not_written, reading_a_reply
from adapters.cut_stream import CutStream
from adapters.decoded_stream import DecodedStream
from adapters.endpoint_memory import EndpointMemory
from adapters.errors import (
    InvalidRequest,
    ModelError,
    ModelTimeout,
    PayloadTooLarge,
    StreamingRefused,
    UnsupportedTask,
    UpstreamError,
)
from adapters.largest_part import with_largest_part
from adapters.merged import MergedStream
from adapters.openai import chat, completions, parameters
from adapters.openai.fold import Fold
from adapters.openai.streaming import Resource, wants_usage
from adapters.value import value

#: How many calls one request may have under way at once, e.g. for `n` choices.
_PARALLEL_CALLS: Final = 8

#: How containers answer a request that they can't read.
_NOT_UNDERSTOOD: Final = (400, 422)

_ID_PREFIX: Final[dict[Task, str]] = {
    "chat": "chatcmpl-",
    "completion": "cmpl-",
    "embedding": "embd-",
    "rerank": "rerank-",
}


#: The resources that are text, and can be streamed.
_RESOURCES: Final[Mapping[Task, Resource]] = {"chat": chat, "completion": completions}

#: What only a stream's request says.
_STREAMING: Final = ("stream", "stream_options")

#: A request of which nothing is known but its parameters.
_NOWHERE: Final = Origin()

_log = logging.getLogger(__name__)


@value(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A deployment that can be called.

    Args:
        id: The deployment's id, unique within a configuration.
        target: Where requests go.
        format: The dialect spoken there.
        invoker: Signs and sends.
        stream_mode: `real` or `fake` streaming, or `auto`: real until the endpoint refuses.
        collect: Whether whole answers come from a stream, which SageMaker gives more time.
        memory: What has been learnt of it.
    """

    id: str
    target: Target
    format: Format
    invoker: Invoker
    stream_mode: StreamMode = "auto"
    collect: Collect = "auto"
    memory: EndpointMemory = field(default_factory=EndpointMemory)

    def through(self, invoker: Invoker) -> Endpoint:
        """Give the same deployment, reached by another way."""
        return Endpoint(
            id=self.id,
            target=self.target,
            format=self.format,
            invoker=invoker,
            stream_mode=self.stream_mode,
            collect=self.collect,
            memory=self.memory,
        )

    def call(
        self, task: Task, params: Json, limits: Limits, origin: Origin = _NOWHERE
    ) -> Awaitable[Answer]:
        """Give one whole answer.

        Args:
            task: What is asked.
            params: The client's request, checked; the deployment's defaults go under it.
            limits: The time that the call may take.
            origin: Where the request comes from.

        Raises:
            GatewayError: every failure.
        """
        codec = self._codec(task)
        params = parameters.effective(params, self.target, task)
        for name in _STREAMING:
            params.pop(name, None)
        if self._collects(task, origin):
            return self._collected_if_it_streams(codec, task, params, limits, origin)
        return self._plain(codec, task, params, limits, origin)

    async def _collected_if_it_streams(
        self, codec: Codec, task: Task, params: Json, limits: Limits, origin: Origin
    ) -> Answer:
        try:
            return await self._collected(task, params, limits, origin)
        except StreamingRefused:
            answer = await self._plain(codec, task, params, limits, origin)
        self.memory.refuse()
        return answer

    async def _plain(
        self, codec: Codec, task: Task, params: Json, limits: Limits, origin: Origin
    ) -> Answer:
        """Ask for a whole answer, for parameters that are effective already."""
        request = self._request(task, params, origin)
        try:
            payloads = _encode(codec, request, origin)
            if len(payloads) == 1:
                reply = await self.invoker.invoke(request.target, payloads[0], limits)
                replies: tuple[Reply, ...] = (reply,)
            else:
                replies = await self._side_by_side(request.target, payloads, limits)
        except UpstreamError as error:
            self._learn(error)
            raise
        except PayloadTooLarge as error:
            raise with_largest_part(error, params) from error
        head = replies[0].head
        try:
            decoded = codec.decode(request, payloads, replies)
        except Exception as error:  # noqa: BLE001 - it is raised, as one of our tree
            not_read(error, head.request_id)
        if decoded.shape is not None and decoded.shape not in self.memory.reply_shapes:
            self._note_shape(decoded.shape)
        return Answer(decoded.body, decoded.usage_source, head, decoded.shape)

    async def stream(
        self, task: Task, params: Json, limits: Limits, origin: Origin = _NOWHERE
    ) -> AnswerStream:
        """Give an answer in chunks; returns once the first chunks are there.

        Raises:
            GatewayError: every failure before the first chunk; later ones come while iterating.
        """
        if task not in _RESOURCES:
            raise self._unsupported(task)
        self._codec(task)
        params = parameters.effective(params, self.target, task)
        if self._fakes(origin):
            return await self._fake(task, params, limits, origin)
        try:
            return await self._real(task, params, limits, origin)
        except StreamingRefused:
            if self.stream_mode == "real":
                raise
        faked = await self._fake(task, params, limits, origin)
        self.memory.refuse()
        return faked

    def _fakes(self, origin: Origin) -> bool:
        """Whether a stream is cut from a whole answer, known before anything is asked."""
        if self.stream_mode != "auto":
            return self.stream_mode == "fake"
        return self.memory.refused or prevents_streaming(self.target.header_sources, origin)

    def _collects(self, task: Task, origin: Origin) -> bool:
        """Whether a whole answer is to be collected from a stream, which the endpoint can give."""
        wanted = self.collect == "always" or (self.collect == "auto" and self.memory.collects)
        return wanted and task in _RESOURCES and not self._fakes(origin)

    async def _collected(self, task: Task, params: Json, limits: Limits, origin: Origin) -> Answer:
        """Fold a stream into one answer."""
        stream = await self._real(task, params, limits, origin)
        fold = Fold()
        summary = stream.summary
        try:
            async for chunks in stream:
                with reading_a_reply(stream.head.request_id):
                    fold.add(chunks)
            with reading_a_reply(stream.head.request_id):
                body = fold.answer(summary.usage)
        finally:
            await stream.aclose()
        return Answer(body, summary.usage_source or "estimate", stream.head, summary.shape)

    async def _real(self, task: Task, params: Json, limits: Limits, origin: Origin) -> AnswerStream:
        """Open a stream; a container that can't give a usage record is not asked for it again."""
        asked = self.target.ask_stream_usage and not self.memory.refuses_usage
        try:
            return await self._open(task, params, limits, origin, ask_usage=asked)
        except ModelError as error:
            if not asked or not _is_about_usage(error):
                raise
        stream = await self._open(task, params, limits, origin, ask_usage=False)
        self.memory.refuses_usage = True
        return stream

    async def _open(
        self, task: Task, params: Json, limits: Limits, origin: Origin, *, ask_usage: bool
    ) -> AnswerStream:
        codec: StreamCodec = getattr(self.format, task)
        request = self._request(task, {**params, "stream": True}, origin, ask_usage=ask_usage)

        async def open_one(payload: Payload) -> DecodedStream:
            return await self._open_one(codec, request, payload, limits)

        try:
            payload, *further = _encode(codec, request, origin)
        except PayloadTooLarge as error:
            raise with_largest_part(error, params) from error
        if not further:
            return await open_one(payload)
        merged = MergedStream(open_one, (payload, *further), parallel=_PARALLEL_CALLS)
        await merged.start()
        return merged

    async def _open_one(
        self, codec: StreamCodec, request: Request, payload: Payload, limits: Limits
    ) -> DecodedStream:
        try:
            upstream = await self.invoker.open_stream(request.target, payload, limits)
        except ModelError as error:
            self._advise(error)
            raise
        except PayloadTooLarge as error:
            raise with_largest_part(error, request.params) from error
        try:
            with reading_a_reply(upstream.head.request_id):
                decoder = codec.decoder(request, payload)
            stream = DecodedStream(upstream, decoder)
            await stream.start()
        except BaseException:
            await upstream.aclose()
            raise
        if stream.summary.whole_document:
            self.memory.refuse()
        shape = stream.summary.shape
        if shape is not None and shape not in self.memory.reply_shapes:
            self._note_shape(shape)
        return stream

    async def _fake(self, task: Task, params: Json, limits: Limits, origin: Origin) -> AnswerStream:
        whole = {name: value for name, value in params.items() if name not in _STREAMING}
        answer = await self._plain(self._codec(task), task, whole, limits, origin)
        return CutStream(answer, _RESOURCES[task], include_usage=wants_usage(params))

    def _learn(self, error: UpstreamError) -> None:
        """Take what a plain call's failure says of the endpoint."""
        if isinstance(error, ModelTimeout):
            self.memory.hit_wall()
        elif isinstance(error, ModelError):
            self._advise(error)

    def _advise(self, error: ModelError) -> None:
        """Let a container's complaint say what the format knows to help."""
        if self.format.advise is not None:
            advice = self.format.advise(error.status, error.message, self.target)
            if advice is not None:
                error.advise(advice)

    def _note_shape(self, shape: str) -> None:
        """Remember a shape of the endpoint's replies, and say it once."""
        self.memory.reply_shapes.add(shape)
        about = {"deployment": self.id, "format": self.format.name, "reply_shape": shape}
        _log.info("endpoint.reply_shape_seen", extra=about)

    async def _side_by_side(
        self, target: Target, payloads: tuple[Payload, ...], limits: Limits
    ) -> tuple[Reply, ...]:
        """Make several calls, a few at a time; the first failure ends the others."""
        places = asyncio.Semaphore(_PARALLEL_CALLS)

        async def invoke(payload: Payload) -> Reply:
            async with places:
                return await self.invoker.invoke(target, payload, limits)

        calls = [asyncio.ensure_future(invoke(payload)) for payload in payloads]
        try:
            return tuple(await asyncio.gather(*calls))
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    def _request(
        self, task: Task, params: Json, origin: Origin, *, ask_usage: bool = True
    ) -> Request:
        """Give the request for effective parameters; its answer's id is made of its own."""
        own = os.urandom(16).hex() if origin.id is None else origin.id.replace("-", "")
        target = self.target
        if "model_id" in params:
            target = replace(target, inference_component=_component(params["model_id"]))
            params = {name: value for name, value in params.items() if name != "model_id"}
        return Request(
            target=target,
            params=params,
            id=_ID_PREFIX[task] + own,
            created=int(time.time()),
            ask_usage=ask_usage,
        )

    def _codec(self, task: Task) -> Codec:
        codec: Codec | None = getattr(self.format, task)
        if codec is None:
            raise self._unsupported(task)
        return codec

    def _unsupported(self, task: Task) -> UnsupportedTask:
        return UnsupportedTask(
            f"The model '{self.target.model}' does not serve {task} requests.", param="model"
        )


def _component(name: object) -> str:
    """Check an inference component that a client was allowed to choose."""
    if not isinstance(name, str) or not COMPONENT_NAME.fullmatch(name):
        raise InvalidRequest(
            "'model_id' is not the name of an inference component.",
            param="model_id",
            code="invalid_value",
        )
    return name


def _is_about_usage(error: ModelError) -> bool:
    return error.status in _NOT_UNDERSTOOD and any(
        word in error.message for word in ("stream_options", "include_usage")
    )


def _encode(codec: Codec, request: Request, origin: Origin) -> tuple[Payload, ...]:
    try:
        return with_headers(codec.encode(request), request, origin)
    except Exception as error:  # noqa: BLE001 - it is raised, as one of our tree
        not_written(error)
