"""Answers as responses: their bodies, and the headers that say how they were served."""

from __future__ import annotations

from asyncio import Task
from collections.abc import Iterable

from adapters.answer import Answer
from adapters.answer_stream import AnswerStream
from adapters.base import Head
from adapters.errors import MalformedReply
from proxy.call_headers import of_call, of_gateway, of_way
from proxy.held_stream import HeldStream
from proxy.json_response import JsonResponse
from proxy.routing.call import Call
from proxy.sse import ChunkResponse
from proxy.standing import Standing


def whole(call: Call, answer: Answer) -> JsonResponse:
    """Give the response for a whole answer."""
    standing, headers = of_way(call), _headers(call, answer.head)
    if answer.head.messages:
        headers = {**_beside(standing, answer.head.messages), **headers}
    headers["x-sagegate-usage-source"] = answer.usage_source
    if call.cost is not None:
        headers["x-litellm-response-cost"] = f"{call.cost:.10g}"
    try:
        return JsonResponse(answer.body, headers=headers, standing=standing)
    except TypeError as error:
        raise MalformedReply(
            "The container's answer is nested too deeply.", request_id=answer.head.request_id
        ) from error


def streamed(call: Call, stream: AnswerStream) -> ChunkResponse:
    """Give the response for a stream whose first chunks are there."""
    head = stream.head
    headers = {**dict(head.messages), **of_way(call).fields, **_headers(call, head)}
    return ChunkResponse(stream, headers)


def held(call: Call, coming: Task[AnswerStream]) -> ChunkResponse:
    """Give the response for a stream that has to wait: who will answer it is not known yet."""
    headers = {**of_gateway(), **_about_the_cache(call)}
    return ChunkResponse(HeldStream(coming), headers, held=True)


def _headers(call: Call, head: Head) -> dict[str, str]:
    """Give LiteLLM's headers where it has one, AWS's own otherwise."""
    headers = of_call(call)
    if call.cache is not None:
        headers.update(_about_the_cache(call))
    if head.request_id:
        headers["x-amzn-requestid"] = headers["llm_provider-x-amzn-requestid"] = head.request_id
    if head.variant:
        headers["x-amzn-invoked-production-variant"] = head.variant
    return headers


def _beside(standing: Standing, messages: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give what a container wants its client to hear, but for what the gateway says itself."""
    return {name: said for name, said in messages if name not in standing.fields}


def _about_the_cache(call: Call) -> dict[str, str]:
    """Give what came of the cache: nothing where there is none."""
    if call.cache is None:
        return {}
    headers: dict[str, str] = {"x-sagegate-cache": call.cache}
    if call.cache_key is not None:
        headers["x-litellm-cache-key"] = call.cache_key
    if call.cache == "hit":
        headers["x-litellm-cache-hit"] = "true"
    return headers
