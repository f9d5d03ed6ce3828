"""A request's shape, checked once, and its faults in OpenAI's words.

Knows pydantic's findings; refuses to know HTTP. The checked request stays the client's own dict:
nothing is copied, converted or completed.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from adapters.base import Json
from adapters.errors import InvalidRequest
from adapters.value import value

_JSON_NAMES = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
}
_EXPECTED = {
    "dict_type": "an object",
    "typed_dict_type": "an object",
    "list_type": "an array",
    "string_type": "a string",
    "bool_type": "a boolean",
    "int_type": "an integer",
    "float_type": "a number",
}
_BOUNDS = {
    "string_too_short": "must not be empty",
    "too_short": "needs at least {min_length} item",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "string_too_long": "takes at most {max_length} characters",
    "literal_error": "must be {expected}",
    "too_long": "takes at most {max_length} items",
}


@value(frozen=True, slots=True)
class _Finding:
    kind: str
    path: tuple[int | str, ...]
    value: Any
    limits: dict[str, Any]


def validate(schema: type[BaseModel], body: Json) -> None:
    """Check a request against its schema.

    Raises:
        InvalidRequest: naming the first parameter at fault as OpenAI does, e.g. `messages[0].role`.
    """
    try:
        schema.__pydantic_validator__.validate_python(body, strict=True)
    except ValidationError as error:
        findings = [
            _locate(body, found["type"], found["loc"], found.get("ctx", {}))
            for found in error.errors(include_url=False)
        ]
    else:
        return
    first = findings[0].path[:1]
    raise _invalid([found for found in findings if found.path[:1] == first])


def _invalid(findings: list[_Finding]) -> InvalidRequest:
    """Put one parameter's findings into words: a bound speaks first, for there the type fits."""
    deepest = max(findings, key=lambda found: (found.kind in _BOUNDS, len(found.path)))
    param = _spell(deepest.path)
    if deepest.kind == "missing":
        return InvalidRequest(
            f"Missing required parameter: '{param}'.",
            param=param,
            code="missing_required_parameter",
        )
    if deepest.kind in _EXPECTED:
        same = [found.kind for found in findings if found.path == deepest.path]
        expected = " or ".join(_EXPECTED[kind] for kind in dict.fromkeys(same) if kind in _EXPECTED)
        got = _JSON_NAMES.get(type(deepest.value), "null")
        return InvalidRequest(
            f"Invalid type for '{param}': expected {expected}, but got {got} instead.",
            param=param,
            code="invalid_type",
        )
    rule = _BOUNDS.get(deepest.kind, "is not a valid value").format_map(deepest.limits)
    return InvalidRequest(
        f"Invalid value for '{param}': it {rule}.", param=param, code="invalid_value"
    )


def _locate(
    body: Json, kind: str, location: tuple[int | str, ...], limits: dict[str, Any]
) -> _Finding:
    """Keep of pydantic's location the steps that name real places; it also names types."""
    path: list[int | str] = []
    value: Any = body
    for step in location:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            if kind == "missing" and step == location[-1]:
                path.append(step)
        else:
            path.append(step)
    return _Finding(kind, tuple(path), value, limits)


def _spell(path: tuple[int | str, ...]) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")
