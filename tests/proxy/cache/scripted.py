"""A model that plays a script, and what the tests of the cache ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from adapters.answer import Answer
from adapters.answer_stream import AnswerStream
from adapters.base import Head, Json, Origin, Summary, Task
from adapters.openai.schemas import SCHEMAS, Schemas
from proxy.cache.answers import AnswerCache, Policy
from proxy.cache.controls import CacheControls
from proxy.cache.memory import MemoryStore
from proxy.cache.model import CachedModel
from proxy.cache.store import Store
from proxy.routing.call import Call

HEAD = Head(request_id="req-1", variant="AllTraffic")
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
TASKS: frozenset[Task] = frozenset({"chat", "completion", "embedding", "rerank"})
PARAMS: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
STREAM: Json = {**PARAMS, "stream": True}


def chat_answer(text: str = "Hello there", **more: Any) -> Answer:
    """Give a whole chat answer."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": None,
        "finish_reason": "stop",
    }
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 7,
        "model": "m",
        "choices": [choice],
        "usage": USAGE,
        **more,
    }
    return Answer(body, "container", HEAD)


def chunk(delta: Json, finish: str | None = None, index: int = 0) -> Json:
    """Give one chunk of a chat."""
    return {
        "id": "chatcmpl-2",
        "object": "chat.completion.chunk",
        "created": 8,
        "model": "m",
        "choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }


#: A stream of two reads.
BATCHES = [
    [chunk({"role": "assistant", "content": ""}), chunk({"content": "Hello "})],
    [chunk({"content": "there"}), chunk({}, "stop")],
]


@dataclass
class ScriptedStream:
    """Gives batches; an exception among them is raised."""

    batches: list[Any]
    usage: Json | None = field(default_factory=lambda: dict(USAGE))
    head: Head = HEAD
    closed: int = 0

    @property
    def summary(self) -> Summary:
        return Summary(usage=self.usage, usage_source="container", finish_reason="stop")

    async def __aiter__(self) -> AsyncIterator[list[Json]]:
        for batch in self.batches:
            if isinstance(batch, Exception):
                raise batch
            yield batch

    async def aclose(self) -> None:
        self.closed += 1


@dataclass
class ScriptedModel:
    """An `Answering`: gives each answer in turn, the last one again and again."""

    answers: list[Any] = field(default_factory=lambda: [chat_answer()])
    streams: list[Any] = field(default_factory=lambda: [BATCHES])
    name: str = "m"
    permitted_fields: frozenset[str] = frozenset({"model_id"})
    schemas: Schemas = field(default_factory=lambda: SCHEMAS)
    asked: list[Json] = field(default_factory=list)
    given: list[ScriptedStream] = field(default_factory=list)

    async def call(self, call: Call, params: Json) -> Answer:
        del call
        self.asked.append(params)
        answer = self._next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Answer)
        return answer

    async def stream(self, call: Call, params: Json) -> AnswerStream:
        del call
        self.asked.append(params)
        batches = self._next(self.streams)
        if isinstance(batches, Exception):
            raise batches
        stream = batches if isinstance(batches, ScriptedStream) else ScriptedStream(batches)
        self.given.append(stream)
        return stream

    @staticmethod
    def _next(script: list[Any]) -> Any:
        return script.pop(0) if len(script) > 1 else script[0]


@dataclass
class Clock:
    """Time that passes when it is told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Stage:
    """A cached model in front of a scripted one, and what was reported."""

    inner: ScriptedModel = field(default_factory=ScriptedModel)
    store: Store | None = None
    policy: dict[str, Any] = field(default_factory=dict)
    settings: str = ""
    clock: Clock = field(default_factory=Clock)
    reported: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        policy = Policy(**{"seconds": 60, "tasks": TASKS, **self.policy})
        if self.store is None:
            self.store = MemoryStore(1_000_000, clock=self.clock)
        self.cache = AnswerCache(store=self.store, policy=policy, clock=self.clock)
        self.model = CachedModel(
            inner=self.inner,
            cache=self.cache,
            report=self.reported.append,
            settings=self.settings,
        )

    @property
    def asked(self) -> int:
        """How often the model itself was asked."""
        return len(self.inner.asked)

    async def ask(
        self, params: Json = PARAMS, call: Call | None = None, **controls: Any
    ) -> tuple[Answer, Call]:
        """Ask for a whole answer."""
        call = call or a_call(**controls)
        return await self.model.call(call, params), call

    async def read(
        self, params: Json = STREAM, call: Call | None = None, **controls: Any
    ) -> tuple[list[Json], Call]:
        """Ask for a stream, and read it to its end."""
        call = call or a_call(stream=True, **controls)
        stream = await self.model.stream(call, params)
        chunks = [chunk async for batch in stream for chunk in batch]
        await stream.aclose()
        return chunks, call


def a_call(
    task: Task = "chat",
    *,
    caller: str = "admin",
    stream: bool = False,
    headers: tuple[tuple[str, str], ...] = (),
    **controls: Any,
) -> Call:
    """Give a call with what it says about the cache."""
    return Call(
        id="call-1",
        task=task,
        model="m",
        caller=caller,
        stream=stream,
        origin=Origin(id="own-1", headers=headers),
        cache_controls=CacheControls(**controls),
    )


def text(chunks: list[Json]) -> str:
    """Give what a streamed chat says."""
    choices = [choice for each in chunks for choice in each["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)
