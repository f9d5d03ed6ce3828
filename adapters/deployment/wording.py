"""pydantic's findings in the operator's words; never the value itself, it may be a secret."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

_LIST = "expected a list"
_MAPPING = "expected a mapping of keys to values"
_NUMBER = "expected a number"
_WHOLE = "expected a whole number"
_FLAG = "expected true or false"

#: pydantic's error types: https://docs.pydantic.dev/latest/errors/validation_errors/
_FIXED: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "unknown key",
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "expected a finite number",
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
}


def plain_words(error: ErrorDetails) -> str:
    """Say what was expected."""
    kind = error["type"]
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _WORDED:
        return _WORDED[kind](error, error.get("ctx", {}))
    return "is not a valid value"


def _text(error: ErrorDetails, _: Mapping[str, Any]) -> str:
    quotable = isinstance(error["input"], bool | int | float)
    return "expected a text" + (": put it in quotes" if quotable else "")


def _choice(error: ErrorDetails, context: Mapping[str, Any]) -> str:
    allowed = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
    close = difflib.get_close_matches(str(error["input"]), allowed, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    prefix = "one of " if len(allowed) > 1 else ""
    return f"expected {prefix}{', '.join(allowed)}{hint}"


_WORDED: Mapping[str, Callable[[ErrorDetails, Mapping[str, Any]], str]] = {
    "string_type": _text,
    "literal_error": _choice,
    "value_error": lambda _, context: str(context["error"]),
    "greater_than": lambda _, context: f"must be greater than {context['gt']:g}",
    "greater_than_equal": lambda _, context: f"must be at least {context['ge']:g}",
    "less_than_equal": lambda _, context: f"must be at most {context['le']:.15g}",
}
