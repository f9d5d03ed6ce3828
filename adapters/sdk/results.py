"""What a call gives back: OpenAI's object, read as a dict or by attributes, at every level."""

from __future__ import annotations

from typing import Any, Final

import orjson

from adapters.base import Json

#: Fields that an OpenAI answer may leave out; read as attributes they are None then.
_OPTIONAL: Final = frozenset(
    {
        "annotations",
        "audio",
        "content",
        "finish_reason",
        "function_call",
        "logprobs",
        "reasoning_content",
        "refusal",
        "role",
        "service_tier",
        "system_fingerprint",
        "tool_calls",
        "usage",
    }
)


class Result(dict[str, Any]):
    """A JSON object: `answer["choices"][0]["message"]` is `answer.choices[0].message`.

    Equal to the plain dict; an attribute of OpenAI's that is not there is None.
    """

    __slots__ = ()

    def __init__(self, content: Json) -> None:
        super().__init__((name, _readable(value)) for name, value in content.items())

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            if name in _OPTIONAL:
                return None
            raise AttributeError(
                f"the object has no {name!r}: it has {', '.join(map(repr, self))}"
            ) from None

    def __reduce__(self) -> tuple[type[Result], tuple[Json]]:
        return Result, (dict(self),)

    def model_dump(self, *, exclude_none: bool = False, exclude_unset: bool = True) -> Json:
        """Give the object as plain dicts and lists.

        Args:
            exclude_none: Leave out what is None, at every level.
            exclude_unset: As in OpenAI's package; what an answer leaves out is never there.
        """
        del exclude_unset
        plain: Json = orjson.loads(self.model_dump_json())
        return _without_none(plain) if exclude_none else plain

    def model_dump_json(self) -> str:
        """Give the object as JSON text."""
        return orjson.dumps(self).decode()

    def json(self) -> str:
        """Give the object as JSON text; the older name."""
        return self.model_dump_json()


def _readable(value: Any) -> Any:
    """Make objects readable by attributes; a list of numbers stays the list that it is."""
    if isinstance(value, dict):
        return value if isinstance(value, Result) else Result(value)
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return [_readable(item) for item in value]
    return value


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(each) for name, each in value.items() if each is not None}
    return [_without_none(each) for each in value] if isinstance(value, list) else value
