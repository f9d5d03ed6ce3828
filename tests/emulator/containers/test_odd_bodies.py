"""Bodies that no client should send: every container refuses them in its own words."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

import orjson
import pytest
from pydantic import TypeAdapter

from emulator.containers.base import Answer, BuiltIn, ContainerReply, ContainerRequest
from emulator.containers.catalogue import behaviour
from emulator.endpoints import Endpoint

Json = dict[str, Any]

ODD: Final[tuple[Any, ...]] = (3, -1, 1.5, "x", True, [], [3], {}, {"a": 3}, [{}], [[]], None)
KINDS: Final[tuple[Json, ...]] = (
    {"kind": "tgi"},
    {"kind": "tgi", "flavour": "all"},
    {"kind": "tgi", "flavour": "messages"},
    {"kind": "lmi"},
    {"kind": "lmi", "old_chat": True},
    {"kind": "lmi_static"},
    {"kind": "llama2"},
    {"kind": "llama2", "chat": False},
    {"kind": "custom"},
    {"kind": "custom", "shape": "choices"},
    {"kind": "custom", "shape": "text_choices"},
    {"kind": "messages"},
    {"kind": "nova"},
    {"kind": "embeddings"},
    {"kind": "embeddings", "vendor": "cohere"},
    {"kind": "embeddings", "vendor": "voyage"},
    {"kind": "rerank"},
)
PARAMETERS: Final = (
    *("max_new_tokens", "stop", "stop_sequences", "grammar", "details", "temperature", "n"),
    *("top_n_tokens", "seed", "return_full_text", "best_of", "logprobs"),
)
FIELDS: Final = (
    *("tools", "tool_choice", "response_format", "stop", "n", "max_tokens", "stream_options"),
    *("max_completion_tokens", "logprobs", "temperature", "model", "echo", "suffix"),
)
ASK: Final = [{"role": "user", "content": "Call the tool!"}]
_ENDPOINT: Final = TypeAdapter[Endpoint](Endpoint)
LICENCE: Final = {"x-amzn-sagemaker-custom-attributes": "accept_eula=true"}


def odd_bodies(odd: Any) -> Iterator[Any]:
    """Bodies with something odd in every place that a container looks at."""
    yield odd
    yield from ({name: odd} for name in ("inputs", "messages", "prompt", "input", "texts"))
    yield {"query": odd, "texts": ["a"]}
    yield {"query": "a", "texts": odd}
    yield {"inputs": [[odd]]}
    yield {"inputs": "x", "parameters": odd}
    for content in (odd, [odd], [{"type": "text", "text": odd}]):
        yield {"messages": [{"role": "user", "content": content}]}
    for name in PARAMETERS:
        yield {"inputs": "x", "parameters": {name: odd}, "stream": True}
    for name in FIELDS:
        yield {"messages": ASK, "stream": True, name: odd}
        yield {"prompt": "x", "stream": True, name: odd}
    yield from odd_schemas(odd)


def odd_schemas(odd: Any) -> Iterator[Any]:
    """Grammars, tools and formats that are none."""
    for kind, value in ((odd, {}), ("json", odd), ("json", {"type": "array", "items": odd})):
        yield {"inputs": "x", "parameters": {"grammar": {"type": kind, "value": value}}}
    for function in (odd, {"name": "f", "parameters": odd}):
        yield {"messages": ASK, "tools": [{"type": "function", "function": function}]}
    for wanted in (odd, {"schema": odd}, {"schema": {"properties": odd, "enum": odd}}):
        yield {"messages": ASK, "response_format": {"type": "json_schema", "json_schema": wanted}}


async def ask(settings: Mapping[str, Any], body: Any) -> tuple[ContainerReply, bytes]:
    """Ask a container; read its answer to the end."""
    endpoint = _ENDPOINT.validate_python(settings)
    container = BuiltIn(behaviour(endpoint))
    request = ContainerRequest(body=orjson.dumps(body), headers=LICENCE)
    async with container.invoke(request) as reply:
        return reply, b"".join([chunk async for chunk in reply.chunks])


@pytest.mark.parametrize("settings", KINDS, ids=str)
async def test_an_odd_body_is_no_fault_of_the_containers(settings: Json) -> None:
    """Whatever a body holds, it is answered or refused: 500 would be the container's own fault."""
    for body in chain.from_iterable(map(odd_bodies, ODD)):
        reply, data = await ask(settings, body)
        assert reply.status != 500, body
        assert data, body


TGI: Final = {"kind": "tgi"}
VLLM: Final = {"kind": "messages"}


@pytest.mark.parametrize(
    "parameters",
    [{"grammar": 3}, {"grammar": {"type": "json"}}, {"stop": [3]}, {"max_new_tokens": 1.5}],
    ids=str,
)
async def test_tgi_says_so_as_its_router_does(parameters: Json) -> None:
    """422, `error` and `error_type`."""
    reply, data = await ask(TGI, {"inputs": "x", "parameters": parameters})

    error = orjson.loads(data)
    assert reply.status == 422
    assert error.keys() == {"error", "error_type"}
    assert error["error_type"] == "validation"
    assert f"parameters.{next(iter(parameters))}" in error["error"]


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ({"tools": [{}]}, "tools.0.function"),
        ({"stop": [3]}, "stop.str"),
        ({"n": "2"}, "n"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
    ],
    ids=str,
)
async def test_vllm_says_so_as_pydantic_does(field: Json, place: str) -> None:
    """400, with the finding's place in the body."""
    reply, data = await ask(VLLM, {"messages": ASK, **field})

    error = orjson.loads(data)["error"]
    assert (reply.status, error["code"], error["type"]) == (400, 400, "BadRequestError")
    assert f"'loc': ('body', '{place}')" in error["message"]


async def test_lmi_says_so_with_its_own_code() -> None:
    """424, for what it can't read."""
    parameters = {"stop_sequences": 3}
    reply, data = await ask({"kind": "lmi"}, {"inputs": "x", "parameters": parameters})

    assert (reply.status, orjson.loads(data)["code"]) == (424, 424)


class Tripping:
    """A container with a fault of its own."""

    def answer(self, request: ContainerRequest) -> Answer:
        raise KeyError(request.route)


async def test_a_container_that_trips_goes_on() -> None:
    """A fault of a container's own is its 500, and no end of the emulator."""
    async with BuiltIn(Tripping()).invoke(ContainerRequest(body=b"{}", headers={})) as reply:
        data = b"".join([chunk async for chunk in reply.chunks])
    assert (reply.status, orjson.loads(data)) == (500, {"error": "Internal Server Error"})
