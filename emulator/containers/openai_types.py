"""The types of OpenAI's bodies, as vLLM checks them: with pydantic, whose findings it passes on.

Knows the keys that the emulator reads; ranges are `openai_body`'s, and other keys nobody's.
"""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from emulator.containers import openai_body


class _Typed(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _Part(_Typed):
    type: str | None = None
    text: str = ""


class _Message(_Typed):
    content: str | list[_Part] | None = None


class _Function(_Typed):
    name: str
    parameters: dict[str, Any] | None = None


class _Tool(_Typed):
    function: _Function


class _Named(_Typed):
    name: str


class _Choice(_Typed):
    function: _Named


class _Schema(_Typed):
    schema_: dict[str, Any] | None = None

    model_config = ConfigDict(alias_generator=lambda name: name.rstrip("_"))


class _Format(_Typed):
    type: str
    json_schema: _Schema | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> Self:
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("json_schema is missing")
        return self


class _Body(_Typed):
    n: int | None = None
    max_tokens: int | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None


class ChatBody(_Body):
    """A chat."""

    messages: list[_Message]
    max_completion_tokens: int | None = None
    tools: list[_Tool] | None = None
    tool_choice: str | _Choice | None = None
    response_format: _Format | None = None


class CompletionBody(_Body):
    """A completion; what its prompt may be is `openai_prompt`'s."""

    echo: bool | None = None


def check(body: type[BaseModel], content: Mapping[str, Any]) -> None:
    """Lets a body pass whose keys have their types.

    Raises:
        Complaint: 400, with the first of pydantic's findings.
    """
    try:
        body.model_validate(content)
    except ValidationError as cause:
        first = cause.errors(include_url=False, include_context=False)[0]
        name = ".".join(map(str, first["loc"]))
        openai_body.misfit(first["type"], name, first["msg"])
