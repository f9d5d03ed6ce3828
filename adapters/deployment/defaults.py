"""A deployment's default parameters, checked as each task's requests are.

Knows that one name may be two things: `logprobs` is a flag of chats and a number of completions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from pydantic import BaseModel, ValidationError

from adapters.base import Json, Task
from adapters.errors import ConfigError
from adapters.openai.chat import ChatRequest
from adapters.openai.completions import CompletionRequest
from adapters.openai.embeddings import EmbeddingRequest
from adapters.openai.rerank import RerankRequest
from adapters.value import value

#: What only a request can say.
_REQUESTS_OWN: Final = frozenset({"input", "messages", "prompt", "stream", "stream_options"})

#: Each task's schema, and a request that has no more than it must.
_TASKS: Final[Mapping[Task, tuple[type[BaseModel], Json]]] = {
    "chat": (ChatRequest, {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}),
    "completion": (CompletionRequest, {"model": "m", "prompt": "Hi"}),
    "embedding": (EmbeddingRequest, {"model": "m", "input": "Hi"}),
    "rerank": (RerankRequest, {"model": "m", "query": "Hi", "documents": ["Hi"]}),
}


@value(frozen=True, slots=True)
class _Reading:
    """What a task makes of the defaults that it knows."""

    values: Json
    #: What is wrong with the others, by their names.
    faults: Mapping[str, str]


def read_defaults(defaults: Mapping[str, Any]) -> dict[Task, Json]:
    """Give each task's defaults, numbers read out of text; the containers' own are every task's.

    A default that has no meaning for a task is left out there.

    Raises:
        ConfigError: one is the request's own, is nothing that any task takes under that name, or is
            no JSON; `path` is its name.
    """
    for name in sorted(_REQUESTS_OWN.intersection(defaults)):
        raise ConfigError(f"{name} is the request's own: it has no default", path=(name,))
    try:
        orjson.dumps(dict(defaults))
    except TypeError as error:
        raise ConfigError(f"a default can't be written as JSON: {error}") from error
    readings: dict[Task, _Reading] = {
        task: _read(*known, defaults) for task, known in _TASKS.items()
    }
    _check(readings)
    return {
        task: {
            name: reading.values.get(name, value)
            for name, value in defaults.items()
            if name not in reading.faults
        }
        for task, reading in readings.items()
    }


def _read(schema: type[BaseModel], least: Json, defaults: Mapping[str, Any]) -> _Reading:
    known = {
        name: defaults[name] for name in schema.model_fields if name in defaults.keys() - least
    }
    if not known:
        return _Reading({}, {})
    faults: dict[str, str] = {}
    try:
        read = schema.model_validate({**least, **known})
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            faults.setdefault(str(found["loc"][0]), found["msg"])
        sound = {name: value for name, value in known.items() if name not in faults}
        read = schema.model_validate({**least, **sound})
    return _Reading({name: getattr(read, name) for name in known.keys() - faults}, faults)


def _check(readings: Mapping[Task, _Reading]) -> None:
    """Refuse what no task takes."""
    taken = {name for reading in readings.values() for name in reading.values}
    for reading in readings.values():
        for name, fault in reading.faults.items():
            if name not in taken:
                raise ConfigError(f"expected what OpenAI takes: {fault}", path=(name,))
