"""Golden files: what a format writes and reads, by example. One JSON file a rule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from adapters import formats
from adapters.base import (
    Codec,
    Head,
    Json,
    ParameterPolicy,
    Payload,
    Reply,
    Request,
    StreamCodec,
    Target,
    Task,
)
from adapters.openai import parameters
from adapters.prompts.families import family_for

FOLDER = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Golden:
    """One file: a request, what is sent for it, and what comes of the container's answer."""

    format: str
    name: str
    content: Json

    @property
    def task(self) -> Task:
        task: Task = self.content["task"]
        return task

    @property
    def codec(self) -> Codec:
        codec: Codec | None = getattr(formats.load(self.format), self.task)
        assert codec is not None
        return codec

    @property
    def stream_codec(self) -> StreamCodec:
        codec: StreamCodec | None = getattr(formats.load(self.format), self.task)
        assert codec is not None
        return codec

    def request(self) -> Request:
        settings = dict(self.content.get("target", {}))
        dropped = frozenset(settings.pop("additional_drop_params", ()))
        family = self.content.get("family")
        target = make_target(
            parameters=ParameterPolicy(dropped=dropped),
            prompt=family_for(family) if family else None,
            **settings,
        )
        params = parameters.effective(self.content["params"], target, self.task)
        return Request(
            target=target,
            params=params,
            id="chatcmpl-1",
            created=1700000000,
            ask_usage=target.ask_stream_usage,
        )

    def replies(self) -> tuple[Reply, ...]:
        return tuple(make_reply(body) for body in self.content["replies"])

    def payloads(self) -> tuple[Payload, ...]:
        return self.codec.encode(self.request())


def make_target(**settings: Any) -> Target:
    return Target(
        model="public-model",
        endpoint="my-endpoint",
        region="eu-west-1",
        invoke_url="https://example.invalid/invocations",
        stream_url="https://example.invalid/invocations-response-stream",
        **settings,
    )


def make_reply(body: Any, content_type: str = "application/json") -> Reply:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return Reply(head=Head(content_type=content_type), body=data)


def load_all() -> list[Golden]:
    return [
        Golden(path.parent.name, path.stem, orjson.loads(path.read_bytes()))
        for path in sorted(FOLDER.glob("*/*.json"))
    ]
